//! One address of an upstream: its connections, how many requests use it, and how they fare.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{
            AtomicBool, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{
    breaker::{Change, Use},
    connect::Connector,
    driver::Driver,
    endpoint_state::EndpointState,
    exchange::Connection,
    expect::BarrierGuard,
    health::{self, Health},
    link::Link,
    load::Load,
    permit::Permit,
    target::Target,
    ways::{Wanted, Ways},
};
use crate::{
    failure::{AttemptError, Failure, UpstreamFailure},
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
    ways: Ways,
    in_flight: AtomicUsize,
    /// Requests with a permit for it; counted only where they are limited.
    permitted: Arc<AtomicUsize>,
    common: Arc<Common>,
    state: Arc<EndpointState>,
}

/// What the endpoints of an upstream have in common.
pub(super) struct Common {
    pub(super) tasks: Tasks,
    pub(super) between_bytes: Duration,
    pub(super) health: Arc<Health>,
}

impl Endpoint {
    /// What is known of the same address before a reload stays known.
    pub(super) fn new(
        target: Arc<Target>,
        address: SocketAddr,
        ways: Ways,
        common: Arc<Common>,
        before: Option<&Self>,
    ) -> Arc<Self> {
        let (load, state, permitted) = match before {
            Some(before) => (
                Arc::clone(&before.load),
                Arc::clone(&before.state),
                Arc::clone(&before.permitted),
            ),
            None => (
                Arc::new(Load::new(Instant::now())),
                Arc::default(),
                Arc::default(),
            ),
        };
        Arc::new(Self {
            target,
            address,
            load,
            ways,
            in_flight: AtomicUsize::new(0),
            permitted,
            common,
            state,
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
    pub(super) fn admission(&self, now: Instant) -> Admission {
        self.state.admission(&self.health().rules, now)
    }

    /// Whether any request may be sent to it now.
    pub(super) fn is_eligible(&self, now: Instant) -> bool {
        health::is_eligible(self.admission(now))
    }

    /// Whether it may be picked now, and why it failed last.
    pub(super) fn standing(&self, now: Instant) -> (Admission, Option<UpstreamFailure>) {
        self.state.standing(&self.health().rules, now)
    }

    /// Why it failed last.
    pub(super) fn last_cause(&self) -> Option<UpstreamFailure> {
        self.state.last_cause()
    }

    pub(super) fn health(&self) -> &Health {
        &self.common.health
    }

    pub(super) fn state(&self) -> &Arc<EndpointState> {
        &self.state
    }

    /// How fast it is.
    pub(super) fn load(&self) -> &Load {
        &self.load
    }

    pub(super) fn ways(&self) -> &Ways {
        &self.ways
    }

    /// A new connection, or a place on one that others open.
    pub(super) async fn connect(
        &self,
        connector: &Connector,
        wanted: Wanted,
        limit: Option<Duration>,
    ) -> Result<Link, AttemptError> {
        let to = (&*self.target, self.address);
        self.ways.connect(connector, to, wanted, limit).await
    }

    /// Keeps a connection for the next request, if it may be anybody's.
    fn keep(&self, worker: WorkerId, connection: Connection) {
        if !self.target.spec.proxy_protocol {
            self.ways.put(worker, connection);
        }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Relaxed)
    }

    /// Takes one of so many places. `false` when there is none.
    pub(super) fn take_place(&self, limit: usize) -> bool {
        let taken = self.permitted.fetch_update(SeqCst, SeqCst, |permitted| {
            (permitted < limit).then_some(permitted + 1)
        });
        taken.is_ok()
    }

    /// Gives a place back.
    pub(super) fn give_place(&self) {
        self.permitted.fetch_sub(1, SeqCst);
    }

    /// Counts one more request on this endpoint.
    pub(super) fn lease(self: &Arc<Self>) -> Lease {
        self.in_flight.fetch_add(1, Relaxed);
        Lease {
            endpoint: Arc::clone(self),
            rival: None,
            held: None,
            is_trial: AtomicBool::new(false),
            openings: self.state.openings(),
            permit: None,
        }
    }

    /// A lease for the one request that sees whether this endpoint is still out; `None` when
    /// another one has it.
    pub(super) fn trial(self: &Arc<Self>, now: Instant) -> Option<Lease> {
        let is_free = self.state.begin_trial(&self.health().rules, now);
        is_free.then(|| {
            let mut lease = self.lease();
            lease.is_trial = AtomicBool::new(true);
            lease
        })
    }

    /// An attempt failed.
    fn failed(
        &self,
        failure: Failure,
        used: Use,
        (now, openings): (Instant, u32),
    ) -> Option<Change> {
        let weight = match failure {
            Failure::Upstream(cause) => cause.weight().map(|weight| (cause, weight)),
            Failure::Maintenance(_)
            | Failure::Overloaded
            | Failure::RateLimited(_)
            | Failure::TooLarge
            | Failure::Internal => None,
        };
        let Some((cause, weight)) = weight else {
            if used == Use::Trial {
                self.state.cancel_trial();
            }
            return None;
        };
        if matches!(cause, UpstreamFailure::Status(_)) && !self.health().has_other(self, now) {
            return self.state.complained(now, cause, used);
        }
        let rules = &self.health().rules;
        self.state
            .failed(rules, (now, openings), (cause, weight, used))
    }
}

/// One use of an endpoint. Ends with the response body, not with its head.
pub(crate) struct Lease {
    endpoint: Arc<Endpoint>,
    /// The other kind of address, for when this one is slow to connect to.
    rival: Option<Arc<Endpoint>>,
    held: Option<Held>,
    /// Until it is settled.
    is_trial: AtomicBool,
    /// Of the endpoint when the lease began.
    openings: u32,
    permit: Option<Permit>,
}

/// What a lease keeps until the response has ended.
struct Held {
    worker: WorkerId,
    link: Link,
    _barrier: BarrierGuard,
}

impl Lease {
    pub(super) fn address(&self) -> SocketAddr {
        self.endpoint.address
    }

    /// Moves a permit to this endpoint. `false` when the endpoint has all that it may.
    pub(super) fn enter(&self, permit: &mut Permit) -> bool {
        permit.enter(&self.endpoint)
    }

    /// Keeps a permit until the response has ended.
    pub(super) fn keep(&mut self, permit: Permit) {
        self.permit = Some(permit);
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
        let used = if self.is_trial.load(Relaxed) {
            self.is_trial.store(false, Relaxed);
            Use::Trial
        } else {
            Use::Request
        };
        let endpoint = &self.endpoint;
        endpoint.load.observe(outcome, now);
        let change = match outcome {
            Outcome::Answered(_) => endpoint.state.succeeded(now, used),
            Outcome::Failed(failure) => endpoint.failed(failure, used, (now, self.openings)),
        };
        if let Some(change) = change {
            endpoint.health().changed(endpoint, change, now);
        }
    }

    /// A connection that was kept for later.
    pub(super) fn kept(&self, wanted: Wanted, now: Instant) -> Option<Link> {
        self.endpoint.ways.kept(wanted, now)
    }

    /// A new connection. It may be one to the rival; then this is a lease of the rival.
    pub(super) async fn connect(
        &mut self,
        connector: &Connector,
        wanted: Wanted,
        limit: Option<Duration>,
    ) -> Result<Link, AttemptError> {
        // Boxed, as all that is rare: the future of every request would have room for it.
        match self.rival.take() {
            None => Box::pin(self.endpoint.connect(connector, wanted, limit)).await,
            Some(rival) => Box::pin(self.race(rival, connector, wanted, limit)).await,
        }
    }

    /// Another lease of the same endpoint, for what goes on beside the response.
    pub(super) fn again(&self) -> Self {
        self.endpoint.lease()
    }

    /// Keeps the connection as long as the lease lasts.
    pub(super) fn hold(&mut self, worker: WorkerId, link: Link, barrier: BarrierGuard) {
        self.held = Some(Held {
            worker,
            link,
            _barrier: barrier,
        });
    }

    /// Who moves the bytes of the connection it keeps.
    pub(super) fn driver(&mut self) -> Option<&mut Driver> {
        self.held.as_mut().and_then(|held| held.link.driver())
    }

    /// The exchange is over in good order: the connection may serve another. A lease that is only
    /// dropped closes its connection.
    pub(super) fn finish(mut self) {
        let Some(held) = self.held.take() else { return };
        let Held { worker, link, .. } = held;
        let connection = match link {
            Link::Http1(connection) => connection,
            Link::Http2(stream) => return stream.finish(),
        };
        if connection.is_ready() {
            self.endpoint.keep(worker, connection);
        } else if !connection.is_closed() {
            // The client still sends its request although the answer is complete.
            let endpoint = Arc::clone(&self.endpoint);
            self.endpoint.common.tasks.spawn(async move {
                let between_bytes = endpoint.common.between_bytes;
                if let Some(connection) = connection.settled(between_bytes).await {
                    endpoint.keep(worker, connection);
                }
            });
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.endpoint.in_flight.fetch_sub(1, Relaxed);
        if self.is_trial.load(Relaxed) {
            self.endpoint.state.cancel_trial();
        }
    }
}
