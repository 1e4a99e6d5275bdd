//! HTTP/2 messages that must not become HTTP/1.1 ones (RFC 9113 sections 8.1.1 to 8.3 and 10.3),
//! sent frame by frame: each is refused, or becomes exactly one well-formed request.

use crate::support::{
    eventually,
    frames::{DATA, END_STREAM, Frames, Outcome, request},
    origin::Origin,
    proxy::Proxy,
    script::{answer, ok},
};

type Fields = Vec<(&'static str, &'static str)>;

/// The usual pseudo-fields with these added.
fn with(more: &[(&'static str, &'static str)]) -> Fields {
    [request("GET", "/one"), more.to_vec()].concat()
}

/// The usual pseudo-fields with one of another value; without one, if it has none.
fn but(name: &'static str, value: Option<&'static str>) -> Fields {
    let mut fields = request("GET", "/one");
    match value {
        Some(value) => {
            let field = fields.iter_mut().find(|(own, _)| *own == name);
            field.expect("it is among the usual").1 = value;
        }
        None => fields.retain(|(own, _)| *own != name),
    }
    fields
}

fn refused(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Reset(_) | Outcome::GoneAway(_) | Outcome::Closed => true,
        Outcome::Answered(status) => matches!(status, 400 | 405 | 414 | 421 | 431 | 501),
        Outcome::Silent => false,
    }
}

#[test]
fn malformed_heads_are_refused() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "");
    let mut wrong = Vec::new();
    for (what, fields) in heads() {
        let mut client = Frames::connect(proxy.address);
        let outcome = client.headers(1, END_STREAM, &fields).outcome(1);
        if !refused(outcome) {
            wrong.push(format!("{what}: {outcome:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let seen = origin.requests();
    assert!(seen.is_empty(), "nothing reaches the origin: {seen:#?}");
    assert_eq!(proxy.get("/").body, b"hello");
}

fn heads() -> Vec<(&'static str, Fields)> {
    vec![
        ("a capital", with(&[("X-A", "b")])),
        ("a name with space", with(&[("x a", "b")])),
        ("a name with a colon", with(&[("x:a", "b")])),
        ("a name with a line end", with(&[("x\r\na", "b")])),
        ("a name with a zero byte", with(&[("x\0", "b")])),
        ("no name", with(&[("", "b")])),
        ("a line end in a value", with(&[("x-a", "b\r\nx-b: c")])),
        ("a bare CR in a value", with(&[("x-a", "b\rc")])),
        ("a bare LF in a value", with(&[("x-a", "b\nc")])),
        ("a zero byte in a value", with(&[("x-a", "b\0c")])),
        ("connection", with(&[("connection", "close")])),
        ("keep-alive", with(&[("keep-alive", "timeout=5")])),
        ("proxy-connection", with(&[("proxy-connection", "close")])),
        ("upgrade", with(&[("upgrade", "websocket")])),
        ("chunks", with(&[("transfer-encoding", "chunked")])),
        ("te", with(&[("te", "gzip")])),
        ("te beside trailers", with(&[("te", "trailers, gzip")])),
        ("no method", but(":method", None)),
        ("no scheme", but(":scheme", None)),
        ("no path", but(":path", None)),
        ("an empty path", but(":path", Some(""))),
        ("a path without a slash", but(":path", Some("one"))),
        ("an asterisk", but(":path", Some("*"))),
        ("space in the path", but(":path", Some("/one two"))),
        (
            "a request in the path",
            but(":path", Some("/one HTTP/1.1\r\nX: y\r\n\r\nGET /smuggled")),
        ),
        (
            "a line in the method",
            but(":method", Some("GET / HTTP/1.1\r\nX:")),
        ),
        ("space in the method", but(":method", Some("GET /x"))),
        ("a line in the scheme", but(":scheme", Some("http\r\nx"))),
        ("another scheme", but(":scheme", Some("ftp"))),
        ("user information", but(":authority", Some("a@shop.test"))),
        (
            "a path in the authority",
            but(":authority", Some("shop.test/x")),
        ),
        (
            "a line in the authority",
            but(":authority", Some("shop.test\r\nx: y")),
        ),
        ("an empty authority", but(":authority", Some(""))),
        ("neither authority nor host", but(":authority", None)),
        ("method twice", with(&[(":method", "POST")])),
        ("path twice", with(&[(":path", "/two")])),
        ("an unknown pseudo-field", with(&[(":unknown", "x")])),
        ("one of responses", with(&[(":status", "200")])),
        (
            "a late pseudo-field",
            with(&[("x-a", "b"), (":path", "/two")]),
        ),
        (
            "late ones alone",
            [vec![("x-a", "b")], request("GET", "/one")].concat(),
        ),
        ("another host", with(&[("host", "other.test")])),
        (
            "two hosts",
            with(&[("host", "shop.test"), ("host", "shop.test")]),
        ),
        ("CONNECT", but(":method", Some("CONNECT"))),
        ("a length without data", with(&[("content-length", "5")])),
        ("a length that is none", with(&[("content-length", "x")])),
        (
            "two lengths",
            with(&[("content-length", "0"), ("content-length", "5")]),
        ),
    ]
}

#[test]
fn a_length_that_data_does_not_have_is_refused() {
    for (what, length, data) in [
        ("less", "5", &b"hell"[..]),
        ("more", "5", b"hello!"),
        ("any", "0", b"hello"),
    ] {
        let origin = Origin::always(answer(ok("hello")));
        let proxy = Proxy::before(&origin.url(), "");
        let mut client = Frames::connect(proxy.address);
        let mut fields = request("POST", "/one");
        fields.push(("content-length", length));
        client.headers(1, 0, &fields);
        let outcome = client.frame(DATA, END_STREAM, 1, data).outcome(1);
        assert!(refused(outcome), "{what}: {outcome:?}");
        let mut seen = origin.requests();
        seen.retain(|seen| seen.body_sha256.is_some());
        assert!(seen.is_empty(), "{what}: {seen:#?}");
    }
}

#[test]
fn pseudo_fields_in_trailers_change_nothing() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = Frames::connect(proxy.address);
    client.headers(1, 0, &request("POST", "/one"));
    client.frame(DATA, 0, 1, b"hello");
    let outcome = client
        .headers(1, END_STREAM, &[(":path", "/two")])
        .outcome(1);
    // Malformed by the letter of section 8.1; h2 leaves the field out.
    assert!(
        refused(outcome) || outcome == Outcome::Answered(200),
        "{outcome:?}"
    );
    for seen in origin.requests() {
        assert_eq!((seen.path(), seen.trailers.fields.len()), ("/one", 0));
    }
}

#[test]
fn what_is_allowed_becomes_one_request() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "");
    let allowed: [(&str, Fields); 5] = [
        (
            "crumbs",
            with(&[
                ("cookie", "a=1"),
                ("x-a", "b"),
                ("cookie", "b=2"),
                ("cookie", "c=3"),
            ]),
        ),
        ("host alone", {
            let mut fields = but(":authority", None);
            fields.push(("host", "shop.test"));
            fields
        }),
        ("the same host", with(&[("host", "shop.test")])),
        ("te: trailers", with(&[("te", "trailers")])),
        (
            "an underscore",
            with(&[("x_custom", "b"), ("x_forwarded_for", "192.0.2.9")]),
        ),
    ];
    for (at, (what, fields)) in allowed.into_iter().enumerate() {
        let mut client = Frames::connect(proxy.address);
        let outcome = client.headers(1, END_STREAM, &fields).outcome(1);
        assert_eq!(outcome, Outcome::Answered(200), "{what}");
        let seen = eventually("it arrives", || origin.requests().get(at).cloned());
        assert_eq!(
            seen.head.all("host").collect::<Vec<_>>(),
            ["shop.test"],
            "{what}"
        );
        assert_eq!(seen.path(), "/one", "{what}");
        let cookies: Vec<_> = seen.head.all("cookie").collect();
        let expected: &[&str] = if what == "crumbs" {
            &["a=1; b=2; c=3"]
        } else {
            &[]
        };
        assert_eq!(cookies, expected, "{what}");
        assert_eq!(seen.head.field("x_forwarded_for"), None, "{what}");
        let text = String::from_utf8_lossy(&seen.raw_head).replace("\r\n", "");
        assert!(!text.contains(['\r', '\n', '\0']), "{what}: {text:?}");
    }
}
