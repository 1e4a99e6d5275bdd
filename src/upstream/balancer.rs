//! Which endpoint gets the next attempt. Synchronous, without a queue.
//!
//! The best tier that has an endpoint to offer serves: primaries, then what stands behind them.
//! Within it the request goes where it is tied to, else to the better of two drawn by weight: tower's
//! balancer, which counts a refused connection as a quick answer, would send nearly all of the
//! traffic to a dead endpoint.

use std::sync::Arc;

use fastrand::Rng;
use http::Request;
use hyper::body::Body;
use tokio::time::Instant;

use super::{
    endpoint::{Admission, Lease},
    hash::{self, Slot},
    set::{Candidate, Set},
    sticky::Affinity,
};
use crate::{config::spec::BalanceSpec, message::forwarded::Forwarder};

/// The least share that is told apart from none.
const LEAST_SHARE: f64 = 0.001;

/// The endpoints one request has tried, by their place in its set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tried(u64);

impl Tried {
    fn contains(self, at: usize) -> bool {
        self.0 & bit(at) != 0
    }

    pub(super) fn insert(&mut self, at: usize) {
        self.0 |= bit(at);
    }
}

/// A set has 64 at most.
fn bit(at: usize) -> u64 {
    1 << at.min(63)
}

/// What matters of a request.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Want<'a> {
    /// It may go to an endpoint that probably fails: nothing happens if it is sent again.
    pub(super) is_safe: bool,
    pub(super) affinity: Affinity<'a>,
}

impl<'a> Want<'a> {
    /// Of a request as the origin will get it.
    pub(super) fn of<B: Body>(
        request: &Request<B>,
        balance: &'a BalanceSpec,
        forwarder: &Forwarder,
    ) -> Self {
        Self {
            is_safe: request.method().is_safe() && request.body().is_end_stream(),
            affinity: Affinity::of(balance, request.headers(), forwarder),
        }
    }
}

/// An untried endpoint that may be picked; `None` when there is none.
pub(super) fn pick(set: &Set, tried: &mut Tried, want: Want<'_>, now: Instant) -> Option<Lease> {
    let candidates = set.candidates();
    let (at, lease) = match candidates {
        // The usual case.
        [only] => {
            let lease = match only.endpoint.admission(now) {
                _ if tried.contains(0) => None,
                Admission::Full | Admission::Ramp(_) => Some(only.endpoint.lease()),
                Admission::Trial => want.is_safe.then(|| only.endpoint.trial(now)).flatten(),
                Admission::Ejected => None,
            };
            (0, lease?)
        }
        _ => pick_of_several(set, *tried, want, now)?,
    };
    tried.insert(at);
    Some(lease)
}

fn pick_of_several(
    set: &Set,
    tried: Tried,
    want: Want<'_>,
    now: Instant,
) -> Option<(usize, Lease)> {
    let candidates = set.candidates();
    let untried = || {
        let all = candidates.iter().enumerate();
        all.filter(move |(at, _)| !tried.contains(*at))
    };
    let mut views = Vec::with_capacity(candidates.len());
    views.extend(untried().filter_map(|(at, candidate)| View::of(at, candidate, now)));
    if let Some(at) = choose(&views, want.affinity, &mut Rng::new()) {
        let chosen = candidates.get(at)?;
        let rival = set
            .rivals(chosen)
            .find(|(at, other)| !tried.contains(*at) && View::of(*at, other, now).is_some());
        let rival = rival.map(|(_, other)| Arc::clone(&other.endpoint));
        return Some((at, chosen.endpoint.lease().against(rival)));
    }
    // Nothing is well: one request that harms nothing may see whether that still holds.
    let mut trials = untried()
        .filter(|_| want.is_safe)
        .filter(|(_, candidate)| candidate.endpoint.admission(now) == Admission::Trial);
    trials.find_map(|(at, candidate)| Some((at, candidate.endpoint.trial(now)?)))
}

/// An endpoint that may be picked, as the choice sees it.
#[derive(Debug, Clone, Copy)]
struct View {
    /// Its place in the set.
    at: usize,
    tier: u32,
    id: u64,
    /// Above 0, without the ramp.
    weight: f64,
    /// What the ramp leaves of it; 1: all.
    share: f64,
    /// In nanoseconds, failures included; `None`: not known yet.
    latency: Option<u64>,
    in_flight: usize,
}

impl View {
    fn of(at: usize, candidate: &Candidate, now: Instant) -> Option<Self> {
        let endpoint = &candidate.endpoint;
        let (share, latency) = match endpoint.admission(now) {
            Admission::Full => (1.0, endpoint.load().cost(now)),
            // What it failed at before it came back has been paid for.
            Admission::Ramp(share) => {
                let share = share.clamp(LEAST_SHARE, 1.0);
                (share, endpoint.load().cost_without_penalty(now))
            }
            Admission::Trial | Admission::Ejected => return None,
        };
        Some(Self {
            at,
            tier: candidate.tier,
            id: candidate.id,
            weight: f64::from(candidate.weight),
            share,
            latency,
            in_flight: endpoint.in_flight(),
        })
    }

    fn ramped(&self) -> f64 {
        self.weight * self.share
    }

    fn slot(&self) -> Slot {
        Slot {
            id: self.id,
            weight: self.weight,
            in_flight: self.in_flight,
        }
    }
}

/// The pure choice: a place in the set. Views come tier by tier.
fn choose(views: &[View], affinity: Affinity<'_>, rng: &mut Rng) -> Option<usize> {
    let tier = tier(views, rng)?;
    let held = affinity.sticky.and_then(|sticky| sticky.held);
    if let Some(held) = tier.iter().find(|view| Some(view.id) == held) {
        return Some(held.at);
    }
    if let Some(key) = affinity.key {
        let own = hash::place(tier.iter().map(View::slot), key).and_then(|place| tier.get(place));
        if let Some(own) = own.filter(|own| own.share >= 1.0 || rng.f64() < own.share) {
            return Some(own.at);
        }
    }
    better_of_two(tier, rng).map(|view| view.at)
}

/// The best tier. One that has just come back hands over bit by bit from the next.
fn tier<'v>(views: &'v [View], rng: &mut Rng) -> Option<&'v [View]> {
    let mut tiers = views.chunk_by(|one, next| one.tier == next.tier);
    let first = tiers.clone().next()?;
    let serves = |tier: &&[View]| {
        let share = tier.iter().map(|view| view.share).fold(0.0, f64::max);
        share >= 1.0 || rng.f64() < share
    };
    Some(tiers.find(serves).unwrap_or(first))
}

/// Two choices (Mitzenmacher 2001), drawn by weight, so that equal ones get their shares. The better
/// one wins the more likely the better it is, by the square: were it to win always, noise would
/// starve the worst of three, which then had no chance to show that it is as good as the others.
fn better_of_two<'v>(tier: &'v [View], rng: &mut Rng) -> Option<&'v View> {
    let first = draw(tier, None, rng)?;
    let Some(second) = draw(tier, Some(first.at), rng) else {
        return Some(first);
    };
    let mean = tier.iter().map(View::ramped).sum::<f64>() / number(tier.len());
    let cost = |view: &View, latency: u64| {
        let busy = number(view.in_flight) * mean / view.ramped();
        (milliseconds(latency) * (busy + 1.0)).powi(2)
    };
    // One that has not answered yet is as fast as the other.
    let (one, other) = match (first.latency, second.latency) {
        (Some(one), Some(other)) => (one, other),
        _ => (1, 1),
    };
    let (one, other) = (cost(first, one), cost(second, other));
    // Two that are equal are the first draw's, whose chance is the weight.
    let is_worse = one > other && rng.f64() * (one + other) < one - other;
    Some(if is_worse { second } else { first })
}

/// One of them by weight, other than the one at `but`.
fn draw<'v>(tier: &'v [View], but: Option<usize>, rng: &mut Rng) -> Option<&'v View> {
    let others = || tier.iter().filter(|view| Some(view.at) != but);
    let mut rest = rng.f64() * others().map(View::ramped).sum::<f64>();
    let found = others().find(|view| {
        rest -= view.ramped();
        rest < 0.0
    });
    found.or_else(|| others().next_back())
}

fn milliseconds(nanoseconds: u64) -> f64 {
    std::time::Duration::from_nanos(nanoseconds).as_secs_f64() * 1000.0
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests;
