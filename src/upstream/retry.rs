//! Whether a failed attempt may be followed by another: a total function of what is known.

use http::Method;

use crate::failure::Sent;

/// What decides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) method: &'a Method,
    pub(super) has_body: bool,
    pub(super) sent: Sent,
}

/// Repeating must not make the origin act twice (RFC 9110 section 9.2.2): what was never sent may
/// always be repeated, what was perhaps sent only if it is idempotent and has no body, because a
/// body has been consumed; what was answered is answered.
pub(super) fn may_repeat(attempt: Attempt<'_>) -> bool {
    match attempt.sent {
        Sent::No => true,
        Sent::Maybe => is_idempotent(attempt.method) && !attempt.has_body,
        Sent::Yes => false,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        let post = Method::POST;
        let get = Method::GET;
        let put = Method::PUT;
        let cases = [
            (&post, true, Sent::No, true),
            (&post, false, Sent::Maybe, false),
            (&get, false, Sent::No, true),
            (&get, false, Sent::Maybe, true),
            (&get, true, Sent::Maybe, false),
            (&get, false, Sent::Yes, false),
            (&put, false, Sent::Maybe, true),
            (&put, true, Sent::Maybe, false),
            (&put, true, Sent::No, true),
        ];
        for (method, has_body, sent, expected) in cases {
            let attempt = Attempt {
                method,
                has_body,
                sent,
            };
            assert_eq!(may_repeat(attempt), expected, "{attempt:?}");
        }
    }
}
