//! When which endpoint of an upstream is probed. Runs on the control thread, ends with the upstream.
//!
//! It sleeps until the next probe is due. A healthy endpoint that answers requests is not probed:
//! they say more, and busy sites pay nothing.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use futures_util::{
    future::BoxFuture,
    stream::{FuturesUnordered, StreamExt},
};
use tokio::time::{Instant, sleep_until};

use super::{
    connect::Connector,
    endpoint::Endpoint,
    health::{Health, Sighting},
    probe::{Probed, pause, probe},
};
use crate::config::spec::ProbeSpec;

/// How often it looks whether there are other endpoints, when no probe is due before.
const LOOK: Duration = Duration::from_secs(5);
/// The same while there is none at all, because the name is not known yet.
const LOOK_SOON: Duration = Duration::from_secs(1);
/// The first probes of several endpoints are at most so far apart.
const APART: Duration = Duration::from_millis(50);
/// How much earlier or later a regular probe comes, as a share of the interval, so that those of
/// many upstreams do not stay together.
const SPREAD: f64 = 0.1;

/// Probes the endpoints of one upstream.
pub(super) struct Prober {
    pub(super) spec: ProbeSpec,
    pub(super) connector: Connector,
    pub(super) health: Arc<Health>,
}

/// When endpoints are due; `None` while a probe runs.
type Plan = BTreeMap<SocketAddr, Option<Instant>>;

type Running = FuturesUnordered<BoxFuture<'static, (Arc<Endpoint>, Probed)>>;

impl Prober {
    /// Goes on for ever.
    pub(super) async fn run(self) {
        let this = Arc::new(self);
        let (mut plan, mut running) = (Plan::new(), Running::new());
        loop {
            let next = this.start_due(&mut plan, &running);
            tokio::select! {
                Some((endpoint, probed)) = running.next(), if !running.is_empty() => {
                    this.ended(&mut plan, &endpoint, probed);
                }
                () = this.health.ejected.notified() => this.hurry(&mut plan),
                () = sleep_until(next) => {}
            }
        }
    }

    /// Starts what is due, and says when something will be.
    fn start_due(self: &Arc<Self>, plan: &mut Plan, running: &Running) -> Instant {
        let (now, endpoints) = (Instant::now(), self.health.endpoints());
        plan.retain(|address, _| endpoints.iter().any(|known| known.address() == *address));
        let mut first = now;
        for endpoint in &endpoints {
            let due = plan.entry(endpoint.address()).or_insert_with(|| {
                let due = first;
                first += APART.min(self.spec.interval);
                Some(due)
            });
            if due.is_none_or(|due| due > now) {
                continue;
            }
            if self.is_superfluous(endpoint, now) {
                *due = Some(now + self.pause(endpoint, now));
                continue;
            }
            *due = None;
            let (this, endpoint) = (Arc::clone(self), Arc::clone(endpoint));
            running.push(Box::pin(async move {
                let (target, address) = (endpoint.target(), endpoint.address());
                let probed = probe(&this.spec, &this.connector, target, address).await;
                (endpoint, probed)
            }));
        }
        let look = if endpoints.is_empty() {
            LOOK_SOON
        } else {
            LOOK
        };
        let due = plan.values().flatten().min().copied();
        due.map_or(now + look, |due| due.min(now + look))
    }

    fn is_superfluous(&self, endpoint: &Endpoint, now: Instant) -> bool {
        let state = endpoint.state();
        // Asked first: it notes how far requests have come.
        let is_busy = state.is_busy(now, self.spec.interval);
        is_busy && state.out_for(now).is_none() && state.failed_probes() == 0
    }

    fn ended(&self, plan: &mut Plan, endpoint: &Arc<Endpoint>, probed: Probed) {
        let now = Instant::now();
        if let Some(result) = probed {
            endpoint.probed(&self.spec, result, now);
        }
        if let Some(due) = plan.get_mut(&endpoint.address()) {
            *due = Some(now + self.pause(endpoint, now));
        }
    }

    /// An endpoint is out: those that are, are probed soon, whatever was planned.
    fn hurry(&self, plan: &mut Plan) {
        let now = Instant::now();
        for endpoint in self.health.endpoints() {
            let state = endpoint.state();
            if let (Some(Some(due)), Some(out_for)) =
                (plan.get_mut(&endpoint.address()), state.out_for(now))
            {
                *due = (*due).min(now + pause(&self.spec, Some(out_for), state.failed_probes()));
            }
        }
    }

    fn pause(&self, endpoint: &Endpoint, now: Instant) -> Duration {
        let state = endpoint.state();
        let pause = pause(&self.spec, state.out_for(now), state.failed_probes());
        pause.mul_f64(1.0 + SPREAD * (2.0 * fastrand::f64() - 1.0))
    }
}

impl Endpoint {
    /// A probe has ended.
    pub(super) fn probed(
        self: &Arc<Self>,
        spec: &ProbeSpec,
        result: Result<(), super::probe::ProbeFailure>,
        now: Instant,
    ) {
        let health = self.health();
        let counts = &health.counts;
        let count = if result.is_ok() {
            &counts.probes_passed
        } else {
            &counts.probes_failed
        };
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let verdict = self.state().probed((&health.rules, spec), now, result);
        if verdict.is_belied {
            tracing::warn!(
                upstream = health.upstream,
                endpoint = %self.address(),
                path = spec.path,
                reason = result.err().map(super::probe::ProbeFailure::label),
                "the probe fails but requests succeed; check health.path"
            );
        }
        match verdict.change {
            Some(change) => health.changed(self, change, now),
            None if result.is_ok() && self.is_eligible(now) => health.tell(Sighting::Back, now),
            None => {}
        }
    }
}
