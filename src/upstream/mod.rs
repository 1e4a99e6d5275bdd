//! Bytes out: a site's upstream, its endpoints and the connections to them.
//!
//! Step 8 of the request's way. [`forward`] is the attempt loop; the files beside it are its
//! steps: outbound (the request as the origin gets it) → [`resolve`] → balancer → endpoint and
//! pool, or connect → exchange, which keeps the clocks with the help of wire → retry when it
//! failed, accept when it did not, and then body or upgrade.

mod accept;
mod adaptive;
mod balancer;
pub(crate) mod body;
mod budget;
mod connect;
mod course;
mod endpoint;
mod exchange;
mod expect;
pub mod forward;
mod hold;
mod order;
mod outbound;
mod outlast;
mod permit;
mod pool;
mod queue;
pub mod resolve;
mod retry;
mod target;
mod upgrade;
pub(crate) mod wire;

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use body::{OriginBody, OriginBodyError};
pub use connect::ConnectorError;

use self::{
    budget::Budget,
    connect::Connector,
    endpoint::Endpoint,
    hold::Hold,
    permit::Limits,
    pool::Pool,
    resolve::{Endpoints, Names},
    target::Target,
};
use crate::{
    config::spec::{Scheme, UpstreamSpec},
    tasks::Tasks,
};

/// How often idle connections are looked through.
const SWEEP: Duration = Duration::from_secs(5);

/// One site's upstream. Kept over a reload when its spec is equal.
pub struct Upstream {
    spec: UpstreamSpec,
    endpoints: Arc<Endpoints>,
    names: Names,
    connector: Connector,
    budget: Budget,
    hold: Option<Hold>,
    limits: Option<Arc<Limits>>,
    tasks: Tasks,
    _sweep: DropGuard,
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
    /// Builds one from its spec.
    ///
    /// # Errors
    /// When TLS cannot be set up as asked.
    pub fn new(spec: &UpstreamSpec, around: &Surroundings) -> Result<Self, ConnectorError> {
        let (limit, idle_timeout) = (spec.limits.connections.get(), spec.limits.idle_timeout);
        let workers = around.workers;
        let (tasks, between_bytes) = (around.tasks.clone(), spec.timeouts.between_bytes);
        let first = spec.targets.first().ok_or(ConnectorError::Targets)?;
        let target = Target::new(first, spec.scheme).map_err(ConnectorError::Name)?;
        let target = Arc::new(target);
        let make = move |address| {
            let pool = Pool::new(workers, limit, idle_timeout);
            Endpoint::new(
                Arc::clone(&target),
                address,
                pool,
                tasks.clone(),
                between_bytes,
            )
        };
        let default_port = match spec.scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        };
        let endpoints = Endpoints::new(&first.authority, default_port, make);
        let ended = CancellationToken::new();
        sweep(&around.tasks, Arc::clone(&endpoints), ended.clone());
        Ok(Self {
            spec: spec.clone(),
            endpoints,
            names: around.names.clone(),
            connector: Connector::new(spec, around.tasks.clone())?,
            budget: Budget::new(&spec.retry, Instant::now()),
            hold: spec.hold.map(Hold::new),
            limits: Limits::new(&spec.limits),
            tasks: around.tasks.clone(),
            _sweep: ended.drop_guard(),
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
                endpoint.pool().sweep(Instant::now());
            }
        }
    });
}
