//! Origins whose answers could be taken for somebody else's, or that say what HTTP does not allow:
//! no client sees another's answer, and none sees what is not HTTP.

use std::time::Duration;

use crate::support::{
    clients::{Ask, Protocol},
    gate::Gate,
    h1::End,
    let_pass,
    origin::Origin,
    proxy::Proxy,
    script::{Step, answer, choose, ok},
};

const POISON: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";

/// Each of these answers has more behind it than belongs to it.
fn overlong() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let with = |answer: &str| [answer.as_bytes(), POISON].concat();
    vec![
        (
            "a second answer",
            "GET",
            with("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        ),
        (
            "a second answer to chunks",
            "GET",
            with("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        ),
        (
            "a body for HEAD",
            "HEAD",
            with("HTTP/1.1 200 OK\r\nContent-Length: 57\r\n\r\n"),
        ),
        (
            "a body with 204",
            "GET",
            with("HTTP/1.1 204 No Content\r\n\r\n"),
        ),
        (
            "a body with 304",
            "GET",
            with("HTTP/1.1 304 Not Modified\r\nContent-Length: 57\r\n\r\n"),
        ),
        (
            "a body of length 0",
            "GET",
            with("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ),
        (
            "noise",
            "GET",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\0\0\0\0".to_vec(),
        ),
    ]
}

#[test]
fn what_comes_behind_an_answer_is_nobodys() {
    for (what, method, bytes) in overlong() {
        for protocol in Protocol::BOTH {
            let lie = bytes.clone();
            let origin = Origin::always(choose(move |request| {
                let said = if request.path() == "/lie" {
                    lie.clone()
                } else {
                    ok("honest")
                };
                vec![Step::Send(said)]
            }));
            let proxy = Proxy::before(&origin.url(), "");
            for round in 0..4 {
                let lied = proxy.ask(&Ask::new(method, "/lie"), protocol);
                assert_eq!(lied.end, End::Complete, "{what}");
                assert!(!lied.body.ends_with(b"poison"), "{what}");
                let next = proxy.ask(&Ask::get("/next"), protocol);
                assert_eq!(next.body, b"honest", "{what}, {protocol:?}, round {round}");
            }
        }
    }
}

#[test]
fn an_answer_that_nobody_asked_for_is_nobodys() {
    let gate = Gate::default();
    let told = gate.clone();
    let origin = Origin::always(choose(move |request| match request.path() {
        "/first" => vec![
            Step::Send(ok("first")),
            Step::WaitFor(told.clone()),
            Step::Send(POISON.to_vec()),
        ],
        _ => vec![Step::Send(ok("honest"))],
    }));
    let proxy = Proxy::before(&origin.url(), "");
    assert_eq!(proxy.get("/first").body, b"first");
    gate.open();
    let_pass(Duration::from_millis(100));
    for _ in 0..10 {
        assert_eq!(proxy.get("/next").body, b"honest");
    }
}

#[test]
fn what_is_no_answer_becomes_the_page() {
    let head = |line: &str| format!("HTTP/1.1 200 OK\r\n{line}\r\nContent-Length: 2\r\n\r\nok");
    let whole = |text: &str| text.to_owned();
    let mut wrong = Vec::new();
    for (what, bytes) in [
        ("a length and another", head("Content-Length: 3")),
        (
            "a length below zero",
            whole("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
        ),
        (
            "a signed length",
            whole("HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok"),
        ),
        (
            "a length of 65 bits",
            whole("HTTP/1.1 200 OK\r\nContent-Length: 36893488147419103232\r\n\r\n"),
        ),
        ("a zero byte in a value", head("X-A: a\0b")),
        ("a zero byte in a name", head("X\0A: b")),
        ("a bare CR in a value", head("X-A: a\rb")),
        ("no name", head(": a")),
        (
            "two digits",
            whole("HTTP/1.1 99 No\r\nContent-Length: 0\r\n\r\n"),
        ),
        (
            "four digits",
            whole("HTTP/1.1 2000 No\r\nContent-Length: 0\r\n\r\n"),
        ),
        (
            "a status of zero",
            whole("HTTP/1.1 000 No\r\nContent-Length: 0\r\n\r\n"),
        ),
        ("HTTP/0.9", whole("<html>hello</html>\r\n\r\n")),
        (
            "HTTP/2",
            whole("HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ),
        (
            "a request",
            whole("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n"),
        ),
        (
            "switched unasked",
            whole("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
        ),
    ] {
        for protocol in Protocol::BOTH {
            let origin = Origin::always(answer(bytes.clone()));
            let proxy = Proxy::before(&origin.url(), "[timeouts]\nfirst_byte = \"2s\"\n");
            let response = proxy.ask(&Ask::get("/lie"), protocol);
            let status = response.head.field("proxy-status").unwrap_or_default();
            if response.head.status() != 503 || !status.contains("error=http_protocol_error") {
                wrong.push(format!("{what} over {protocol:?}: {:?}", response.head));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_odd_in_an_answer_does_not_pass() {
    for (what, line) in [
        ("space before a colon", "X-A : b"),
        ("a fold", "X-A: b\r\n c"),
        ("an equal length", "Content-Length: 2"),
    ] {
        let text = format!("HTTP/1.1 200 OK\r\n{line}\r\nContent-Length: 2\r\n\r\nok");
        let origin = Origin::always(answer(text));
        let proxy = Proxy::before(&origin.url(), "");
        let response = proxy.get("/odd");
        let head = String::from_utf8_lossy(&response.raw_head).into_owned();
        let status = response.head.status();
        assert!(matches!(status, 200 | 503), "{what}: {head:?}");
        assert!(
            !head.contains(" :") && !head.contains("\r\n "),
            "{what}: {head:?}"
        );
        let lengths = response.head.all("content-length").count();
        assert_eq!(lengths, 1, "{what}: {head:?}");
    }
}

#[test]
fn hints_without_end_are_not_waited_for() {
    let hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n".to_vec();
    let origin = Origin::always(choose(move |_| {
        let dripping = Step::Drip {
            piece: hint.clone(),
            pause: Duration::from_millis(5),
            times: 2000,
        };
        vec![dripping]
    }));
    let proxy = Proxy::before(&origin.url(), "[timeouts]\nfirst_byte = \"500ms\"\n");
    let response = proxy.get("/hints");
    assert_eq!(response.head.status(), 503);
    assert_eq!(proxy.record("/hints")["failure"], "connection_read_timeout");
}
