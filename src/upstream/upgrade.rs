//! Tunnels: what a connection becomes after a 101 (RFC 9110 section 7.8).
//!
//! Nothing passes before the origin has agreed: the two raw streams exist only after its 101 and
//! ours.

use std::sync::Arc;

use http::{HeaderValue, Response, header::UPGRADE};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional_with_sizes;
use tokio_util::io::InspectReader;

use super::{endpoint::Lease, inbound::Inbound};
use crate::{message::hop::has_token, tasks::Tasks, telemetry::record::Record};

const BUFFER: usize = 64 * 1024;

/// What a request that asks to switch protocols needs later.
pub(super) struct Asked {
    pub(super) protocol: HeaderValue,
    pub(super) client: OnUpgrade,
}

/// Whether the origin switches to a protocol that was asked for.
pub(super) fn is_agreed<B>(asked: &Asked, response: &Response<B>) -> bool {
    let chosen = response
        .headers()
        .get(UPGRADE)
        .and_then(|value| value.to_str().ok());
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
