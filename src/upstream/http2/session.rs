//! One HTTP/2 connection: opened, driven by a task of its own, shared by many requests.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{
            AtomicBool, AtomicUsize,
            Ordering::{AcqRel, Acquire, Relaxed, Release},
        },
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use h2::{
    SendStream,
    client::{self, Connection, ResponseFuture, SendRequest},
};
use http::{
    Response,
    request::Parts,
    uri::{Authority, Scheme},
};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep},
};

use super::{
    download, head,
    keep_alive::{KeepAlive, Pace},
};
use crate::{
    failure::{AttemptError, Sent, UpstreamFailure, classify},
    tasks::Tasks,
    upstream::{
        inbound::Inbound,
        pool::Place,
        target::Target,
        wire::{Transport, Wire, WireState},
    },
};

/// The most requests at once on one connection, whatever the origin allows: bounds what a broken
/// connection takes with it, and its memory.
pub(super) const STREAMS: usize = 100;
/// What may be on its way to a reader that is slow, in bytes: bounds the memory of a transfer.
const STREAM_WINDOW: u32 = 256 * 1024;
/// As much as all streams together may have, so that no slow reader ever holds up another.
const CONNECTION_WINDOW: u32 = 100 * STREAM_WINDOW;
/// The largest response head, as over HTTP/1.1.
const HEAD: u32 = 128 * 1024;
/// How long the good-bye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// An open connection. Dropping the last one ends it.
pub(crate) struct Session {
    sender: SendRequest<Bytes>,
    pub(super) wire: Arc<WireState>,
    pub(super) tasks: Tasks,
    scheme: Scheme,
    authority: Authority,
    life: Arc<Life>,
    /// Whether a request was sent on it before.
    has_served: AtomicBool,
    rests_since: Mutex<Instant>,
    _closes: oneshot::Sender<Infallible>,
}

/// What the session and the task that drives it share.
#[derive(Default)]
struct Life {
    /// Requests on it now.
    used: AtomicUsize,
    has_ended: AtomicBool,
}

/// Makes a session of a connection: both sides have said who they are when it returns, and no
/// request has been sent.
pub(in crate::upstream) async fn open(
    transport: Transport,
    target: &Target,
    place: Option<Place>,
    tasks: &Tasks,
) -> Result<Arc<Session>, AttemptError> {
    let (wire, state) = Wire::multiplexed(transport);
    let handshake = builder().handshake::<_, Bytes>(wire).await;
    let (sender, mut connection) = handshake.map_err(|error| unsent(Some(error), &state))?;
    // The first thing an HTTP/2 server says are its settings (RFC 9113 section 3.4). Until then it
    // might be anybody.
    let ready = poll_fn(|cx| match Pin::new(&mut connection).poll(cx) {
        Poll::Ready(Ok(())) => Poll::Ready(Err(None)),
        Poll::Ready(Err(error)) => Poll::Ready(Err(Some(error))),
        Poll::Pending if sender.current_max_send_streams() > 0 => Poll::Ready(Ok(())),
        Poll::Pending => Poll::Pending,
    });
    ready.await.map_err(|error| unsent(error, &state))?;
    let (closes, closed) = oneshot::channel();
    let life = Arc::<Life>::default();
    let driving = drive(connection, closed, Arc::clone(&life), Arc::clone(&state));
    tasks.spawn(async move {
        driving.await;
        drop(place);
    });
    Ok(Arc::new(Session {
        sender,
        wire: state,
        tasks: tasks.clone(),
        scheme: target.scheme(),
        authority: target.spec.authority.clone(),
        life,
        has_served: AtomicBool::new(false),
        rests_since: Mutex::new(Instant::now()),
        _closes: closes,
    }))
}

fn builder() -> client::Builder {
    let mut builder = client::Builder::new();
    builder
        .enable_push(false)
        // None before the settings have come: that is how their coming is noticed.
        .initial_max_send_streams(0)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(256 * 1024)
        .max_header_list_size(HEAD);
    builder
}

fn unsent(error: Option<h2::Error>, wire: &WireState) -> AttemptError {
    let cause = match &error {
        Some(error) => classify::http2(error, wire.tls_failure()),
        None => UpstreamFailure::Terminated,
    };
    AttemptError {
        cause: cause.into(),
        sent: Sent::No,
        source: error.map(Into::into),
    }
}

/// Moves the bytes until one side has ended it, nobody needs it any more, or it is dead.
async fn drive(
    mut connection: Connection<Wire, Bytes>,
    mut closed: oneshot::Receiver<Infallible>,
    life: Arc<Life>,
    wire: Arc<WireState>,
) {
    let pings = connection.ping_pong();
    let mut alive = pings.map(|pings| KeepAlive::new(pings, Pace::default()));
    let open = poll_fn(|cx| {
        if Pin::new(&mut connection).poll(cx).is_ready() {
            return Poll::Ready(false);
        }
        let is_used = life.used.load(Relaxed) > 0;
        if let Some(alive) = &mut alive
            && alive.poll(cx, wire.read_in_all(), is_used).is_ready()
        {
            return Poll::Ready(false);
        }
        Pin::new(&mut closed).poll(cx).map(|_| true)
    });
    let says_goodbye = open.await;
    life.has_ended.store(true, Release);
    if says_goodbye {
        tokio::select! {
            _ = &mut connection => {}
            () = sleep(GOODBYE) => {}
        }
    }
}

impl Session {
    /// Whether it takes requests: neither side has said that it ends.
    pub(super) fn is_open(&self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        !self.life.has_ended.load(Acquire)
            && matches!(self.sender.clone().poll_ready(&mut cx), Poll::Ready(Ok(())))
    }

    /// Requests on it now.
    pub(super) fn used(&self) -> usize {
        self.life.used.load(Relaxed)
    }

    /// Since when there have been none; `None` while there are.
    pub(super) fn rests_since(&self) -> Option<Instant> {
        let since = *self
            .rests_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        (self.used() == 0).then_some(since)
    }

    /// A place for one more request, if there is one.
    pub(in crate::upstream) fn claim(self: &Arc<Self>) -> Option<Slot> {
        let most = self.sender.current_max_send_streams().min(STREAMS);
        let claimed = self
            .life
            .used
            .fetch_update(AcqRel, Relaxed, |used| (used < most).then_some(used + 1));
        claimed.ok().map(|_| Slot {
            session: Arc::clone(self),
        })
    }

    /// Says that it is about to be used. Whether it was before.
    pub(super) fn serves(&self) -> bool {
        self.has_served.swap(true, Relaxed)
    }

    /// Sends a request's head; `is_whole` where no body follows.
    pub(super) fn begin(
        &self,
        parts: &Parts,
        is_whole: bool,
    ) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
        let head = head::translate(parts, &self.scheme, &self.authority);
        self.sender.clone().send_request(head, is_whole)
    }

    /// Asks something of our own that has no body.
    pub(in crate::upstream) async fn ask(
        &self,
        parts: &Parts,
    ) -> Result<Response<Inbound>, AttemptError> {
        let answer = match self.begin(parts, true) {
            Ok((response, _)) => response.await,
            Err(error) => Err(error),
        };
        let response = answer.map_err(|error| AttemptError {
            cause: classify::http2(&error, self.wire.tls_failure()).into(),
            sent: Sent::Maybe,
            source: Some(Box::new(error)),
        })?;
        Ok(download::inbound(response))
    }
}

/// A place for one request on a session, given back when dropped.
pub(in crate::upstream) struct Slot {
    pub(super) session: Arc<Session>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let session = &self.session;
        *session
            .rests_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Instant::now();
        session.life.used.fetch_sub(1, AcqRel);
    }
}
