//! The health of an upstream as a whole: what its endpoints share, and who is told when none of
//! them is left, or one is back.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use tokio::{sync::Notify, time::Instant};

use super::{
    breaker::{Change, Rules},
    endpoint::{Admission, Endpoint},
    hold::Hold,
};
use crate::failure::UpstreamFailure;

/// What was found out beside the requests of clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    /// No endpoint is left; the last one for this cause.
    Gone(UpstreamFailure),
    /// An endpoint is there.
    Back,
}

type Endpoints = dyn Fn() -> Vec<Arc<Endpoint>> + Send + Sync;
type Observer = dyn Fn(Sighting) + Send + Sync;

/// Shared by the endpoints of one upstream.
pub(super) struct Health {
    pub(super) rules: Rules,
    /// As people know the upstream.
    pub(super) upstream: String,
    /// Those who wait for an endpoint; `None`: nobody does.
    pub(super) hold: Option<Hold>,
    endpoints: OnceLock<Box<Endpoints>>,
    observer: OnceLock<Box<Observer>>,
    /// Told when an endpoint is out, for the prober.
    pub(super) ejected: Notify,
    pub(super) counts: Arc<HealthCounts>,
}

/// What has happened since the site has an upstream, whatever was reloaded meanwhile.
#[derive(Debug, Default)]
pub struct HealthCounts {
    /// Times an endpoint was ejected.
    pub ejections: AtomicU64,
    /// Probes that passed.
    pub probes_passed: AtomicU64,
    /// Probes that failed.
    pub probes_failed: AtomicU64,
    /// Requests that were held until the origin returned, or long enough.
    pub requests_held: AtomicU64,
    /// Requests that found no room at once.
    pub requests_queued: AtomicU64,
    /// Attempts that were not repeated because the budget had no more to give.
    pub retries_denied: AtomicU64,
}

impl Health {
    /// Counting goes on where `before` has come to.
    pub(super) fn new(
        rules: Rules,
        upstream: String,
        hold: Option<Hold>,
        before: Option<&Self>,
    ) -> Arc<Self> {
        Arc::new(Self {
            rules,
            upstream,
            hold,
            endpoints: OnceLock::new(),
            observer: OnceLock::new(),
            ejected: Notify::new(),
            counts: before.map_or_else(Arc::default, |before| Arc::clone(&before.counts)),
        })
    }

    /// The endpoints there are now.
    pub(super) fn endpoints(&self) -> Vec<Arc<Endpoint>> {
        self.endpoints.get().map_or_else(Vec::new, |known| known())
    }

    /// Whether an endpoint other than this one may be picked.
    pub(super) fn has_other(&self, endpoint: &Endpoint, now: Instant) -> bool {
        self.endpoints()
            .iter()
            .filter(|other| other.address() != endpoint.address())
            .any(|other| other.is_eligible(now))
    }

    /// Says where the endpoints are found. They hold this, so `known` must not hold them.
    pub(super) fn attach(&self, known: impl Fn() -> Vec<Arc<Endpoint>> + Send + Sync + 'static) {
        // Set once, where the upstream is built.
        drop(self.endpoints.set(Box::new(known)));
    }

    /// Says who is told.
    pub(super) fn observe(&self, observer: impl Fn(Sighting) + Send + Sync + 'static) {
        drop(self.observer.set(Box::new(observer)));
    }

    /// Requests that wait are told, too: an outage that probes have found is as old as that for
    /// them, and one that probes see the end of is over.
    pub(super) fn tell(&self, sighting: Sighting, now: Instant) {
        match (&self.hold, sighting) {
            (Some(hold), Sighting::Gone(_)) => drop(hold.failed(now)),
            (Some(hold), Sighting::Back) => hold.returned(now),
            (None, _) => {}
        }
        if let Some(observer) = self.observer.get() {
            observer(sighting);
        }
    }

    /// An endpoint has gone, or returned.
    pub(super) fn changed(&self, endpoint: &Endpoint, change: Change, now: Instant) {
        let (upstream, address) = (&self.upstream, endpoint.address());
        let has_other = self.has_other(endpoint, now);
        match change {
            Change::Opened => {
                self.counts.ejections.fetch_add(1, Relaxed);
                self.ejected.notify_one();
                let cause = endpoint.last_cause().unwrap_or(UpstreamFailure::NoEndpoint);
                if has_other {
                    let label = cause.label();
                    tracing::warn!(upstream, endpoint = %address, cause = label, "endpoint ejected; others serve");
                } else {
                    self.tell(Sighting::Gone(cause), now);
                }
            }
            Change::Closed => {
                if has_other {
                    tracing::info!(upstream, endpoint = %address, "endpoint returns");
                }
                self.tell(Sighting::Back, now);
            }
        }
    }
}

/// Why none of these can be picked, if that is known of any. What the application said of itself
/// does not count: it was not said to this request.
pub(super) fn known_cause<'e>(
    endpoints: impl Iterator<Item = &'e Arc<Endpoint>>,
    now: Instant,
) -> Option<UpstreamFailure> {
    endpoints
        .filter(|endpoint| !endpoint.is_eligible(now))
        .filter_map(|endpoint| endpoint.last_cause())
        .find(|cause| !matches!(cause, UpstreamFailure::Status(_)))
}

/// Whether requests may be sent without further ado.
pub(super) const fn is_eligible(admission: Admission) -> bool {
    match admission {
        Admission::Full | Admission::Ramp(_) => true,
        Admission::Trial | Admission::Ejected => false,
    }
}
