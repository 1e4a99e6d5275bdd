//! Clients that do not speak HTTP as it is written, and limits of what we listen to.

use std::time::Duration;

use serde_json::Value;

use crate::support::{
    clients::{Ask, Protocol},
    eventually,
    h1::Client,
    line::Ended,
    origin::Origin,
    proxy::{Proxy, Setup, catch_all},
    script::{answer, ok},
};

fn healthy() -> (Origin, Proxy) {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "");
    (origin, proxy)
}

#[test]
fn requests_that_are_none_are_refused_and_the_connection_closed() {
    let (origin, proxy) = healthy();
    let mut wrong = Vec::new();
    for (what, request, status) in not_http().into_iter().chain(no_targets()) {
        let mut client = Client::connect_for(proxy.address, Duration::from_secs(2));
        let response = client.ask(&request);
        if response.head.status() != status {
            wrong.push(format!(
                "{what}: {:?}, should be {status}",
                response.head.first_line
            ));
        }
        if client.ended() == Ended::GivenUp {
            wrong.push(format!("{what}: the connection stays open"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(
        origin.requests().is_empty(),
        "nothing of it reaches the origin"
    );
    assert_eq!(proxy.get("/").body, b"hello", "and all is well afterwards");
}

#[test]
fn a_head_that_cannot_be_read_has_one_record() {
    let (_origin, proxy) = healthy();
    let long = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "x".repeat(70_000)
    );
    for (bytes, status) in [("nonsense\r\n\r\n", 400), (&long, 431)] {
        let mut client = Client::connect(proxy.address);
        assert_eq!(client.ask(bytes).head.status(), status);
        eventually("a record", || {
            let records = proxy.records();
            let is_one = |record: &&Value| record["http.response.status_code"] == status;
            (records.iter().filter(is_one).count() == 1).then_some(())
        });
    }
    assert_eq!(proxy.get("/last").head.status(), 200);
    proxy.record("/last");
    assert_eq!(proxy.records().len(), 3, "{:#?}", proxy.records());
}

/// What is wrong, the bytes, and the status that says so.
fn not_http() -> Vec<(&'static str, String, u16)> {
    let post = "POST / HTTP/1.1\r\nHost: shop.test\r\n";
    vec![
        ("noise", "nonsense\r\n\r\n".to_owned(), 400),
        ("no host", "GET / HTTP/1.1\r\n\r\n".to_owned(), 400),
        (
            "two hosts",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(),
            400,
        ),
        (
            "a host that is none",
            "GET / HTTP/1.1\r\nHost: a b\r\n\r\n".to_owned(),
            400,
        ),
        (
            "space before colon",
            "GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n".to_owned(),
            400,
        ),
        (
            "folded",
            "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n".to_owned(),
            400,
        ),
        (
            "two lengths",
            format!("{post}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
            400,
        ),
        ("no number", format!("{post}Content-Length: x\r\n\r\n"), 400),
        ("signed", format!("{post}Content-Length: +1\r\n\r\na"), 400),
        (
            "not chunked last",
            format!("{post}Transfer-Encoding: chunked, gzip\r\n\r\n"),
            400,
        ),
        (
            "unknown coding",
            format!("{post}Transfer-Encoding: zip, chunked\r\n\r\n0\r\n\r\n"),
            501,
        ),
        (
            "zero byte",
            "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n".to_owned(),
            400,
        ),
        (
            "too large a head",
            format!(
                "GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
                "x".repeat(140_000)
            ),
            431,
        ),
        (
            "too many fields",
            format!(
                "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n",
                "X: y\r\n".repeat(200)
            ),
            431,
        ),
    ]
}

/// As [`not_http`], of targets alone.
fn no_targets() -> Vec<(&'static str, String, u16)> {
    vec![
        (
            "a name for a target",
            "GET foo HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            400,
        ),
        (
            "an authority for a target",
            "GET foo:80 HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            400,
        ),
        (
            "a scheme of others",
            "GET ftp://b/x HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            400,
        ),
        (
            "too long a target",
            format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(70_000)),
            414,
        ),
        (
            "a target without an end",
            format!("GET /{}", "x".repeat(140_000)),
            414,
        ),
    ]
}

#[test]
fn of_two_framings_the_chunks_count_or_none_and_the_connection_ends() {
    let (origin, proxy) = healthy();
    for order in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
    ] {
        let mut client = proxy.client();
        let request = format!("POST /both HTTP/1.1\r\nHost: a\r\n{order}\r\n\r\n0\r\n\r\n");
        let status = client.ask(request).head.status();
        assert!(matches!(status, 200 | 400), "{status}");
        assert_ne!(
            client.ended(),
            Ended::GivenUp,
            "RFC 9112 section 6.1: it must close"
        );
    }
    for seen in origin.requests() {
        assert_eq!(seen.head.field("content-length"), None);
        assert_eq!(seen.body_length, 0);
    }
}

#[test]
fn a_body_that_is_chunked_twice_is_refused() {
    let (origin, proxy) = healthy();
    for codings in [
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip, chunked",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
    ] {
        let mut client = proxy.client();
        let response = client.ask(format!(
            "POST /twice HTTP/1.1\r\nHost: a\r\n{codings}\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        ));
        let status = response.head.status();
        assert!(matches!(status, 400 | 501), "{codings:?}: {status}");
        assert_ne!(client.ended(), Ended::GivenUp, "{codings:?}");
    }
    assert!(origin.requests().is_empty(), "{:#?}", origin.requests());
}

#[test]
fn a_broken_chunk_ends_the_connection_and_not_the_process() {
    let (_origin, proxy) = healthy();
    for chunk in ["zz\r\n", "ffffffffffffffffff\r\n", "3\r\nabcd\r\n"] {
        let mut client = proxy.client();
        client.send("POST /chunk HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.send(chunk);
        let response = client.read();
        assert!(
            matches!(response.head.status(), 0 | 400 | 503),
            "{chunk:?}: {:?}",
            response.head
        );
        assert_ne!(client.ended(), Ended::GivenUp, "{chunk:?}");
    }
    assert_eq!(proxy.get("/").body, b"hello");
}

#[test]
fn a_head_that_never_ends_is_not_waited_for() {
    let origin = Origin::always(answer(ok("hello")));
    let setup = Setup::new("[clients]\nhead_timeout = \"200ms\"\n");
    let proxy = setup.site("shop", &catch_all(&origin.url(), "")).start();
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ");
    assert_ne!(client.ended(), Ended::GivenUp);
}

#[test]
fn an_idle_connection_is_closed_when_its_time_is_over() {
    let origin = Origin::always(answer(ok("hello")));
    let setup = Setup::new("[clients]\nidle_timeout = \"200ms\"\n");
    let proxy = setup.site("shop", &catch_all(&origin.url(), "")).start();
    let mut client = proxy.client();
    assert_eq!(
        client.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").body,
        b"hello"
    );
    assert_ne!(client.ended(), Ended::GivenUp);
}

#[test]
fn noise_of_every_kind_leaves_the_proxy_answering() {
    let (_origin, proxy) = healthy();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let mut noises: Vec<Vec<u8>> = vec![
        vec![0; 4096],
        vec![0xff; 100_000],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        preface[..20].to_vec(),
        [&preface[..], &[0xff; 64]].concat(),
        [&preface[..], &[0, 0, 0, 4, 0, 0, 0, 0, 0], &[0; 64]].concat(),
        b"\r\n\r\n\r\n".to_vec(),
        b"GET".to_vec(),
        Vec::new(),
    ];
    let mut random = fastrand::Rng::with_seed(7);
    noises.extend((0..200).map(|_| (0..random.usize(..600)).map(|_| random.u8(..)).collect()));
    for noise in noises {
        let mut client = proxy.client();
        client.send(&noise);
        client.line.finish_writing();
        assert_ne!(client.ended(), Ended::GivenUp, "{noise:?}");
    }
    assert_eq!(proxy.get("/").body, b"hello");
    let log = proxy.process.stderr().join("\n");
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn a_smuggled_request_is_never_seen() {
    let (origin, proxy) = healthy();
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    for framing in [
        format!(
            "Content-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            5 + smuggled.len()
        ),
        "Transfer-Encoding: xchunked\r\n\r\n".to_owned(),
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n".to_owned(),
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n".to_owned(),
        "Content-Length: 0\r\nContent-Length: 40\r\n\r\n".to_owned(),
    ] {
        let mut client = proxy.client();
        client.send(format!("POST / HTTP/1.1\r\nHost: a\r\n{framing}{smuggled}"));
        client.ended();
    }
    assert!(
        !origin
            .requests()
            .iter()
            .any(|seen| seen.path() == "/smuggled")
    );
}

#[test]
fn the_reserved_paths_never_reach_the_origin() {
    let (origin, proxy) = healthy();
    for protocol in Protocol::BOTH {
        let response = proxy.ask(&Ask::get("/.intermission/unknown"), protocol);
        assert_eq!(response.head.status(), 404);
    }
    assert!(origin.requests().is_empty());
}
