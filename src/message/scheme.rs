//! Whether the client's own connection is encrypted, by what a proxy in front says. Pure; whether
//! that proxy is believed is decided in [`super::forwarded`].

use http::{HeaderMap, HeaderName, header::FORWARDED};

pub(super) const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Whether `X-Forwarded-Proto` or `Forwarded` say that the client came by https.
///
/// Of a chain of proxies the first counts, which met the client. One of the two fields is enough:
/// a proxy that decrypts and is taken for one that does not would be redirected to for ever.
#[must_use]
pub fn claims_https(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name)?.to_str().ok();
    text(X_FORWARDED_PROTO).is_some_and(|line| is_encrypted(first(line)))
        || text(FORWARDED).is_some_and(|line| proto(first(line)).is_some_and(is_encrypted))
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

    fn claims(fields: &[(&'static str, &'static str)]) -> bool {
        let field = |(name, value): &(&'static str, &'static str)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        };
        claims_https(&fields.iter().map(field).collect())
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
            assert_eq!(claims(&[("x-forwarded-proto", line)]), is_https, "{line}");
        }
    }

    #[test]
    fn either_field_is_enough() {
        for (line, is_https) in [
            ("for=192.0.2.1;proto=https", true),
            (
                "Proto=\"https\"; for=192.0.2.1, for=10.0.0.1;proto=http",
                true,
            ),
            ("for=192.0.2.1;proto=http, for=10.0.0.1;proto=https", false),
            ("for=192.0.2.1", false),
            ("proto", false),
        ] {
            assert_eq!(claims(&[("forwarded", line)]), is_https, "{line}");
        }
        let both = [("x-forwarded-proto", "http"), ("forwarded", "proto=https")];
        assert!(claims(&both));
        assert!(!claims(&[]));
    }
}
