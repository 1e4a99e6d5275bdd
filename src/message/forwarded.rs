//! What we tell the origin about the client: `X-Forwarded-*` and `Forwarded` (RFC 7239).
//!
//! Values that come from a peer outside `trusted_proxies` are dropped, because anybody could have
//! written them. The values of one connection are prepared once: its peer does not change, and its
//! host hardly ever.

use std::{
    fmt::Write,
    net::{IpAddr, SocketAddr},
    sync::Mutex,
};

use http::{HeaderMap, HeaderName, HeaderValue, header::FORWARDED};
use ipnet::IpNet;

use super::request_id::X_REQUEST_ID;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

const HTTP: HeaderValue = HeaderValue::from_static("http");
const HTTPS: HeaderValue = HeaderValue::from_static("https");

/// The prepared values of one client connection.
#[derive(Debug)]
pub struct Forwarder {
    peer: HeaderValue,
    address: IpAddr,
    /// The scheme the client used.
    proto: HeaderValue,
    trusted: bool,
    /// Empty unless the peer itself is one of them.
    trusted_proxies: Vec<IpNet>,
    last: Mutex<Option<(HeaderValue, HeaderValue)>>,
}

impl Forwarder {
    /// For a connection from this peer, encrypted or not.
    #[must_use]
    pub fn new(peer: SocketAddr, is_encrypted: bool, trusted_proxies: &[IpNet]) -> Self {
        // An IPv4 client of a dual-stack socket is that IPv4 client.
        let address = peer.ip().to_canonical();
        let text = HeaderValue::from_str(&address.to_string())
            .expect("the text of an IP address is a valid field value");
        let trusted = trusted_proxies.iter().any(|net| net.contains(&address));
        Self {
            peer: text,
            address,
            proto: if is_encrypted { HTTPS } else { HTTP },
            trusted,
            trusted_proxies: if trusted {
                trusted_proxies.to_vec()
            } else {
                Vec::new()
            },
            last: Mutex::new(None),
        }
    }

    /// Whether what the peer says about the client before it is believed.
    #[must_use]
    pub const fn trusted(&self) -> bool {
        self.trusted
    }

    /// The peer's address.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// Who asks: the peer, or the one whom trusted proxies name. Their list is read from the end,
    /// because only what a trusted proxy has written can be believed.
    #[must_use]
    pub fn client(&self, headers: &HeaderMap) -> IpAddr {
        if !self.trusted {
            return self.address;
        }
        let mut client = self.address;
        let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
        for named in lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.rsplit(','))
        {
            let Ok(address) = named.trim().parse::<IpAddr>() else {
                break;
            };
            client = address.to_canonical();
            if !self.trusts(client) {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies
            .iter()
            .any(|net| net.contains(&address))
    }

    /// Sets the fields on a request for the origin. `host` is what the client asked for.
    pub fn apply(&self, headers: &mut HeaderMap, host: Option<&HeaderValue>) {
        remove_claims(headers, |name| {
            is_disguised(name) || !self.trusted && is_claim(name)
        });
        if self.trusted {
            self.append(headers, host);
        } else {
            self.replace(headers, host);
        }
    }

    fn replace(&self, headers: &mut HeaderMap, host: Option<&HeaderValue>) {
        headers.insert(X_FORWARDED_FOR, self.peer.clone());
        headers.insert(X_FORWARDED_PROTO, self.proto.clone());
        match host {
            Some(host) => headers.insert(X_FORWARDED_HOST, host.clone()),
            None => headers.remove(X_FORWARDED_HOST),
        };
        headers.insert(FORWARDED, self.forwarded(host));
    }

    /// A trusted proxy's statements stay; ours about it comes last (RFC 7239 section 4).
    fn append(&self, headers: &mut HeaderMap, host: Option<&HeaderValue>) {
        append_to_list(headers, &X_FORWARDED_FOR, &self.peer);
        headers
            .entry(X_FORWARDED_PROTO)
            .or_insert_with(|| self.proto.clone());
        if let Some(host) = host {
            headers
                .entry(X_FORWARDED_HOST)
                .or_insert_with(|| host.clone());
        }
        append_to_list(headers, &FORWARDED, &self.forwarded(host));
    }

    fn forwarded(&self, host: Option<&HeaderValue>) -> HeaderValue {
        let Some(host) = host else {
            return self.element(None);
        };
        let mut last = self
            .last
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match last.as_ref() {
            Some((known, value)) if known == host => value.clone(),
            _ => {
                let value = self.element(Some(host));
                // A copy: the client's value shares the memory of everything that was read with it.
                *last = HeaderValue::from_bytes(host.as_bytes())
                    .ok()
                    .map(|host| (host, value.clone()));
                value
            }
        }
    }

    /// One element of `Forwarded`. What is no token, such as a port or an IPv6 address, is quoted
    /// (RFC 7239 sections 4 and 6).
    fn element(&self, host: Option<&HeaderValue>) -> HeaderValue {
        let mut text = String::with_capacity(64);
        let written = match self.address {
            IpAddr::V4(address) => write!(text, "for={address}"),
            IpAddr::V6(address) => write!(text, "for=\"[{address}]\""),
        };
        debug_assert!(written.is_ok());
        if let Some(host) = host.and_then(|host| host.to_str().ok()) {
            let quote = if host.contains([':', '[']) { "\"" } else { "" };
            text.push_str(";host=");
            text.push_str(quote);
            text.push_str(host);
            text.push_str(quote);
        }
        text.push_str(";proto=");
        text.push_str(self.proto.to_str().unwrap_or_default());
        HeaderValue::try_from(text).expect("addresses and checked hosts are valid field values")
    }
}

/// Removes fields by their names. Most requests have none of them.
fn remove_claims(headers: &mut HeaderMap, is_one: impl Fn(&str) -> bool) {
    let mut claims = Vec::new();
    claims.extend(headers.keys().filter(|name| is_one(name.as_str())).cloned());
    for name in claims {
        headers.remove(name);
    }
}

/// Fields by which origins are told who the client is.
fn is_claim(name: &str) -> bool {
    name.starts_with('x') && (name.starts_with("x-forwarded-") || *name == X_REAL_IP)
}

/// Gateway interfaces make `_` and `-` the same, so that a claim may come in by another name.
fn is_disguised(name: &str) -> bool {
    name.contains('_') && {
        let plain = name.replace('_', "-");
        is_claim(&plain) || *plain == X_REQUEST_ID
    }
}

/// Joins the lines of a list field and adds one element.
fn append_to_list(headers: &mut HeaderMap, name: &HeaderName, value: &HeaderValue) {
    if !headers.contains_key(name) {
        headers.insert(name.clone(), value.clone());
        return;
    }
    let mut joined = Vec::with_capacity(128);
    for line in headers.get_all(name) {
        joined.extend_from_slice(line.as_bytes());
        joined.extend_from_slice(b", ");
    }
    joined.extend_from_slice(value.as_bytes());
    let joined = HeaderValue::from_maybe_shared(bytes::Bytes::from(joined))
        .expect("valid field values joined by a comma are one");
    headers.insert(name.clone(), joined);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarder(peer: &str, trusted: &[&str]) -> Forwarder {
        let nets: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        Forwarder::new(peer.parse().unwrap(), false, &nets)
    }

    fn claims() -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("1.1.1.1"));
        headers.append("x-forwarded-for", HeaderValue::from_static("2.2.2.2"));
        headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
        headers.insert("x-forwarded-host", HeaderValue::from_static("edge.example"));
        headers.insert("x-real-ip", HeaderValue::from_static("1.1.1.1"));
        headers.insert(
            "forwarded",
            HeaderValue::from_static("for=1.1.1.1;proto=https"),
        );
        headers
    }

    #[test]
    fn a_strangers_claims_are_replaced() {
        let mut headers = claims();
        forwarder("192.0.2.7:5000", &["10.0.0.0/8"]).apply(
            &mut headers,
            Some(&HeaderValue::from_static("shop.example:8080")),
        );
        assert_eq!(headers["x-forwarded-for"], "192.0.2.7");
        assert_eq!(headers["x-forwarded-proto"], "http");
        assert_eq!(headers["x-forwarded-host"], "shop.example:8080");
        assert_eq!(
            headers["forwarded"],
            "for=192.0.2.7;host=\"shop.example:8080\";proto=http"
        );
        assert!(!headers.contains_key("x-real-ip"));
        assert_eq!(headers.get_all("x-forwarded-for").iter().count(), 1);
    }

    #[test]
    fn a_trusted_proxys_claims_stay_and_it_is_added() {
        let mut headers = claims();
        forwarder("10.1.2.3:5000", &["10.0.0.0/8"]).apply(
            &mut headers,
            Some(&HeaderValue::from_static("shop.example")),
        );
        assert_eq!(headers["x-forwarded-for"], "1.1.1.1, 2.2.2.2, 10.1.2.3");
        assert_eq!(headers["x-forwarded-proto"], "https");
        assert_eq!(headers["x-forwarded-host"], "edge.example");
        assert_eq!(
            headers["forwarded"],
            "for=1.1.1.1;proto=https, for=10.1.2.3;host=shop.example;proto=http"
        );
        assert_eq!(headers["x-real-ip"], "1.1.1.1");
    }

    #[test]
    fn the_client_is_the_last_one_a_trusted_proxy_did_not_vouch_for() {
        let client = |peer: &str, list: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(X_FORWARDED_FOR, HeaderValue::from_str(list).unwrap());
            forwarder(peer, &["10.0.0.0/8"])
                .client(&headers)
                .to_string()
        };
        assert_eq!(client("192.0.2.7:1", "1.1.1.1"), "192.0.2.7");
        assert_eq!(client("10.0.0.1:1", "6.6.6.6, 192.0.2.9"), "192.0.2.9");
        assert_eq!(
            client("10.0.0.1:1", "6.6.6.6, 192.0.2.9, 10.0.0.2"),
            "192.0.2.9"
        );
        assert_eq!(client("10.0.0.1:1", "unknown"), "10.0.0.1");
        assert_eq!(client("10.0.0.1:1", "10.0.0.3"), "10.0.0.3");
    }

    #[test]
    fn ipv6_is_quoted_in_brackets_and_mapped_ipv4_is_ipv4() {
        let mut headers = HeaderMap::new();
        forwarder("[2001:db8::1]:5000", &[]).apply(&mut headers, None);
        assert_eq!(headers["forwarded"], "for=\"[2001:db8::1]\";proto=http");
        assert_eq!(headers["x-forwarded-for"], "2001:db8::1");
        forwarder("[::ffff:192.0.2.1]:5000", &[]).apply(&mut headers, None);
        assert_eq!(headers["x-forwarded-for"], "192.0.2.1");
    }

    #[test]
    fn the_host_of_each_request_is_told() {
        let forwarder = forwarder("192.0.2.7:5000", &[]);
        for host in ["a.example", "a.example", "b.example"] {
            let mut headers = HeaderMap::new();
            forwarder.apply(&mut headers, Some(&HeaderValue::from_str(host).unwrap()));
            assert_eq!(
                headers["forwarded"],
                format!("for=192.0.2.7;host={host};proto=http")
            );
        }
    }
}
