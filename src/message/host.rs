//! The host a request is for, checked by the rules of RFC 9112 section 3.2 and RFC 9113 section
//! 8.3.1. Pure; [`crate::server::route`] finds the site by it.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue, Uri, Version, header::HOST, uri::Authority};

/// Why a request names no host that we could use: always 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// An HTTP/1.1 request without `Host`.
    #[error("the Host field is missing")]
    Missing,
    /// More than one `Host` line.
    #[error("there is more than one Host field")]
    Several,
    /// Not `host` or `host:port`.
    #[error("the host is not valid")]
    Invalid,
    /// HTTP/2 with a `Host` that differs from `:authority`.
    #[error("the Host field and :authority differ")]
    Conflict,
}

/// The host of a request: the target's authority where it has one, else the `Host` field.
///
/// `Ok(None)` only for HTTP/1.0, which need not name one. The value is as the client wrote it, with
/// the port, and valid as a field value.
///
/// # Errors
/// See [`HostError`].
pub fn of_request(
    uri: &Uri,
    headers: &HeaderMap,
    version: Version,
) -> Result<Option<HeaderValue>, HostError> {
    let mut fields = headers.get_all(HOST).iter();
    let field = fields.next();
    if fields.next().is_some() {
        return Err(HostError::Several);
    }
    if let Some(authority) = uri.authority() {
        return of_authority(authority, field, version).map(Some);
    }
    match field {
        Some(value) if is_valid(value.as_bytes()) => Ok(Some(value.clone())),
        Some(_) => Err(HostError::Invalid),
        None if version < Version::HTTP_11 => Ok(None),
        None => Err(HostError::Missing),
    }
}

fn of_authority(
    authority: &Authority,
    field: Option<&HeaderValue>,
    version: Version,
) -> Result<HeaderValue, HostError> {
    let text = authority.as_str();
    if !is_valid(text.as_bytes()) {
        return Err(HostError::Invalid);
    }
    let differs = |value: &HeaderValue| {
        !value
            .as_bytes()
            .eq_ignore_ascii_case(authority.as_str().as_bytes())
    };
    match field {
        Some(value) if version == Version::HTTP_2 && differs(value) => Err(HostError::Conflict),
        // RFC 9112 section 3.2.2: the authority of an absolute-form target replaces Host.
        Some(value) if !differs(value) => Ok(value.clone()),
        _ => HeaderValue::from_str(text).map_err(|_| HostError::Invalid),
    }
}

/// `uri-host [ ":" port ]` without user information (RFC 9110 section 7.2).
fn is_valid(host: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(host) else {
        return false;
    };
    let (name, port) = split_port(text);
    let port_is_valid = port.is_none_or(|port| {
        port.is_empty() || (port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit()))
    });
    port_is_valid && (is_reg_name(name) || is_ip_literal(name))
}

fn is_reg_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 253
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

fn is_ip_literal(name: &str) -> bool {
    name.strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok())
}

fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rfind(':') {
        // The colons of an IPv6 literal are inside its brackets.
        Some(at) if !host.get(at..).is_some_and(|rest| rest.contains(']')) => {
            (host.get(..at).unwrap_or_default(), host.get(at + 1..))
        }
        _ => (host, None),
    }
}

/// The name to look a site up by: without the port and a final dot, in lower case.
#[must_use]
pub fn site_name(host: &HeaderValue) -> Cow<'_, str> {
    let (name, _) = split_port(host.to_str().unwrap_or_default());
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// The port that a host names.
#[must_use]
pub fn port(host: &HeaderValue) -> Option<u16> {
    let (_, port) = split_port(host.to_str().ok()?);
    port?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(uri: &str, fields: &[&str], version: Version) -> Result<Option<String>, HostError> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(HOST, HeaderValue::from_str(field).unwrap());
        }
        of_request(&uri.parse().unwrap(), &headers, version)
            .map(|host| host.map(|host| host.to_str().unwrap().to_owned()))
    }

    #[test]
    fn http_1_1_needs_exactly_one_valid_host() {
        let v = Version::HTTP_11;
        assert_eq!(host("/", &[], v), Err(HostError::Missing));
        assert_eq!(host("/", &["a", "b"], v), Err(HostError::Several));
        assert_eq!(host("/", &["a", "a"], v), Err(HostError::Several));
        for bad in [
            "", "a b", "user@a", "a/b", "a:b", "a:123456", "[::1", "[zz]", "a,b", "a?x",
        ] {
            assert_eq!(host("/", &[bad], v), Err(HostError::Invalid), "{bad:?}");
        }
        for good in [
            "a",
            "A.example",
            "a.example:80",
            "127.0.0.1:8080",
            "[::1]",
            "[::1]:80",
            "a:",
        ] {
            assert_eq!(host("/", &[good], v), Ok(Some(good.to_owned())), "{good:?}");
        }
    }

    #[test]
    fn http_1_0_may_do_without() {
        assert_eq!(host("/", &[], Version::HTTP_10), Ok(None));
    }

    #[test]
    fn the_authority_of_an_absolute_target_wins() {
        let got = host("http://shop.example/x", &["other"], Version::HTTP_11);
        assert_eq!(got, Ok(Some("shop.example".to_owned())));
    }

    #[test]
    fn http_2_refuses_a_host_that_differs() {
        let got = host("http://shop.example/x", &["other"], Version::HTTP_2);
        assert_eq!(got, Err(HostError::Conflict));
        let same = host("http://shop.example/x", &["SHOP.example"], Version::HTTP_2);
        assert_eq!(same, Ok(Some("SHOP.example".to_owned())));
    }

    #[test]
    fn user_information_is_refused() {
        let got = host("http://user@shop.example/", &[], Version::HTTP_11);
        assert_eq!(got, Err(HostError::Invalid));
    }

    #[test]
    fn the_site_name_is_lower_case_without_port_and_dot() {
        let name = |text: &'static str| site_name(&HeaderValue::from_static(text)).into_owned();
        assert_eq!(name("Shop.Example:8080"), "shop.example");
        assert_eq!(name("shop.example."), "shop.example");
        assert_eq!(name("[::1]:80"), "[::1]");
    }
}
