//! A site: one set of hosts with its pages and its upstream.

pub mod body;
mod fields;
pub mod handle;
mod legal;
mod maintenance;
mod rate;
mod readmission;
mod redirect;
pub mod refusal;
pub mod router;
mod snapshot;
mod status;

use std::{sync::Arc, time::Duration};

use http::{Response, StatusCode};
use jiff::Timestamp;
use tokio::time::Instant;

pub use self::{
    body::Body,
    handle::{Asked, Identity, Routed},
};
use self::{
    fields::{AnswerFields, By},
    rate::Rate,
    redirect::Redirect,
    snapshot::Keeper,
    status::{Waiting, left},
};
use crate::{
    config::spec::{HostPattern, SiteSpec},
    failure::{FailedWith, Failure, Window, chain},
    message::body::Fixed,
    outage::Outage,
    page::{
        Answer, PageError, Pages,
        retry_after::{retry_after, until_the_end, when_busy},
    },
    tasks::clock::{Clock, WallClock},
    telemetry::{
        failure_log::FailureLog,
        metrics::{Metrics, SiteMetrics},
        outage_id::OutageId,
    },
    upstream::{ConnectorError, Sighting, Surroundings, Upstream},
};

/// A live site. One without an origin refuses all requests: it is for hosts nobody claims.
#[derive(Default)]
pub struct Site {
    origin: Option<Origin>,
}

/// What a configured site has.
struct Origin {
    spec: Arc<SiteSpec>,
    metrics: Arc<SiteMetrics>,
    upstream: Arc<Upstream>,
    /// The upstream as people know it.
    address: String,
    pages: Arc<Pages>,
    snapshot: Option<Keeper>,
    outage: Arc<Outage>,
    waiting: Arc<Waiting>,
    /// Who has had how many requests, where that is limited.
    rate: Option<Arc<Rate>>,
    failures: Arc<FailureLog>,
    redirect: Option<Redirect>,
    answer_fields: Option<AnswerFields>,
}

/// Why a site cannot be built from a valid spec.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// Its pages cannot be rendered.
    #[error("the pages of site \"{site}\" cannot be built")]
    Pages {
        /// The site.
        site: String,
        /// Why.
        #[source]
        source: PageError,
    },
    /// Its upstream cannot be spoken to as configured.
    #[error("the upstream of site \"{site}\" cannot be set up")]
    Upstream {
        /// The site.
        site: String,
        /// Why.
        #[source]
        source: ConnectorError,
    },
}

impl Site {
    /// The pages of a site, those of `previous` if they are the same. Takes no part of the rest of
    /// a site, so that those of many sites may be made side by side.
    ///
    /// # Errors
    /// See [`SiteError`].
    pub fn pages(
        spec: &Arc<SiteSpec>,
        previous: Option<&Arc<Self>>,
        make: impl FnOnce(&Arc<SiteSpec>) -> Result<Pages, PageError>,
    ) -> Result<Arc<Pages>, SiteError> {
        let before = previous.and_then(|previous| previous.origin.as_ref());
        if let Some(before) = before.filter(|before| before.pages.fit(spec)) {
            return Ok(Arc::clone(&before.pages));
        }
        let pages = make(spec).map_err(|source| SiteError::Pages {
            site: spec.name.clone(),
            source,
        })?;
        Ok(Arc::new(pages))
    }

    /// Makes the pages to have before anybody asks, as far as they are not made.
    pub fn make_ready(&self) {
        let Some(origin) = &self.origin else { return };
        if let Err(error) = origin.pages.make_ready() {
            // Which no valid spec causes; clients get plain text.
            let (site, error) = (&origin.spec.name, chain(&error));
            tracing::error!(site, error, "the pages of a site cannot be made");
        }
    }

    /// Builds a site. What is equal in `previous` is kept: connections, outage, what was logged.
    ///
    /// # Errors
    /// See [`SiteError`].
    pub fn new(
        spec: &Arc<SiteSpec>,
        pages: Arc<Pages>,
        previous: Option<&Arc<Self>>,
        around: &Surroundings,
        metrics: &Metrics,
    ) -> Result<Arc<Self>, SiteError> {
        let before = previous.and_then(|previous| previous.origin.as_ref());
        if let Some(same) = previous.filter(|_| before.is_some_and(|before| before.spec == *spec)) {
            if let Some(keeper) = before.and_then(|before| before.snapshot.as_ref()) {
                keeper.refresh();
            }
            return Ok(Arc::clone(same));
        }
        let outage = before.map_or_else(Arc::default, |before| Arc::clone(&before.outage));
        let upstream = match before.filter(|before| *before.upstream.spec() == spec.upstream) {
            Some(before) => Arc::clone(&before.upstream),
            None => watched(spec, before, &outage, around)?,
        };
        let snapshot = Keeper::start(spec, &upstream, &around.tasks);
        let origin = Origin {
            spec: Arc::clone(spec),
            metrics: metrics.site(&spec.name),
            upstream,
            address: spec.upstream.to_string(),
            pages,
            snapshot,
            outage,
            waiting: before.map_or_else(Arc::default, |before| Arc::clone(&before.waiting)),
            rate: rate(spec, before),
            failures: before.map_or_else(Arc::default, |before| Arc::clone(&before.failures)),
            redirect: Redirect::new(&spec.redirect),
            answer_fields: AnswerFields::new(spec),
        };
        Ok(Arc::new(Self {
            origin: Some(origin),
        }))
    }

    /// Its name; empty for the site that refuses.
    #[must_use]
    pub fn name(&self) -> &str {
        self.origin.as_ref().map_or("", |origin| &origin.spec.name)
    }

    /// The hosts it answers for.
    #[must_use]
    pub fn hosts(&self) -> &[HostPattern] {
        self.origin
            .as_ref()
            .map_or(&[], |origin| &origin.spec.hosts)
    }

    /// Its counters.
    #[must_use]
    pub fn metrics(&self) -> Option<&Arc<SiteMetrics>> {
        self.origin.as_ref().map(|origin| &origin.metrics)
    }

    /// Its upstream; `None` for the site that only refuses.
    #[must_use]
    pub fn upstream(&self) -> Option<&Arc<Upstream>> {
        self.origin.as_ref().map(|origin| &origin.upstream)
    }

    /// Its outages; `None` for the site that only refuses.
    #[must_use]
    pub fn outage(&self) -> Option<&Arc<Outage>> {
        self.origin.as_ref().map(|origin| &origin.outage)
    }

    /// Whether it matters here that a client's connection is encrypted.
    #[must_use]
    pub fn minds_encryption(&self) -> bool {
        let origin = self.origin.as_ref();
        origin.is_some_and(|origin| origin.redirect.is_some() || origin.spec.hsts.is_some())
    }

    /// Completes the head of any answer to a request for this site.
    pub fn complete(&self, response: &mut Response<Body>, asked: &Asked) {
        let origin = self.origin.as_ref();
        if let Some(fields) = origin.and_then(|origin| origin.answer_fields.as_ref()) {
            let by = match response.body() {
                Body::Origin(..) => By::Origin,
                Body::Page(_) => By::Us,
            };
            fields.apply(response.headers_mut(), by, asked.is_encrypted);
        }
    }

    /// Our answer in place of the origin's. Touches memory only.
    #[must_use]
    pub fn respond(&self, failed: &FailedWith, asked: &Asked) -> Response<Fixed> {
        let Some(origin) = &self.origin else {
            let mut response = Response::new(Fixed::empty());
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            return response;
        };
        match failed.failure {
            // Nobody is without the origin who is kept from it.
            Failure::Maintenance(_) | Failure::RateLimited(_) | Failure::TooLarge => {}
            Failure::Overloaded => {
                origin.outage.answered();
                origin.waiting.refused(Instant::now());
            }
            Failure::Upstream(_) | Failure::Internal => origin.outage.answered(),
        }
        let now = WallClock.timestamp();
        let proxy_status = &asked.identity.proxy_status;
        let answer = Answer {
            retry_after: origin.retry_after(failed, now),
            request_id: &asked.request_id,
            proxy_status: proxy_status.value(failed.failure, failed.origin_proxy_status.as_ref()),
            host: asked.host.as_ref(),
            now,
            snapshot: origin.snapshot.as_ref().map(|keeper| &**keeper.page()),
        };
        origin.pages.respond(failed, &asked.preferences, &answer)
    }
}

/// The buckets of a site; those it had before if they are as large as then.
fn rate(spec: &SiteSpec, before: Option<&Origin>) -> Option<Arc<Rate>> {
    let wanted = spec.admission.rate.as_ref()?;
    let kept = before.filter(|before| before.spec.admission.rate.as_ref() == Some(wanted));
    kept.and_then(|before| before.rate.clone())
        .or_else(|| Some(Arc::new(Rate::new(wanted))))
}

/// A new upstream, whose probes tell of outages, too.
fn watched(
    spec: &SiteSpec,
    before: Option<&Origin>,
    outage: &Arc<Outage>,
    around: &Surroundings,
) -> Result<Arc<Upstream>, SiteError> {
    let before = before.map(|before| &*before.upstream);
    let upstream = Upstream::new(&spec.upstream, before, around);
    let upstream = upstream.map_err(|source| SiteError::Upstream {
        site: spec.name.clone(),
        source,
    })?;
    outage.describe(&spec.name, &spec.upstream.to_string());
    let outage = Arc::clone(outage);
    upstream.observe(move |sighting| match sighting {
        Sighting::Gone(cause) => outage.gone(cause),
        Sighting::Back => outage.succeeded(),
    });
    Ok(Arc::new(upstream))
}

impl Origin {
    /// How long a client is asked to wait.
    fn retry_after(&self, failed: &FailedWith, now: Timestamp) -> Duration {
        let (spec, age) = (&self.spec.retry_after, self.outage.age());
        match failed.failure {
            Failure::Maintenance(Window { until: Some(until) }) => {
                until_the_end(left(until.at, now), fastrand::f64())
            }
            Failure::Overloaded => when_busy(fastrand::f64()),
            // Rounded up, or the next would come a moment too early.
            Failure::RateLimited(wait) => wait + Duration::from_millis(999),
            Failure::TooLarge
            | Failure::Maintenance(Window { until: None })
            | Failure::Upstream(_)
            | Failure::Internal => {
                retry_after(spec, age, fastrand::f64(), failed.origin_retry_after)
            }
        }
    }

    /// Notes that a request saw the origin fail. Names the outage that this is part of.
    fn observe(&self, failure: Failure) -> Option<OutageId> {
        match failure {
            Failure::Upstream(cause) if cause.blames_endpoint() => self.outage.failed(cause),
            Failure::Upstream(_)
            | Failure::Overloaded
            | Failure::RateLimited(_)
            | Failure::TooLarge
            | Failure::Maintenance(_)
            | Failure::Internal => None,
        }
    }
}
