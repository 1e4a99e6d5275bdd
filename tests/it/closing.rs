//! A connection that is being closed is closed for good: what still comes on it is no request.

use std::{net::Ipv4Addr, time::Duration};

use crate::support::{
    h1::Client,
    let_pass,
    line::Ended,
    origin::Origin,
    places::Refusing,
    proxy::{Proxy, Setup, catch_all},
    script::{answer, ok},
};

const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: shop.test\r\n\r\n";

/// Longer than a connection is quiet before what serves it is let go.
const QUIET: Duration = Duration::from_millis(700);

/// What comes at once behind the last request: nothing, what is read with it, and more than that.
fn pipelines() -> [String; 3] {
    [0, 1, 10_000].map(|count| SMUGGLED.repeat(count))
}

/// The end has been announced; what looks like requests follows it, after a while and in pieces.
fn follow_with_smuggled(client: &mut Client) {
    assert_eq!(client.ended(), Ended::Closed, "our side is closed in order");
    let_pass(QUIET);
    for _ in 0..4 {
        client.send(SMUGGLED);
        let_pass(Duration::from_millis(50));
    }
    assert_ne!(client.ended(), Ended::GivenUp, "the connection ends");
}

/// Asks anew, so that a smuggled request would have been seen before.
fn assert_nothing_was_smuggled(origin: &Origin, proxy: &Proxy) {
    assert_eq!(proxy.get("/honest").head.status(), 200);
    origin.complete_request("/honest");
    proxy.record("/honest");
    let seen = origin.requests();
    assert!(
        seen.iter().all(|seen| seen.path() != "/smuggled"),
        "{seen:#?}"
    );
    assert!(proxy.find_record("/smuggled").is_none());
}

fn before(upstream: &str) -> Proxy {
    // One worker, so that the connection to be watched and the last request share it.
    Setup::new("workers = 1\n")
        .site("shop", &catch_all(upstream, ""))
        .start()
}

#[test]
fn a_body_that_comes_after_the_page_is_never_a_request() {
    let port = Refusing::at((Ipv4Addr::new(127, 0, 0, 4), 0).into());
    let address = port.address;
    let proxy = before(&format!("http://{address}"));
    let mut client = proxy.client();
    client.send("POST /upload HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 100000\r\n\r\nabc");
    let page = client.read();
    assert_eq!(page.head.status(), 503);
    assert_eq!(page.head.field("connection").as_deref(), Some("close"));
    drop(port);
    let origin = Origin::at(address, answer(ok("back")));
    follow_with_smuggled(&mut client);
    assert_nothing_was_smuggled(&origin, &proxy);
    assert!(
        origin
            .requests()
            .iter()
            .all(|seen| seen.path() != "/upload"),
        "what was answered with the page is not sent later"
    );
}

#[test]
fn what_comes_after_a_malformed_head_is_never_a_request() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = before(&origin.url());
    let noise = "GET /one HTTP/1.1\r\nHost: shop.test\r\n\r\nG@@ \0 garbage\r\n\r\n";
    for pipelined in pipelines() {
        let mut client = proxy.client();
        client.send([noise, &pipelined].concat());
        assert_eq!(client.read().head.status(), 200);
        assert_eq!(client.read().head.status(), 400);
        follow_with_smuggled(&mut client);
    }
    assert_nothing_was_smuggled(&origin, &proxy);
}

#[test]
fn what_comes_after_connection_close_is_never_a_request() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = before(&origin.url());
    let last = "GET /last HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n";
    for pipelined in pipelines() {
        let mut client = proxy.client();
        assert_eq!(client.ask([last, &pipelined].concat()).body, b"hello");
        follow_with_smuggled(&mut client);
    }
    assert_nothing_was_smuggled(&origin, &proxy);
}
