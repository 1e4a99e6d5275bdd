//! Tunnels: what a connection becomes after a 101 (RFC 9110 section 7.8), or a stream of a client's
//! HTTP/2 connection after the 200 that says the same (RFC 8441).
//!
//! Nothing passes before the origin has agreed: the two raw streams exist only after its 101 and
//! ours.

use std::sync::Arc;

use http::{
    HeaderValue, Method, Response,
    header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE},
    request::Parts,
};
use hyper::{
    ext::Protocol,
    upgrade::{OnUpgrade, Upgraded},
};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional_with_sizes;
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};
use tokio_util::io::InspectReader;

use super::{endpoint::Lease, inbound::Inbound};
use crate::{message::hop::has_token, tasks::Tasks, telemetry::record::Record};

const BUFFER: usize = 64 * 1024;

pub(super) const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// What a request that asks to switch protocols needs later.
pub(super) struct Asked {
    pub(super) protocol: HeaderValue,
    pub(super) client: OnUpgrade,
    /// What the origin has to say to a handshake that we made; `None`: the client made it.
    pub(super) accept: Option<HeaderValue>,
}

/// A WebSocket's handshake as HTTP/1.1 has it, made of the one over HTTP/2 (RFC 8441 section 5):
/// what the two have in common stays, the key is ours. Returns what the origin has to accept it
/// with (RFC 6455 section 4.2.2).
pub(super) fn handshake(parts: &mut Parts) -> Option<HeaderValue> {
    let key = generate_key();
    let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes())).ok();
    parts.method = Method::GET;
    parts.extensions.remove::<Protocol>();
    let headers = &mut parts.headers;
    headers.insert(UPGRADE, WEBSOCKET);
    headers.append(CONNECTION, HeaderValue::from_static("upgrade"));
    headers
        .entry(SEC_WEBSOCKET_VERSION)
        .or_insert(HeaderValue::from_static("13"));
    if let Ok(key) = HeaderValue::try_from(key) {
        headers.insert(SEC_WEBSOCKET_KEY, key);
    }
    accept
}

/// Whether the origin switches to a protocol that was asked for.
pub(super) fn is_agreed<B>(asked: &Asked, response: &Response<B>) -> bool {
    let headers = response.headers();
    if asked.accept.is_some() && headers.get(SEC_WEBSOCKET_ACCEPT) != asked.accept.as_ref() {
        return false;
    }
    let chosen = headers.get(UPGRADE).and_then(|value| value.to_str().ok());
    chosen.is_some_and(|chosen| has_token(&asked.protocol, chosen.trim()))
}

/// Connects both ends when the 101 has reached the client; the record ends with the tunnel.
pub(super) fn tunnel(
    asked: Asked,
    response: &mut Response<Inbound>,
    lease: Lease,
    record: Arc<Record>,
    tasks: &Tasks,
) {
    record.is_tunnel();
    let origin = hyper::upgrade::on(response);
    tasks.spawn_until_stopped(async move {
        let (client, origin) = match tokio::try_join!(asked.client, origin) {
            Ok(ends) => ends,
            Err(error) => {
                tracing::debug!(%error, "an agreed upgrade did not come about");
                return;
            }
        };
        relay(client, origin, &record).await;
        drop(lease);
    });
}

/// Carries bytes both ways until both sides have ended, and counts them as they pass: how a tunnel
/// ends, and whether with a good-bye, says nothing.
async fn relay(client: Upgraded, origin: Upgraded, record: &Record) {
    let mut client = InspectReader::new(TokioIo::new(client), |bytes: &[u8]| {
        record.add_request_bytes(bytes.len());
    });
    let mut origin = InspectReader::new(TokioIo::new(origin), |bytes: &[u8]| {
        record.add_response_bytes(bytes.len());
    });
    let relayed = copy_bidirectional_with_sizes(&mut client, &mut origin, BUFFER, BUFFER).await;
    if let Err(error) = relayed {
        tracing::debug!(%error, "a tunnel ended without a good-bye");
    }
}
