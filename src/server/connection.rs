//! One client connection, from its first byte to its close (step 2 of the request's way).
//!
//! It hands what `opening` has found out to hyper, keeps the deadlines and sees to it that
//! what hyper refuses by itself has a record too.

use std::{error::Error, pin::Pin, sync::Arc};

use http::StatusCode;
use hyper::{
    body::{Body, Incoming},
    rt::{Read, Write, bounds::Http2ServerConnExec},
    server::conn::{http1, http2},
    service::HttpService,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::time::{Instant, timeout_at};

use super::{
    gathered::{Gathered, Turns},
    guard::{End, Graceful, Guarded, Limits},
    io::ClientIo,
    opening::{Accepted, Opened, open},
    settings::Settings,
    stack::{self, PerConnection, PerStream, Stack},
    streams::Streams,
    unreadable::{TOO_LONG, is_too_long, note, note_refusal},
    worker::Worker,
};
use crate::telemetry::connection::ConnectionState;

/// Read and write buffers of an HTTP/1 connection grow up to this.
const BUFFER: usize = 64 * 1024;

/// The fields of a head that hyper reads unless it is told otherwise.
const HYPERS_HEAD_FIELDS: usize = 100;

const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// Serves one connection to its end. It has its place until then.
pub(super) async fn serve(accepted: Accepted, worker: Arc<Worker>) {
    let settings = Settings::of(&worker, accepted.peer);
    let opened = open(accepted, &worker, &settings).await;
    let Some(Opened { io, state, is_h2 }) = opened else {
        return;
    };
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
    let io = Gathered::new(io);
    let connection = builder.serve_connection(TokioIo::new(io.clone()), PerStream(service));
    let mut connection = Turns::new(connection, io);
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
        .header_read_timeout(None);
    // Said outright, hyper would make room for so many anew with each request.
    if head_fields != HYPERS_HEAD_FIELDS {
        builder.max_headers(head_fields);
    }
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
        .enable_connect_protocol()
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
