//! Bytes out: a site's upstream, its endpoints and the connections to them.
//!
//! Step 8 of the request's way. [`forward`] is the attempt loop; the files beside it are its
//! steps: outbound (the request as the origin gets it) → endpoints, which [`resolve`] keeps fresh
//! → balancer → endpoint and pool, or connect → exchange, which keeps the clocks with the help of
//! wire → retry when it failed, accept when it did not, and then body or upgrade.

mod accept;
mod adaptive;
mod balancer;
pub(crate) mod body;
mod breaker;
mod budget;
mod connect;
mod course;
mod driver;
mod endpoint;
mod endpoint_state;
mod endpoints;
mod exchange;
mod expect;
mod eyeballs;
pub mod fetch;
pub mod forward;
mod hash;
mod health;
mod hold;
mod known;
mod load;
mod order;
mod outbound;
mod outlast;
mod pace;
mod permit;
mod pool;
mod probe;
mod prober;
mod queue;
pub(crate) mod request_body;
pub mod resolve;
mod retry;
mod set;
mod sticky;
mod target;
#[cfg(test)]
mod tests;
mod upgrade;
pub mod view;
pub(crate) mod wire;

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use body::{OriginBody, OriginBodyError};
pub use connect::ConnectorError;
pub use health::{HealthCounts, Sighting};

use self::{
    breaker::Rules,
    budget::Budget,
    connect::Connector,
    endpoint::{Common, Endpoint},
    endpoints::Endpoints,
    health::Health,
    hold::Hold,
    permit::Limits,
    pool::Pool,
    prober::Prober,
    resolve::Names,
    target::Target,
};
use crate::{
    config::spec::{TargetSpec, UpstreamSpec},
    tasks::Tasks,
};

/// How often idle connections are looked through.
const SWEEP: Duration = Duration::from_secs(5);

/// One site's upstream. Kept over a reload when its spec is equal.
pub struct Upstream {
    spec: UpstreamSpec,
    endpoints: Arc<Endpoints>,
    health: Arc<Health>,
    connector: Connector,
    budget: Budget,
    limits: Option<Arc<Limits>>,
    tasks: Tasks,
    /// Ends what runs beside the requests.
    _ended: DropGuard,
}

/// What an upstream shares with the others of its process.
#[derive(Clone)]
pub struct Surroundings {
    /// Looks names up.
    pub names: Names,
    /// Runs what outlives a request.
    pub tasks: Tasks,
    /// How many workers there are.
    pub workers: usize,
}

/// Connections of an upstream at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Connections {
    /// Waiting for a request.
    pub idle: usize,
    /// In use.
    pub active: usize,
}

impl Upstream {
    /// Builds one from its spec. What `previous` knows of the same names and addresses is kept.
    ///
    /// # Errors
    /// When TLS cannot be set up as asked.
    pub fn new(
        spec: &UpstreamSpec,
        previous: Option<&Self>,
        around: &Surroundings,
    ) -> Result<Self, ConnectorError> {
        let connector = Connector::new(spec)?;
        let target = |one: &TargetSpec| Target::new(one, spec.scheme).map(Arc::new);
        let targets: Result<Vec<_>, _> = spec.targets.iter().map(target).collect();
        let targets = targets.map_err(ConnectorError::Name)?;
        let (limit, idle_timeout) = (spec.limits.connections.get(), spec.limits.idle_timeout);
        let workers = around.workers;
        let rules = Rules {
            breaker: spec.breaker,
            is_probed: spec.health.probe.is_some(),
        };
        let waited = previous.and_then(|previous| previous.health.hold.as_ref());
        let hold = spec.hold.map(|spec| Hold::new(spec, waited));
        let health = Health::new(rules, spec.to_string(), hold);
        let common = Arc::new(Common {
            tasks: around.tasks.clone(),
            between_bytes: spec.timeouts.between_bytes,
            health: Arc::clone(&health),
        });
        let make = move |target: &Arc<Target>, address, before: Option<&Endpoint>| {
            let pool = Pool::new(workers, limit, idle_timeout);
            let (target, common) = (Arc::clone(target), Arc::clone(&common));
            Endpoint::new(target, address, pool, common, before)
        };
        // SRV takes two look-ups, one after the other.
        let patience = 3 * around.names.timeout();
        let before = previous.map(|previous| &*previous.endpoints);
        let endpoints = Endpoints::new(targets, patience, before, Box::new(make));
        let known = Arc::downgrade(&endpoints);
        health.attach(move || {
            known
                .upgrade()
                .map_or_else(Vec::new, |endpoints| endpoints.known())
        });
        let ended = CancellationToken::new();
        sweep(&around.tasks, Arc::clone(&endpoints), ended.clone());
        refresh(around, &endpoints, &ended);
        if let Some(probe) = &spec.health.probe {
            let prober = Prober {
                spec: probe.clone(),
                connector: connector.clone(),
                health: Arc::clone(&health),
            };
            let ended = ended.clone();
            around.tasks.spawn_on_control(async move {
                ended.run_until_cancelled(prober.run()).await;
            });
        }
        Ok(Self {
            spec: spec.clone(),
            endpoints,
            health,
            budget: Budget::new(&spec.retry, Instant::now()),
            limits: Limits::new(&spec.limits),
            connector,
            tasks: around.tasks.clone(),
            _ended: ended.drop_guard(),
        })
    }

    /// What it was built from.
    #[must_use]
    pub fn spec(&self) -> &UpstreamSpec {
        &self.spec
    }

    /// Reads the rest of a response that is not wanted, so that its connection can be used again.
    pub(crate) fn discard(&self, body: OriginBody) {
        self.tasks.spawn(body.discard());
    }

    /// Has somebody told when no endpoint is left, and when one is back. Once.
    pub fn observe(&self, observer: impl Fn(Sighting) + Send + Sync + 'static) {
        self.health.observe(observer);
    }

    /// Its connections now.
    #[must_use]
    pub fn connections(&self) -> Connections {
        let count = |sum: Connections, endpoint: &Arc<Endpoint>| {
            let idle = endpoint.pool().idle();
            let active = endpoint.pool().open().saturating_sub(idle);
            Connections {
                idle: sum.idle + idle,
                active: sum.active + active,
            }
        };
        self.endpoints
            .known()
            .iter()
            .fold(Connections::default(), count)
    }
}

/// Closes idle connections in time. Ends with the upstream, because it does not own it.
fn sweep(tasks: &Tasks, endpoints: Arc<Endpoints>, ended: CancellationToken) {
    tasks.spawn_on_control(async move {
        while ended
            .run_until_cancelled(tokio::time::sleep(SWEEP))
            .await
            .is_some()
        {
            for endpoint in endpoints.known().iter() {
                let now = Instant::now();
                endpoint.pool().sweep(now);
                endpoint.state().tick(now);
            }
        }
    });
}

/// Keeps the answers of name servers fresh. Ends with the upstream, as [`sweep`] does.
fn refresh(around: &Surroundings, endpoints: &Arc<Endpoints>, ended: &CancellationToken) {
    for at in endpoints.names() {
        let fresh = Arc::clone(endpoints).keep_fresh(at, around.names.clone());
        let ended = ended.clone();
        around.tasks.spawn_on_control(async move {
            let _ = ended.run_until_cancelled(fresh).await;
        });
    }
}
