//! A request of our own, without a body, on a connection that was opened for it: probes, and pages
//! that are kept. Not on the request's way.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::{
    connect::{Connector, Purpose},
    inbound::Inbound,
    target::Target,
    wire::{Transport, Wire},
};
use crate::failure::{AttemptError, Sent, classify};

/// Asks in the protocol that both sides speak, and has `read` see to the answer while the
/// connection is open. The caller keeps the time.
pub(super) async fn ask<T>(
    (connector, to): (&Connector, &Target),
    transport: Transport,
    request: Request<Empty<Bytes>>,
    read: impl AsyncFnOnce(Response<Inbound>) -> T,
) -> Result<T, AttemptError> {
    if to.speaks_http2(&transport, Purpose::Requests) {
        let session = connector.session(transport, to).await?;
        let (parts, _) = request.into_parts();
        let response = session.ask(&parts).await?;
        return Ok(read(response).await);
    }
    let (wire, _) = Wire::new(transport);
    let handshake = http1::handshake(TokioIo::new(wire)).await;
    let (mut sender, driver) = handshake.map_err(broken)?;
    let asked = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        Ok(read(response.map(Inbound::Http1)).await)
    };
    // Its end alone says nothing: who waits for the answer learns of it, and what it means.
    let driver = async {
        drop(driver.await);
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        result = asked => result,
        never = driver => match never {},
    }
}

fn broken(error: hyper::Error) -> AttemptError {
    AttemptError {
        cause: classify::exchange(&error).into(),
        sent: Sent::Maybe,
        source: Some(Box::new(error)),
    }
}
