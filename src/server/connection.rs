//! One client connection, from its first byte to its close (step 2 of the request's way).
//!
//! It tells HTTP/1 from HTTP/2 by the first bytes, hands them to hyper, keeps the deadlines and
//! sees to it that what hyper refuses by itself has a record too.

use std::{
    error::Error,
    net::{IpAddr, SocketAddr},
    num::NonZeroUsize,
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use http::StatusCode;
use hyper::{
    body::{Body, Incoming},
    rt::{Read, Write, bounds::Http2ServerConnExec},
    server::conn::{http1, http2},
    service::HttpService,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use tokio::{
    net::TcpStream,
    sync::OwnedSemaphorePermit,
    time::{Instant, timeout_at},
};

use super::{
    guard::{End, Graceful, Guarded, Limits},
    io::ClientIo,
    recognise::recognise,
    stack::{self, PerConnection, Stack},
    streams::Streams,
    unreadable::{TOO_LONG, is_too_long, note, note_refusal},
    worker::Worker,
};
use crate::{
    config::spec::ProcessSpec,
    telemetry::connection::{Bounds, ConnectionState, Place},
};

/// Read and write buffers of an HTTP/1 connection grow up to this.
const BUFFER: usize = 64 * 1024;

const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// After so long without a request an HTTP/1 connection is put to rest: hyper and its buffers are
/// let go, only the socket stays.
const REST: Duration = Duration::from_millis(500);

/// Serves one connection to its end. It has its place until then.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    place: OwnedSemaphorePermit,
    worker: Arc<Worker>,
) {
    let settings = Settings::of(&worker);
    let Some(place) = settings.admit(peer, place, &worker) else {
        return;
    };
    let telemetry = Arc::clone(&worker.shared.telemetry);
    let (trusted, bounds) = (&settings.trusted, settings.bounds);
    let state = ConnectionState::new(peer, trusted, telemetry, Some(place), bounds);
    let Some((stream, prefix, is_h2)) =
        recognise(stream, &worker.shared.drain.idle, settings.limits.head).await
    else {
        return;
    };
    let io = ClientIo::new(stream, prefix, Arc::clone(&state), settings.longest_target);
    let service = stack::service(&worker, &state);
    if is_h2 {
        state.is_multiplexed();
        Box::pin(serve_h2(io, service, state, &worker, &settings)).await;
        return;
    }
    let mut active = Some((io, service));
    while let Some((io, service)) = active {
        // Boxed, so that a connection at rest is as small as its waiting.
        let served = Box::pin(serve_h1(io, service, &state, &worker, &settings)).await;
        active = match served {
            Some((io, service, since)) => rest(&io, since, &worker, settings.limits)
                .await
                .then_some((io, service)),
            None => None,
        };
    }
}

/// What a connection is served with, as it was when it came.
struct Settings {
    limits: Limits,
    head_size: usize,
    head_fields: usize,
    longest_target: usize,
    per_address: Option<NonZeroUsize>,
    bounds: Bounds,
    streams: u32,
    trusted: Vec<IpNet>,
}

impl Settings {
    fn of(worker: &Worker) -> Self {
        let runtime = worker.shared.runtime.load();
        let process = &runtime.config.process;
        Self {
            limits: Limits {
                head: process.clients.head_timeout,
                idle: process.clients.idle_timeout,
                rest: Some(REST),
            },
            head_size: process.clients.head_size,
            head_fields: process.clients.head_fields,
            longest_target: longest_target(process),
            per_address: process.clients.connections_per_address,
            bounds: Bounds {
                requests: most_requests(process.clients.requests_per_connection),
                body_timeout: process.clients.body_timeout,
                body_rate: process.clients.body_rate,
            },
            streams: process.clients.streams,
            trusted: process.trusted_proxies.clone(),
        }
    }

    /// The place of a connection, unless its address has too many. A proxy we trust speaks for
    /// many.
    fn admit(
        &self,
        peer: SocketAddr,
        among_all: OwnedSemaphorePermit,
        worker: &Worker,
    ) -> Option<Place> {
        let address = peer.ip().to_canonical();
        let is_trusted = self.trusted.iter().any(|net| net.contains(&address));
        let among_its_own = if is_trusted {
            None
        } else {
            let seat = worker.shared.addresses.enter(address, self.per_address);
            if seat.is_none() {
                turned_away(address, worker);
            }
            Some(seat?)
        };
        Some(Place {
            among_all,
            among_its_own,
        })
    }
}

fn most_requests(configured: Option<NonZeroUsize>) -> u64 {
    let most = configured.map(|most| u64::try_from(most.get()).unwrap_or(u64::MAX));
    most.unwrap_or(u64::MAX)
}

/// A connection is closed unheard: what speaks there would only ask again if it were told why.
fn turned_away(address: IpAddr, worker: &Worker) {
    let refused = &worker.shared.telemetry.metrics.connections_refused;
    // Once, then now and then while it lasts.
    if refused.fetch_add(1, Relaxed).is_multiple_of(256) {
        tracing::warn!(
            %address,
            "one address has too many connections; more are closed. If it is a proxy of yours, \
             name it in trusted_proxies, else see connections_per_address in [clients]"
        );
    }
}

/// Serves HTTP/1 until the connection ends, or rests since the time that is returned.
async fn serve_h1<S>(
    io: ClientIo,
    service: PerConnection<S>,
    state: &Arc<ConnectionState>,
    worker: &Worker,
    settings: &Settings,
) -> Option<(ClientIo, PerConnection<S>, Instant)>
where
    S: Stack,
{
    let mut connection = h1(settings.head_size, settings.head_fields)
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades();
    let draining = &worker.shared.drain.idle;
    let ended = Guarded::new(&mut connection, state, settings.limits, draining).await;
    if let End::Resting(since) = ended {
        let parts = connection.into_parts()?;
        let mut io = parts.io.into_inner();
        io.give_back(parts.read_buf);
        return Some((io, parts.service, since));
    }
    if is_too_long(&ended)
        && let Some(parts) = connection.into_parts()
    {
        note(Some(StatusCode::URI_TOO_LONG), state, worker);
        // The client need not take the answer.
        drop(parts.io.into_inner().refuse(TOO_LONG).await);
        return None;
    }
    note_refusal(&ended, state, worker);
    None
}

/// A target takes at most half of the room for a head. RFC 9112 section 3 asks for at least 8000
/// octets.
pub(super) fn longest_target(process: &ProcessSpec) -> usize {
    (process.clients.head_size / 2).max(8000)
}

/// Waits for the next request of a connection at rest. False: it is to be closed.
async fn rest(io: &ClientIo, since: Instant, worker: &Worker, limits: Limits) -> bool {
    let readable = timeout_at(since + limits.idle, io.readable());
    let draining = &worker.shared.drain.idle;
    matches!(draining.or(readable).await, Some(Ok(Ok(()))))
}

async fn serve_h2<S>(
    io: ClientIo,
    service: PerConnection<S>,
    state: Arc<ConnectionState>,
    worker: &Worker,
    settings: &Settings,
) where
    S: Stack,
{
    let streams = Streams::new(&worker.shared.tasks, &state, settings.limits.idle);
    let builder = h2(streams, settings);
    let mut connection = builder.serve_connection(TokioIo::new(io), service);
    let limits = Limits {
        rest: None,
        ..settings.limits
    };
    drop(Guarded::new(&mut connection, &state, limits, &worker.shared.drain.begun).await);
}

fn h1(head_size: usize, head_fields: usize) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .max_buf_size(BUFFER)
        .max_header_size(head_size)
        .max_headers(head_fields)
        .header_read_timeout(None);
    builder
}

fn h2(streams: Streams, settings: &Settings) -> http2::Builder<Streams> {
    let mut builder = http2::Builder::new(streams);
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(settings.streams)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_local_error_reset_streams(Some(128))
        .max_send_buf_size(BUFFER)
        .max_header_list_size(u32::try_from(settings.head_size).unwrap_or(u32::MAX));
    builder
}

impl<I, S, B> Graceful for http1::UpgradeableConnection<I, S>
where
    S: HttpService<Incoming, ResBody = B>,
    S::Error: Into<BoxError>,
    I: Read + Write + Unpin + Send + 'static,
    B: Body + 'static,
    B::Error: Into<BoxError>,
{
    fn graceful(&mut self) {
        Pin::new(self).graceful_shutdown();
    }
}

impl<I, S, B> Graceful for http2::Connection<I, S, Streams>
where
    S: HttpService<Incoming, ResBody = B>,
    S::Error: Into<BoxError>,
    I: Read + Write + Unpin,
    B: Body + 'static,
    B::Error: Into<BoxError>,
    Streams: Http2ServerConnExec<S::Future, B>,
{
    fn graceful(&mut self) {
        Pin::new(self).graceful_shutdown();
    }
}

type BoxError = Box<dyn Error + Send + Sync>;

/// What hyper hands to the stack.
pub(super) type ClientRequest = http::Request<Incoming>;
