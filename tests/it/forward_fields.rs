//! Fields that end here, fields that are added here, and what they say about the way so far.

use crate::support::{
    clients::{Ask, Protocol},
    origin::{Origin, RequestSeen},
    proxy::{Proxy, Setup, catch_all},
    relay::Relay,
    script::{answer, ok, response},
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
fn hop_by_hop_fields_of_a_request_end_here() {
    let (origin, proxy) = healthy();
    let request = "GET /hop HTTP/1.1\r\nHost: shop.test\r\nConnection: keep-alive, X-Named\r\n\
                   X-Named: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\n\
                   Proxy-Authorization: Basic eA==\r\nAuthorization: Bearer y\r\nX-Kept: 2\r\n\r\n";
    let seen = seen(&origin, &proxy, request).head;
    for name in ["x-named", "keep-alive", "proxy-connection"] {
        assert_eq!(seen.field(name), None, "{name}");
    }
    assert_eq!(seen.field("x-kept").as_deref(), Some("2"));
    assert_eq!(seen.field("authorization").as_deref(), Some("Bearer y"));
}

#[test]
fn hop_by_hop_fields_of_a_response_end_here() {
    let fields = [
        "Connection: X-Named",
        "X-Named: 1",
        "Keep-Alive: timeout=5",
        "Set-Cookie: a=1",
        "Set-Cookie: b=2",
        "Server: app",
    ];
    let origin = Origin::always(answer(response("200 OK", &fields, b"x")));
    let proxy = Proxy::before(&origin.url(), "");
    for protocol in Protocol::BOTH {
        let head = proxy.ask(&Ask::get("/"), protocol).head;
        assert_eq!(
            (head.field("x-named"), head.field("keep-alive")),
            (None, None)
        );
        assert_eq!(head.all("set-cookie").collect::<Vec<_>>(), ["a=1", "b=2"]);
        assert_eq!(head.field("server").as_deref(), Some("app"));
    }
}

#[test]
fn connection_cannot_name_fields_that_we_set() {
    let (origin, proxy) = healthy();
    let request = "GET /abuse HTTP/1.1\r\nHost: shop.test\r\n\
                   Connection: close, x-forwarded-for, forwarded, via, host, x-request-id\r\n\r\n";
    let seen = seen(&origin, &proxy, request).head;
    assert_eq!(seen.field("x-forwarded-for").as_deref(), Some("127.0.0.1"));
    assert_eq!(seen.field("host").as_deref(), Some("shop.test"));
    assert!(seen.field("forwarded").is_some() && seen.field("via").is_some());
    let record = proxy.record("/abuse");
    assert_eq!(
        seen.field("x-request-id").as_deref(),
        record["request_id"].as_str()
    );
}

#[test]
fn forwarding_fields_of_strangers_are_replaced() {
    let (origin, proxy) = healthy();
    let request = "GET /stranger HTTP/1.1\r\nHost: shop.test\r\nX-Forwarded-For: 6.6.6.6\r\n\
                   X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.test\r\n\
                   Forwarded: for=6.6.6.6\r\n\r\n";
    let seen = seen(&origin, &proxy, request).head;
    assert_eq!(seen.field("x-forwarded-for").as_deref(), Some("127.0.0.1"));
    assert_eq!(seen.field("x-forwarded-proto").as_deref(), Some("http"));
    assert_eq!(seen.field("x-forwarded-host").as_deref(), Some("shop.test"));
    let forwarded = seen.field("forwarded").expect("RFC 7239");
    assert!(
        forwarded.contains("for=127.0.0.1") && !forwarded.contains("6.6.6.6"),
        "{forwarded}"
    );
}

#[test]
fn claims_of_strangers_do_not_pass_under_another_name() {
    let (origin, proxy) = healthy();
    let claims = [
        "X_Forwarded_For",
        "X_Forwarded-Proto",
        "X-Forwarded_Host",
        "X-Forwarded-Prefix",
        "X-Forwarded-Ssl",
        "X-Forwarded-Port",
        "X-Real-IP",
        "X-Real_IP",
        "X_Real_Ip",
        "X_Request_Id",
    ];
    for protocol in Protocol::BOTH {
        let path = format!("/claims{}", protocol.version());
        let mut ask = Ask::get(&path)
            .with("x_tenant", "kept")
            .with("my_own_field", "kept");
        for claim in claims {
            ask = ask.with(&claim.to_ascii_lowercase(), "6.6.6.6");
        }
        assert_eq!(proxy.ask(&ask, protocol).head.status(), 200);
        let seen = origin.complete_request(&path).head;
        let claimed: Vec<_> = seen
            .fields
            .iter()
            .filter(|(_, value)| value == "6.6.6.6")
            .collect();
        assert!(claimed.is_empty(), "{claimed:?}");
        for name in ["x_tenant", "my_own_field"] {
            assert_eq!(seen.field(name).as_deref(), Some("kept"), "{name}");
        }
    }
}

#[test]
fn forwarding_fields_of_trusted_proxies_are_continued() {
    let origin = Origin::always(answer(ok("hello")));
    let setup = Setup::new("trusted_proxies = [\"127.0.0.0/8\"]\n");
    let proxy = setup.site("shop", &catch_all(&origin.url(), "")).start();
    let request = "GET /trusted HTTP/1.1\r\nHost: shop.test\r\nX-Forwarded-For: 192.0.2.7\r\n\
                   X-Forwarded-Proto: https\r\n\r\n";
    let seen = seen(&origin, &proxy, request).head;
    assert_eq!(
        seen.field("x-forwarded-for").as_deref(),
        Some("192.0.2.7, 127.0.0.1")
    );
    assert_eq!(seen.field("x-forwarded-proto").as_deref(), Some("https"));
    assert_eq!(proxy.record("/trusted")["client.address"], "192.0.2.7");
}

#[test]
fn via_is_added_with_the_protocol_that_came_in() {
    let (origin, proxy) = healthy();
    let request = "GET /via1 HTTP/1.1\r\nHost: shop.test\r\nVia: 1.0 fred\r\n\r\n";
    let via = seen(&origin, &proxy, request)
        .head
        .field("via")
        .expect("RFC 9110 section 7.6.3");
    assert!(via.starts_with("1.0 fred, 1.1 intermission"), "{via}");
    Ask::get("/via2").ask(proxy.address, Protocol::H2);
    let via = origin
        .complete_request("/via2")
        .head
        .field("via")
        .expect("also from HTTP/2");
    assert!(
        via.starts_with("2 intermission") || via.starts_with("2.0 intermission"),
        "{via}"
    );
}

#[test]
fn a_proxy_before_itself_is_found_out() {
    let relay = Relay::start();
    let proxy = Proxy::before(&format!("http://{}", relay.address), "");
    relay.point_at(proxy.address);
    let response = proxy.get("/round");
    assert_eq!(response.head.status(), 503);
    let status = response.head.field("proxy-status").expect("a cause");
    assert!(status.contains("error=proxy_loop_detected"), "{status}");
}

#[test]
fn another_proxy_of_ours_is_no_loop() {
    let origin = Origin::always(answer(ok("behind two")));
    let inner = Proxy::before(&origin.url(), "");
    let outer = Proxy::before(&format!("http://{}", inner.address), "");
    assert_eq!(outer.get("/").body, b"behind two");
}
