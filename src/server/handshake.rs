//! TLS handshakes (step 2 of the request's way): what a client shows, and what it gets for it.
//!
//! Bounded in time as a whole. One that fails is counted by its cause, and told at level debug
//! only: half the internet knocks at port 443.

use std::{io, sync::Arc, time::Duration};

use rustls::{
    Error, ProtocolVersion,
    server::{Accepted, Acceptor},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout_at},
};
use tokio_rustls::{StartHandshake, server::TlsStream};

use super::{
    socket::Wire,
    worker::{Shared, Worker},
};
use crate::{
    telemetry::handshakes::{HandshakeFailure, Handshakes, TlsVersion},
    tls::{ALPN_H2, acme},
};

/// The first byte of a handshake's records (RFC 8446 section 5.1).
pub(super) const HANDSHAKE: u8 = 0x16;

/// A fatal alert: `unrecognized_name` (RFC 6066 section 3).
const UNRECOGNIZED_NAME: [u8; 7] = [0x15, 3, 3, 0, 2, 2, 112];

/// An encrypted connection.
pub(super) struct Secured {
    pub(super) stream: Box<TlsStream<Wire>>,
    pub(super) version: TlsVersion,
    pub(super) is_h2: bool,
}

/// Why there is none.
pub(super) enum Refused {
    /// It was HTTP that came; its first bytes.
    PlainHttp(TcpStream, Vec<u8>),
    /// An authority came to see a certificate (RFC 8737), and has seen it.
    Proved(TlsVersion),
    /// Whatever it was, there is nobody to talk to.
    Silently(HandshakeFailure),
}

impl From<HandshakeFailure> for Refused {
    fn from(why: HandshakeFailure) -> Self {
        Self::Silently(why)
    }
}

/// Does all of a handshake, and counts it. `None`: the process stops.
pub(super) async fn shake_hands(
    stream: TcpStream,
    worker: &Worker,
    patience: Duration,
) -> Option<Result<Secured, Refused>> {
    let shared = &worker.shared;
    let done = timeout_at(Instant::now() + patience, secure(stream, shared));
    let done = match shared.drain.idle.or(done).await? {
        Ok(done) => done,
        Err(_) => Err(HandshakeFailure::Timeout.into()),
    };
    let counters = &shared.telemetry.metrics.handshakes;
    match &done {
        Ok(secured) => {
            let (_, session) = secured.stream.get_ref();
            let is_resumed = session.handshake_kind() == Some(rustls::HandshakeKind::Resumed);
            counters.done(secured.version, is_resumed);
        }
        Err(Refused::Proved(version)) => counters.done(*version, false),
        Err(Refused::PlainHttp(..)) => fail(counters, HandshakeFailure::PlainHttp),
        Err(Refused::Silently(why)) => fail(counters, *why),
    }
    Some(done)
}

fn fail(counters: &Handshakes, why: HandshakeFailure) {
    counters.failed(why);
    tracing::debug!(reason = why.label(), "a TLS handshake came to nothing");
}

async fn secure(mut stream: TcpStream, shared: &Shared) -> Result<Secured, Refused> {
    let mut first = Vec::new();
    let accepted = match hello(&mut stream, &mut first).await {
        Ok(accepted) => accepted,
        Err(HandshakeFailure::PlainHttp) => return Err(Refused::PlainHttp(stream, first)),
        Err(why) => return Err(why.into()),
    };
    let name = accepted.client_hello().server_name().map(str::to_owned);
    let certificates = shared.runtime.certificates().load();
    if certificates.find(name.as_deref()).is_none() {
        // The library would say `access_denied`, which leads nobody to the cause.
        drop(stream.try_write(&UNRECOGNIZED_NAME));
        return Err(HandshakeFailure::UnknownName.into());
    }
    let start = StartHandshake::from_parts(accepted, Wire(stream));
    let terms = Arc::clone(&shared.terms);
    let mut stream = start
        .into_stream(terms)
        .await
        .map_err(|error| why(&error))?;
    let (_, session) = stream.get_ref();
    let version = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => TlsVersion::V1_2,
        _ => TlsVersion::V1_3,
    };
    if session.alpn_protocol() == Some(acme::ALPN) {
        // There is nothing to be said beyond the handshake.
        drop(stream.shutdown().await);
        return Err(Refused::Proved(version));
    }
    Ok(Secured {
        version,
        is_h2: stream.get_ref().1.alpn_protocol() == Some(ALPN_H2),
        stream: Box::new(stream),
    })
}

/// Reads what a client begins with. Where that is HTTP, its bytes are left in `first`.
async fn hello(stream: &mut TcpStream, first: &mut Vec<u8>) -> Result<Accepted, HandshakeFailure> {
    let mut acceptor = Acceptor::default();
    let mut buffer = [0; 2048];
    let mut is_first = true;
    loop {
        let length = stream.read(&mut buffer).await;
        let length = length.map_err(|_| HandshakeFailure::ClientGone)?;
        let mut came = buffer.get(..length).unwrap_or_default();
        let begin = *came.first().ok_or(HandshakeFailure::ClientGone)?;
        // Every method there is begins so.
        if is_first && begin.is_ascii_uppercase() {
            first.extend_from_slice(came);
            return Err(HandshakeFailure::PlainHttp);
        }
        if is_first && begin != HANDSHAKE {
            return Err(HandshakeFailure::NotTls);
        }
        is_first = false;
        while !came.is_empty() {
            let taken = acceptor.read_tls(&mut came);
            if taken.map_or(true, |taken| taken == 0) {
                return Err(HandshakeFailure::Broken);
            }
        }
        match acceptor.accept() {
            Ok(Some(accepted)) => return Ok(accepted),
            Ok(None) => {}
            Err((error, mut alert)) => {
                let mut bytes = Vec::new();
                // To memory: it never fails.
                drop(alert.write_all(&mut bytes));
                drop(stream.try_write(&bytes));
                return Err(cause(&error));
            }
        }
    }
}

/// Why the library gave up.
fn why(error: &io::Error) -> HandshakeFailure {
    let inner = error.get_ref();
    inner
        .and_then(|inner| inner.downcast_ref::<Error>())
        .map_or(HandshakeFailure::ClientGone, cause)
}

fn cause(error: &Error) -> HandshakeFailure {
    match error {
        Error::AlertReceived(_) => HandshakeFailure::Alert,
        Error::PeerIncompatible(_) | Error::NoApplicationProtocol => HandshakeFailure::Incompatible,
        _ => HandshakeFailure::Broken,
    }
}
