//! Interim responses: what comes before the answer is not the answer.
//!
//! Those an origin sends on its own, such as 103, are dropped; `100 Continue` has its tests with the
//! streams.

use crate::support::{
    clients::{Ask, Protocol},
    h1::End,
    origin::Origin,
    proxy::Proxy,
    script::{Step, after_request, answer, head, ok, response},
};

fn early_hints() -> Vec<u8> {
    head(
        "103 Early Hints",
        &["Link: </shop.css>; rel=preload; as=style"],
    )
}

/// The answer behind one 103, sent with it or on its own.
fn behind_hints(bytes: &[u8], together: bool) -> Vec<Step> {
    if together {
        answer([early_hints(), bytes.to_vec()].concat())
    } else {
        after_request([Step::Send(early_hints()), Step::Send(bytes.to_vec())])
    }
}

#[test]
fn an_answer_behind_early_hints_arrives_intact_and_alone() {
    let whole = response(
        "200 OK",
        &["Content-Type: text/html", "X-Own: kept"],
        b"<p>hello",
    );
    for together in [true, false] {
        let origin = Origin::always(behind_hints(&whole, together));
        let proxy = Proxy::before(&origin.url(), "");
        for protocol in Protocol::BOTH {
            let response = proxy.ask(&Ask::get("/hinted"), protocol);
            assert_eq!((response.head.status(), response.end), (200, End::Complete));
            assert_eq!(response.body, b"<p>hello");
            assert_eq!(response.head.field("x-own").as_deref(), Some("kept"));
            assert_eq!(response.head.field("link"), None, "nothing of the hints");
            assert!(response.interim.is_empty(), "{:?}", response.interim);
        }
    }
}

#[test]
fn any_number_of_interim_responses_is_none() {
    let processing = head("102 Processing", &[]);
    let continued = head("100 Continue", &[]);
    let bytes = [
        early_hints(),
        processing,
        continued,
        early_hints(),
        ok("hello"),
    ]
    .concat();
    let origin = Origin::always(answer(bytes));
    let proxy = Proxy::before(&origin.url(), "");
    let response = proxy.get("/");
    assert_eq!((response.head.status(), response.end), (200, End::Complete));
    assert_eq!(
        (response.body.as_slice(), response.interim.len()),
        (&b"hello"[..], 0)
    );
}

#[test]
fn the_connection_serves_on_after_early_hints() {
    let origin = Origin::always(behind_hints(&ok("hello"), true));
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    for _ in 0..10 {
        assert_eq!(
            client.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").body,
            b"hello"
        );
    }
    assert_eq!(origin.connections().len(), 1, "kept on both sides");
}

#[test]
fn early_hints_do_not_stop_the_clock() {
    let origin = Origin::always(after_request([Step::Send(early_hints()), Step::Hang]));
    let clock = "[timeouts]\nfirst_byte = \"300ms\"\n";
    let proxy = Proxy::before(&origin.url(), clock);
    let response = proxy.ask(
        &Ask::get("/hinted").with("accept", "text/html"),
        Protocol::H1,
    );
    assert_eq!(response.head.status(), 503);
    assert!(response.interim.is_empty(), "{:?}", response.interim);
    assert_eq!(
        proxy.record("/hinted")["failure"],
        "connection_read_timeout"
    );
}

#[test]
fn an_end_behind_early_hints_is_no_answer() {
    let origin = Origin::always(after_request([Step::Send(early_hints()), Step::Close]));
    let proxy = Proxy::before(&origin.url(), "");
    let response = proxy.ask(
        &Ask::get("/hinted").with("accept", "text/html"),
        Protocol::H1,
    );
    assert_eq!((response.head.status(), response.end), (503, End::Complete));
    assert_eq!(proxy.record("/hinted")["failure"], "connection_terminated");
}

#[test]
fn a_failure_behind_early_hints_is_replaced_as_any_other() {
    let failed = response("502 Bad Gateway", &["Content-Type: text/html"], b"<p>bare");
    let origin = Origin::always(behind_hints(&failed, true));
    let proxy = Proxy::before(&origin.url(), "");
    let response = proxy.ask(
        &Ask::get("/hinted").with("accept", "text/html"),
        Protocol::H1,
    );
    assert_eq!((response.head.status(), response.end), (503, End::Complete));
    assert!(!String::from_utf8_lossy(&response.body).contains("bare"));
    assert_eq!(proxy.record("/hinted")["failure"], "http_status");
}
