//! Why there is no origin response: the one vocabulary of causes (step 9 of the request's way).
//!
//! A cause is decided once, from evidence, in [`classify`], and travels unchanged into the answer
//! ([`proxy_status`]), the access record, metrics and logs. Each question about a cause is one
//! exhaustive `match`, so a new cause does not compile until every question has its answer.

pub mod classify;
pub mod proxy_status;
pub mod weight;

use std::time::Duration;

use http::{HeaderValue, StatusCode};

use crate::config::spec::Moment;

/// Why the client gets our answer instead of the origin's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The site was taken away on purpose.
    Maintenance(Window),
    /// More requests came than the site's limits allow, or we are out of a resource of our own
    /// (file descriptors, ports, memory for sockets).
    Overloaded,
    /// The client's address has used up its share of the site's requests; the next is due after
    /// so long.
    RateLimited(Duration),
    /// The request body is larger than the site takes.
    TooLarge,
    /// The upstream gave no usable response.
    Upstream(UpstreamFailure),
    /// A defect of ours: a panic was caught.
    Internal,
}

/// A span of planned maintenance, from within.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// Its end; `None` while nobody knows.
    pub until: Option<Moment>,
}

impl Failure {
    /// The short name used in records, metrics and logs.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Maintenance(_) => "maintenance",
            Self::Overloaded => "overloaded",
            Self::RateLimited(_) => "rate_limited",
            Self::TooLarge => "too_large",
            Self::Upstream(cause) => cause.label(),
            Self::Internal => "proxy_internal_error",
        }
    }
}

impl Failure {
    /// Whether the name may point elsewhere by now: the address could not be reached.
    #[must_use]
    pub const fn blames_address(self) -> bool {
        matches!(
            self,
            Self::Upstream(
                UpstreamFailure::Refused
                    | UpstreamFailure::Unroutable
                    | UpstreamFailure::ConnectTimeout
                    | UpstreamFailure::NoEndpoint
            )
        )
    }
}

impl From<UpstreamFailure> for Failure {
    fn from(cause: UpstreamFailure) -> Self {
        Self::Upstream(cause)
    }
}

/// One variant per evidence we can really have of an upstream that did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UpstreamFailure {
    /// The resolver did not answer in time.
    NameTimeout,
    /// The resolver said that the name does not exist, or refused or failed to look it up.
    NameError,
    /// The upstream has no endpoint that may be picked.
    NoEndpoint,
    /// The kernel has no route to the endpoint's address.
    Unroutable,
    /// The endpoint's host refused the connection: nothing listens there.
    Refused,
    /// Nothing answered the connection attempt in time.
    ConnectTimeout,
    /// The endpoint's connection limit is reached.
    PoolFull,
    /// The endpoint's certificate is not valid for us.
    TlsCertificate,
    /// The endpoint refused the handshake with an alert.
    TlsAlert,
    /// The endpoint does not speak TLS as we do, or not at all.
    TlsProtocol,
    /// The connection ended before a response head was complete.
    Terminated,
    /// No response head in time after the request was flushed.
    ReadTimeout,
    /// The endpoint stopped reading the request.
    WriteTimeout,
    /// The total time for repeated attempts is used up.
    Deadline,
    /// The response head is larger than we accept.
    HeadTooLarge,
    /// The response is not HTTP.
    Malformed,
    /// The origin itself answered with a listed status.
    Status(StatusCode),
    /// The request has passed through this very process before.
    Looped,
    /// The response broke off after its head had gone to the client.
    Incomplete,
}

impl UpstreamFailure {
    /// The error type of RFC 9209 section 2.3; `None` where the origin answered and only its
    /// status says what is wrong.
    #[must_use]
    pub const fn proxy_error(self) -> Option<&'static str> {
        Some(match self {
            Self::NameTimeout => "dns_timeout",
            Self::NameError => "dns_error",
            Self::NoEndpoint => "destination_unavailable",
            Self::Unroutable => "destination_ip_unroutable",
            Self::Refused => "connection_refused",
            Self::ConnectTimeout => "connection_timeout",
            Self::PoolFull => "connection_limit_reached",
            Self::TlsCertificate => "tls_certificate_error",
            Self::TlsAlert => "tls_alert_received",
            Self::TlsProtocol => "tls_protocol_error",
            Self::Terminated => "connection_terminated",
            Self::ReadTimeout => "connection_read_timeout",
            Self::WriteTimeout => "connection_write_timeout",
            Self::Deadline => "http_response_timeout",
            Self::HeadTooLarge => "http_response_header_section_size",
            Self::Malformed => "http_protocol_error",
            Self::Looped => "proxy_loop_detected",
            Self::Incomplete => "http_response_incomplete",
            Self::Status(_) => return None,
        })
    }

    /// The name in records, metrics and logs: the RFC 9209 error type, or `http_status`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self.proxy_error() {
            Some(error) => error,
            None => "http_status",
        }
    }

    /// Whether it says something about the endpoint's health. A loop or a limit of our own does not.
    #[must_use]
    pub const fn blames_endpoint(self) -> bool {
        match self {
            Self::NameTimeout
            | Self::NameError
            | Self::NoEndpoint
            | Self::Unroutable
            | Self::Refused
            | Self::ConnectTimeout
            | Self::TlsCertificate
            | Self::TlsAlert
            | Self::TlsProtocol
            | Self::Terminated
            | Self::ReadTimeout
            | Self::WriteTimeout
            | Self::Deadline
            | Self::HeadTooLarge
            | Self::Malformed
            | Self::Status(_)
            | Self::Incomplete => true,
            Self::PoolFull | Self::Looped => false,
        }
    }

    /// What happened and what it usually means, for the log and the person on call.
    #[must_use]
    pub const fn plain_words(self) -> &'static str {
        match self {
            Self::NameTimeout => {
                "the name server did not answer; likely the resolver or the network to it is down"
            }
            Self::NameError => {
                "the upstream's name could not be resolved; likely the container is stopped or renamed, or the name is misspelt"
            }
            Self::NoEndpoint => {
                "no address of the upstream is left to try; likely its name points nowhere, or its probes fail"
            }
            Self::Unroutable => {
                "there is no route to the upstream; likely a container network is disconnected or a firewall rejects it"
            }
            Self::Refused => {
                "nothing listens on the upstream's port; likely the application is stopped, starting or crashed"
            }
            Self::ConnectTimeout => {
                "the upstream's host does not answer at all; likely it is down, paused or a firewall drops the packets"
            }
            Self::PoolFull => {
                "all connections allowed to the upstream are in use; likely it is too slow for its load"
            }
            Self::TlsCertificate => {
                "the upstream's certificate is not valid; likely it expired, is for another name or is signed by an unknown authority"
            }
            Self::TlsAlert => {
                "the upstream refused the TLS handshake; likely it wants another version, name or a client certificate"
            }
            Self::TlsProtocol => {
                "the upstream does not speak TLS on this port; likely it is a plain HTTP port"
            }
            Self::Terminated => {
                "the upstream closed the connection without an answer; likely the application crashed or was restarted"
            }
            Self::ReadTimeout => {
                "the upstream accepted the request but did not answer in time; likely the application is overloaded or hangs"
            }
            Self::WriteTimeout => {
                "the upstream stopped reading the request; likely the application is overloaded or hangs"
            }
            Self::Deadline => {
                "no attempt succeeded within the total time; likely the upstream is overloaded"
            }
            Self::HeadTooLarge => {
                "the upstream's response head is too large; likely it sets too many or too large cookies"
            }
            Self::Malformed => {
                "the upstream did not answer in HTTP; likely another service listens on this port"
            }
            Self::Status(_) => "the application itself reported an error; its own log says why",
            Self::Looped => {
                "the request came back to this proxy; the upstream's address points at the proxy itself"
            }
            Self::Incomplete => {
                "the upstream broke off in the middle of a response; likely the application crashed or was restarted"
            }
        }
    }

    /// A small number for tables of counters, below [`UpstreamFailure::COUNT`].
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::NameTimeout => 0,
            Self::NameError => 1,
            Self::NoEndpoint => 2,
            Self::Unroutable => 3,
            Self::Refused => 4,
            Self::ConnectTimeout => 5,
            Self::PoolFull => 6,
            Self::TlsCertificate => 7,
            Self::TlsAlert => 8,
            Self::TlsProtocol => 9,
            Self::Terminated => 10,
            Self::ReadTimeout => 11,
            Self::WriteTimeout => 12,
            Self::Deadline => 13,
            Self::HeadTooLarge => 14,
            Self::Malformed => 15,
            Self::Status(_) => 16,
            Self::Looped => 17,
            Self::Incomplete => 18,
        }
    }

    /// How many variants there are.
    pub const COUNT: usize = 19;

    /// Every variant once, in the order of [`UpstreamFailure::index`].
    pub const ALL: [Self; Self::COUNT] = [
        Self::NameTimeout,
        Self::NameError,
        Self::NoEndpoint,
        Self::Unroutable,
        Self::Refused,
        Self::ConnectTimeout,
        Self::PoolFull,
        Self::TlsCertificate,
        Self::TlsAlert,
        Self::TlsProtocol,
        Self::Terminated,
        Self::ReadTimeout,
        Self::WriteTimeout,
        Self::Deadline,
        Self::HeadTooLarge,
        Self::Malformed,
        Self::Status(StatusCode::BAD_GATEWAY),
        Self::Looped,
        Self::Incomplete,
    ];
}

/// Could the origin have acted on the request?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Not one byte of it was written.
    No,
    /// Some or all of it was written, no answer came.
    Maybe,
    /// The origin answered.
    Yes,
}

/// One attempt's end without a response.
#[derive(Debug)]
pub struct AttemptError {
    /// What the evidence says.
    pub cause: Failure,
    /// Whether the origin may have acted.
    pub sent: Sent,
    /// The error below, for the log only.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What a failed request's answer needs to know, beside the request itself.
#[derive(Debug, Clone)]
pub struct FailedWith {
    /// The cause.
    pub failure: Failure,
    /// A `Retry-After` of the origin's own, kept when it is longer than ours.
    pub origin_retry_after: Option<Duration>,
    /// The `Proxy-Status` field the origin sent; ours is appended to it (RFC 9209 section 2).
    pub origin_proxy_status: Option<HeaderValue>,
}

impl From<Failure> for FailedWith {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            origin_retry_after: None,
            origin_proxy_status: None,
        }
    }
}

/// An error with all that caused it, on one line. What an error repeats of its cause is said once.
#[must_use]
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_has_its_own_index_in_order() {
        for (at, failure) in UpstreamFailure::ALL.into_iter().enumerate() {
            assert_eq!(failure.index(), at);
        }
    }

    #[test]
    fn only_the_origins_own_status_has_no_proxy_error() {
        for failure in UpstreamFailure::ALL {
            let is_status = matches!(failure, UpstreamFailure::Status(_));
            assert_eq!(failure.proxy_error().is_none(), is_status, "{failure:?}");
        }
    }
}
