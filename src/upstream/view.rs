//! What there is to know of an upstream's endpoints at one moment, for people and their tools.

use std::net::SocketAddr;

use serde::Serialize;
use tokio::time::Instant;

use super::{
    Upstream,
    endpoint::{Admission, Endpoint},
    health::HealthCounts,
};
use crate::failure::UpstreamFailure;

/// One endpoint.
#[derive(Debug, Clone, Serialize)]
pub struct EndpointView {
    /// Where it is.
    pub address: SocketAddr,
    /// The entry of `upstream` that it comes from.
    pub target: String,
    /// That entry's weight.
    pub weight: u16,
    /// Whether it serves only while no other can.
    pub backup: bool,
    /// `full`, `ramp`, `trial` or `ejected`.
    pub admission: &'static str,
    /// The share it gets of what it would, from 0 to 1.
    pub share: f64,
    /// `closed`; `half-open`, when a request may see whether it is back; else `open`.
    pub breaker: &'static str,
    /// For how long it has been out, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub out_seconds: Option<f64>,
    /// Requests it is answering.
    pub in_flight: usize,
    /// Why it failed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_cause: Option<&'static str>,
    /// The last probe: `off`, `none` yet, `passed`, or why it failed.
    pub probe: &'static str,
}

impl Upstream {
    /// Its endpoints now, in the order they are known in.
    #[must_use]
    pub fn endpoints(&self, now: Instant) -> Vec<EndpointView> {
        let endpoints = self.health.endpoints();
        endpoints
            .iter()
            .map(|endpoint| endpoint.view(now))
            .collect()
    }

    /// What has happened to its endpoints since it was built.
    #[must_use]
    pub fn health_counts(&self) -> &HealthCounts {
        &self.health.counts
    }
}

impl Endpoint {
    fn view(&self, now: Instant) -> EndpointView {
        let rules = &self.health().rules;
        let seen = self.state().glimpse(rules, now);
        let (admission, share, breaker) = match seen.admission {
            Admission::Full => ("full", 1.0, "closed"),
            Admission::Ramp(share) => ("ramp", share, "closed"),
            Admission::Trial => ("trial", 0.0, "half-open"),
            Admission::Ejected => ("ejected", 0.0, "open"),
        };
        let target = &self.target().spec;
        EndpointView {
            address: self.address(),
            target: target.authority.to_string(),
            weight: target.weight,
            backup: target.backup,
            admission,
            share,
            breaker,
            out_seconds: seen
                .open_since
                .map(|since| now.saturating_duration_since(since).as_secs_f64()),
            in_flight: self.in_flight(),
            last_cause: seen.last_cause.map(UpstreamFailure::label),
            probe: match seen.last_probe {
                _ if !rules.is_probed => "off",
                None => "none",
                Some(Ok(())) => "passed",
                Some(Err(failure)) => failure.label(),
            },
        }
    }
}
