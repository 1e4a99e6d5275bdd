//! Counters. How they are told to Prometheus stands in [`crate::admin`].
//!
//! Counting is an addition to an atomic that was found when the site was loaded: no label is
//! looked up on the request path. Labels come from the configuration and from fixed lists only,
//! never from what a client sends.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed},
    },
};

use http::{Method, StatusCode};

use super::{
    acme::AcmeMetrics,
    handshakes::Handshakes,
    histogram::Histogram,
    record::{Facts, Outcome},
};
use crate::failure::{Failure, UpstreamFailure};

/// The counters of a process.
#[derive(Debug, Default)]
pub struct Metrics {
    sites: Mutex<BTreeMap<String, Arc<SiteMetrics>>>,
    /// Requests that were for no site.
    elsewhere: SiteMetrics,
    /// Client connections open now.
    pub connections: Gauge,
    /// Client connections that had to wait or were refused for want of descriptors.
    pub accept_errors: AtomicU64,
    /// Connections closed because a listed peer sent no valid PROXY header.
    pub proxy_headers_refused: AtomicU64,
    /// PROXY headers of peers that may not send any.
    pub proxy_headers_unasked: AtomicU64,
    /// TLS handshakes with clients.
    pub handshakes: Handshakes,
    /// Connections closed unheard, because their address had too many.
    pub connections_refused: AtomicU64,
    /// Requests being answered now.
    pub in_flight: Gauge,
    /// Reloads that were applied.
    pub reloads_applied: AtomicU64,
    /// Reloads that were refused.
    pub reloads_refused: AtomicU64,
    /// Whether the last reload was refused.
    pub last_reload_failed: AtomicBool,
    /// Certificates that are fetched.
    pub acme: AcmeMetrics,
}

/// A number that goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    /// One more.
    pub fn up(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    /// One less.
    pub fn down(&self) {
        self.0.fetch_sub(1, Relaxed);
    }

    /// Now.
    #[must_use]
    pub fn get(&self) -> i64 {
        self.0.load(Relaxed)
    }
}

impl Metrics {
    /// The counters of a site; the same ones after a reload.
    #[must_use]
    pub fn site(&self, name: &str) -> Arc<SiteMetrics> {
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            Arc::new(SiteMetrics {
                name: name.to_owned(),
                ..SiteMetrics::default()
            })
        };
        Arc::clone(sites.entry(name.to_owned()).or_insert_with(new))
    }

    /// Every site's counters, with the empty name for requests that were for no site.
    pub(crate) fn each_site(
        &self,
        mut visit: impl FnMut(&str, &SiteMetrics) -> fmt::Result,
    ) -> fmt::Result {
        visit("", &self.elsewhere)?;
        let sites = self
            .sites
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        sites
            .iter()
            .try_for_each(|(name, metrics)| visit(name, metrics))
    }

    pub(super) fn count(&self, facts: &Facts) {
        facts
            .site
            .as_deref()
            .unwrap_or(&self.elsewhere)
            .count(facts);
    }
}

/// The counters of one site.
#[derive(Debug)]
pub struct SiteMetrics {
    name: String,
    requests: [OnceLock<Box<CodeCounts>>; METHODS.len() * Outcome::ALL.len()],
    pub(crate) durations: Histogram,
    pub(crate) upstream_durations: Histogram,
    failures: [AtomicU64; UpstreamFailure::COUNT],
    connect_errors: [AtomicU64; UpstreamFailure::COUNT],
    answers: OnceLock<Box<CodeCounts>>,
    pub(crate) overloaded: AtomicU64,
    pub(crate) rate_limited: AtomicU64,
    pub(crate) too_large: AtomicU64,
    pub(crate) internal: AtomicU64,
    pub(crate) retried_well: AtomicU64,
    pub(crate) retried_in_vain: AtomicU64,
}

impl Default for SiteMetrics {
    fn default() -> Self {
        Self {
            name: String::new(),
            requests: [const { OnceLock::new() }; METHODS.len() * Outcome::ALL.len()],
            durations: Histogram::default(),
            upstream_durations: Histogram::default(),
            failures: [const { AtomicU64::new(0) }; UpstreamFailure::COUNT],
            connect_errors: [const { AtomicU64::new(0) }; UpstreamFailure::COUNT],
            answers: OnceLock::new(),
            overloaded: AtomicU64::new(0),
            rate_limited: AtomicU64::new(0),
            too_large: AtomicU64::new(0),
            internal: AtomicU64::new(0),
            retried_well: AtomicU64::new(0),
            retried_in_vain: AtomicU64::new(0),
        }
    }
}

/// Counts for the status codes 100 to 599, and for no status at all in the last place.
type CodeCounts = [AtomicU64; CODES + 1];
const CODES: usize = 500;

/// The methods that have a label of their own; the last stands for all others.
pub(super) const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "_OTHER",
];

fn method_index(method: Option<&Method>) -> usize {
    const OTHER: usize = METHODS.len() - 1;
    let Some(method) = method else { return OTHER };
    match *method {
        Method::GET => 0,
        Method::HEAD => 1,
        Method::POST => 2,
        Method::PUT => 3,
        Method::DELETE => 4,
        Method::OPTIONS => 5,
        Method::PATCH => 6,
        _ => OTHER,
    }
}

fn outcome_index(outcome: Outcome) -> usize {
    match outcome {
        Outcome::Forwarded => 0,
        Outcome::Page => 1,
        Outcome::Maintenance => 2,
        Outcome::Own => 3,
        Outcome::Redirect => 4,
        Outcome::Refused => 5,
    }
}

fn code_index(status: Option<StatusCode>) -> usize {
    status.map_or(CODES, |status| {
        usize::from(status.as_u16().saturating_sub(100)).min(CODES - 1)
    })
}

impl SiteMetrics {
    /// The site's name: the `site` label.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn count(&self, facts: &Facts) {
        let row =
            method_index(facts.method.as_ref()) * Outcome::ALL.len() + outcome_index(facts.outcome);
        if let Some(row) = self.requests.get(row) {
            let codes = row.get_or_init(|| Box::new([const { AtomicU64::new(0) }; CODES + 1]));
            if let Some(count) = codes.get(code_index(facts.status)) {
                count.fetch_add(1, Relaxed);
            }
        }
        if facts.origin_status.is_some() {
            let codes = self
                .answers
                .get_or_init(|| Box::new([const { AtomicU64::new(0) }; CODES + 1]));
            if let Some(count) = codes.get(code_index(facts.origin_status)) {
                count.fetch_add(1, Relaxed);
            }
        }
        self.durations.observe(facts.duration);
        if let Some(upstream) = facts.upstream {
            self.upstream_durations.observe(upstream);
        }
        if let Some(failure) = facts.failure {
            self.count_failure(failure);
        }
        if facts.attempts > 1 {
            let well = facts.outcome == Outcome::Forwarded;
            let count = if well {
                &self.retried_well
            } else {
                &self.retried_in_vain
            };
            count.fetch_add(1, Relaxed);
        }
    }

    /// An attempt came to no connection.
    pub(super) fn count_connect_error(&self, cause: UpstreamFailure) {
        if let Some(count) = self.connect_errors.get(cause.index()) {
            count.fetch_add(1, Relaxed);
        }
    }

    fn count_failure(&self, failure: Failure) {
        let count = match failure {
            Failure::Overloaded => Some(&self.overloaded),
            Failure::RateLimited(_) => Some(&self.rate_limited),
            Failure::TooLarge => Some(&self.too_large),
            Failure::Internal => Some(&self.internal),
            // Nothing failed: the count by outcome says it all.
            Failure::Maintenance(_) => None,
            Failure::Upstream(cause) => self.failures.get(cause.index()),
        };
        if let Some(count) = count {
            count.fetch_add(1, Relaxed);
        }
    }

    /// Counts that are not zero: method, outcome, status (0 for none), count.
    pub(crate) fn each_request_count(
        &self,
        mut visit: impl FnMut(&'static str, Outcome, u16, u64) -> fmt::Result,
    ) -> fmt::Result {
        let names = METHODS
            .iter()
            .flat_map(|method| Outcome::ALL.map(|outcome| (method, outcome)));
        for (row, (method, outcome)) in self.requests.iter().zip(names) {
            let Some(codes) = row.get() else { continue };
            for (code, count) in (100_u16..).zip(codes.iter()) {
                let count = count.load(Relaxed);
                if count > 0 {
                    let code = if code < 600 { code } else { 0 };
                    visit(method, outcome, code, count)?;
                }
            }
        }
        Ok(())
    }

    /// Answers of the origin: status, count.
    pub(crate) fn each_answer_count(
        &self,
        mut visit: impl FnMut(u16, u64) -> fmt::Result,
    ) -> fmt::Result {
        let codes = self.answers.get().map(|codes| codes.iter());
        for (code, count) in (100_u16..).zip(codes.into_iter().flatten()) {
            let count = count.load(Relaxed);
            if count > 0 {
                visit(code, count)?;
            }
        }
        Ok(())
    }

    /// Requests without an origin response, by cause.
    pub(crate) fn failure_counts(&self) -> impl Iterator<Item = (UpstreamFailure, u64)> {
        counts_of(&self.failures)
    }

    /// Attempts without a connection, by cause.
    pub(crate) fn connect_error_counts(&self) -> impl Iterator<Item = (UpstreamFailure, u64)> {
        counts_of(&self.connect_errors)
    }
}

/// Those that are not zero.
fn counts_of(
    counts: &[AtomicU64; UpstreamFailure::COUNT],
) -> impl Iterator<Item = (UpstreamFailure, u64)> {
    UpstreamFailure::ALL
        .into_iter()
        .zip(counts)
        .map(|(cause, count)| (cause, count.load(Relaxed)))
        .filter(|(_, count)| *count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_place_and_none_its_own() {
        assert_eq!(code_index(Some(StatusCode::CONTINUE)), 0);
        assert_eq!(code_index(StatusCode::from_u16(599).ok()), CODES - 1);
        assert_eq!(code_index(StatusCode::from_u16(999).ok()), CODES - 1);
        assert_eq!(code_index(None), CODES);
    }
}
