//! Where requests are sent, by what they asked for.

use std::num::NonZeroU16;

use super::*;

fn sent(spec: &RedirectSpec, url: &str, is_encrypted: bool) -> Option<String> {
    let (host, target) = url.split_at(url.find(['/', '?']).unwrap_or(url.len()));
    let host = (!host.is_empty()).then(|| HeaderValue::from_str(host).unwrap());
    let uri: Uri = match target.starts_with('/') {
        true => target.parse().unwrap(),
        false => format!("http://any{target}").parse().unwrap(),
    };
    let location = location(spec, &uri, host.as_ref(), is_encrypted)?;
    Some(String::from_utf8(location.as_bytes().to_vec()).unwrap())
}

fn spec(https: u16, host: &str) -> RedirectSpec {
    RedirectSpec {
        https: NonZeroU16::new(https),
        host: (!host.is_empty()).then(|| host.to_owned()),
    }
}

#[test]
fn unencrypted_requests_go_to_https_of_the_same_host_and_target() {
    let spec = spec(443, "");
    for (asked, wanted) in [
        ("shop.test/", "https://shop.test/"),
        (
            "shop.test:8080/a?b=c%20d&e",
            "https://shop.test/a?b=c%20d&e",
        ),
        ("Shop.Test./x", "https://shop.test/x"),
        ("[::1]:80/", "https://[::1]/"),
        ("shop.test//evil.test/", "https://shop.test//evil.test/"),
        (
            "shop.test/?next=//evil.test",
            "https://shop.test/?next=//evil.test",
        ),
        ("shop.test", "https://shop.test/"),
        ("shop.test?q", "https://shop.test/?q"),
    ] {
        assert_eq!(
            sent(&spec, asked, false).as_deref(),
            Some(wanted),
            "{asked}"
        );
        assert_eq!(sent(&spec, asked, true), None, "{asked}");
    }
    assert_eq!(sent(&spec, "/no-host", false), None);
}

#[test]
fn another_port_is_named() {
    let sent = sent(&spec(8443, ""), "shop.test:8080/", false);
    assert_eq!(sent.unwrap(), "https://shop.test:8443/");
}

#[test]
fn other_hosts_go_to_the_one_and_keep_scheme_and_port() {
    let spec = spec(0, "shop.test");
    let sent = |asked, is_encrypted| sent(&spec, asked, is_encrypted);
    assert_eq!(
        sent("www.shop.test/a", false).unwrap(),
        "http://shop.test/a"
    );
    assert_eq!(
        sent("www.shop.test:81/", false).unwrap(),
        "http://shop.test:81/"
    );
    assert_eq!(
        sent("www.shop.test:444/", true).unwrap(),
        "https://shop.test:444/"
    );
    assert_eq!(sent("/a", false).unwrap(), "http://shop.test/a");
    for asked in ["shop.test/", "SHOP.test:81/", "shop.test./"] {
        assert_eq!(sent(asked, false), None, "{asked}");
        assert_eq!(sent(asked, true), None, "{asked}");
    }
}

#[test]
fn what_is_wrong_twice_is_put_right_at_once() {
    let spec = spec(443, "shop.test");
    let first = sent(&spec, "www.shop.test:80/a?b", false).unwrap();
    assert_eq!(first, "https://shop.test/a?b");
    assert_eq!(sent(&spec, "shop.test/a?b", true), None, "no second step");
    assert_eq!(
        sent(&spec, "shop.test/", false).unwrap(),
        "https://shop.test/"
    );
    assert_eq!(
        sent(&spec, "www.shop.test/", true).unwrap(),
        "https://shop.test/"
    );
}
