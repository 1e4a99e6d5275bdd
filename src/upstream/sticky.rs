//! What ties a request to an endpoint: something it says, or a cookie of ours that it brings back.

use std::net::IpAddr;

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CACHE_CONTROL, COOKIE, SET_COOKIE},
};
use sha2::{Digest as _, Sha256};

use super::hash;
use crate::{
    config::spec::{BalanceSpec, HashKey},
    message::forwarded::Forwarder,
};

const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What a request's own words say about where it should go.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Affinity<'a> {
    /// For consistent hashing.
    pub(super) key: Option<u64>,
    pub(super) sticky: Option<Sticky<'a>>,
}

/// The cookie of ours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sticky<'a> {
    name: &'a str,
    /// The endpoint that the client was at.
    pub(super) held: Option<u64>,
    /// Whether the client came by HTTPS.
    is_secure: bool,
}

impl<'a> Affinity<'a> {
    /// Reads the head as the origin will get it, where anything is to be read.
    pub(super) fn of(spec: &'a BalanceSpec, headers: &HeaderMap, forwarder: &Forwarder) -> Self {
        let key = spec.hash.as_ref().and_then(|by| match by {
            HashKey::ClientIp => Some(address_key(forwarder.client(headers))),
            HashKey::Cookie(name) => cookie(headers, name).map(hash::key),
            HashKey::Header(name) => headers.get(name).map(|value| hash::key(value.as_bytes())),
        });
        let sticky = spec.sticky.as_deref().map(|name| Sticky {
            name,
            held: cookie(headers, name).and_then(read),
            is_secure: headers
                .get(X_FORWARDED_PROTO)
                .is_some_and(|proto| proto.as_bytes().eq_ignore_ascii_case(b"https")),
        });
        Self { key, sticky }
    }
}

impl Sticky<'_> {
    /// Has the client come back to this endpoint, unless it does so anyway. What shared caches may
    /// keep gets no cookie: it would tie all of their clients to one.
    pub(super) fn stick(self, to: u64, response: &mut HeaderMap) {
        if self.held == Some(to) || is_shared(response) {
            return;
        }
        let secure = if self.is_secure { "; Secure" } else { "" };
        let cookie = format!(
            "{}={to:016x}; Path=/; HttpOnly; SameSite=Lax{secure}",
            self.name
        );
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            response.append(SET_COOKIE, value);
        }
    }
}

/// What an endpoint is known by in cookies and hashes: the same after a restart and in every
/// replica, and no address to those who read it.
pub(super) fn id(address: std::net::SocketAddr) -> u64 {
    let digest = Sha256::digest(format!("intermission endpoint {address}"));
    let first = digest.iter().take(8);
    first.fold(0, |id, byte| id << 8 | u64::from(*byte))
}

fn address_key(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(address) => hash::key(&address.octets()),
        // The rest is the client's own choice, and many choose anew every day (RFC 8981).
        IpAddr::V6(address) => hash::key(&(u128::from(address) >> 64).to_be_bytes()),
    }
}

fn read(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value).ok()?;
    let is_ours = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u64::from_str_radix(text, 16).ok().filter(|_| is_ours)
}

/// The value of the first cookie of that name (RFC 6265 section 4.2.1).
fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h [u8]> {
    let lines = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    lines
        .flat_map(|line| line.split(|byte| *byte == b';'))
        .find_map(|pair| {
            let value = pair.trim_ascii().strip_prefix(name.as_bytes())?;
            value.strip_prefix(b"=")
        })
}

fn is_shared(response: &HeaderMap) -> bool {
    let fields = response.get_all(CACHE_CONTROL).iter();
    fields.filter_map(|field| field.to_str().ok()).any(|field| {
        field.split(',').any(|directive| {
            let name = directive.split('=').next().unwrap_or_default().trim();
            name.eq_ignore_ascii_case("public") || name.eq_ignore_ascii_case("s-maxage")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(fields: &[(HeaderName, &str)]) -> HeaderMap {
        let field = |(name, value): &(HeaderName, &str)| (name.clone(), value.parse().unwrap());
        fields.iter().map(field).collect()
    }

    fn forwarder() -> Forwarder {
        Forwarder::new(([192, 0, 2, 1], 1).into(), false, &[])
    }

    fn by(hash: HashKey) -> BalanceSpec {
        BalanceSpec {
            hash: Some(hash),
            sticky: Some("origin".to_owned()),
        }
    }

    #[test]
    fn cookies_are_found_among_others() {
        let head = head(&[(COOKIE, "a=1;origin2=no; origin=x=y ;b=2")]);
        assert_eq!(cookie(&head, "origin"), Some(&b"x=y"[..]));
        assert_eq!(cookie(&head, "b"), Some(&b"2"[..]));
        assert_eq!(cookie(&head, "c"), None);
    }

    #[test]
    fn what_is_equal_has_one_key_and_what_is_missing_none() {
        let spec = by(HashKey::Header("x-tenant".parse().unwrap()));
        let key =
            |fields: &[(HeaderName, &str)]| Affinity::of(&spec, &head(fields), &forwarder()).key;
        let tenant = HeaderName::from_static("x-tenant");
        assert_eq!(key(&[(tenant.clone(), "a")]), key(&[(tenant.clone(), "a")]));
        assert_ne!(key(&[(tenant.clone(), "a")]), key(&[(tenant, "b")]));
        assert_eq!(key(&[]), None);
        let spec = by(HashKey::ClientIp);
        let client = Affinity::of(&spec, &head(&[]), &forwarder());
        assert!(client.key.is_some());
    }

    #[test]
    fn the_cookie_is_set_once_and_comes_back() {
        let (spec, mut response) = (by(HashKey::ClientIp), HeaderMap::new());
        let first = Affinity::of(&spec, &head(&[]), &forwarder())
            .sticky
            .unwrap();
        first.stick(0xabc, &mut response);
        let set = response.get(SET_COOKIE).unwrap().to_str().unwrap();
        assert_eq!(
            set,
            "origin=0000000000000abc; Path=/; HttpOnly; SameSite=Lax"
        );
        let pair = set.split(';').next().unwrap();
        let fields = [(COOKIE, pair), (X_FORWARDED_PROTO, "https")];
        let again = Affinity::of(&spec, &head(&fields), &forwarder())
            .sticky
            .unwrap();
        let mut response = HeaderMap::new();
        again.stick(0xabc, &mut response);
        assert!(response.is_empty());
        again.stick(0xdef, &mut response);
        assert!(
            response
                .get(SET_COOKIE)
                .unwrap()
                .to_str()
                .unwrap()
                .ends_with("; Secure")
        );
    }

    #[test]
    fn what_shared_caches_keep_gets_no_cookie() {
        let spec = by(HashKey::ClientIp);
        let sticky = Affinity::of(&spec, &head(&[]), &forwarder())
            .sticky
            .unwrap();
        for (value, is_set) in [
            ("public, max-age=60", false),
            ("max-age=60,S-MaxAge=5", false),
            ("private", true),
            ("no-store", true),
        ] {
            let mut response = head(&[(CACHE_CONTROL, value)]);
            sticky.stick(1, &mut response);
            assert_eq!(response.contains_key(SET_COOKIE), is_set, "{value}");
        }
    }

    #[test]
    fn a_value_that_is_not_ours_is_no_endpoint() {
        for value in [
            "",
            "1",
            "+000000000000001",
            "zzzzzzzzzzzzzzzz",
            "00000000000000001",
        ] {
            assert_eq!(read(value.as_bytes()), None, "{value}");
        }
    }
}
