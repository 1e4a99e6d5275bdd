//! Switched protocols: WebSocket and others, through the proxy and back.

use crate::support::{
    eventually,
    gate::Gate,
    h1::{Client, End},
    line::Ended,
    origin::Origin,
    places::Refusing,
    proxy::Proxy,
    script::{Step, head, response},
};

const ASK: &str = "GET /chat HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\n\
                   Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

fn switched() -> Vec<u8> {
    let accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    head(
        "101 Switching Protocols",
        &["Connection: Upgrade", "Upgrade: websocket", accept],
    )
}

fn echoing() -> Origin {
    Origin::always(vec![Step::ReadHead, Step::Send(switched()), Step::Echo])
}

#[test]
fn a_tunnel_carries_bytes_both_ways() {
    let origin = echoing();
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    let response = client.ask(ASK);
    assert_eq!(response.head.status(), 101);
    assert_eq!(response.head.field("upgrade").as_deref(), Some("websocket"));
    let accept = response.head.field("sec-websocket-accept");
    assert_eq!(accept.as_deref(), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    let seen = origin.request("/chat").head;
    assert_eq!(seen.field("upgrade").as_deref(), Some("websocket"));
    assert!(
        seen.field("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("upgrade"))
    );
    for round in 0..100 {
        let message = format!("message {round}");
        client.send(&message).expect_bytes(message.as_bytes());
    }
    let record = finish(client, &proxy);
    assert_eq!(record["outcome"], "forwarded");
    assert_eq!(record["http.response.status_code"], 101);
}

/// Ends the tunnel from the client's side and returns its record.
fn finish(mut client: Client, proxy: &Proxy) -> serde_json::Value {
    client.line.finish_writing();
    assert_eq!(client.ended(), Ended::Closed);
    let record = proxy.record("/chat");
    assert_eq!(record["ended"], "tunnel");
    record
}

#[test]
fn large_messages_pass_whole() {
    let origin = echoing();
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    client.ask(ASK);
    let message = crate::support::script::pattern(4 * 1024 * 1024);
    let sending = client.send_aside(4 * 1024 * 1024, &message);
    client.expect_bytes(&message);
    assert_eq!(sending.join().expect("the writer ends"), 4 * 1024 * 1024);
}

#[test]
fn bytes_sent_with_the_request_and_with_the_101_are_not_lost() {
    let greeting = [switched(), b"welcome".to_vec()].concat();
    let origin = Origin::always(vec![Step::ReadHead, Step::Send(greeting), Step::Echo]);
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    client.send(ASK.to_owned() + "early");
    assert_eq!(client.response_head().head.status(), 101);
    client.expect_bytes(b"welcome");
    client.expect_bytes(b"early");
}

#[test]
fn nothing_of_the_client_reaches_the_origin_before_the_101() {
    let gate = Gate::default();
    let origin = Origin::always(vec![
        Step::ReadHead,
        Step::WaitFor(gate.clone()),
        Step::Send(response("200 OK", &[], b"no upgrade here")),
        Step::ReadHead,
    ]);
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    // Smuggled behind the upgrade; were it passed on early, the origin would read a request.
    client.send(ASK.to_owned() + "GET /smuggled HTTP/1.1\r\nHost: internal\r\n\r\n");
    origin.request("/chat");
    gate.open();
    let response = client.read();
    assert_eq!(response.head.status(), 200);
    assert_eq!(response.body, b"no upgrade here");
    let smuggled = |origin: &Origin| {
        let requests = origin.requests();
        requests.into_iter().find(|seen| seen.path() == "/smuggled")
    };
    drop(client);
    proxy.record("/chat");
    if let Some(seen) = smuggled(&origin) {
        // As a request of its own it may be forwarded, with our fields and never raw.
        assert!(
            seen.head.field("via").is_some(),
            "raw bytes reached the origin"
        );
    }
}

#[test]
fn a_refused_upgrade_is_an_ordinary_answer() {
    let refusal = response("403 Forbidden", &["Content-Type: text/plain"], b"not you");
    let origin = Origin::always(vec![Step::ReadHead, Step::Send(refusal)]);
    let proxy = Proxy::before(&origin.url(), "");
    let response = proxy.client().ask(ASK);
    assert_eq!((response.head.status(), response.end), (403, End::Complete));
    assert_eq!(response.body, b"not you");
}

#[test]
fn a_dead_origin_is_told_before_the_upgrade() {
    let port = Refusing::start();
    let proxy = Proxy::before(&format!("http://{}", port.address), "");
    let response = proxy.client().ask(ASK);
    assert_eq!(response.head.status(), 503);
    assert!(response.head.field("retry-after").is_some());
    assert!(
        response
            .head
            .field("content-type")
            .is_some_and(|value| value.starts_with("text/plain"))
    );
    assert!(response.body_length < 1000, "a short body");
    assert_eq!(proxy.record("/chat")["failure"], "connection_refused");
}

#[test]
fn an_origin_that_leaves_ends_the_tunnel() {
    let origin = Origin::always(vec![
        Step::ReadHead,
        Step::Send(switched()),
        Step::Send(b"bye".to_vec()),
        Step::Close,
    ]);
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    client.ask(ASK);
    client.expect_bytes(b"bye");
    assert_eq!(client.ended(), Ended::Closed, "the client learns of it");
    drop(client);
    assert_eq!(proxy.record("/chat")["ended"], "tunnel");
}

#[test]
fn a_client_that_leaves_ends_the_tunnel() {
    let origin = echoing();
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    client.ask(ASK);
    client.send("x").expect_bytes(b"x");
    drop(client);
    eventually("the origin's connection ends", || {
        origin.connections()[0].ended
    });
}

#[test]
fn other_protocols_pass_too() {
    let fields = ["Connection: upgrade", "Upgrade: custom/2"];
    let switched = head("101 Switching Protocols", &fields);
    let origin = Origin::always(vec![Step::ReadHead, Step::Send(switched), Step::Echo]);
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    let request = "GET /custom HTTP/1.1\r\nHost: shop.test\r\nConnection: upgrade\r\n\
                   Upgrade: custom/2\r\n\r\n";
    assert_eq!(client.ask(request).head.status(), 101);
    client.send([0, 1, 2, 255]).expect_bytes(&[0, 1, 2, 255]);
}

#[test]
fn a_101_nobody_asked_for_is_a_failure() {
    let origin = Origin::always(vec![Step::ReadHead, Step::Send(switched()), Step::Hang]);
    let proxy = Proxy::before(&origin.url(), "");
    let response = proxy.get("/unasked");
    assert_eq!(response.head.status(), 503);
}

#[test]
fn http_1_0_cannot_be_switched() {
    let origin = Origin::always(vec![Step::ReadHead, Step::Send(switched()), Step::Hang]);
    let proxy = Proxy::before(&origin.url(), "");
    let response = proxy.client().ask(ASK.replace("HTTP/1.1", "HTTP/1.0"));
    assert_eq!(response.head.status(), 503, "a 101 nobody may ask for");
    let seen = origin.request("/chat").head;
    assert_eq!(seen.field("upgrade"), None, "{seen:?}");
}

#[test]
fn a_tunnel_that_is_reset_has_its_bytes_counted() {
    let gate = Gate::default();
    let origin = Origin::always(vec![
        Step::ReadHead,
        Step::Send([switched(), vec![b'x'; 1000]].concat()),
        Step::ReadSome(5),
        Step::WaitFor(gate.clone()),
        Step::Reset,
    ]);
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    assert_eq!(client.ask(ASK).head.status(), 101);
    client.expect_bytes(&[b'x'; 1000]);
    client.send("hello");
    eventually("the origin has read it", || {
        (origin.request("/chat").body_length == 5).then_some(())
    });
    gate.open();
    assert_ne!(client.ended(), Ended::GivenUp);
    let record = proxy.record("/chat");
    assert_eq!(record["ended"], "tunnel", "{record}");
    assert_eq!(record["outcome"], "forwarded", "{record}");
    assert_eq!(record["http.request.body.size"], 5, "{record}");
    assert_eq!(record["http.response.body.size"], 1000, "{record}");
}
