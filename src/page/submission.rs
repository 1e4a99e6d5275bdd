//! What became of something that a client sent: the page must not say "not processed" where the
//! origin may have acted, or people order twice.

use super::language::{Notice, Words};
use crate::{
    failure::{Failure, UpstreamFailure},
    message::preferences::Preferences,
};

/// What the answer says about the request's effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Submission {
    /// The client only asked for something: there is nothing to say.
    Nothing,
    /// The origin cannot have acted.
    Unprocessed,
    /// The origin may have acted.
    Unknown,
}

impl Submission {
    /// Each.
    pub(super) const ALL: [Self; 3] = [Self::Nothing, Self::Unprocessed, Self::Unknown];

    /// From the method and what is known of the failure.
    pub(super) fn of(request: &Preferences, failure: Failure) -> Self {
        if request.is_safe() {
            Self::Nothing
        } else if may_have_acted(failure) {
            Self::Unknown
        } else {
            Self::Unprocessed
        }
    }

    /// What is said about it.
    pub(super) const fn notice(self, words: &Words) -> Option<&Notice> {
        match self {
            Self::Nothing => None,
            Self::Unprocessed => Some(&words.unprocessed),
            Self::Unknown => Some(&words.unknown),
        }
    }
}

const fn may_have_acted(failure: Failure) -> bool {
    match failure {
        Failure::Maintenance(_)
        | Failure::Overloaded
        | Failure::RateLimited(_)
        | Failure::TooLarge => false,
        Failure::Internal => true,
        Failure::Upstream(cause) => match cause {
            UpstreamFailure::NameTimeout
            | UpstreamFailure::NameError
            | UpstreamFailure::NoEndpoint
            | UpstreamFailure::Unroutable
            | UpstreamFailure::Refused
            | UpstreamFailure::ConnectTimeout
            | UpstreamFailure::PoolFull
            | UpstreamFailure::TlsCertificate
            | UpstreamFailure::TlsAlert
            | UpstreamFailure::TlsProtocol
            | UpstreamFailure::Looped => false,
            UpstreamFailure::Terminated
            | UpstreamFailure::ReadTimeout
            | UpstreamFailure::WriteTimeout
            | UpstreamFailure::Deadline
            | UpstreamFailure::HeadTooLarge
            | UpstreamFailure::Malformed
            | UpstreamFailure::Status(_)
            | UpstreamFailure::Incomplete => true,
        },
    }
}
