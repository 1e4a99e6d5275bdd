//! Whoever stops in the middle is not waited for, and is the one who is blamed.

use std::time::Duration;

use tokio::time::Instant;

use crate::support::{
    clients::{Ask, Protocol},
    eventually,
    h1::{End, Response},
    h2,
    line::Ended,
    origin::Origin,
    proxy::{Proxy, Setup, catch_all},
    script::{Step, after_request, choose, head, ok},
};

/// What an origin that hangs is given.
const FIRST_BYTE: &str = "[timeouts]\nfirst_byte = \"1s\"\n";

/// The page of an origin that hangs: in its time, and not long after.
fn assert_page_in_time(proxy: &Proxy, path: &str, response: &Response, began: Instant) {
    let took = began.elapsed();
    assert_eq!(response.head.status(), 503, "{path}");
    assert!(took >= Duration::from_millis(900), "{path} took {took:?}");
    assert!(took < Duration::from_secs(3), "{path} took {took:?}");
    let record = proxy.record(path);
    assert_eq!(record["failure"], "connection_read_timeout", "{record}");
}

#[test]
fn the_first_byte_is_waited_for_since_the_end_of_a_chunked_body() {
    let origin = Origin::always(after_request([Step::Hang]));
    let proxy = Proxy::before(&origin.url(), FIRST_BYTE);
    for (path, request, end) in [
        ("/post", "POST", ""),
        ("/get", "GET", ""),
        ("/trailers", "POST", "X-Sum: 1\r\n"),
    ] {
        let began = Instant::now();
        let response = proxy.client().ask(format!(
            "{request} {path} HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\
             Trailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\n{end}\r\n"
        ));
        assert_page_in_time(&proxy, path, &response, began);
        assert_eq!(origin.complete_request(path).body, b"hello");
    }
}

#[test]
fn the_first_byte_is_waited_for_since_the_end_of_a_body_from_http2() {
    let origin = Origin::always(after_request([Step::Hang]));
    let proxy = Proxy::before(&origin.url(), FIRST_BYTE);
    for method in ["GET", "POST"] {
        let path = format!("/{method}");
        let request = Ask::new(method, &path).body("hello").to_h2();
        let began = Instant::now();
        let response = h2::Client::connect(proxy.address).ask_without_length(request);
        assert_page_in_time(&proxy, &path, &response, began);
    }
}

#[test]
fn a_client_that_stalls_in_its_upload_is_told_so_and_the_origin_is_not_blamed() {
    let origin = Origin::always(choose(|_| vec![Step::Send(ok("hello"))]));
    let clocks = "[timeouts]\nbetween_bytes = \"1s\"\n";
    let proxy = Proxy::before(&origin.url(), clocks);
    for framing in [
        "Content-Length: 10\r\n\r\nab",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "Content-Length: 10\r\n\r\n",
    ] {
        let path = format!("/stalled{}", proxy.records().len());
        let mut client = proxy.client();
        let began = Instant::now();
        client.send(format!(
            "POST {path} HTTP/1.1\r\nHost: shop.test\r\n{framing}"
        ));
        let response = client.read();
        let took = began.elapsed();
        assert_eq!((response.head.status(), response.end), (408, End::Complete));
        assert_eq!(response.head.field("connection").as_deref(), Some("close"));
        assert!(took >= Duration::from_millis(900), "{took:?}");
        assert!(took < Duration::from_secs(4), "{took:?}");
        assert_ne!(client.ended(), Ended::GivenUp, "{framing:?}");
        let record = proxy.record(&path);
        assert_eq!(record["outcome"], "refused", "{record}");
        assert_eq!(record["http.response.status_code"], 408, "{record}");
        assert!(record.get("failure").is_none(), "{record}");
    }
    assert_eq!(proxy.get("/after").body, b"hello");
    let failures = proxy.metric("intermission_upstream_failures", &[]);
    assert!(failures.abs() < f64::EPSILON, "{failures} failures");
    let log = proxy.process.stderr().join("\n");
    // Said only after an outage; there was none.
    assert!(!log.contains("answers again"), "{log}");
}

#[test]
fn a_client_that_does_not_read_is_cut_and_the_origin_released() {
    let size = 256 * 1024 * 1024;
    let length = format!("Content-Length: {size}");
    let script = after_request([Step::Send(head("200 OK", &[&length])), Step::Pour(size)]);
    let origin = Origin::always(script);
    let proxy = Setup::new("[clients]\nidle_timeout = \"1s\"\n")
        .site("shop", &catch_all(&origin.url(), ""))
        .start();
    let mut client = proxy.client();
    client.send("GET /unread HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    origin.request("/unread");
    eventually("the connection to the origin is closed", || {
        origin.connections()[0].ended
    });
    assert!(origin.poured() < size, "not all of it was taken");
    let record = proxy.record("/unread");
    assert_eq!(record["outcome"], "forwarded", "{record}");
    assert_ne!(record["ended"], "complete", "{record}");
    let mut response = client.response_head();
    client.body_into(&mut response, false);
    assert!(
        matches!(response.end, End::Cut | End::Reset),
        "{:?}",
        response.end
    );
}

#[test]
fn a_client_that_reads_slowly_is_not_cut() {
    let size = 24 * 1024 * 1024;
    let length = format!("Content-Length: {size}");
    let script = after_request([Step::Send(head("200 OK", &[&length])), Step::Pour(size)]);
    let origin = Origin::always(script);
    let proxy = Setup::new("[clients]\nidle_timeout = \"1s\"\n")
        .site("shop", &catch_all(&origin.url(), ""))
        .start();
    let mut client = proxy.client();
    client.send("GET /slow HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    assert_eq!(client.response_head().head.status(), 200);
    for _ in 0..12 {
        let read = client.line.read_exactly(size / 12, &mut |_| ());
        assert_eq!(read, Ok(()));
        crate::support::let_pass(Duration::from_millis(200));
    }
    assert_eq!(proxy.record("/slow")["ended"], "complete");
}

#[test]
fn a_silent_wait_for_the_origin_is_not_the_clients() {
    let waiting = Step::Drip {
        piece: ok("late"),
        pause: Duration::from_millis(1500),
        times: 1,
    };
    let origin = Origin::always(after_request([waiting]));
    let proxy = Setup::new("[clients]\nidle_timeout = \"500ms\"\n")
        .site("shop", &catch_all(&origin.url(), ""))
        .start();
    for protocol in Protocol::BOTH {
        let response = proxy.ask(&Ask::get("/late"), protocol);
        assert_eq!((response.head.status(), response.end), (200, End::Complete));
    }
}
