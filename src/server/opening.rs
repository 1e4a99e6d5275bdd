//! From an accepted socket to a client that speaks HTTP (step 2 of the request's way): who is
//! there, by a PROXY header where one is due; the handshake, where clients encrypt; and which
//! version of HTTP it is.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::StatusCode;
use tokio::{net::TcpStream, sync::OwnedSemaphorePermit};

use super::{
    handshake::{Refused, shake_hands},
    io::ClientIo,
    listening::Entrance,
    proxy_protocol::{self, Arrived},
    recognise::{Spoken, recognise},
    settings::Settings,
    socket::Socket,
    unreadable::{https_wanted, note, note_tls},
    worker::Worker,
};
use crate::telemetry::{
    connection::{ConnectionState, Place},
    handshakes::TlsVersion,
};

/// A connection that has been accepted.
pub(super) struct Accepted {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    pub(super) entrance: Entrance,
    pub(super) place: OwnedSemaphorePermit,
}

/// A connection that has begun to speak HTTP.
pub(super) struct Opened {
    pub(super) io: ClientIo,
    pub(super) state: Arc<ConnectionState>,
    pub(super) is_h2: bool,
}

/// A connection that is known by its client.
struct Opening<'a> {
    arrived: Arrived,
    place: Place,
    worker: &'a Worker,
    settings: &'a Settings,
}

/// Waits until a client speaks HTTP. `None`: it does not, which has been recorded where it is worth
/// that.
pub(super) async fn open(
    accepted: Accepted,
    worker: &Worker,
    settings: &Settings,
) -> Option<Opened> {
    let Accepted {
        stream,
        peer,
        entrance,
        place,
    } = accepted;
    let arrived = arrive(stream, peer, worker, settings).await?;
    let opening = Opening {
        // Whom a load balancer speaks for is known only now.
        place: settings.admit(arrived.peer, place, worker)?,
        arrived,
        worker,
        settings,
    };
    match entrance {
        Entrance::Plain => opening.plain().await,
        // Boxed, because others need not have room for it.
        Entrance::Tls => Box::pin(opening.encrypted()).await,
    }
}

/// Finds out who is there.
async fn arrive(
    stream: TcpStream,
    peer: SocketAddr,
    worker: &Worker,
    settings: &Settings,
) -> Option<Arrived> {
    let mut arrived = if settings.is_announced {
        // Boxed, as all that is rare: the future of every connection would have room for it.
        let patience = settings.limits.head;
        Box::pin(proxy_protocol::read(stream, peer, patience, worker)).await?
    } else {
        Arrived::plain(stream, peer)
    };
    if settings.names_clients && arrived.local.is_none() {
        arrived.local = arrived.stream.local_addr().ok();
    }
    Some(arrived)
}

impl Opening<'_> {
    /// Hears what an unencrypted client speaks.
    async fn plain(self) -> Option<Opened> {
        let (worker, settings) = (self.worker, self.settings);
        let Arrived {
            stream,
            peer,
            local,
        } = self.arrived;
        let state = state((peer, local), None, (worker, settings), self.place);
        let (stream, prefix, spoken) =
            recognise(stream, peer, worker, settings.limits.head).await?;
        if spoken == Spoken::Tls {
            note_tls(worker);
            return None;
        }
        let stream = Socket::Plain(stream);
        Some(Opened {
            io: ClientIo::new(stream, prefix, Arc::clone(&state), settings.longest_target),
            state,
            is_h2: spoken == Spoken::Http2,
        })
    }

    /// Encrypts. A client that comes unencrypted is told so.
    async fn encrypted(self) -> Option<Opened> {
        let (worker, settings, place) = (self.worker, self.settings, self.place);
        let Arrived {
            stream,
            peer,
            local,
        } = self.arrived;
        let state = |tls| state((peer, local), tls, (worker, settings), place);
        match shake_hands(stream, worker, settings.handshake).await? {
            Ok(secured) => {
                let state = state(Some(secured.version));
                let stream = Socket::Tls(secured.stream);
                let (none, longest) = (Bytes::new(), settings.longest_target);
                Some(Opened {
                    io: ClientIo::new(stream, none, Arc::clone(&state), longest),
                    state,
                    is_h2: secured.is_h2,
                })
            }
            Err(Refused::PlainHttp(stream, first)) => {
                let state = state(None);
                note(Some(StatusCode::BAD_REQUEST), &state, worker);
                let io = ClientIo::new(Socket::Plain(stream), Bytes::new(), state, 0);
                // The client need not take the answer.
                drop(io.refuse(https_wanted(&first).as_bytes()).await);
                None
            }
            Err(Refused::Proved(_) | Refused::Silently(_)) => None,
        }
    }
}

fn state(
    (peer, local): (SocketAddr, Option<SocketAddr>),
    tls: Option<TlsVersion>,
    (worker, settings): (&Worker, &Settings),
    place: Place,
) -> Arc<ConnectionState> {
    let telemetry = Arc::clone(&worker.shared.telemetry);
    let state = ConnectionState::new(peer, &settings.trusted, tls, telemetry, Some(place));
    if let Some(local) = local {
        state.reached_at(local);
    }
    state
}
