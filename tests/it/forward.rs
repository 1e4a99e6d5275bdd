//! Forwarding when all is well: what the origin sees of a request and the client of a response.

use sha2::{Digest, Sha256};

use crate::support::{
    clients::{Ask, Protocol},
    h1::End,
    head::Head,
    origin::{Origin, RequestSeen},
    proxy::Proxy,
    script::{Step, after_request, answer, choose, chunk, head, ok, pattern, response},
};

/// An origin that is content, and a proxy before it.
fn healthy() -> (Origin, Proxy) {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "");
    (origin, proxy)
}

/// What the origin sees of these bytes; the first line names the target.
fn seen(origin: &Origin, proxy: &Proxy, request: &str) -> RequestSeen {
    let response = proxy.client().ask(request);
    assert_eq!(response.head.status(), 200, "{request:?}");
    let target = request.split(' ').nth(1).unwrap_or_default();
    origin.complete_request(target)
}

#[test]
fn targets_pass_byte_for_byte() {
    let (origin, proxy) = healthy();
    for target in [
        "/",
        "/?",
        "/a/../b/./c//d",
        "/a%2Fb%2e%2E/%C3%A4?q=%zz",
        "/;p=1,2/~x!$&'()*+@:?a=b+c%20d&&=&e=/?x",
        "/very%00odd?utm_source=a&gclid=B_c-1.2",
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: shop.test\r\n\r\n");
        let first_line = format!("GET {target} HTTP/1.1\r\n");
        let seen = seen(&origin, &proxy, &request);
        assert!(
            seen.raw_head.starts_with(first_line.as_bytes()),
            "{target}: {:?}",
            seen.head
        );
        let before = origin.requests().len();
        Ask::get(target).ask(proxy.address, Protocol::H2);
        let seen = origin
            .requests()
            .into_iter()
            .filter(|seen| seen.target() == target)
            .count();
        assert_eq!((seen, origin.requests().len()), (2, before + 1), "{target}");
    }
}

#[test]
fn the_host_is_kept() {
    let (origin, proxy) = healthy();
    for host in ["shop.test", "Shop.Test:8080", "127.0.0.1:80"] {
        let request = format!("GET /{host} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let seen = seen(&origin, &proxy, &request);
        assert_eq!(seen.head.field("host").as_deref(), Some(host));
    }
}

#[test]
fn the_authority_of_http2_becomes_the_host() {
    let (origin, proxy) = healthy();
    Ask::get("/h2")
        .host("shop.test:81")
        .ask(proxy.address, Protocol::H2);
    let seen = origin.complete_request("/h2");
    assert_eq!(seen.head.field("host").as_deref(), Some("shop.test:81"));
    assert_eq!(seen.head.first_line, "GET /h2 HTTP/1.1");
}

#[test]
fn the_host_can_be_set_and_the_clients_is_then_in_forwarded_fields() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "[headers]\nhost = \"backend.internal\"\n");
    let seen = seen(
        &origin,
        &proxy,
        "GET /set HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    );
    assert_eq!(seen.head.field("host").as_deref(), Some("backend.internal"));
    assert_eq!(
        seen.head.field("x-forwarded-host").as_deref(),
        Some("shop.test")
    );
}

#[test]
fn the_authority_of_an_absolute_target_replaces_the_host() {
    let (origin, proxy) = healthy();
    let request = "GET http://shop.test/abs?x=1 HTTP/1.1\r\nHost: other.test\r\n\r\n";
    assert_eq!(proxy.client().ask(request).head.status(), 200);
    let seen = origin.complete_request("/abs?x=1");
    assert_eq!(seen.head.field("host").as_deref(), Some("shop.test"));
}

#[test]
fn trailers_of_a_request_reach_the_origin() {
    let (origin, proxy) = healthy();
    let request = "POST /trailers HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\
                   Trailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n";
    let seen = seen(&origin, &proxy, request);
    assert_eq!(seen.body, b"abc");
    assert_eq!(seen.trailers.field("x-sum").as_deref(), Some("6"));
}

#[test]
fn trailers_of_a_response_reach_a_client_that_wants_them() {
    let mut bytes = head("200 OK", &["Transfer-Encoding: chunked", "Trailer: X-Sum"]);
    bytes.extend(chunk(b"abc"));
    bytes.extend_from_slice(b"0\r\nX-Sum: 6\r\n\r\n");
    let origin = Origin::always(answer(bytes));
    let proxy = Proxy::before(&origin.url(), "");
    let h1 = "GET /1 HTTP/1.1\r\nHost: shop.test\r\nConnection: TE\r\nTE: trailers\r\n\r\n";
    let over_h1 = proxy.client().ask(h1);
    assert_eq!(over_h1.trailers.field("x-sum").as_deref(), Some("6"));
    let over_h2 = proxy.ask(&Ask::get("/2").with("te", "trailers"), Protocol::H2);
    assert_eq!(over_h2.trailers.field("x-sum").as_deref(), Some("6"));
    assert_eq!(
        (over_h1.body, over_h2.body),
        (b"abc".to_vec(), b"abc".to_vec())
    );
}

#[test]
fn the_body_is_sent_after_the_origin_said_100() {
    let origin = Origin::always(vec![
        Step::ReadHead,
        Step::Send(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
        Step::ReadBody,
        Step::Send(ok("thanks")),
    ]);
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    let head = "POST /expect HTTP/1.1\r\nHost: shop.test\r\nExpect: 100-continue\r\n\
                Content-Length: 3\r\n\r\n";
    client.send(head).expect_bytes(b"HTTP/1.1 100 Continue\r\n");
    client.expect_bytes(b"\r\n");
    let response = client.send("abc").read();
    assert_eq!(response.body, b"thanks");
    assert_eq!(origin.complete_request("/expect").body, b"abc");
}

#[test]
fn a_refused_expectation_reaches_the_client() {
    let refusal = response("417 Expectation Failed", &[], b"no");
    let origin = Origin::always(vec![Step::ReadHead, Step::Send(refusal), Step::Close]);
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    client.send(
        "POST /expect HTTP/1.1\r\nHost: shop.test\r\nExpect: 100-continue\r\n\
         Content-Length: 3\r\n\r\n",
    );
    let response = client.send("abc").read();
    assert_eq!(
        (response.head.status(), response.body.as_slice()),
        (417, &b"no"[..])
    );
}

#[test]
fn answers_without_a_body_stay_so() {
    let origin = Origin::always(choose(|request| match request.path() {
        "/head" => vec![Step::Send(head(
            "200 OK",
            &["Content-Length: 7", "ETag: \"x\""],
        ))],
        "/204" => vec![Step::Send(head("204 No Content", &[]))],
        _ => vec![Step::Send(head("304 Not Modified", &["ETag: \"x\""]))],
    }));
    let proxy = Proxy::before(&origin.url(), "");
    for protocol in Protocol::BOTH {
        let to_head = proxy.ask(&Ask::new("HEAD", "/head"), protocol);
        assert_eq!(to_head.head.field("content-length").as_deref(), Some("7"));
        for (path, status) in [("/204", 204), ("/304", 304)] {
            let response = proxy.ask(&Ask::get(path), protocol);
            assert_eq!(
                (response.head.status(), response.end),
                (status, End::Complete)
            );
            assert_eq!(response.body_length, 0);
        }
    }
}

#[test]
fn a_connection_is_usable_after_every_method() {
    let (_origin, proxy) = healthy();
    let mut client = proxy.client();
    for method in ["GET", "POST", "OPTIONS", "DELETE", "PATCH", "PURGE"] {
        let request = format!("{method} /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(client.ask(request).head.status(), 200, "{method}");
    }
}

#[test]
fn options_for_everything_is_answered_here() {
    let (origin, proxy) = healthy();
    let response = proxy
        .client()
        .ask("OPTIONS * HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    assert!(
        matches!(response.head.status(), 200 | 204),
        "{:?}",
        response.head
    );
    assert!(origin.requests().is_empty());
}

#[test]
fn max_forwards_counts_down_and_ends_here_at_zero() {
    let (origin, proxy) = healthy();
    let ask = |path: &str, method, count: &str| {
        proxy.ask(
            &Ask::new(method, path).with("max-forwards", count),
            Protocol::H1,
        )
    };
    assert!(matches!(ask("/0", "OPTIONS", "0").head.status(), 200 | 204));
    assert!(origin.requests().is_empty());
    ask("/5", "OPTIONS", "5");
    let seen = origin.complete_request("/5").head;
    assert_eq!(seen.field("max-forwards").as_deref(), Some("4"));
    ask("/get", "GET", "0");
    let seen = origin.complete_request("/get").head;
    assert_eq!(
        seen.field("max-forwards").as_deref(),
        Some("0"),
        "only OPTIONS and TRACE count"
    );
}

#[test]
fn connect_and_trace_are_not_allowed() {
    let (origin, proxy) = healthy();
    for request in [
        "TRACE / HTTP/1.1\r\nHost: shop.test\r\nCookie: a=b\r\n\r\n",
        "CONNECT shop.test:443 HTTP/1.1\r\nHost: shop.test:443\r\n\r\n",
    ] {
        let response = proxy.client().ask(request);
        assert_eq!(response.head.status(), 405, "{request:?}");
        assert!(!String::from_utf8_lossy(&response.body).contains("a=b"));
    }
    assert!(origin.requests().is_empty());
}

#[test]
fn a_client_of_http_1_0_gets_no_chunks_and_a_closed_connection() {
    let mut bytes = head("200 OK", &["Transfer-Encoding: chunked"]);
    bytes.extend([chunk(b"one"), chunk(b"two"), b"0\r\n\r\n".to_vec()].concat());
    let origin = Origin::always(answer(bytes));
    let proxy = Proxy::before(&origin.url(), "");
    let response = proxy
        .client()
        .ask("GET /old HTTP/1.0\r\nHost: shop.test\r\n\r\n");
    assert_eq!(response.head.field("transfer-encoding"), None);
    assert_eq!(
        (response.body.as_slice(), response.end),
        (&b"onetwo"[..], End::Closed)
    );
    assert_eq!(proxy.record("/old")["network.protocol.version"], "1.0");
}

#[test]
fn cookies_split_by_http2_are_joined() {
    let (origin, proxy) = healthy();
    let ask = Ask::get("/cookies")
        .with("cookie", "a=1")
        .with("cookie", "b=2");
    proxy.ask(&ask, Protocol::H2);
    let head: Head = origin.complete_request("/cookies").head;
    assert_eq!(head.all("cookie").collect::<Vec<_>>(), ["a=1; b=2"]);
}

#[test]
fn bodies_arrive_whole_both_ways() {
    let body = pattern(3_000_001);
    let (reply, hash) = (body.clone(), Sha256::digest(&body).to_vec());
    let origin = Origin::always(choose(move |_| {
        vec![Step::Send(response("200 OK", &[], &reply))]
    }));
    let proxy = Proxy::before(&origin.url(), "");
    for (protocol, path) in [(Protocol::H1, "/1"), (Protocol::H2, "/2")] {
        let response = proxy.ask(&Ask::new("PUT", path).body(body.clone()), protocol);
        assert_eq!(response.body_sha256, hash, "{protocol:?} download");
        let seen = origin.complete_request(path);
        assert_eq!(
            seen.body_sha256.as_ref(),
            Some(&hash),
            "{protocol:?} upload"
        );
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let origin = Origin::always(choose(|request| vec![Step::Send(ok(request.path()))]));
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    let one = |path| format!("GET {path} HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    client.send([one("/1"), one("/2"), one("/3")].concat());
    for path in ["/1", "/2", "/3"] {
        assert_eq!(client.read().body, path.as_bytes());
    }
}

#[test]
fn a_response_that_ends_with_its_connection_is_complete() {
    let bytes = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end".to_vec();
    let origin = Origin::always(after_request([Step::Send(bytes), Step::Close]));
    let proxy = Proxy::before(&origin.url(), "");
    for protocol in Protocol::BOTH {
        let response = proxy.ask(&Ask::get("/close"), protocol);
        assert_eq!(response.body, b"to the end");
        assert!(
            matches!(response.end, End::Complete | End::Closed),
            "{:?}",
            response.end
        );
    }
}
