//! Tells HTTP/2 from HTTP/1 by a connection's first bytes.

use std::{io, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::AsyncReadExt,
    net::TcpStream,
    time::{Instant, timeout_at},
};

use super::handshake::HANDSHAKE;
use crate::tasks::signal::Signal;

/// What an HTTP/2 connection begins with (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What a connection begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoken {
    Http1,
    Http2,
    /// A handshake, where we do not encrypt.
    Tls,
}

/// Waits for the first bytes and looks at them. A connection that never speaks has cost no more
/// than its socket.
pub(super) async fn recognise(
    mut stream: TcpStream,
    idle: &Signal,
    patience: Duration,
) -> Option<(TcpStream, Bytes, Spoken)> {
    let deadline = Instant::now() + patience;
    let mut first = [0; PREFACE.len()];
    let peek = timeout_at(deadline, stream.peek(&mut first));
    let length = idle.or(peek).await?.ok()?.ok()?;
    let seen = first.get(..length).unwrap_or_default();
    if seen.is_empty() {
        return None;
    }
    if seen == PREFACE {
        return Some((stream, Bytes::new(), Spoken::Http2));
    }
    if !PREFACE.starts_with(seen) {
        // The first two bytes of every TLS record with a handshake in it (RFC 8446 section 5.1).
        let is_tls = seen.starts_with(&[HANDSHAKE, 3]);
        let spoken = if is_tls { Spoken::Tls } else { Spoken::Http1 };
        return Some((stream, Bytes::new(), spoken));
    }
    // A preface in pieces, or a request that begins alike: take the bytes to wait for more.
    let read = timeout_at(deadline, read_preface(&mut stream));
    let prefix = idle.or(read).await?.ok()?.ok()?;
    let spoken = if prefix == PREFACE {
        Spoken::Http2
    } else {
        Spoken::Http1
    };
    Some((stream, prefix, spoken))
}

/// Reads until the bytes are the preface, or cannot become it, or end.
async fn read_preface(stream: &mut TcpStream) -> io::Result<Bytes> {
    let mut bytes = BytesMut::with_capacity(PREFACE.len());
    while bytes.len() < PREFACE.len() && PREFACE.starts_with(&bytes) {
        let mut one = [0];
        if stream.read(&mut one).await? == 0 {
            break;
        }
        bytes.extend_from_slice(&one);
    }
    Ok(bytes.freeze())
}
