//! Whether the client's own connection is encrypted, by what a proxy in front says. Pure; whether
//! that proxy is believed is decided in [`super::forwarded`].

use http::{HeaderMap, HeaderName, header::FORWARDED};

pub(super) const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Whether the client came by https, by what `X-Forwarded-Proto` and `Forwarded` say; `None` if
/// neither says anything.
///
/// Of a chain of proxies the first counts, which met the client. One of the two fields is enough:
/// a proxy that decrypts and is taken for one that does not would be redirected to for ever.
#[must_use]
pub fn claim(headers: &HeaderMap) -> Option<bool> {
    let text = |name| headers.get(name)?.to_str().ok();
    let plain = text(X_FORWARDED_PROTO).map(first);
    let claims = [plain, text(FORWARDED).and_then(|line| proto(first(line)))];
    let mut said = claims.into_iter().flatten().peekable();
    said.peek()?;
    Some(said.any(is_encrypted))
}

/// The first element of a list.
fn first(list: &str) -> &str {
    list.split(',').next().unwrap_or_default().trim()
}

/// The `proto` parameter of an element of `Forwarded` (RFC 7239 section 5.4).
fn proto(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("proto")
            .then(|| value.trim_matches('"'))
    })
}

fn is_encrypted(scheme: &str) -> bool {
    ["https", "wss"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn claimed(fields: &[(&'static str, &'static str)]) -> Option<bool> {
        let field = |(name, value): &(&'static str, &'static str)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        };
        claim(&fields.iter().map(field).collect())
    }

    #[test]
    fn the_proxy_that_met_the_client_counts() {
        for (line, is_https) in [
            ("https", true),
            ("HTTPS", true),
            ("wss", true),
            ("https, http", true),
            ("http, https", false),
            ("http", false),
            ("httpsx", false),
            ("", false),
        ] {
            let said = claimed(&[("x-forwarded-proto", line)]);
            assert_eq!(said, Some(is_https), "{line}");
        }
    }

    #[test]
    fn either_field_is_enough() {
        for (line, said) in [
            ("for=192.0.2.1;proto=https", Some(true)),
            ("Proto=\"https\"; for=a, for=b;proto=http", Some(true)),
            ("for=192.0.2.1;proto=http, for=b;proto=https", Some(false)),
            ("for=192.0.2.1", None),
            ("proto", None),
        ] {
            assert_eq!(claimed(&[("forwarded", line)]), said, "{line}");
        }
        let both = [("x-forwarded-proto", "http"), ("forwarded", "proto=https")];
        assert_eq!(claimed(&both), Some(true));
        assert_eq!(claimed(&[]), None);
    }
}
