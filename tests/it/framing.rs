//! How long a body is, is said anew on each hop, once and rightly.

use bytes::Bytes;

use crate::support::{
    clients::{Ask, Protocol},
    gate::Gate,
    h1::{End, Response},
    h2,
    origin::Origin,
    proxy::{Proxy, Setup, catch_all},
    script::{Step, after_request, answer, chunk, head, ok},
};

/// Answers every request with these bytes.
fn saying(bytes: impl Into<Vec<u8>>) -> (Origin, Proxy) {
    let origin = Origin::always(answer(bytes));
    let proxy = Proxy::before(&origin.url(), "");
    (origin, proxy)
}

fn chunked(fields: &[&str]) -> Vec<u8> {
    [
        head("200 OK", fields),
        chunk(b"hello"),
        b"0\r\n\r\n".to_vec(),
    ]
    .concat()
}

#[test]
fn a_chunked_body_arrives_with_every_method() {
    let (origin, proxy) = saying(ok("thanks"));
    for method in ["GET", "DELETE", "OPTIONS", "POST"] {
        let request = format!(
            "{method} /{method} HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n\
             5\r\nhello\r\n0\r\n\r\n"
        );
        assert_eq!(proxy.client().ask(request).body, b"thanks", "{method}");
        let seen = origin.complete_request(&format!("/{method}"));
        assert_eq!(seen.body, b"hello", "{method}");
    }
    assert_eq!(origin.requests().len(), 4, "no body became a request");
}

#[test]
fn a_body_without_a_length_arrives_from_http2() {
    let (origin, proxy) = saying(ok("thanks"));
    for method in ["GET", "POST"] {
        let path = format!("/{method}");
        let request = Ask::new(method, &path).body("hello").to_h2();
        let response = h2::Client::connect(proxy.address).ask_without_length(request);
        assert_eq!((response.head.status(), response.end), (200, End::Complete));
        let seen = origin.complete_request(&path);
        assert_eq!(seen.head.content_length(), None);
        assert_eq!(seen.body, b"hello", "{method}");
    }
}

#[test]
fn a_body_with_a_length_keeps_it() {
    let (origin, proxy) = saying(ok("thanks"));
    for (protocol, path) in [(Protocol::H1, "/1"), (Protocol::H2, "/2")] {
        let ask = Ask::get(path).body(Bytes::from_static(b"hello"));
        assert_eq!(proxy.ask(&ask, protocol).head.status(), 200);
        let seen = origin.complete_request(path);
        assert_eq!(seen.head.field("transfer-encoding"), None);
        assert_eq!((seen.head.content_length(), seen.body.len()), (Some(5), 5));
    }
}

#[test]
fn chunks_of_an_origin_overrule_its_length() {
    for order in [
        ["Transfer-Encoding: chunked", "Content-Length: 3"],
        ["Content-Length: 3", "Transfer-Encoding: chunked"],
    ] {
        let (_origin, proxy) = saying(chunked(&order));
        for protocol in Protocol::BOTH {
            let response = proxy.ask(&Ask::get("/both"), protocol);
            assert_eq!(response.head.field("content-length"), None, "{order:?}");
            assert_eq!(response.body, b"hello", "{order:?} over {protocol:?}");
            assert_eq!(response.end, End::Complete);
        }
    }
}

#[test]
fn a_coding_that_nobody_undoes_is_a_failure() {
    for codings in [
        &["Transfer-Encoding: gzip, chunked"][..],
        &["Transfer-Encoding: gzip", "Transfer-Encoding: chunked"],
    ] {
        let (_origin, proxy) = saying(chunked(codings));
        for protocol in Protocol::BOTH {
            let path = format!("/coded{}", protocol.version());
            let response = proxy.ask(&Ask::get(&path), protocol);
            assert_eq!(response.head.status(), 503, "{codings:?}");
            let status = response.head.field("proxy-status").unwrap_or_default();
            assert!(status.contains("error=http_protocol_error"), "{status}");
            assert_eq!(proxy.record(&path)["failure"], "http_protocol_error");
        }
    }
}

#[test]
fn an_old_origin_does_not_make_the_clients_connection_old() {
    let with_length = b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello".to_vec();
    let to_the_end = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello".to_vec();
    for bytes in [with_length, to_the_end] {
        let script = after_request([Step::Send(bytes), Step::Close]);
        let origin = Origin::always(script);
        let proxy = Proxy::before(&origin.url(), "");
        let mut client = proxy.client();
        for round in 0..3 {
            let response = client.ask("GET /old HTTP/1.1\r\nHost: shop.test\r\n\r\n");
            assert_eq!(response.head.first_line, "HTTP/1.1 200 OK", "round {round}");
            assert_eq!(response.head.field("connection"), None);
            assert_eq!(
                (response.body.as_slice(), response.end),
                (&b"hello"[..], End::Complete)
            );
        }
    }
}

#[test]
fn a_body_to_the_end_that_is_reset_has_no_clean_end() {
    for (version, expected) in [
        ("1.1", [End::Cut, End::Reset]),
        // Without chunks an orderly close would be the clean end.
        ("1.0", [End::Reset, End::Reset]),
    ] {
        let gate = Gate::default();
        let begun = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhel".to_vec();
        let origin = Origin::always(after_request([
            Step::Send(begun),
            Step::WaitFor(gate.clone()),
            Step::Reset,
        ]));
        let proxy = Proxy::before(&origin.url(), "");
        let mut client = proxy.client();
        client.send(format!(
            "GET /cut HTTP/{version}\r\nHost: shop.test\r\n\r\n"
        ));
        let mut response = client.response_head();
        assert_eq!(response.head.status(), 200);
        gate.open();
        client.body_into(&mut response, false);
        assert!(expected.contains(&response.end), "{:?}", response.end);
        assert_eq!(proxy.record("/cut")["failure"], "http_response_incomplete");
    }
}

/// An answer to HEAD, and that it was one over HTTP/1.1: nothing of it is left on the connection.
fn head_of(proxy: &Proxy, host: &str, path: &str, protocol: Protocol) -> Response {
    let ask = Ask::new("HEAD", path).host(host);
    if protocol == Protocol::H2 {
        return proxy.ask(&ask, protocol);
    }
    let mut client = proxy.client();
    let response = client.ask(ask.h1_head());
    let next = client.ask("GET /next HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    assert_eq!(next.head.first_line, "HTTP/1.1 200 OK", "after {path}");
    response
}

#[test]
fn a_refusal_of_head_has_no_body() {
    let origin = Origin::always(answer(ok("hello")));
    let site = catch_all(&origin.url(), "").replace("\"*\"", "\"shop.test\"");
    let proxy = Setup::new("").site("shop", &site).start();
    for protocol in Protocol::BOTH {
        let unclaimed = if protocol == Protocol::H2 { 421 } else { 404 };
        for (host, name, status) in [
            ("other.test", "unclaimed", unclaimed),
            ("shop.test", ".intermission/nothing", 404),
        ] {
            let path = format!("/{name}{}", protocol.version());
            let response = head_of(&proxy, host, &path, protocol);
            assert_eq!(response.head.status(), status, "{path}");
            assert_eq!((response.end, response.body_length), (End::Complete, 0));
            let record = proxy.record(&path);
            assert_eq!(record["ended"], "complete", "{record}");
            assert_eq!(record["http.response.body.size"], 0, "{record}");
            assert_eq!(record["outcome"], "refused", "{record}");
        }
    }
}

#[test]
fn a_method_that_is_not_allowed_is_refused_whole() {
    let (_origin, proxy) = saying(ok("hello"));
    for protocol in Protocol::BOTH {
        let path = format!("/trace{}", protocol.version());
        let response = proxy.ask(&Ask::new("TRACE", &path), protocol);
        assert_eq!((response.head.status(), response.end), (405, End::Complete));
        assert_eq!(proxy.record(&path)["ended"], "complete");
    }
}
