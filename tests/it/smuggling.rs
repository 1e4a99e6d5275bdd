//! Requests that two parsers might read as one, two or none (RFC 9112 section 11.2): each is refused
//! and the connection closed, or becomes exactly one well-formed request.

use std::time::Duration;

use crate::support::{
    h1::Client,
    line::Ended,
    origin::{Origin, RequestSeen},
    proxy::Proxy,
    script::{answer, ok},
};

/// What a row must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Must {
    /// An answer that refuses, the end of the connection, and no whole request at the origin.
    BeRefused,
    /// One request at the origin, and what follows it is another.
    BecomeOne,
    /// One of the two; what follows it is never a request.
    BeHarmless,
    /// One of the two: it is odd, but all parsers read its length alike.
    BeReadAlike,
}

use Must::{BeHarmless, BeReadAlike, BeRefused, BecomeOne};

/// What is wrong with it, its bytes, what it must come to.
type Row = (&'static str, Vec<u8>, Must);

/// Sent behind every request that has to be the connection's last.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: shop.test\r\n\r\n";

#[test]
fn what_is_ambiguous_is_refused_or_becomes_one_clear_request() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "");
    let mut wrong = Vec::new();
    for (what, bytes, must) in rows() {
        let before = whole(&origin).len();
        let mut client = Client::connect_for(proxy.address, Duration::from_secs(5));
        client.send(&bytes);
        if matches!(must, BeRefused | BeHarmless) {
            client.send(SMUGGLED);
        }
        let answer = client.read();
        client.line.finish_writing();
        let ended = client.ended();
        let seen: Vec<_> = whole(&origin).drain(before..).collect();
        let status = answer.head.status();
        let refused = (400..=599).contains(&status) && status != 503 && seen.is_empty();
        let one = status == 200 && seen.len() == 1;
        let fits = match must {
            BeRefused => refused,
            BecomeOne => one,
            BeHarmless | BeReadAlike => refused || one,
        };
        if !fits || ended == Ended::GivenUp {
            wrong.push(format!("{what}: {status}, {ended:?}, {seen:#?}"));
        }
        wrong.extend(seen.iter().filter_map(|seen| fault(seen, what)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(proxy.get("/").body, b"hello", "and all is well afterwards");
}

#[test]
fn a_chunk_of_nearly_64_bits_is_never_whole() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    let body = "fffffffffffffffe\r\nhello\r\n0\r\n\r\n";
    client.send(post("Transfer-Encoding: chunked", body));
    origin.request("/one");
    client.line.abandon();
    proxy.record("/one");
    assert_eq!(proxy.get("/two").body, b"hello");
    let whole: Vec<_> = whole(&origin)
        .iter()
        .map(|seen| seen.path().to_owned())
        .collect();
    assert_eq!(whole, ["/two"]);
}

/// The requests that came to their end.
fn whole(origin: &Origin) -> Vec<RequestSeen> {
    let mut requests = origin.requests();
    requests.retain(|seen| seen.body_sha256.is_some());
    requests
}

/// What is wrong with the raw bytes of a head.
fn fault(seen: &RequestSeen, what: &str) -> Option<String> {
    let raw = String::from_utf8_lossy(&seen.raw_head).into_owned();
    let text = raw.replace("\r\n", "");
    let count = |name: &str| seen.head.all(name).count();
    let length = seen.head.field("content-length");
    let bad = [
        (text.contains(['\r', '\n', '\0', '\x0b']), "a control byte"),
        (seen.path() == "/smuggled", "a smuggled request"),
        (count("host") != 1, "not one Host"),
        (
            count("content-length") + count("transfer-encoding") > 1,
            "two framings",
        ),
        (
            length.is_some_and(|value| value.bytes().any(|byte| !byte.is_ascii_digit())),
            "a length that is none",
        ),
        (
            seen.head
                .field("transfer-encoding")
                .is_some_and(|value| value != "chunked"),
            "another coding",
        ),
        (
            raw.lines()
                .skip(1)
                .any(|line| line.starts_with([' ', '\t', ':']) || line.contains(" :")),
            "a line that is none",
        ),
    ];
    let bad = bad.iter().find(|(is_bad, _)| *is_bad)?;
    Some(format!("{what}: {} in {raw:?}", bad.1))
}

fn rows() -> Vec<Row> {
    [
        lengths(),
        codings(),
        lines(),
        chunks(),
        ends_of_chunks(),
        versions(),
        hosts(),
        targets(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A POST with these fields and this body.
fn post(fields: &str, body: &str) -> Vec<u8> {
    format!("POST /one HTTP/1.1\r\nHost: shop.test\r\n{fields}\r\n\r\n{body}").into_bytes()
}

fn lengths() -> Vec<Row> {
    let length = |value: &str| post(&format!("Content-Length: {value}"), "hello");
    let two = |one: &str, other: &str| {
        post(
            &format!("Content-Length: {one}\r\nContent-Length: {other}"),
            "hello",
        )
    };
    vec![
        ("one length", length("5"), BecomeOne),
        ("space around it", length(" \t5 \t"), BecomeOne),
        ("leading zeros", length("0000000005"), BecomeOne),
        ("two equal lengths", two("5", "5"), BeReadAlike),
        ("two lengths", two("5", "6"), BeRefused),
        ("two lengths, one of nothing", two("0", "5"), BeRefused),
        ("a list of equals", length("5, 5"), BeReadAlike),
        ("a list", length("5, 6"), BeRefused),
        ("a sign", length("+5"), BeRefused),
        ("below zero", length("-5"), BeRefused),
        ("hexadecimal", length("0x5"), BeRefused),
        ("a parameter", length("5;q=1"), BeRefused),
        ("nothing", length(""), BeRefused),
        ("space within", length("5 0"), BeRefused),
        ("a quoted one", length("\"5\""), BeRefused),
        ("a fraction", length("5.0"), BeRefused),
        (
            "more than 64 bits",
            length("18446744073709551621"),
            BeRefused,
        ),
        ("other digits", length("٥"), BeRefused),
    ]
}

fn codings() -> Vec<Row> {
    let body = "5\r\nhello\r\n0\r\n\r\n";
    let coded = |value: &str| post(&format!("Transfer-Encoding: {value}"), body);
    let fields = |fields: &str| post(fields, body);
    vec![
        ("chunked", coded("chunked"), BecomeOne),
        ("in capitals", coded("CHUNKED"), BecomeOne),
        ("a tab before", coded("\tchunked"), BecomeOne),
        (
            "length, then chunks",
            fields("Content-Length: 5\r\nTransfer-Encoding: chunked"),
            BeHarmless,
        ),
        (
            "chunks, then length",
            fields("Transfer-Encoding: chunked\r\nContent-Length: 5"),
            BeHarmless,
        ),
        (
            "two lengths and chunks",
            fields("Content-Length: 5\r\nContent-Length: 6\r\nTransfer-Encoding: chunked"),
            BeHarmless,
        ),
        ("chunked twice", coded("chunked, chunked"), BeRefused),
        (
            "chunked twice in two fields",
            fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
            BeRefused,
        ),
        (
            "identity beside it",
            fields("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked"),
            BeRefused,
        ),
        ("identity last", coded("chunked, identity"), BeRefused),
        ("identity", coded("identity"), BeRefused),
        ("xchunked", coded("xchunked"), BeRefused),
        ("chunkedx", coded("chunkedx"), BeRefused),
        ("a parameter", coded("chunked;q=1"), BeRefused),
        ("quoted", coded("\"chunked\""), BeRefused),
        ("in two words", coded("chun ked"), BeRefused),
        ("a vertical tab before", coded("\x0bchunked"), BeRefused),
        ("a form feed before", coded("\x0cchunked"), BeRefused),
        ("a zero byte behind", coded("chunked\0"), BeRefused),
        ("nothing", coded(""), BeRefused),
        ("an empty element", coded(",chunked"), BeHarmless),
        ("gzip first", coded("gzip, chunked"), BeRefused),
        (
            "an underscore",
            post("Transfer_Encoding: chunked\r\nContent-Length: 5", "hello"),
            BeReadAlike,
        ),
    ]
}

fn lines() -> Vec<Row> {
    let fields = |fields: &str| post(&format!("Content-Length: 5\r\n{fields}"), "hello");
    let whole = |text: &str| text.as_bytes().to_vec();
    vec![
        ("space before colon", fields("X-A : b"), BeRefused),
        ("tab before colon", fields("X-A\t: b"), BeRefused),
        (
            "space before the colon of a framing",
            post("Transfer-Encoding : chunked", "0\r\n\r\n"),
            BeRefused,
        ),
        ("folded", fields("X-A: b\r\n c"), BeRefused),
        ("folded by a tab", fields("X-A: b\r\n\tc"), BeRefused),
        (
            "a framing in a fold",
            fields("X-A: b\r\n Transfer-Encoding: chunked"),
            BeRefused,
        ),
        (
            "space before the first field",
            whole("GET /one HTTP/1.1\r\n Host: shop.test\r\nX: y\r\n\r\n"),
            BeRefused,
        ),
        ("no name", fields(": b"), BeRefused),
        ("no colon", fields("Nonsense"), BeRefused),
        ("a name with space", fields("X A: b"), BeRefused),
        ("a name that is not ASCII", fields("X-Ä: b"), BeRefused),
        ("a bare CR in a value", fields("X-A: b\rX-B: c"), BeRefused),
        ("a bare CR at the end", fields("X-A: b\r\r"), BeRefused),
        ("a zero byte in a value", fields("X-A: b\0c"), BeRefused),
        ("a zero byte in a name", fields("X\0A: b"), BeRefused),
        ("an escape in a value", fields("X-A: \x1b[0m"), BeRefused),
        (
            "a line feed alone in a value",
            fields("X-A: b\nX-B: c"),
            BeReadAlike,
        ),
        (
            "line feeds alone",
            whole("GET /one HTTP/1.1\nHost: shop.test\n\n"),
            BeReadAlike,
        ),
        (
            "a line feed alone behind the head",
            whole("POST /one HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 0\r\n\n"),
            BeReadAlike,
        ),
        (
            "carriage returns alone",
            whole("GET /one HTTP/1.1\rHost: shop.test\r\r"),
            BeRefused,
        ),
    ]
}

fn chunks() -> Vec<Row> {
    let chunked = |body: &str| post("Transfer-Encoding: chunked", body);
    let extended = format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(100_000));
    let short = "5;name=value;other=\"a b\"\r\nhello\r\n0\r\n\r\n";
    vec![
        ("a short extension", chunked(short), BecomeOne),
        (
            "capitals",
            chunked("A\r\nhellohello\r\n0\r\n\r\n"),
            BecomeOne,
        ),
        (
            "a trailer",
            chunked("5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"),
            BecomeOne,
        ),
        ("a huge extension", chunked(&extended), BeRefused),
        (
            "a line feed in an extension",
            chunked("5;a\nb\r\nhello\r\n0\r\n\r\n"),
            BeRefused,
        ),
        (
            "more than 64 bits",
            chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"),
            BeRefused,
        ),
        ("a sign", chunked("+5\r\nhello\r\n0\r\n\r\n"), BeRefused),
        ("below zero", chunked("-5\r\nhello\r\n0\r\n\r\n"), BeRefused),
        ("a prefix", chunked("0x5\r\nhello\r\n0\r\n\r\n"), BeRefused),
        (
            "space before",
            chunked(" 5\r\nhello\r\n0\r\n\r\n"),
            BeRefused,
        ),
        (
            "space behind",
            chunked("5 \r\nhello\r\n0\r\n\r\n"),
            BeReadAlike,
        ),
        ("no size", chunked("\r\nhello\r\n0\r\n\r\n"), BeRefused),
        (
            "only an extension",
            chunked(";a\r\nhello\r\n0\r\n\r\n"),
            BeRefused,
        ),
        (
            "no number",
            chunked("five\r\nhello\r\n0\r\n\r\n"),
            BeRefused,
        ),
    ]
}

fn ends_of_chunks() -> Vec<Row> {
    let chunked = |body: &str| post("Transfer-Encoding: chunked", body);
    vec![
        (
            "LF for a line end",
            chunked("5\nhello\r\n0\r\n\r\n"),
            BeRefused,
        ),
        (
            "CR for a line end",
            chunked("5\rhello\r\n0\r\n\r\n"),
            BeRefused,
        ),
        (
            "LF behind data",
            chunked("5\r\nhello\n0\r\n\r\n"),
            BeRefused,
        ),
        (
            "nothing behind data",
            chunked("5\r\nhello0\r\n\r\n"),
            BeRefused,
        ),
        ("more data", chunked("5\r\nhello!\r\n0\r\n\r\n"), BeRefused),
        (
            "no final line end",
            chunked("5\r\nhello\r\n0\r\n"),
            BeRefused,
        ),
        (
            "LF at the end",
            chunked("5\r\nhello\r\n0\r\n\n"),
            BeHarmless,
        ),
        (
            "a trailer that is none",
            chunked("5\r\nhello\r\n0\r\nX Sum\r\n\r\n"),
            BeRefused,
        ),
        (
            "framing in a trailer",
            chunked("5\r\nhello\r\n0\r\nContent-Length: 50\r\n\r\n"),
            BeReadAlike,
        ),
    ]
}

fn versions() -> Vec<Row> {
    let whole = |text: &str| text.as_bytes().to_vec();
    let version =
        |version: &str| format!("GET /one {version}\r\nHost: shop.test\r\n\r\n").into_bytes();
    vec![
        (
            "chunks in HTTP/1.0",
            whole(
                "POST /one HTTP/1.0\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n\
                 5\r\nhello\r\n0\r\n\r\n",
            ),
            BeRefused,
        ),
        (
            "chunks and length in HTTP/1.0",
            whole(
                "POST /one HTTP/1.0\r\nHost: shop.test\r\nContent-Length: 5\r\n\
                 Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\nhello",
            ),
            BeRefused,
        ),
        ("HTTP/0.9", whole("GET /one\r\n"), BeRefused),
        ("HTTP/0.9 in three words", version("HTTP/0.9"), BeRefused),
        ("HTTP/1.2", version("HTTP/1.2"), BeRefused),
        ("HTTP/2.0", version("HTTP/2.0"), BeRefused),
        ("HTTP/1.1 in small letters", version("http/1.1"), BeRefused),
        ("HTTP/1.10", version("HTTP/1.10"), BeRefused),
        ("HTTP/01.1", version("HTTP/01.1"), BeRefused),
        ("a word too many", version("HTTP/1.1 x"), BeRefused),
        ("a version that is none", version("HTTP/1,1"), BeRefused),
    ]
}

fn hosts() -> Vec<Row> {
    let host = |fields: &str| format!("GET /one HTTP/1.1\r\n{fields}\r\n\r\n").into_bytes();
    let mut rows = vec![
        ("no host", host("X: y"), BeRefused),
        ("two hosts", host("Host: shop.test\r\nHost: b"), BeRefused),
        (
            "the same host twice",
            host("Host: shop.test\r\nHost: shop.test"),
            BeRefused,
        ),
        (
            "absolute form and another host",
            b"GET http://shop.test/one HTTP/1.1\r\nHost: b\r\n\r\n".to_vec(),
            BecomeOne,
        ),
        (
            "absolute form with user information",
            b"GET http://a@shop.test/one HTTP/1.1\r\nHost: shop.test\r\n\r\n".to_vec(),
            BeRefused,
        ),
        (
            "absolute form without host",
            b"GET http:///one HTTP/1.1\r\nHost: shop.test\r\n\r\n".to_vec(),
            BeRefused,
        ),
    ];
    for (what, value) in [
        ("an empty host", ""),
        ("two in one", "shop.test, b"),
        ("user information", "a@shop.test"),
        ("a path", "shop.test/x"),
        ("a query", "shop.test?x"),
        ("a fragment", "shop.test#x"),
        ("space within", "shop test"),
        ("a port that is none", "shop.test:80x"),
        ("half an address", "[::1"),
        ("a percent sign", "shop%2etest"),
        ("a backslash", "shop.test\\x"),
    ] {
        rows.push((what, host(&format!("Host: {value}")), BeRefused));
    }
    rows
}

fn targets() -> Vec<Row> {
    let line = |line: &str| format!("{line} HTTP/1.1\r\nHost: shop.test\r\n\r\n").into_bytes();
    vec![
        ("space in the target", line("GET /one two"), BeRefused),
        ("a tab in the target", line("GET /one\ttwo"), BeRefused),
        ("a zero byte in the target", line("GET /one\0"), BeRefused),
        ("a bare CR in the target", line("GET /one\rtwo"), BeRefused),
        ("no target", line("GET "), BeRefused),
        ("two spaces", line("GET  /one"), BeRefused),
        ("no method", line(" /one"), BeRefused),
        ("a method that is none", line("G@T /one"), BeRefused),
        ("CONNECT", line("CONNECT shop.test:80"), BeRefused),
        ("an asterisk", line("GET *"), BeRefused),
        ("a fragment", line("GET /one#two"), BeReadAlike),
        ("quotes", line("GET /one\"two"), BeReadAlike),
        ("a backslash", line("GET /one\\two"), BeReadAlike),
    ]
}
