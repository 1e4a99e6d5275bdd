//! Who the peer is, then the fields it sent.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderValue, Version};
use intermission::message::{forwarded::Forwarder, hop, host};

use super::input::{fields, is_clean, lines};

/// Whatever came, the origin is told the truth about the peer, and told it last.
pub fn check(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else {
        return;
    };
    let peer: IpAddr = if kind & 1 == 0 {
        [192, 0, 2, 1].into()
    } else {
        [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into()
    };
    let trusted = if kind & 2 == 0 {
        Vec::new()
    } else {
        vec![peer.into(), "10.0.0.0/8".parse().expect("a range")]
    };
    let mut head = fields(lines(rest));
    let target = "/".parse().expect("a path");
    let Ok(host) = host::of_request(&target, &head, Version::HTTP_10) else {
        return;
    };
    hop::strip_request(&mut head);
    let forwarder = Forwarder::new(SocketAddr::new(peer, 1), false, &trusted);
    let client = forwarder.client(&head);
    forwarder.apply(&mut head, host.as_ref());
    assert!(head.values().all(is_clean));
    assert!(!head.keys().any(|name| is_disguised(name.as_str())));
    let (last, lists) = (last_address(&head, peer), ["x-forwarded-for", "forwarded"]);
    assert!(last, "the peer comes last: {head:?}");
    if forwarder.trusted() {
        return;
    }
    assert_eq!(client, peer, "a stranger speaks for itself alone");
    assert!(!head.contains_key("x-real-ip"));
    for name in lists {
        assert_eq!(head.get_all(name).iter().count(), 1);
    }
    assert_eq!(one(&head, "x-forwarded-for"), peer.to_string());
    assert_eq!(head.get("x-forwarded-host"), host.as_ref());
    assert_element(one(&head, "forwarded"), peer, host.as_ref());
}

fn one<'h>(head: &'h HeaderMap, name: &str) -> &'h str {
    let value = head.get(name).expect("a field of ours");
    value.to_str().expect("our fields are ASCII")
}

/// By gateways that make no difference between `_` and `-`.
fn is_disguised(name: &str) -> bool {
    let plain = name.replace('_', "-");
    name != plain
        && (plain.starts_with("x-forwarded-") || plain == "x-real-ip" || plain == "x-request-id")
}

fn last_address(head: &HeaderMap, peer: IpAddr) -> bool {
    let last = head.get_all("x-forwarded-for").iter().next_back();
    let last = last.map_or(&b""[..], HeaderValue::as_bytes);
    last.rsplit(|byte| *byte == b',')
        .next()
        .map(<[u8]>::trim_ascii)
        == Some(peer.to_string().as_bytes())
}

/// One element of RFC 7239 section 4, read by its grammar.
fn assert_element(element: &str, peer: IpAddr, host: Option<&HeaderValue>) {
    let mut read = Vec::new();
    for pair in element.split(';') {
        let (name, value) = pair.split_once('=').expect("a pair");
        let bare = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'));
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        assert!(bare.is_some() || value.chars().all(is_token), "{element}");
        read.push((name, bare.unwrap_or(value)));
    }
    let node = match peer {
        IpAddr::V4(peer) => peer.to_string(),
        IpAddr::V6(peer) => format!("[{peer}]"),
    };
    assert!(read.contains(&("for", &node)), "{element}");
    let host = host.map(|host| host.to_str().expect("a host is ASCII"));
    let told = read
        .iter()
        .find(|(name, _)| *name == "host")
        .map(|(_, host)| *host);
    assert_eq!(told, host, "{element}");
}
