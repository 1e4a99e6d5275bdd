//! One address of an upstream: its connections, and how many requests use it.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{
    connect::Connector, exchange::Connection, expect::BarrierGuard, load::Load, pool::Pool,
    target::Target,
};
use crate::{
    failure::{AttemptError, Failure, Sent, UpstreamFailure},
    tasks::{Tasks, WorkerId},
};

/// Whether an endpoint may be picked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Admission {
    /// Like any other.
    Full,
    /// It has come back a moment ago and gets this share, above 0 and below 1, of what it would.
    Ramp(f64),
    /// It is out, and one safe request may see whether it still is.
    Trial,
    /// It is out.
    Ejected,
}

/// How an attempt on an endpoint ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A response head that is no failure, this long after the request was sent.
    Answered(Duration),
    /// It failed; listed statuses of the application included.
    Failed(Failure),
}

/// One address.
pub(crate) struct Endpoint {
    target: Arc<Target>,
    address: SocketAddr,
    load: Arc<Load>,
    pool: Pool,
    in_flight: AtomicUsize,
    tasks: Tasks,
    between_bytes: Duration,
}

impl Endpoint {
    /// What is known of the same address before a reload stays known.
    pub(super) fn new(
        target: Arc<Target>,
        address: SocketAddr,
        pool: Pool,
        (tasks, between_bytes): (Tasks, Duration),
        before: Option<&Self>,
    ) -> Arc<Self> {
        let load = before.map_or_else(
            || Arc::new(Load::new(Instant::now())),
            |before| Arc::clone(&before.load),
        );
        Arc::new(Self {
            target,
            address,
            load,
            pool,
            in_flight: AtomicUsize::new(0),
            tasks,
            between_bytes,
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The entry of `upstream` that it comes from.
    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// Whether it may be picked now.
    pub(super) fn admission(&self, _now: Instant) -> Admission {
        Admission::Full
    }

    /// How fast it is.
    pub(super) fn load(&self) -> &Load {
        &self.load
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Relaxed)
    }

    /// A lease for the one request that may see whether it still is out; `None` when another has it.
    pub(super) fn trial(self: &Arc<Self>) -> Option<Lease> {
        Some(self.lease())
    }

    /// Counts one more request on this endpoint.
    pub(super) fn lease(self: &Arc<Self>) -> Lease {
        self.in_flight.fetch_add(1, Relaxed);
        Lease {
            endpoint: Arc::clone(self),
            rival: None,
            held: None,
        }
    }

    /// A new connection, if there is a place for one.
    pub(super) async fn connect(
        &self,
        connector: &Connector,
        limit: Option<Duration>,
    ) -> Result<Connection, AttemptError> {
        let Some(place) = self.pool.reserve() else {
            let cause = UpstreamFailure::PoolFull.into();
            return Err(AttemptError {
                cause,
                sent: Sent::No,
                source: None,
            });
        };
        connector
            .connect(&self.target, self.address, place, limit)
            .await
    }
}

/// One use of an endpoint. Ends with the response body, not with its head.
pub(crate) struct Lease {
    endpoint: Arc<Endpoint>,
    /// The other kind of address, for when this one is slow to connect to.
    rival: Option<Arc<Endpoint>>,
    held: Option<Held>,
}

/// What a lease keeps until the response has ended.
struct Held {
    worker: WorkerId,
    connection: Connection,
    _barrier: BarrierGuard,
}

impl Lease {
    pub(super) fn address(&self) -> SocketAddr {
        self.endpoint.address
    }

    pub(super) const fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }

    /// With the endpoint of the other kind of address.
    pub(super) fn against(mut self, rival: Option<Arc<Endpoint>>) -> Self {
        self.rival = rival;
        self
    }

    /// Says how the attempt ended. A lease that is dropped without it was cancelled, which says
    /// nothing about the endpoint.
    pub(super) fn settle(&self, outcome: Outcome, now: Instant) {
        self.endpoint.load.observe(outcome, now);
    }

    /// A connection: an idle one unless a fresh one is asked for, else a new one. That may be one to
    /// the rival; then this is a lease of the rival.
    pub(super) async fn checkout(
        &mut self,
        worker: WorkerId,
        connector: &Connector,
        limit: Option<Duration>,
        fresh: bool,
    ) -> Result<Connection, AttemptError> {
        let pool = &self.endpoint.pool;
        if !fresh && let Some(connection) = pool.take(worker) {
            return Ok(connection);
        }
        // Boxed, as all that is rare: the future of every request would have room for it.
        match self.rival.take() {
            None => Box::pin(self.endpoint.connect(connector, limit)).await,
            Some(rival) => Box::pin(self.race(rival, connector, limit)).await,
        }
    }

    /// Another lease of the same endpoint, for what goes on beside the response.
    pub(super) fn again(&self) -> Self {
        self.endpoint.lease()
    }

    /// Keeps the connection as long as the lease lasts.
    pub(super) fn hold(&mut self, worker: WorkerId, connection: Connection, barrier: BarrierGuard) {
        self.held = Some(Held {
            worker,
            connection,
            _barrier: barrier,
        });
    }

    /// The exchange is over in good order: the connection may serve another. A lease that is only
    /// dropped closes its connection.
    pub(super) fn finish(mut self) {
        let Some(held) = self.held.take() else { return };
        let Held {
            worker, connection, ..
        } = held;
        if connection.is_ready() {
            self.endpoint.pool.put(worker, connection);
        } else if !connection.is_closed() {
            // The client still sends its request although the answer is complete.
            let endpoint = Arc::clone(&self.endpoint);
            self.endpoint.tasks.spawn(async move {
                if let Some(connection) = connection.settled(endpoint.between_bytes).await {
                    endpoint.pool.put(worker, connection);
                }
            });
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.endpoint.in_flight.fetch_sub(1, Relaxed);
    }
}
