//! Hosts, upstreams and other names: what is taken and what is refused.

use proptest::prelude::*;

use super::*;

fn better<T: std::fmt::Debug>(result: Result<T, Fault>) -> Option<String> {
    result.unwrap_err().better
}

#[test]
fn host_patterns_are_lower_case_without_final_dot() {
    assert_eq!(host_pattern("*"), Ok(HostPattern::Any));
    assert_eq!(
        host_pattern("Shop.Example."),
        Ok(HostPattern::Exact("shop.example".to_owned()))
    );
    assert_eq!(
        host_pattern("*.Example"),
        Ok(HostPattern::Wildcard(".example".to_owned()))
    );
    assert_eq!(
        host_pattern("10.0.0.1"),
        Ok(HostPattern::Exact("10.0.0.1".to_owned()))
    );
    assert_eq!(
        host_pattern("[::1]"),
        Ok(HostPattern::Exact("[::1]".to_owned()))
    );
}

#[test]
fn host_patterns_with_more_than_a_host_are_refused() {
    assert_eq!(
        better(host_pattern("https://shop.example/x")).as_deref(),
        Some("shop.example")
    );
    assert_eq!(
        better(host_pattern("shop.example:80")).as_deref(),
        Some("shop.example")
    );
    for bad in [
        "",
        ".",
        "a..b",
        "shop*.example",
        "*shop",
        "*.",
        "**",
        "-a.b",
        "a b",
        "blümen.de",
    ] {
        assert_eq!(better(host_pattern(bad)), None, "{bad}");
    }
}

#[test]
fn upstreams_always_have_a_port() {
    for (text, scheme, wanted) in [
        ("http://app:3000", Scheme::Http, "app:3000"),
        ("http://app/", Scheme::Http, "app:80"),
        (
            "HTTPS://my_app.internal",
            Scheme::Https,
            "my_app.internal:443",
        ),
        ("http://[::1]", Scheme::Http, "[::1]:80"),
        ("http://127.0.0.1:1", Scheme::Http, "127.0.0.1:1"),
    ] {
        let (found, authority) = upstream(text).unwrap();
        assert_eq!((found, authority.as_str()), (scheme, wanted), "{text}");
    }
}

#[test]
fn upstreams_that_say_too_much_or_too_little_are_refused() {
    assert_eq!(
        better(upstream("app:3000")).as_deref(),
        Some("http://app:3000")
    );
    assert_eq!(
        better(upstream("http://app/shop?x=1")).as_deref(),
        Some("http://app")
    );
    for bad in [
        "",
        "http://",
        "http://:80",
        "http://app:",
        "http://app:0",
        "http://app:70000",
        "http://app:x",
        "http://u:p@app",
        "ftp://app",
        "http://a b",
        "unix:///run/app",
        "http://bü",
        "http://[::1",
        "http://a,b",
    ] {
        assert_eq!(better(upstream(bad)), None, "{bad}");
    }
}

#[test]
fn a_host_field_is_a_host_with_an_optional_port() {
    assert_eq!(
        host_field("shop.example:8443").unwrap(),
        "shop.example:8443"
    );
    for bad in ["", "a b", "a@b", "a:", "a:0", "a/b", "a\r\nb: c"] {
        assert!(host_field(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn only_tokens_are_names() {
    assert_eq!(token("edge-1.berlin").unwrap(), "edge-1.berlin");
    for bad in ["", "my proxy", "a/b", "ü"] {
        assert!(token(bad).is_err(), "{bad}");
    }
}

#[test]
fn links_have_one_of_four_schemes() {
    for good in [
        "https://a.example/x?y",
        "http://a",
        "tel:+4930",
        "mailto:a@b",
    ] {
        assert_eq!(link(good).unwrap(), good);
    }
    assert_eq!(
        better(link("status.example")).as_deref(),
        Some("https://status.example")
    );
    for bad in [
        "",
        "javascript:alert(1)",
        "https:",
        "https:///x",
        "tel:",
        "a b",
        "https://a\"b",
        "data:x",
    ] {
        assert_eq!(better(link(bad)), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = host_pattern(&text);
        let _ = upstream(&text);
        let _ = upstream(&format!("http://{text}"));
        let _ = host_field(&text);
        let _ = token(&text);
        let _ = link(&text);
    }
}
