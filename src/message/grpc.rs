//! What a gRPC call says of itself in its head (gRPC over HTTP/2, "Requests"). Pure.

use std::time::Duration;

use http::{HeaderMap, HeaderName, header::CONTENT_TYPE};

const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// Whether it is the head of a call, or of the answer to one.
#[must_use]
pub fn is_call(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE);
    kind.is_some_and(|kind| is_type(kind.as_bytes()))
}

/// Whether it is the type of a call. Read for every response: it takes no copy.
#[must_use]
pub fn is_type(field: &[u8]) -> bool {
    const TYPE: &[u8] = b"application/grpc";
    field
        .split_at_checked(TYPE.len())
        .is_some_and(|(kind, rest)| {
            kind.eq_ignore_ascii_case(TYPE)
                && matches!(rest.first(), None | Some(b'+' | b'-' | b';' | b' '))
        })
}

/// How long the caller waits; `None` when it does not say, or not as it should: at most eight
/// digits and a unit.
#[must_use]
pub fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(TIMEOUT)?.to_str().ok()?;
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if number.len() > 8 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = number.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_hours(number),
        "M" => Duration::from_mins(number),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &'static str) -> Option<Duration> {
        let value = http::HeaderValue::from_static(text);
        timeout(&HeaderMap::from_iter([(TIMEOUT, value)]))
    }

    #[test]
    fn timeouts_are_digits_and_a_unit() {
        for (text, time) in [
            ("2H", Duration::from_hours(2)),
            ("3M", Duration::from_mins(3)),
            ("10S", Duration::from_secs(10)),
            ("250m", Duration::from_millis(250)),
            ("7u", Duration::from_micros(7)),
            ("99999999n", Duration::from_nanos(99_999_999)),
        ] {
            assert_eq!(parsed(text), Some(time), "{text}");
        }
        for text in ["", "S", "1", "1s", "-1S", "1.5S", "999999999S", "1 S"] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn a_call_is_known_by_its_content_type() {
        for (kind, is) in [
            ("application/grpc", true),
            ("Application/gRPC;a=b", true),
            ("application/json", false),
            ("application/grpc+proto; charset=x", true),
            ("application/grpcish", false),
        ] {
            let value = http::HeaderValue::from_static(kind);
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, value)]);
            assert_eq!(is_call(&headers), is, "{kind}");
        }
    }
}
