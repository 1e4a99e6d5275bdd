//! Whether a failed attempt may be followed by another: a total function of what is known.

use std::{ops::RangeInclusive, time::Duration};

use http::{Method, StatusCode};

use crate::failure::{Failure, Sent, UpstreamFailure};

/// The pause before the same endpoint is asked again, in milliseconds; any of them is as likely.
pub(super) const PAUSE: RangeInclusive<u64> = 25..=250;

/// What decides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) method: &'a Method,
    pub(super) has_body: bool,
    pub(super) sent: Sent,
    pub(super) cause: Failure,
}

/// Repeating must not make the origin act twice (RFC 9110 section 9.2.2): what was never sent may
/// always be repeated, what was perhaps sent only if it is idempotent and has no body, because a
/// body has been consumed. What was answered is answered, unless the answer is none or only says
/// that this endpoint cannot.
pub(super) fn may_repeat(attempt: Attempt<'_>) -> bool {
    let is_harmless = is_idempotent(attempt.method) && !attempt.has_body;
    match attempt.sent {
        Sent::No => true,
        Sent::Maybe => is_harmless,
        Sent::Yes => is_harmless && is_no_answer(attempt.cause),
    }
}

/// RFC 9110 section 9.2.2. Unknown methods are not.
pub(super) fn is_idempotent(method: &Method) -> bool {
    [
        Method::GET,
        Method::HEAD,
        Method::OPTIONS,
        Method::TRACE,
        Method::PUT,
        Method::DELETE,
    ]
    .contains(method)
}

/// Whether a client only reads with it, and can be kept waiting or be sent ahead as a scout.
/// RFC 9110 section 9.2.1, without TRACE, which is for the path itself.
pub(super) fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

/// Statuses with which an endpoint says that another might do better.
pub(super) fn is_listed(status: StatusCode) -> bool {
    [
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT,
    ]
    .contains(&status)
}

/// Whether what came is no response, or one that only excuses the endpoint.
fn is_no_answer(cause: Failure) -> bool {
    match cause {
        Failure::Upstream(UpstreamFailure::Status(status)) => is_listed(status),
        Failure::Upstream(cause) => matches!(
            cause,
            UpstreamFailure::Malformed
                | UpstreamFailure::HeadTooLarge
                | UpstreamFailure::Terminated
        ),
        Failure::Maintenance(_)
        | Failure::Overloaded
        | Failure::RateLimited(_)
        | Failure::TooLarge
        | Failure::Internal => false,
    }
}

/// Whether a failure is that of an origin which is being restarted: waiting a moment may help.
/// One that is slow, or answers wrongly, is there already.
pub(super) fn may_pass(cause: Failure) -> bool {
    match cause {
        Failure::Upstream(cause) => match cause {
            UpstreamFailure::NameError
            | UpstreamFailure::NoEndpoint
            | UpstreamFailure::Unroutable
            | UpstreamFailure::Refused
            | UpstreamFailure::Terminated => true,
            UpstreamFailure::NameTimeout
            | UpstreamFailure::ConnectTimeout
            | UpstreamFailure::PoolFull
            | UpstreamFailure::TlsCertificate
            | UpstreamFailure::TlsAlert
            | UpstreamFailure::TlsProtocol
            | UpstreamFailure::ReadTimeout
            | UpstreamFailure::WriteTimeout
            | UpstreamFailure::Deadline
            | UpstreamFailure::HeadTooLarge
            | UpstreamFailure::Malformed
            | UpstreamFailure::Status(_)
            | UpstreamFailure::Looped
            | UpstreamFailure::Incomplete => false,
        },
        Failure::Maintenance(_)
        | Failure::Overloaded
        | Failure::RateLimited(_)
        | Failure::TooLarge
        | Failure::Internal => false,
    }
}

/// A pause from [`PAUSE`]; `random` is one of its milliseconds.
pub(super) fn pause(random: u64) -> Duration {
    Duration::from_millis(random.clamp(*PAUSE.start(), *PAUSE.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOST: Failure = Failure::Upstream(UpstreamFailure::Terminated);
    const BUSY: Failure =
        Failure::Upstream(UpstreamFailure::Status(StatusCode::SERVICE_UNAVAILABLE));
    const BROKEN: Failure =
        Failure::Upstream(UpstreamFailure::Status(StatusCode::INTERNAL_SERVER_ERROR));
    const NONSENSE: Failure = Failure::Upstream(UpstreamFailure::Malformed);

    #[test]
    fn the_whole_table() {
        let post = Method::POST;
        let get = Method::GET;
        let put = Method::PUT;
        let cases = [
            (&post, true, Sent::No, LOST, true),
            (&post, false, Sent::Maybe, LOST, false),
            (&get, false, Sent::No, LOST, true),
            (&get, false, Sent::Maybe, LOST, true),
            (&get, true, Sent::Maybe, LOST, false),
            (&put, false, Sent::Maybe, LOST, true),
            (&put, true, Sent::Maybe, LOST, false),
            (&put, true, Sent::No, LOST, true),
            (&get, false, Sent::Yes, NONSENSE, true),
            (&get, true, Sent::Yes, NONSENSE, false),
            (&post, false, Sent::Yes, NONSENSE, false),
            (&get, false, Sent::Yes, LOST, true),
            (&get, false, Sent::Yes, BROKEN, false),
            (&get, false, Sent::Yes, BUSY, true),
            (&get, true, Sent::Yes, BUSY, false),
            (&put, false, Sent::Yes, BUSY, true),
            (&post, false, Sent::Yes, BUSY, false),
        ];
        for (method, has_body, sent, cause, expected) in cases {
            let attempt = Attempt {
                method,
                has_body,
                sent,
                cause,
            };
            assert_eq!(may_repeat(attempt), expected, "{attempt:?}");
        }
    }

    #[test]
    fn what_is_safe_is_idempotent() {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            assert!(is_safe(&method) && is_idempotent(&method));
        }
        for method in [Method::POST, Method::PATCH, Method::PUT, Method::DELETE] {
            assert!(!is_safe(&method), "{method}");
        }
    }

    #[test]
    fn pauses_are_within_bounds() {
        assert_eq!(pause(0), Duration::from_millis(25));
        assert_eq!(pause(100), Duration::from_millis(100));
        assert_eq!(pause(9999), Duration::from_millis(250));
    }
}
