//! How much one failure says about the endpoint behind it.

use super::UpstreamFailure;

/// What follows from a failure, if it is not the only one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Nothing is there: two in a row are enough.
    Unreachable,
    /// Something is there and does not answer as it should: it takes three.
    Unresponsive,
    /// It may be the request's own doing: only the share of such counts.
    Single,
}

impl UpstreamFailure {
    /// What it says about the endpoint; `None`: nothing.
    #[must_use]
    pub const fn weight(self) -> Option<Weight> {
        match self {
            Self::NameTimeout
            | Self::NameError
            | Self::NoEndpoint
            | Self::Unroutable
            | Self::Refused
            | Self::TlsCertificate
            | Self::TlsAlert
            | Self::TlsProtocol => Some(Weight::Unreachable),
            Self::ConnectTimeout
            | Self::ReadTimeout
            | Self::WriteTimeout
            | Self::Terminated
            | Self::Malformed => Some(Weight::Unresponsive),
            // The time that was left may have been too short for anybody; a head grows too large
            // by one client's cookies.
            Self::Deadline | Self::HeadTooLarge | Self::Status(_) | Self::Incomplete => {
                Some(Weight::Single)
            }
            Self::PoolFull | Self::Looped => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_blames_no_endpoint_has_no_weight() {
        for cause in UpstreamFailure::ALL {
            assert_eq!(
                cause.weight().is_some(),
                cause.blames_endpoint(),
                "{cause:?}"
            );
        }
    }
}
