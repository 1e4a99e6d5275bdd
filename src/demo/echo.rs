//! The demo shop's WebSocket: what is said comes back (RFC 6455).

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Either;
use hyper::{
    body::Incoming,
    upgrade::{self, OnUpgrade},
};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message, handshake::server::create_response_with_body, protocol::Role,
        protocol::WebSocketConfig,
    },
};

use super::serve::{DemoBody, text};
use crate::message::body::Fixed;

/// The largest message that is echoed.
const MESSAGE_SIZE: usize = 64 * 1024;
/// A tunnel on which nobody speaks, or a client that does not read its echo.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// Answers the handshake. With a 101 comes the promise of the tunnel, for [`run`].
pub(super) fn shake(request: &mut Request<Incoming>) -> (Response<DemoBody>, Option<OnUpgrade>) {
    match create_response_with_body(request, || Either::Left(Fixed::empty())) {
        Ok(switching) => (switching, Some(upgrade::on(request))),
        Err(_) => (upgrade_required(), None),
    }
}

fn upgrade_required() -> Response<DemoBody> {
    let mut response = text(
        StatusCode::UPGRADE_REQUIRED,
        "This address speaks WebSocket, version 13.\n",
    );
    let fields = response.headers_mut();
    fields.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    fields.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    fields.insert(
        header::SEC_WEBSOCKET_VERSION,
        HeaderValue::from_static("13"),
    );
    response
}

/// Echoes until the client closes, breaks a rule or falls silent.
pub(super) async fn run(tunnel: OnUpgrade) {
    let Ok(tunnel) = tunnel.await else { return };
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_SIZE))
        .max_frame_size(Some(MESSAGE_SIZE))
        .max_write_buffer_size(4 * MESSAGE_SIZE);
    let io = TokioIo::new(tunnel);
    let mut socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(limits)).await;
    while let Ok(Some(Ok(message))) = timeout(IDLE_TIMEOUT, socket.next()).await {
        let echo = match message {
            Message::Text(_) | Message::Binary(_) => message,
            // Pongs and the closing handshake are the protocol's own answers, sent while reading.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => continue,
        };
        if !matches!(timeout(IDLE_TIMEOUT, socket.send(echo)).await, Ok(Ok(()))) {
            return;
        }
    }
}
