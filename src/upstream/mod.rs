//! Bytes out: a site's upstream, its endpoints and the connections to them.
//!
//! Step 8 of the request's way. [`forward`] is the attempt loop; the files beside it are its
//! steps: outbound (the request as the origin gets it) → endpoints, which [`resolve`] keeps fresh
//! → balancer → endpoint and pool, or connect → link, which is an exchange over HTTP/1.1 or a stream
//! over HTTP/2 and keeps the clocks with the help of wire → retry when it failed, accept when it did
//! not, and then body or upgrade.

mod accept;
mod adaptive;
mod announce;
mod ask;
mod balancer;
pub(crate) mod body;
mod breaker;
mod budget;
mod clocks;
mod connect;
mod course;
mod driver;
mod encryption;
mod endpoint;
mod endpoint_state;
mod endpoints;
mod exchange;
mod expect;
mod eyeballs;
pub mod fetch;
pub mod forward;
mod gone;
mod hash;
mod health;
mod hold;
mod http2;
mod inbound;
mod known;
mod link;
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
mod ways;
pub(crate) mod wire;

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use body::{OriginBody, OriginBodyError};
pub use encryption::ConnectorError;
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
    prober::Prober,
    resolve::Names,
    target::Target,
    ways::Ways,
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
    budget: Arc<Budget>,
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
        let connector = Connector::new(spec, &around.tasks);
        let target = |one: &TargetSpec| Target::new(one, spec.scheme, &spec.ca).map(Arc::new);
        let targets = spec.targets.iter().map(target).collect::<Result<_, _>>()?;
        let workers = around.workers;
        let rules = Rules {
            breaker: spec.breaker,
            is_probed: spec.health.probe.is_some(),
        };
        let waited = previous.and_then(|previous| previous.health.hold.as_ref());
        let hold = spec.hold.map(|spec| Hold::new(spec, waited));
        let before = previous.map(|previous| &*previous.health);
        let health = Health::new(rules, spec.to_string(), hold, before);
        let common = Arc::new(Common {
            tasks: around.tasks.clone(),
            between_bytes: spec.timeouts.between_bytes,
            health: Arc::clone(&health),
        });
        let limits = spec.limits.clone();
        let make = move |target: &Arc<Target>, address, before: Option<&Endpoint>| {
            let ways = Ways::new(workers, &limits, target.spec.http2);
            let (target, common) = (Arc::clone(target), Arc::clone(&common));
            Endpoint::new(target, address, ways, common, before)
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
            budget: kept_budget(spec, previous),
            limits: kept_limits(spec, previous),
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
            let idle = endpoint.ways().idle();
            let active = endpoint.ways().in_all().saturating_sub(idle);
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

/// What has been repeated is not forgotten by a reload that does not speak of it.
fn kept_budget(spec: &UpstreamSpec, previous: Option<&Upstream>) -> Arc<Budget> {
    match previous.filter(|previous| previous.spec.retry == spec.retry) {
        Some(previous) => Arc::clone(&previous.budget),
        None => Arc::new(Budget::new(&spec.retry, Instant::now())),
    }
}

/// Nor is what is in flight, or what has been measured.
fn kept_limits(spec: &UpstreamSpec, previous: Option<&Upstream>) -> Option<Arc<Limits>> {
    match previous.filter(|previous| previous.spec.limits == spec.limits) {
        Some(previous) => previous.limits.clone(),
        None => Limits::new(&spec.limits),
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
                endpoint.ways().sweep(now);
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
