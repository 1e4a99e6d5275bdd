//! What clients get in place of the origin's answer, field by field.

use serde_json::Value;

use crate::support::{
    clients::{Ask, Kind, Protocol},
    h1::{End, Response},
    origin::Origin,
    places::Refusing,
    proxy::{Proxy, Setup},
    script::{answer, pattern},
};

/// A proxy before an origin that refuses, with a brand.
fn dead(site: &str) -> (Refusing, Proxy) {
    let port = Refusing::start();
    let proxy = Proxy::before(&format!("http://{}", port.address), site);
    (port, proxy)
}

const BRAND: &str = "[brand]\nname = \"Blumen & Söhne\"\ncolor = \"#0a7a5c\"\n\
                     phone = \"+49 30 1234\"\nemail = \"hallo@shop.test\"\n";

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

#[test]
fn every_kind_gets_its_answer_for_every_method_and_protocol() {
    let (_port, proxy) = dead(BRAND);
    for kind in Kind::ALL {
        for method in METHODS {
            for protocol in Protocol::BOTH {
                let what = format!("{kind:?} {method} {protocol:?}");
                let response = proxy.ask(&Ask::new(method, "/x").by(kind), protocol);
                let kind = kind.answered_as(method);
                assert_eq!(response.end, End::Complete, "{what}");
                assert_eq!(response.head.status(), kind.status(), "{what}");
                assert_fields(kind, &response, &what);
                if method == "HEAD" {
                    assert!(response.body.is_empty(), "{what}");
                }
            }
        }
    }
}

fn assert_fields(kind: Kind, response: &Response, what: &str) {
    let field = |name| response.head.field(name).unwrap_or_default();
    assert!(
        field("content-type").starts_with(kind.media_type()),
        "{what}: {:?}",
        response.head
    );
    assert_eq!(field("cache-control"), "no-store", "{what}");
    assert_eq!(
        field("proxy-status"),
        "intermission; error=connection_refused",
        "{what}"
    );
    assert!(!field("x-request-id").is_empty(), "{what}");
    for name in [
        "set-cookie",
        "location",
        "refresh",
        "etag",
        "x-robots-tag",
        "last-modified",
    ] {
        assert_eq!(response.head.field(name), None, "{what}: {name}");
    }
    if kind.status() == 503 {
        let seconds: u64 = field("retry-after").parse().expect("seconds");
        assert!((1..=36).contains(&seconds), "{what}: {seconds} s");
        assert_eq!(
            field("vary"),
            "Accept, Accept-Encoding, Accept-Language",
            "{what}"
        );
        assert_eq!(field("x-content-type-options"), "nosniff", "{what}");
        assert_eq!(field("referrer-policy"), "no-referrer", "{what}");
        assert!(
            field("content-security-policy").contains("default-src 'none'"),
            "{what}"
        );
        assert!(response.head.content_length().is_some(), "{what}");
    }
}

#[test]
fn head_gets_the_fields_of_get() {
    let (_port, proxy) = dead(BRAND);
    let steady = |response: &Response| {
        let mut fields = response.head.fields.clone();
        fields
            .retain(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id" | "retry-after"));
        fields.sort();
        fields
    };
    for kind in [Kind::Navigation, Kind::Text, Kind::Image] {
        for protocol in Protocol::BOTH {
            let get = proxy.ask(&Ask::get("/x").by(kind), protocol);
            let head = proxy.ask(&Ask::new("HEAD", "/x").by(kind), protocol);
            assert_eq!(steady(&get), steady(&head), "{kind:?} {protocol:?}");
        }
    }
}

#[test]
fn the_page_is_the_owners_in_the_visitors_language() {
    let (_port, proxy) = dead(&format!("{BRAND}[page.de]\nheadline = \"Gleich zurück\"\n"));
    let page = |language: &str| {
        let ask = Ask::get("/")
            .by(Kind::Navigation)
            .with("accept-language", language);
        let response = proxy.ask(&ask, Protocol::H1);
        let language = response.head.field("content-language").unwrap_or_default();
        (language, String::from_utf8(response.body).expect("UTF-8"))
    };
    let (language, german) = page("de-AT,de;q=0.9,en;q=0.5");
    assert_eq!(language, "de");
    assert!(german.contains("<html lang=\"de\"") && german.contains("Gleich zurück"));
    assert!(german.contains("Blumen &amp; Söhne") || german.contains("Blumen &#38; Söhne"));
    let (language, english) = page("en-GB");
    assert_eq!(language, "en");
    assert!(english.contains("<html lang=\"en\"") && !english.contains("Gleich zurück"));
    for page in [german, english] {
        assert!(!page.contains("noindex") && !page.contains("http-equiv=\"refresh\""));
        assert!(page.contains("+49 30 1234") && page.contains("hallo@shop.test"));
    }
}

#[test]
fn the_page_comes_compressed_when_the_visitor_can_read_it() {
    let (_port, proxy) = dead(BRAND);
    for (accepted, coding) in [
        ("gzip, deflate, br, zstd", Some("br")),
        ("gzip", Some("gzip")),
        ("br;q=0, gzip;q=0.5", Some("gzip")),
        ("identity", None),
    ] {
        let ask = Ask::get("/")
            .by(Kind::Navigation)
            .with("accept-encoding", accepted);
        let response = proxy.ask(&ask, Protocol::H1);
        assert_eq!(
            response.head.field("content-encoding").as_deref(),
            coding,
            "{accepted}"
        );
        if coding.is_some() {
            let size = response.raw_head.len() + response.body.len();
            assert!(size <= 14 * 1024, "{size} bytes with {accepted}");
        }
    }
}

#[test]
fn a_script_gets_a_problem_with_its_request_id() {
    let (_port, proxy) = dead(BRAND);
    let response = proxy.ask(&Ask::get("/api").by(Kind::Json), Protocol::H1);
    let problem: Value = serde_json::from_slice(&response.body).expect("JSON");
    assert_eq!(problem["status"], 503);
    assert_eq!(problem["title"], "Service Unavailable");
    assert_eq!(problem["type"], "about:blank");
    assert_eq!(
        problem["request_id"].as_str(),
        response.head.field("x-request-id").as_deref()
    );
    let seconds = response.head.field("retry-after").expect("seconds");
    assert_eq!(problem["retry_after"].to_string(), seconds);
}

#[test]
fn grpc_gets_trailers_only() {
    let (_port, proxy) = dead(BRAND);
    let ask = Ask::new("POST", "/shop.Shop/Buy")
        .by(Kind::Grpc)
        .body(vec![0, 0, 0, 0, 0]);
    let response = proxy.ask(&ask, Protocol::H2);
    assert_eq!(response.head.field("grpc-status").as_deref(), Some("14"));
    let milliseconds = response
        .head
        .field("grpc-retry-pushback-ms")
        .expect("a pause");
    assert!(
        milliseconds.parse::<u64>().is_ok_and(|pause| pause >= 1000),
        "{milliseconds}"
    );
    assert!(response.body.is_empty() && response.trailers.fields.is_empty());
}

#[test]
fn an_event_source_is_told_to_come_back() {
    let (_port, proxy) = dead(BRAND);
    let response = proxy.ask(&Ask::get("/events").by(Kind::EventStream), Protocol::H1);
    let text = String::from_utf8(response.body).expect("UTF-8");
    let pause = text.lines().find_map(|line| line.strip_prefix("retry:"));
    let pause: u64 = pause
        .and_then(|pause| pause.trim().parse().ok())
        .expect("milliseconds");
    assert!((1000..=36_000).contains(&pause), "{text}");
    assert!(
        text.lines().any(|line| line.starts_with(':')),
        "a comment in {text}"
    );
    assert!(text.ends_with("\n\n"));
    assert!(
        !text.lines().any(|line| line.starts_with("data")),
        "no event in {text}"
    );
}

#[test]
fn files_for_robots_are_never_html() {
    let (_port, proxy) = dead(BRAND);
    for path in [
        "/robots.txt",
        "/sitemap.xml",
        "/sitemap_index.xml",
        "/feed",
        "/favicon.ico",
    ] {
        for kind in [Kind::Navigation, Kind::Text] {
            let response = proxy.ask(&Ask::get(path).by(kind), Protocol::H1);
            assert_eq!(response.head.status(), 503, "{path}");
            let media_type = response.head.field("content-type").unwrap_or_default();
            assert!(!media_type.contains("html"), "{path} is {media_type}");
            assert!(
                !String::from_utf8_lossy(&response.body).contains('<'),
                "{path}"
            );
        }
    }
}

#[test]
fn crawlers_and_people_get_the_same_page() {
    let (_port, proxy) = dead(BRAND);
    let page = |agent: &str| {
        let ask = Ask::get("/")
            .with("accept", "text/html,*/*;q=0.8")
            .with("user-agent", agent);
        proxy.ask(&ask, Protocol::H1).body
    };
    assert_eq!(page("Mozilla/5.0 Firefox/140.0"), page("Googlebot/2.1"));
}

#[test]
fn an_upload_says_that_nothing_was_processed() {
    let (_port, proxy) = dead(BRAND);
    let get = proxy.ask(&Ask::get("/form").by(Kind::Navigation), Protocol::H1);
    let post = Ask::new("POST", "/form").by(Kind::Navigation).body("a=b");
    let post = proxy.ask(&post, Protocol::H1);
    assert_ne!(get.body, post.body, "a form's page says more than a link's");
}

#[test]
fn the_answer_survives_an_upload_of_5_mib_to_a_dead_origin() {
    let (_port, proxy) = dead(BRAND);
    for protocol in Protocol::BOTH {
        for round in 0..10 {
            let path = format!("/upload-{}-{round}", protocol.version());
            let ask = Ask::new("POST", &path).by(Kind::Navigation);
            let response = proxy.ask(&ask.body(pattern(5 * 1024 * 1024)), protocol);
            assert_eq!(
                (response.head.status(), response.end),
                (503, End::Complete),
                "{path}"
            );
            assert!(!response.body.is_empty());
            assert_eq!(proxy.record(&path)["outcome"], "page");
        }
    }
}

#[test]
fn an_expecting_client_is_answered_before_it_sends() {
    let (_port, proxy) = dead(BRAND);
    let response = proxy.client().ask(
        "POST / HTTP/1.1\r\nHost: shop.test\r\nExpect: 100-continue\r\n\
         Content-Length: 1000000\r\n\r\n",
    );
    assert_eq!(
        (response.head.status(), response.interim.as_slice()),
        (503, &[][..])
    );
}

#[test]
fn conditions_and_ranges_do_not_change_the_answer() {
    let (_port, proxy) = dead(BRAND);
    let ask = Ask::get("/")
        .with("if-none-match", "*")
        .with("range", "bytes=0-9");
    let ask = ask.with("if-modified-since", "Sat, 01 Jan 2050 00:00:00 GMT");
    assert_eq!(proxy.ask(&ask, Protocol::H1).head.status(), 503);
}

#[test]
fn retry_after_differs_between_clients() {
    let (_port, proxy) = dead("[retry_after]\nstart = \"100s\"\n");
    let seconds: std::collections::BTreeSet<u64> = (0..40)
        .map(|_| proxy.get("/").head.field("retry-after").expect("seconds"))
        .map(|value| value.parse().expect("seconds"))
        .collect();
    assert!(
        seconds.iter().all(|seconds| (80..=120).contains(seconds)),
        "{seconds:?}"
    );
    assert!(seconds.len() > 3, "no jitter: {seconds:?}");
}

#[test]
fn our_name_can_be_changed() {
    let port = Refusing::start();
    let site = format!("hosts = [\"*\"]\nupstream = \"http://{}\"\n", port.address);
    let proxy = Setup::new("name = \"edge-1\"\n")
        .site("shop", &site)
        .start();
    let status = proxy.get("/").head.field("proxy-status");
    assert_eq!(status.as_deref(), Some("edge-1; error=connection_refused"));
}

#[test]
fn the_first_answer_after_the_origins_return_is_the_origins() {
    let port = Refusing::start();
    let address = port.address;
    let proxy = Proxy::before(&format!("http://{address}"), "");
    assert_eq!(proxy.get("/").head.status(), 503);
    drop(port);
    let _origin = Origin::at(address, answer(crate::support::script::ok("back")));
    assert_eq!(proxy.get("/").body, b"back");
}
