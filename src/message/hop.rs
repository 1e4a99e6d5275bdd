//! Fields that are for one connection only and must not be forwarded (RFC 9110 section 7.6.1).
//! Pure; used by [`crate::upstream::forward`] in both directions.

use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{
        AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, HOST, PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE,
    },
};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
/// No field of HTTP, but gateway interfaces turn it into the variable that tells programs which
/// proxy to send their own requests to (CVE-2016-5385).
const PROXY: HeaderName = HeaderName::from_static("proxy");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");

/// What a request's hop-by-hop fields asked for before they were removed.
#[derive(Debug, Default)]
pub struct RequestHop {
    /// The protocol the client wants to switch to.
    pub upgrade: Option<HeaderValue>,
    /// The client takes trailers.
    pub trailers: bool,
}

/// Which of the fields that matter to a proxy a head has: found in one pass, because most heads
/// have hardly any of them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Found {
    connection: bool,
    upgrade: bool,
    te: bool,
    transfer_encoding: bool,
    /// Any that is simply removed.
    others: bool,
}

impl Found {
    fn of(headers: &HeaderMap) -> Self {
        let mut found = Self::default();
        for name in headers.keys() {
            match name.as_str() {
                "connection" => found.connection = true,
                "upgrade" => found.upgrade = true,
                "te" => found.te = true,
                "transfer-encoding" => found.transfer_encoding = true,
                "keep-alive"
                | "proxy"
                | "proxy-connection"
                | "proxy-authorization"
                | "proxy-authenticate"
                | "http2-settings" => found.others = true,
                _ => {}
            }
        }
        found
    }
}

/// Removes what is between the client and us from a request.
pub fn strip_request(headers: &mut HeaderMap) -> RequestHop {
    let found = Found::of(headers);
    let mut hop = RequestHop::default();
    if found == Found::default() {
        return hop;
    }
    let asks_upgrade = found.connection && strip_connection(headers);
    if found.upgrade {
        let upgrade = headers.remove(UPGRADE);
        hop.upgrade = upgrade.filter(|_| asks_upgrade).filter(is_forwardable);
    }
    if found.te {
        let te = headers.remove(TE);
        hop.trailers = te.is_some_and(|te| has_token(&te, "trailers"));
    }
    if found.transfer_encoding {
        headers.remove(TRANSFER_ENCODING);
    }
    if found.others {
        for name in [
            KEEP_ALIVE,
            PROXY,
            PROXY_CONNECTION,
            PROXY_AUTHORIZATION,
            HTTP2_SETTINGS,
        ] {
            headers.remove(name);
        }
    }
    hop
}

/// Removes what is between the origin and us from a response. The protocol of a 101 and the
/// protocols a 426 offers (RFC 9110 section 15.5.22) stay.
pub fn strip_response(headers: &mut HeaderMap, status: StatusCode) {
    let found = Found::of(headers);
    if found == Found::default() {
        return;
    }
    if found.connection {
        strip_connection(headers);
    }
    let offers = [
        StatusCode::SWITCHING_PROTOCOLS,
        StatusCode::UPGRADE_REQUIRED,
    ];
    if found.upgrade && !offers.contains(&status) {
        headers.remove(UPGRADE);
    }
    if found.transfer_encoding {
        headers.remove(TRANSFER_ENCODING);
    }
    if found.others {
        for name in [KEEP_ALIVE, PROXY_CONNECTION, PROXY_AUTHENTICATE] {
            headers.remove(name);
        }
    }
}

/// Removes `Connection` and what it names. Says whether it names `Upgrade`.
fn strip_connection(headers: &mut HeaderMap) -> bool {
    let mut named = Vec::new();
    let mut upgrade = false;
    for token in headers.get_all(CONNECTION).iter().flat_map(tokens) {
        if token.eq_ignore_ascii_case("upgrade") {
            upgrade = true;
        } else if !token.eq_ignore_ascii_case("close")
            && !token.eq_ignore_ascii_case("keep-alive")
            && let Ok(name) = HeaderName::from_bytes(token.as_bytes())
            && !is_end_to_end(&name)
        {
            named.push(name);
        }
    }
    headers.remove(CONNECTION);
    for name in named {
        headers.remove(name);
    }
    upgrade
}

/// Fields a client must not be able to take away from the origin by naming them in `Connection`.
fn is_end_to_end(name: &HeaderName) -> bool {
    [HOST, CONTENT_LENGTH, AUTHORIZATION, COOKIE, TE, UPGRADE].contains(name)
        || name.as_str().starts_with("x-forwarded-")
        || ["forwarded", "via", "x-request-id"].contains(&name.as_str())
}

/// `h2c` is an offer to us, not to the origin (RFC 9113 section 3.1 took it back altogether).
fn is_forwardable(protocol: &HeaderValue) -> bool {
    !protocol.is_empty() && !has_token(protocol, "h2c")
}

/// The comma-separated tokens of a field value; nothing if it is not visible ASCII.
pub fn tokens(value: &HeaderValue) -> impl Iterator<Item = &str> {
    value
        .to_str()
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|token| !token.is_empty())
}

/// Whether a list-valued field has this token, compared without case, parameters left aside.
#[must_use]
pub fn has_token(value: &HeaderValue, wanted: &str) -> bool {
    tokens(value)
        .map(|token| token.split(';').next().unwrap_or_default().trim())
        .any(|token| token.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        fields
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn removes_the_fixed_set_and_what_connection_names() {
        let mut map = headers(&[
            ("connection", "close, X-Private"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("te", "gzip"),
            ("transfer-encoding", "chunked"),
            ("x-private", "1"),
            ("x-public", "1"),
        ]);
        let hop = strip_request(&mut map);
        assert_eq!(
            map.keys().map(HeaderName::as_str).collect::<Vec<_>>(),
            ["x-public"]
        );
        assert!(hop.upgrade.is_none() && !hop.trailers);
    }

    #[test]
    fn a_client_cannot_choose_the_origins_own_proxy() {
        let mut map = headers(&[("proxy", "http://192.0.2.1:8080")]);
        strip_request(&mut map);
        assert!(map.is_empty());
    }

    #[test]
    fn connection_cannot_take_away_end_to_end_fields() {
        let mut map = headers(&[
            (
                "connection",
                "host, authorization, x-forwarded-for, cookie, content-length",
            ),
            ("host", "a"),
            ("authorization", "b"),
            ("x-forwarded-for", "c"),
            ("cookie", "d"),
            ("content-length", "0"),
        ]);
        strip_request(&mut map);
        assert_eq!(map.len(), 5);
    }

    #[test]
    fn an_upgrade_counts_only_when_connection_names_it() {
        let mut with = headers(&[
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "websocket"),
        ]);
        assert_eq!(strip_request(&mut with).upgrade.unwrap(), "websocket");
        let mut without = headers(&[("upgrade", "websocket")]);
        assert!(strip_request(&mut without).upgrade.is_none());
        assert!(without.is_empty());
    }

    #[test]
    fn cleartext_http_2_is_never_asked_of_the_origin() {
        let mut map = headers(&[
            ("connection", "Upgrade, HTTP2-Settings"),
            ("upgrade", "h2c"),
            ("http2-settings", "AAMAAABkAARAAAAAAAIAAAAA"),
        ]);
        assert!(strip_request(&mut map).upgrade.is_none());
        assert!(map.is_empty());
    }

    #[test]
    fn te_trailers_is_noticed() {
        let mut map = headers(&[("te", "gzip;q=0.5, Trailers")]);
        assert!(strip_request(&mut map).trailers);
    }

    #[test]
    fn a_426_keeps_its_offer() {
        let mut map = headers(&[("connection", "upgrade"), ("upgrade", "websocket")]);
        strip_response(&mut map, StatusCode::UPGRADE_REQUIRED);
        assert_eq!(map["upgrade"], "websocket");
        strip_response(&mut map, StatusCode::OK);
        assert!(map.is_empty());
    }
}
