//! Who the client behind a load balancer is: the PROXY header that a connection begins with where
//! its peer is listed in `proxy_protocol.from`. Before anything else on a connection, TLS included
//! (step 2 of the request's way); what the bytes mean is in [`crate::message::proxy_protocol`].
//!
//! A listed peer has to send one and no other peer may: who could choose would choose its address.

use std::{
    error::Error,
    io,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio::{
    io::AsyncReadExt,
    net::TcpStream,
    time::{Instant, timeout_at},
};

use super::{unreadable::note, worker::Worker};
use crate::{
    message::proxy_protocol::{self, Ends},
    telemetry::connection::ConnectionState,
};

/// How far is looked ahead at once. Headers are seldom longer.
const AHEAD: usize = 256;

/// One more of so many is told in the log; the first always is.
const TOLD: u64 = 256;

/// A connection whose header has been read, if there had to be one.
pub(super) struct Arrived {
    pub(super) stream: TcpStream,
    /// The client.
    pub(super) peer: SocketAddr,
    /// Where it connected to, if a header says so.
    pub(super) local: Option<SocketAddr>,
}

impl Arrived {
    /// One that begins with the client's own bytes.
    pub(super) const fn plain(stream: TcpStream, peer: SocketAddr) -> Self {
        Self {
            stream,
            peer,
            local: None,
        }
    }
}

/// Reads the header of a listed peer, and not a byte more. `None`: the connection is not to be
/// served, and that has been recorded.
pub(super) async fn read(
    mut stream: TcpStream,
    peer: SocketAddr,
    patience: Duration,
    worker: &Worker,
) -> Option<Arrived> {
    let mut header = Vec::new();
    let reading = timeout_at(Instant::now() + patience, take(&mut stream, &mut header));
    let reading = worker.shared.drain.idle.or(reading).await?;
    let refused: Box<dyn Error + Send + Sync> = match reading {
        Ok(Ok(())) => match proxy_protocol::read(&header) {
            Ok(None) => return Some(Arrived::plain(stream, peer)),
            Ok(Some(Ends {
                source: peer,
                destination,
            })) => {
                let local = Some(destination);
                return Some(Arrived {
                    stream,
                    peer,
                    local,
                });
            }
            Err(error) => error.into(),
        },
        Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => error.into(),
        // Load balancers look in this way whether we are there.
        Ok(Err(_)) | Err(_) if header.is_empty() => return None,
        Ok(Err(error)) => error.into(),
        Err(late) => late.into(),
    };
    refuse(peer, &*refused, worker);
    None
}

/// Takes the bytes of a header from the socket.
async fn take(stream: &mut TcpStream, header: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let (begun, mut ahead) = (header.len(), [0; AHEAD]);
        let count = stream.peek(&mut ahead).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        header.extend(ahead.iter().take(count));
        let length = match proxy_protocol::length(header) {
            Ok(length) => length,
            Err(error) => {
                header.truncate(begun);
                return Err(io::Error::new(io::ErrorKind::InvalidData, error));
            }
        };
        // What has been looked at and belongs to the header is read now, and only that.
        header.truncate(length.unwrap_or(header.len()));
        let taken = header.get_mut(begun..).unwrap_or_default();
        stream.read_exact(taken).await?;
        if length == Some(header.len()) {
            return Ok(());
        }
    }
}

/// Records a connection of a listed peer that is closed for want of a header.
fn refuse(peer: SocketAddr, error: &(dyn Error + 'static), worker: &Worker) {
    let telemetry = &worker.shared.telemetry;
    let state = ConnectionState::new(peer, &[], None, Arc::clone(telemetry), None);
    note(None, &state, worker);
    let before = telemetry
        .metrics
        .proxy_headers_refused
        .fetch_add(1, Relaxed);
    if before.is_multiple_of(TOLD) {
        tracing::warn!(
            error,
            peer = %peer.ip(),
            "a peer listed in `proxy_protocol.from` sent no valid PROXY header, and its connection \
             was closed. Have it send one, or take it from the list"
        );
    }
}

/// Tells of a header that begins a connection whose peer may not send one. It is answered as any
/// other bytes that are no request.
pub(super) fn doubt(begin: &[u8], peer: SocketAddr, worker: &Worker) {
    if !proxy_protocol::is_header(begin) {
        return;
    }
    let telemetry = &worker.shared.telemetry;
    let before = telemetry
        .metrics
        .proxy_headers_unasked
        .fetch_add(1, Relaxed);
    if before.is_multiple_of(TOLD) {
        tracing::warn!(
            peer = %peer.ip(),
            "a peer sent a PROXY header and is not listed in `proxy_protocol.from`, so it gets 400. \
             If it is your load balancer, list it there"
        );
    }
}
