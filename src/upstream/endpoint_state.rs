//! What is known of the health of one address, shared by all who use it.
//!
//! It outlives new look-ups and reloads. A request to a healthy endpoint costs one load and one
//! addition here; the lock is taken only after a failure, until the endpoint has settled again.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{
    breaker::{Breaker, Change, Reach, Rules, Use},
    endpoint::Admission,
    probe::ProbeFailure,
};
use crate::{
    config::spec::ProbeSpec,
    failure::{UpstreamFailure, weight::Weight},
};

/// What is known of one address.
#[derive(Debug)]
pub(crate) struct EndpointState {
    /// Whether there is nothing to decide and nothing to undo.
    is_quiet: AtomicBool,
    answered: AtomicU64,
    /// The breaker's, to be read without the lock.
    openings: AtomicU32,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    breaker: Breaker,
    probes: Probes,
    /// Why it failed last, by a request or a probe.
    last_cause: Option<UpstreamFailure>,
    /// Answers that the breaker has heard of.
    counted: u64,
}

/// What probes have said.
#[derive(Debug, Default)]
struct Probes {
    last: Option<Result<(), ProbeFailure>>,
    failed: u32,
    /// Whether a failing probe is news: it has passed before, and no request has belied it since.
    is_believed: bool,
    is_warned: bool,
    /// Answers to requests when one last failed.
    answered_then: u64,
    /// Answers when it was last asked whether there are any, and until when that holds.
    answered: u64,
    busy_until: Option<Instant>,
}

/// What a probe's result led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) change: Option<Change>,
    /// For the first time, it failed although requests succeed.
    pub(super) is_belied: bool,
}

/// An endpoint's state at one moment, for people.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glimpse {
    pub(super) admission: Admission,
    pub(super) open_since: Option<Instant>,
    pub(super) last_cause: Option<UpstreamFailure>,
    pub(super) last_probe: Option<Result<(), ProbeFailure>>,
}

impl Default for EndpointState {
    fn default() -> Self {
        Self {
            is_quiet: AtomicBool::new(true),
            answered: AtomicU64::new(0),
            openings: AtomicU32::new(0),
            known: Mutex::default(),
        }
    }
}

impl EndpointState {
    /// Whether requests may use the endpoint now.
    pub(super) fn admission(&self, rules: &Rules, now: Instant) -> Admission {
        if self.is_quiet.load(Relaxed) {
            return Admission::Full;
        }
        self.with(|known| known.breaker.admission(rules, now))
    }

    /// Whether there is nothing to decide: requests may use it.
    pub(super) fn is_quiet(&self) -> bool {
        self.is_quiet.load(Relaxed)
    }

    /// Whether requests may use the endpoint now, and why it failed last.
    pub(super) fn standing(
        &self,
        rules: &Rules,
        now: Instant,
    ) -> (Admission, Option<UpstreamFailure>) {
        self.with(|known| (known.breaker.admission(rules, now), known.last_cause))
    }

    pub(super) fn glimpse(&self, rules: &Rules, now: Instant) -> Glimpse {
        self.with(|known| Glimpse {
            admission: known.breaker.admission(rules, now),
            open_since: known.breaker.open_since(),
            last_cause: known.last_cause,
            last_probe: known.probes.last,
        })
    }

    /// For how long it has been out.
    pub(super) fn out_for(&self, now: Instant) -> Option<Duration> {
        let since = self.known().breaker.open_since()?;
        Some(now.saturating_duration_since(since))
    }

    /// Probes in a row that have failed.
    pub(super) fn failed_probes(&self) -> u32 {
        self.known().probes.failed
    }

    /// Why it failed last.
    pub(super) fn last_cause(&self) -> Option<UpstreamFailure> {
        self.known().last_cause
    }

    /// Whether requests have succeeded since a moment ago: within `span` of this call or of an
    /// earlier one.
    pub(super) fn is_busy(&self, now: Instant, span: Duration) -> bool {
        let answered = self.answered.load(Relaxed);
        self.known().probes.is_busy(answered, now, span)
    }

    /// Claims the trial; only one request at a time gets it.
    pub(super) fn begin_trial(&self, rules: &Rules, now: Instant) -> bool {
        self.with(|known| known.breaker.begin_trial(rules, now))
    }

    /// The trial tells nothing.
    pub(super) fn cancel_trial(&self) {
        self.with(|known| known.breaker.cancel_trial());
    }

    /// How often it was ejected so far: what [`EndpointState::failed`] wants of the moment when the
    /// attempt began.
    pub(super) fn openings(&self) -> u32 {
        self.openings.load(Relaxed)
    }

    /// An attempt brought an answer.
    pub(super) fn succeeded(&self, now: Instant, used: Use) -> Option<Change> {
        self.answered.fetch_add(1, Relaxed);
        if used == Use::Request && self.is_quiet.load(Relaxed) {
            return None;
        }
        self.with(|known| known.breaker.succeeded(now, used))
    }

    /// The application said of itself that it fails, and nobody else could be asked instead. It is
    /// there, which is all that counts then.
    pub(super) fn complained(
        &self,
        now: Instant,
        cause: UpstreamFailure,
        used: Use,
    ) -> Option<Change> {
        self.with(|known| {
            known.last_cause = Some(cause);
            known.breaker.succeeded(now, used)
        })
    }

    /// An attempt failed. One that began before the endpoint was ejected, and failed after it was
    /// back, does not eject it again: it met what is over.
    pub(super) fn failed(
        &self,
        rules: &Rules,
        (now, openings): (Instant, u32),
        (cause, weight, used): (UpstreamFailure, Weight, Use),
    ) -> Option<Change> {
        if used == Use::Request && openings != self.openings() {
            return None;
        }
        let answered = self.answered.load(Relaxed);
        self.with(|known| {
            known.last_cause = Some(cause);
            known.count(answered, now);
            known
                .breaker
                .failed(rules, now, (weight, used), fastrand::f64())
        })
    }

    /// Lets the share of successes follow time, where no failure does.
    pub(super) fn tick(&self, now: Instant) {
        let answered = self.answered.load(Relaxed);
        self.known().count(answered, now);
    }

    /// A probe has ended.
    pub(super) fn probed(
        &self,
        (rules, spec): (&Rules, &ProbeSpec),
        now: Instant,
        result: Result<(), ProbeFailure>,
    ) -> Verdict {
        let answered = self.answered.load(Relaxed);
        self.with(|known| {
            known.probes.last = Some(result);
            let is_busy = known.probes.is_busy(answered, now, spec.interval);
            let Err(failure) = result else {
                (known.probes.failed, known.probes.is_warned) = (0, false);
                known.probes.is_believed = true;
                let change = known.breaker.probe_passed(now);
                return Verdict {
                    change,
                    is_belied: false,
                };
            };
            let is_belied = known.probes.is_belied(answered);
            known.probe_failed((rules, spec), now, (failure, is_busy, is_belied))
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Known) -> T) -> T {
        let mut known = self.known();
        let result = act(&mut known);
        self.is_quiet.store(known.breaker.is_quiet(), Relaxed);
        self.openings.store(known.breaker.openings(), Relaxed);
        result
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn count(&mut self, answered: u64, now: Instant) {
        let new = answered.saturating_sub(self.counted);
        self.counted = answered;
        self.breaker.count_successes(now, new);
    }

    /// A probe that gets an answer, if a wrong one, may be wrong itself: asked for a path that is
    /// slow or does not exist. It is believed once it has passed, and as long as no request succeeds.
    fn probe_failed(
        &mut self,
        (rules, spec): (&Rules, &ProbeSpec),
        now: Instant,
        (failure, is_busy, is_belied): (ProbeFailure, bool, bool),
    ) -> Verdict {
        let probes = &mut self.probes;
        probes.failed = probes.failed.saturating_add(1);
        let is_many = probes.failed >= spec.fails.get();
        let reach = failure.reach();
        probes.is_believed &= !is_belied;
        let is_belied = is_belied && is_many && !probes.is_warned;
        probes.is_warned |= is_belied;
        let ejects = is_many && !is_busy && (probes.is_believed || reach == Reach::Nothing);
        if let Some(cause) = failure.cause()
            && !is_busy
        {
            self.last_cause = Some(cause);
        }
        let change = self
            .breaker
            .probe_failed(rules, now, (reach, ejects), fastrand::f64());
        Verdict { change, is_belied }
    }
}

impl Probes {
    /// Whether requests have succeeded since the probe before this one, which failed, too.
    fn is_belied(&mut self, answered: u64) -> bool {
        let before = std::mem::replace(&mut self.answered_then, answered);
        self.failed > 0 && answered != before
    }

    fn is_busy(&mut self, answered: u64, now: Instant, span: Duration) -> bool {
        if answered != self.answered {
            self.answered = answered;
            self.busy_until = Some(now + span);
        }
        self.busy_until.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests;
