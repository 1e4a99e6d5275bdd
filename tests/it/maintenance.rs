//! Sites that are taken away on purpose: who is told what, who gets in, and when it is over.

use jiff::{Timestamp, ToSpan};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::{
    clients::{Ask, Kind, Protocol},
    eventually,
    origin::Origin,
    proxy::{Proxy, Setup, catch_all},
    script::{answer, ok},
};

const ON: &str = "[maintenance]\non = true\n";

fn healthy(site: &str) -> (Origin, Proxy) {
    let origin = Origin::always(answer(ok("the origin")));
    let proxy = Proxy::before(&origin.url(), site);
    (origin, proxy)
}

/// A window from a while ago until so many seconds from now, as text and without quotes.
fn window(seconds: i64) -> [String; 2] {
    let now = Timestamp::now();
    let (from, until) = (now - 1.hour(), now + seconds.seconds());
    let quote = |mark: &str| {
        format!(
            "[[maintenance.window]]\nfrom = {mark}{from:.0}{mark}\nuntil = {mark}{until:.0}{mark}\n"
        )
    };
    [quote("\""), quote("")]
}

fn state(proxy: &Proxy) -> String {
    let answer: Value = serde_json::from_slice(&proxy.get("/.intermission/status").body).unwrap();
    answer["state"].as_str().unwrap().to_owned()
}

#[test]
fn every_kind_of_client_gets_its_answer_and_the_origin_is_left_alone() {
    let (origin, proxy) = healthy(ON);
    for protocol in Protocol::BOTH {
        for kind in Kind::ALL {
            for method in ["GET", "POST"] {
                let path = format!("/{kind:?}/{method}/{}", protocol.version());
                let mut ask = Ask::get(&path).by(kind);
                ask.method = method;
                let got = proxy.ask(&ask, protocol);
                let what = format!("{method} {kind:?} {protocol:?}");
                let expected = kind.answered_as(method);
                assert_eq!(got.head.status(), expected.status(), "{what}");
                let media_type = got.head.field("content-type").unwrap();
                assert!(
                    media_type.starts_with(expected.media_type()),
                    "{what}: {media_type}"
                );
                let status = got.head.field("proxy-status").unwrap();
                assert_eq!(
                    status, "intermission; error=proxy_internal_response",
                    "{what}"
                );
                assert_eq!(
                    got.head.field("cache-control").unwrap(),
                    "no-store",
                    "{what}"
                );
                let record = proxy.record(&path);
                assert_eq!(record["outcome"], "maintenance", "{what}");
                assert_eq!(record["failure"], "maintenance", "{what}");
            }
        }
    }
    let robots = proxy.get("/robots.txt");
    assert_eq!(
        (robots.head.status(), robots.body.starts_with(b"<")),
        (503, false)
    );
    assert_eq!(state(&proxy), "maintenance");
    assert!(origin.requests().is_empty());
    let counted = proxy.metric("intermission_http_requests_total", &["maintenance"]);
    assert!(counted >= 24.0, "{counted}");
}

#[test]
fn a_window_ends_by_itself_and_until_then_says_when() {
    for (at, text) in window(600).into_iter().enumerate() {
        let (_origin, proxy) = healthy(&text);
        let got = proxy.get("/");
        let wait: u64 = got.head.field("retry-after").unwrap().parse().unwrap();
        assert!((570..=660).contains(&wait), "{wait}");
        let page = String::from_utf8(got.body).unwrap();
        assert!(
            page.contains("<time datetime=\"20") && page.contains("(UTC)</time>"),
            "{at}"
        );
    }
    let [soon, _] = window(2);
    let (origin, proxy) = healthy(&soon);
    eventually("the window is over", || {
        (proxy.get("/").head.status() == 200).then_some(())
    });
    assert!(!origin.requests().is_empty());
    assert_ne!(state(&proxy), "maintenance");
}

#[test]
fn who_is_allowed_gets_in_and_trusted_proxies_say_who_that_is() {
    let allow = |range: &str| format!("{ON}allow = [\"{range}\"]\n");
    let (_origin, proxy) = healthy(&allow("127.0.0.0/8"));
    assert_eq!(proxy.get("/").body, b"the origin");
    assert_ne!(state(&proxy), "maintenance");

    let origin = Origin::always(answer(ok("the origin")));
    let start = |process: &str| {
        let site = catch_all(&origin.url(), &allow("192.0.2.0/24"));
        Setup::new(process).site("shop", &site).start()
    };
    let status = |proxy: &Proxy, client: &str| {
        let ask = Ask::get("/").with("x-forwarded-for", client);
        proxy.ask(&ask, Protocol::H1).head.status()
    };
    let trusting = start("trusted_proxies = [\"127.0.0.1\"]\n");
    assert_eq!(status(&trusting, "192.0.2.7"), 200);
    assert_eq!(status(&trusting, "198.51.100.7"), 503);
    let suspicious = start("");
    assert_eq!(
        status(&suspicious, "192.0.2.7"),
        503,
        "anybody could say so"
    );
}

#[test]
fn the_switch_works_by_reload_in_both_directions() {
    let (origin, proxy) = healthy("");
    assert_eq!(proxy.get("/").head.status(), 200);
    for (text, status) in [(ON, 503), ("", 200)] {
        proxy.write("sites/shop.toml", &catch_all(&origin.url(), text));
        proxy.signal(Signal::HUP);
        eventually("the reload counts", || {
            (proxy.get("/").head.status() == status).then_some(())
        });
    }
}

#[test]
fn a_body_that_is_not_read_does_not_become_the_next_request() {
    let (origin, proxy) = healthy(ON);
    let mut client = proxy.client();
    let body = "GET /smuggled HTTP/1.1\r\nHost: shop.test\r\n\r\n";
    let head = format!(
        "POST /order HTTP/1.1\r\nHost: shop.test\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let got = client.ask(head);
    assert_eq!(got.head.status(), 503);
    proxy.record("/order");
    assert!(proxy.find_record("/smuggled").is_none());
    assert!(origin.requests().is_empty());
}

#[test]
fn maintenance_begins_and_ends_without_an_outage() {
    let [soon, _] = window(2);
    let (_origin, proxy) = healthy(&format!("[retry_after]\nstart = \"1s\"\n{soon}"));
    assert_eq!(state(&proxy), "maintenance");
    eventually("the pages are let in", || {
        (state(&proxy) == "up").then_some(())
    });
    let lines = proxy.log();
    let text = format!("{lines:?}");
    assert!(
        !text.contains("answers again"),
        "there was no outage: {text}"
    );
}
