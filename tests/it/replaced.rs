//! When the answer of the application itself is replaced, and when it is its own.

use crate::support::{
    clients::{Ask, Kind, Protocol},
    origin::Origin,
    places::Refusing,
    proxy::Proxy,
    script::{answer, response},
};
/// A proxy before an origin that refuses, with a brand.
fn dead(site: &str) -> (Refusing, Proxy) {
    let port = Refusing::start();
    let proxy = Proxy::before(&format!("http://{}", port.address), site);
    (port, proxy)
}

/// A proxy before an application that says this.
fn saying(bytes: Vec<u8>, site: &str) -> (Origin, Proxy) {
    let origin = Origin::always(answer(bytes));
    let proxy = Proxy::before(&origin.url(), site);
    (origin, proxy)
}

#[test]
fn the_applications_errors_are_replaced_for_visitors_and_not_for_scripts() {
    for (media_type, kind, replaced) in [
        ("text/html", Kind::Navigation, true),
        ("text/html", Kind::Image, true),
        ("application/json", Kind::Json, false),
        ("application/problem+json", Kind::Navigation, false),
        ("application/grpc", Kind::Grpc, false),
        ("text/plain", Kind::Text, false),
        ("text/plain", Kind::EventStream, false),
    ] {
        for status in [
            "502 Bad Gateway",
            "503 Service Unavailable",
            "504 Gateway Timeout",
        ] {
            let media_type = format!("Content-Type: {media_type}");
            let (_origin, proxy) = saying(response(status, &[&media_type], b"app"), "");
            let got = proxy.ask(&Ask::get("/x").by(kind), Protocol::H1);
            let what = format!("{kind:?} {media_type} {status}");
            assert_eq!(got.body != b"app", replaced, "{what}");
            let expected = if replaced { "503" } else { &status[..3] };
            assert_eq!(got.head.status().to_string(), expected, "{what}");
            // Passed on or replaced, the failure is never lost.
            let record = proxy.record("/x");
            assert_eq!(record["failure"], "http_status", "{what}");
            assert_eq!(
                record["outcome"],
                if replaced { "page" } else { "forwarded" },
                "{what}"
            );
        }
    }
}

#[test]
fn other_errors_of_the_application_are_its_own() {
    for status in [
        "500 Internal Server Error",
        "404 Not Found",
        "429 Too Many Requests",
    ] {
        let (_origin, proxy) = saying(response(status, &["Content-Type: text/html"], b"app"), "");
        let got = proxy.ask(&Ask::get("/").by(Kind::Navigation), Protocol::H1);
        assert_eq!(got.body, b"app", "{status}");
    }
}

#[test]
fn an_owner_decides_what_is_replaced() {
    let error = || response("500 Oops", &["Content-Type: text/html"], b"app");
    let (_origin, proxy) = saying(error(), "[fallback]\nstatuses = [500]\n");
    let got = proxy.ask(&Ask::get("/").by(Kind::Navigation), Protocol::H1);
    assert_eq!(got.head.status(), 503);
    let status = got.head.field("proxy-status");
    assert_eq!(status.as_deref(), Some("intermission; received-status=500"));
    let error = response("503 No", &["Content-Type: application/json"], b"{}");
    let (_origin, proxy) = saying(error.clone(), "[fallback]\napi = true\n");
    let got = proxy.ask(&Ask::get("/").by(Kind::Json), Protocol::H1);
    assert_eq!(
        got.head.field("content-type").as_deref(),
        Some("application/problem+json")
    );
    let (_origin, proxy) = saying(error, "[fallback]\nstatuses = []\n");
    let got = proxy.ask(&Ask::get("/").by(Kind::Navigation), Protocol::H1);
    assert_eq!(got.body, b"{}");
}

#[test]
fn the_page_for_failures_can_be_switched_off_alone() {
    let (_port, proxy) = dead("[fallback]\nfailures = false\n");
    let plain = proxy.ask(&Ask::get("/").by(Kind::Navigation), Protocol::H1);
    assert_eq!(plain.head.status(), 503);
    assert!(
        plain
            .head
            .field("content-type")
            .is_some_and(|kind| kind.starts_with("text/plain"))
    );
    let error = response("502 No", &["Content-Type: text/html"], b"app");
    let (_origin, proxy) = saying(error, "[fallback]\nfailures = false\n");
    let page = proxy.ask(&Ask::get("/").by(Kind::Navigation), Protocol::H1);
    assert!(
        page.head
            .field("content-type")
            .is_some_and(|kind| kind.starts_with("text/html"))
    );
}

#[test]
fn a_longer_retry_after_of_the_application_is_kept_and_a_shorter_one_is_not() {
    for (said, least, most) in [("3600", 3600, 3600), ("1", 24, 36), ("nonsense", 24, 36)] {
        let field = format!("Retry-After: {said}");
        let bytes = response("503 No", &["Content-Type: text/html", &field], b"app");
        let (_origin, proxy) = saying(bytes, "");
        let got = proxy.ask(&Ask::get("/").by(Kind::Navigation), Protocol::H1);
        let seconds: u64 = got
            .head
            .field("retry-after")
            .expect("seconds")
            .parse()
            .expect("seconds");
        assert!((least..=most).contains(&seconds), "{seconds} s for {said}");
    }
}

#[test]
fn the_applications_proxy_status_is_continued() {
    let fields = [
        "Content-Type: text/html",
        "Proxy-Status: inner; error=dns_error",
    ];
    let (_origin, proxy) = saying(response("502 No", &fields, b"app"), "");
    let got = proxy.ask(&Ask::get("/").by(Kind::Navigation), Protocol::H1);
    let status = got.head.field("proxy-status");
    let expected = "inner; error=dns_error, intermission; received-status=502";
    assert_eq!(status.as_deref(), Some(expected));
}
