//! What is known of one client connection: who is there, and whether anybody waits for anything.
//!
//! Records report the beginning and the end of requests here; [`crate::server::guard`] draws the
//! connection's deadlines from it.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use ipnet::IpNet;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use super::{addresses::Seat, handshakes::TlsVersion, record::Telemetry};
use crate::message::forwarded::Forwarder;

/// One client connection.
pub struct ConnectionState {
    forwarder: Forwarder,
    bounds: Bounds,
    in_flight: AtomicUsize,
    served: AtomicU64,
    reading_head: AtomicBool,
    idle_since: Mutex<Instant>,
    unread: AtomicBool,
    multiplexed: AtomicBool,
    reset: AtomicBool,
    unsent: AtomicBool,
    unsent_since: Mutex<Option<Instant>>,
    closing: AtomicBool,
    local: OnceLock<SocketAddr>,
    tls: Option<TlsVersion>,
    turn: AtomicU8,
    telemetry: Arc<Telemetry>,
    _place: Option<Place>,
}

/// What a connection takes of what there is, and what may be done there.
#[derive(Debug)]
pub struct Place {
    /// One of all connections.
    pub among_all: OwnedSemaphorePermit,
    /// One of those of its address; `None` for a proxy we trust, which speaks for many.
    pub among_its_own: Option<Seat>,
    /// What its requests may take.
    pub bounds: Bounds,
}

/// What the requests of one connection may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Requests before it is closed in order.
    pub requests: u64,
    /// How long we wait for a request body whatever its rate.
    pub body_timeout: Duration,
    /// Bytes that buy it another second; `None`: any number will do.
    pub body_rate: Option<NonZeroU32>,
}

/// None.
impl Default for Bounds {
    fn default() -> Self {
        Self {
            requests: u64::MAX,
            body_timeout: Duration::MAX,
            body_rate: None,
        }
    }
}

/// What an HTTP/2 stream did when it was last looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing: the client takes no more of the answer.
    Still,
    /// It went on with its answer.
    WentOn,
    /// It waits for the answer, or for more of it.
    WaitsForUs,
}

/// What the bytes that came are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// The begin of a request head.
    BeginOfHead,
    /// More of one.
    MoreOfHead,
    /// A request body, or HTTP/2 frames.
    Other,
}

/// What a connection is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// For us: a request is being answered.
    Answer,
    /// For nothing: it is being closed.
    Close,
    /// For the rest of a request head, or for the very first one.
    Head,
    /// For the next request, since then.
    NextRequest(Instant),
}

impl ConnectionState {
    /// A new connection from this peer, encrypted or not. It keeps its place among the connections
    /// we may have until the last that came of it has ended, be it a tunnel. Without a place it is
    /// not bounded.
    #[must_use]
    pub fn new(
        peer: SocketAddr,
        trusted: &[IpNet],
        tls: Option<TlsVersion>,
        telemetry: Arc<Telemetry>,
        place: Option<Place>,
    ) -> Arc<Self> {
        telemetry.metrics.connections.up();
        let bounds = place.as_ref().map(|place| place.bounds);
        Arc::new(Self {
            forwarder: Forwarder::new(peer, tls.is_some(), trusted),
            bounds: bounds.unwrap_or_default(),
            in_flight: AtomicUsize::new(0),
            served: AtomicU64::new(0),
            reading_head: AtomicBool::new(false),
            idle_since: Mutex::new(Instant::now()),
            unread: AtomicBool::new(false),
            multiplexed: AtomicBool::new(false),
            reset: AtomicBool::new(false),
            unsent: AtomicBool::new(false),
            unsent_since: Mutex::new(None),
            closing: AtomicBool::new(false),
            local: OnceLock::new(),
            tls,
            turn: AtomicU8::new(0),
            telemetry,
            _place: place,
        })
    }

    /// The peer's address.
    #[must_use]
    pub fn client(&self) -> IpAddr {
        self.forwarder.address()
    }

    /// Where the client connected to, if anybody needs to know.
    #[must_use]
    pub fn local(&self) -> Option<SocketAddr> {
        self.local.get().copied()
    }

    /// Notes where the client connected to.
    pub fn reached_at(&self, local: SocketAddr) {
        self.local.get_or_init(|| local);
    }

    /// What is told to origins about it.
    #[must_use]
    pub fn forwarder(&self) -> &Forwarder {
        &self.forwarder
    }

    /// What it is encrypted with; `None`: it is not.
    #[must_use]
    pub const fn tls(&self) -> Option<TlsVersion> {
        self.tls
    }

    /// Whether no request is being answered.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.in_flight.load(Relaxed) == 0
    }

    /// What its requests may take.
    #[must_use]
    pub const fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Whether it has had all the requests it may have.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.served.load(Relaxed) >= self.bounds.requests
    }

    /// What the stream that is being polled does.
    pub fn turn(&self, turn: Turn) {
        let turn = match turn {
            Turn::Still => 0,
            Turn::WentOn => 1,
            Turn::WaitsForUs => 2,
        };
        self.turn.store(turn, Relaxed);
    }

    /// What the stream that was polled last did.
    #[must_use]
    pub fn last_turn(&self) -> Turn {
        match self.turn.load(Relaxed) {
            0 => Turn::Still,
            1 => Turn::WentOn,
            _ => Turn::WaitsForUs,
        }
    }

    /// It speaks HTTP/2, where bytes need not be the beginning of a request.
    pub fn is_multiplexed(&self) {
        self.multiplexed.store(true, Relaxed);
    }

    /// Bytes came from the client. Says what they are.
    pub fn bytes_came(&self) -> Came {
        if self.in_flight.load(Relaxed) > 0 || self.multiplexed.load(Relaxed) {
            Came::Other
        } else if self.reading_head.load(Relaxed) {
            Came::MoreOfHead
        } else {
            self.reading_head.store(true, Relaxed);
            Came::BeginOfHead
        }
    }

    /// What it is waiting for now.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        if self.in_flight.load(Relaxed) > 0 {
            Waiting::Answer
        } else if self.is_closing() {
            Waiting::Close
        } else if self.reading_head.load(Relaxed) || self.served.load(Relaxed) == 0 {
            Waiting::Head
        } else {
            let since = *self
                .idle_since
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            Waiting::NextRequest(since)
        }
    }

    /// An answer goes out although the request has not been read to its end.
    pub fn leaves_request_unread(&self) {
        self.unread.store(true, Relaxed);
    }

    /// Whether the connection has to be closed with care for what the client may still be sending.
    #[must_use]
    pub fn has_unread_request(&self) -> bool {
        self.unread.load(Relaxed)
    }

    /// A response broke off whose end only the end of the connection marks.
    pub fn must_be_reset(&self) {
        self.reset.store(true, Relaxed);
    }

    /// Whether a clean close would pass a broken response off as a whole one.
    #[must_use]
    pub fn needs_reset(&self) -> bool {
        self.reset.load(Relaxed)
    }

    /// The client takes what is written, or does not at the moment.
    pub fn write_waits(&self, waits: bool) {
        if waits {
            let mut since = self.unsent_since();
            if !self.unsent.swap(true, Relaxed) || since.is_none() {
                *since = Some(Instant::now());
            }
        } else if self.unsent.load(Relaxed) {
            self.unsent.store(false, Relaxed);
            *self.unsent_since() = None;
        }
    }

    /// Since when the client has taken nothing of what is to be written; `None` if nothing waits.
    #[must_use]
    pub fn stalled_since(&self) -> Option<Instant> {
        if self.unsent.load(Relaxed) {
            *self.unsent_since()
        } else {
            None
        }
    }

    fn unsent_since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.unsent_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Our side is being closed: nothing that still comes is a request.
    pub fn closes(&self) {
        self.closing.store(true, Relaxed);
    }

    /// Whether our side is being closed.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.closing.load(Relaxed)
    }

    pub(super) fn request_began(&self) {
        self.in_flight.fetch_add(1, Relaxed);
        self.reading_head.store(false, Relaxed);
        // Requests of one connection begin one after the other.
        self.served.store(self.served.load(Relaxed) + 1, Relaxed);
        self.telemetry.metrics.in_flight.up();
    }

    pub(super) fn request_ended(&self, now: Instant) {
        self.in_flight.fetch_sub(1, Relaxed);
        *self
            .idle_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = now;
        self.telemetry.metrics.in_flight.down();
    }
}

impl Drop for ConnectionState {
    fn drop(&mut self) {
        self.telemetry.metrics.connections.down();
    }
}
