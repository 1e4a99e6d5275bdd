//! WebSockets that clients open over HTTP/2 (RFC 8441), in front of an HTTP/1.1 application.

use std::{future::poll_fn, net::SocketAddr};

use ::h2::{RecvStream, SendStream, client, ext::Protocol};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Version};
use hyper::rt::Executor as _;
use hyper_util::rt::TokioExecutor;
use tokio::{net::TcpStream, runtime::Runtime, time::timeout};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::support::{
    PATIENCE, eventually,
    line::Ended,
    origin::{Origin, RequestSeen},
    places::Refusing,
    proxy::Proxy,
    script::{Script, Step, choose, head, pattern, response},
};

/// A stream that may have become a tunnel.
struct Tunnel {
    runtime: Runtime,
    response: Response<()>,
    sending: SendStream<Bytes>,
    receiving: RecvStream,
    _connection: client::SendRequest<Bytes>,
}

impl Tunnel {
    /// Asks for this protocol; `None`: an ordinary CONNECT.
    fn open(address: SocketAddr, protocol: Option<&'static str>, path: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let mut request = Request::new(());
        *request.method_mut() = Method::CONNECT;
        *request.version_mut() = Version::HTTP_2;
        let uri = match protocol {
            Some(_) => format!("http://shop.test{path}"),
            None => "shop.test:80".to_owned(),
        };
        *request.uri_mut() = uri.parse().expect("a target");
        let fields = [
            ("sec-websocket-version", "13"),
            ("sec-websocket-protocol", "chat"),
            ("origin", "http://shop.test"),
        ];
        for (name, value) in fields {
            request
                .headers_mut()
                .insert(name, value.parse().expect("a value"));
        }
        if let Some(protocol) = protocol {
            request
                .extensions_mut()
                .insert(Protocol::from_static(protocol));
        }
        let opened = runtime.block_on(async { timeout(PATIENCE, ask(address, request)).await });
        let (response, sending, connection) = opened.expect("an answer in time");
        let (head, receiving) = response.into_parts();
        Self {
            runtime,
            response: Response::from_parts(head, ()),
            sending,
            receiving,
            _connection: connection,
        }
    }

    fn websocket(address: SocketAddr, path: &str) -> Self {
        Self::open(address, Some("websocket"), path)
    }

    fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    fn fields(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// Sends this, and reads as much.
    fn round(&mut self, message: &[u8]) -> Vec<u8> {
        let Self {
            runtime,
            sending,
            receiving,
            ..
        } = self;
        let round = async {
            let mut left = Bytes::copy_from_slice(message);
            let mut read = Vec::new();
            while read.len() < message.len() {
                tokio::select! {
                    room = room(sending, left.len()), if !left.is_empty() => {
                        let piece = left.split_to(room.min(left.len()));
                        sending.send_data(piece, false).expect("an open stream");
                    }
                    data = receiving.data() => {
                        let data = data.expect("more data").expect("an open stream");
                        read.extend_from_slice(&data);
                        let flow = receiving.flow_control();
                        flow.release_capacity(data.len()).expect("an open stream");
                    }
                }
            }
            read
        };
        let read = runtime.block_on(async { timeout(PATIENCE, round).await });
        read.expect("an answer in time")
    }

    /// Reads until the other end has finished.
    fn rest(&mut self) -> Vec<u8> {
        let receiving = &mut self.receiving;
        let reading = async {
            let mut read = Vec::new();
            while let Some(Ok(data)) = receiving.data().await {
                read.extend_from_slice(&data);
            }
            read
        };
        let runtime = &self.runtime;
        let read = runtime.block_on(async { timeout(PATIENCE, reading).await });
        read.expect("an end in time")
    }
}

async fn ask(
    address: SocketAddr,
    request: Request<()>,
) -> (
    Response<RecvStream>,
    SendStream<Bytes>,
    client::SendRequest<Bytes>,
) {
    let socket = TcpStream::connect(address)
        .await
        .expect("the proxy accepts");
    let handshake = client::handshake(socket).await;
    let (mut sender, mut connection) = handshake.expect("the proxy speaks HTTP/2");
    // Its settings say whether it may be asked.
    poll_fn(|cx| {
        let ended = std::pin::Pin::new(&mut connection).poll(cx).is_ready();
        assert!(!ended, "the proxy stays");
        match sender.is_extended_connect_protocol_enabled() {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    TokioExecutor::new().execute(async move { drop(connection.await) });
    let (response, sending) = sender.send_request(request, false).expect("a request");
    (response.await.expect("a head"), sending, sender)
}

async fn room(stream: &mut SendStream<Bytes>, wanted: usize) -> usize {
    stream.reserve_capacity(wanted);
    while stream.capacity() == 0 {
        poll_fn(|cx| stream.poll_capacity(cx)).await;
    }
    stream.capacity()
}

/// Agrees as RFC 6455 says.
fn switching(request: &RequestSeen) -> Vec<u8> {
    let key = request.head.field("sec-websocket-key").unwrap_or_default();
    let accept = format!(
        "Sec-WebSocket-Accept: {}",
        derive_accept_key(key.as_bytes())
    );
    let fields = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Protocol: chat",
        &accept,
    ];
    head("101 Switching Protocols", &fields)
}

fn echoing() -> Script {
    choose(|request| vec![Step::Send(switching(request)), Step::Echo])
}

#[test]
fn a_tunnel_carries_bytes_both_ways() {
    let origin = Origin::always(echoing());
    let proxy = Proxy::before(&origin.url(), "");
    let mut tunnel = Tunnel::websocket(proxy.address, "/chat?room=1");
    assert_eq!(tunnel.status(), 200);
    assert_eq!(tunnel.fields()["sec-websocket-protocol"], "chat");
    for foreign in ["connection", "upgrade", "sec-websocket-accept"] {
        assert!(!tunnel.fields().contains_key(foreign), "{foreign}");
    }
    for round in 0..50 {
        let message = format!("message {round}");
        assert_eq!(tunnel.round(message.as_bytes()), message.as_bytes());
    }
    let large = pattern(3 * 1024 * 1024);
    assert!(tunnel.round(&large) == large);
    let seen = origin.request("/chat?room=1").head;
    assert_eq!(seen.first_line, "GET /chat?room=1 HTTP/1.1");
    for (name, value) in [
        ("host", "shop.test"),
        ("upgrade", "websocket"),
        ("connection", "upgrade"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "chat"),
        ("origin", "http://shop.test"),
    ] {
        assert_eq!(seen.field(name).as_deref(), Some(value), "{name}");
    }
    // Both ends say that they are done.
    tunnel
        .sending
        .send_data(Bytes::new(), true)
        .expect("an open stream");
    assert!(tunnel.rest().is_empty());
    let record = proxy.record("/chat");
    assert_eq!(record["ended"], "tunnel");
    assert_eq!(record["http.response.status_code"], 200);
}

#[test]
fn a_client_that_cancels_ends_the_origins_connection() {
    let origin = Origin::always(echoing());
    let proxy = Proxy::before(&origin.url(), "");
    let mut tunnel = Tunnel::websocket(proxy.address, "/chat");
    assert_eq!(tunnel.round(b"hello"), b"hello");
    drop(tunnel);
    eventually("the origin's connection ends", || {
        let connections = origin.connections();
        connections.iter().all(|seen| seen.closed).then_some(())
    });
    let ended = origin.connections()[0].ended.map(|(ended, _)| ended);
    assert!(
        matches!(ended, Some(Ended::Closed | Ended::Reset)),
        "{ended:?}"
    );
}

#[test]
fn what_the_origin_says_instead_passes() {
    let refusal = response("403 Forbidden", &["X-Why: members"], b"members only");
    let origin = Origin::always(vec![Step::ReadHead, Step::Send(refusal)]);
    let proxy = Proxy::before(&origin.url(), "");
    let mut tunnel = Tunnel::websocket(proxy.address, "/chat");
    assert_eq!(tunnel.status(), 403);
    assert_eq!(tunnel.fields()["x-why"], "members");
    assert_eq!(tunnel.rest(), b"members only");
}

#[test]
fn an_origin_that_does_not_switch_as_it_should_is_a_failure() {
    let wrong = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    ];
    for lie in [
        head("101 Switching Protocols", &wrong),
        head("101 Switching Protocols", &wrong[..2]),
        response("200 OK", &[], b"what is a websocket?"),
    ] {
        let origin = Origin::always(vec![Step::ReadHead, Step::Send(lie)]);
        let proxy = Proxy::before(&origin.url(), "");
        let tunnel = Tunnel::websocket(proxy.address, "/chat");
        assert_eq!(tunnel.status(), 503);
        let why = tunnel.fields()["proxy-status"].to_str().expect("text");
        assert!(why.contains("http_protocol_error"), "{why}");
    }
}

#[test]
fn while_the_origin_is_down_it_is_told_to_come_back() {
    let port = Refusing::start();
    let proxy = Proxy::before(&format!("http://{}", port.address), "");
    let tunnel = Tunnel::websocket(proxy.address, "/chat");
    assert_eq!(tunnel.status(), 503);
    assert!(tunnel.fields().contains_key("retry-after"));
    let why = tunnel.fields()["proxy-status"].to_str().expect("text");
    assert!(why.contains("connection_refused"), "{why}");
}

#[test]
fn no_other_connect_passes() {
    let origin = Origin::always(echoing());
    let proxy = Proxy::before(&origin.url(), "");
    for (protocol, path, status) in [
        (None, "", 405),
        (Some("connect-udp"), "/chat", 405),
        (Some("websocket"), "/.intermission/status", 404),
    ] {
        let tunnel = Tunnel::open(proxy.address, protocol, path);
        assert_eq!(tunnel.status(), status, "{protocol:?}");
    }
    assert!(origin.connections().is_empty());
}
