//! When an endpoint that fails is left alone, and when it is tried again.
//!
//! Pure: what happened goes in with the time it happened at, an [`Admission`] comes out. It hears of
//! requests and of probes. What is shared between threads stands in `endpoint_state`, when to probe
//! in `prober`.

#[cfg(test)]
mod tests;
mod window;

use std::time::Duration;

use tokio::time::Instant;

use self::window::Window;
use super::endpoint::Admission;
use crate::{config::spec::BreakerSpec, failure::weight::Weight};

/// The least share of a returning endpoint, so that it gets anything at all.
const LEAST_SHARE: f64 = 0.02;

/// What the configuration says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// `None`: no number of failed requests ejects an endpoint.
    pub(super) breaker: Option<BreakerSpec>,
    /// Whether endpoints are probed.
    pub(super) is_probed: bool,
}

impl Rules {
    /// The times hold for endpoints that probes have ejected, too.
    fn times(&self) -> BreakerSpec {
        self.breaker.unwrap_or_default()
    }

    /// How long an endpoint that has returned is watched closely.
    fn settling(&self) -> Duration {
        self.times().ramp.max(self.times().longest)
    }
}

/// What an endpoint was used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// A request that it was eligible for.
    Request,
    /// The one request that sees whether it is still out.
    Trial,
}

/// What an observation changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// The endpoint is out.
    Opened,
    /// It is back.
    Closed,
}

/// Whether a probe that failed is to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// It came to no connection, and no request will.
    Nothing,
    /// It had a connection, so that requests may fare better.
    Something,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Requests go through; since its return, as long as that is watched closely.
    Closed(Option<Return>),
    /// It is out.
    Open {
        since: Instant,
        /// When a request may see whether it still is.
        until: Instant,
        is_tried: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Return {
    at: Instant,
    by_probe: bool,
}

/// The breaker of one endpoint.
#[derive(Debug)]
pub(super) struct Breaker {
    phase: Phase,
    /// Failures of each weight since the last success.
    unreachable: u32,
    unresponsive: u32,
    window: Window,
    /// How often in a row it was opened again soon.
    repeats: u32,
    /// How often it was opened at all.
    openings: u32,
    /// Requests failed soon after a probe had passed, and no probe has failed since: only requests
    /// close it now.
    probes_mislead: bool,
    /// What the last failed probe came to.
    probe_reach: Reach,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            phase: Phase::Closed(None),
            unreachable: 0,
            unresponsive: 0,
            window: Window::default(),
            repeats: 0,
            openings: 0,
            probes_mislead: false,
            probe_reach: Reach::Something,
        }
    }
}

impl Breaker {
    /// Whether there is nothing to decide: every request is admitted, no failure is remembered
    /// that a success would undo.
    pub(super) fn is_quiet(&self) -> bool {
        self.phase == Phase::Closed(None) && self.unreachable == 0 && self.unresponsive == 0
    }

    /// Since when it is out.
    pub(super) fn open_since(&self) -> Option<Instant> {
        match self.phase {
            Phase::Open { since, .. } => Some(since),
            Phase::Closed(_) => None,
        }
    }

    /// How often it was ejected. An attempt that began when the number was another one says nothing
    /// of how the endpoint is now.
    pub(super) const fn openings(&self) -> u32 {
        self.openings
    }

    /// Whether requests may use the endpoint now.
    pub(super) fn admission(&mut self, rules: &Rules, now: Instant) -> Admission {
        match self.phase {
            Phase::Closed(None) => Admission::Full,
            Phase::Closed(Some(back)) => self.returning(rules, now, back),
            Phase::Open { .. } if rules.breaker.is_none() && !rules.is_probed => {
                self.phase = Phase::Closed(None);
                Admission::Full
            }
            Phase::Open { .. } if self.may_try(rules, now) => Admission::Trial,
            Phase::Open { .. } => Admission::Ejected,
        }
    }

    fn returning(&mut self, rules: &Rules, now: Instant, back: Return) -> Admission {
        self.settle(rules, now);
        let passed = now.saturating_duration_since(back.at);
        let ramp = rules.times().ramp;
        if passed >= ramp {
            return Admission::Full;
        }
        let share = passed.as_secs_f64() / ramp.as_secs_f64();
        Admission::Ramp(share.max(LEAST_SHARE))
    }

    /// Forgets how it has returned once it has been well for long enough.
    fn settle(&mut self, rules: &Rules, now: Instant) {
        let Phase::Closed(Some(back)) = self.phase else {
            return;
        };
        if now.saturating_duration_since(back.at) >= rules.settling() {
            self.phase = Phase::Closed(None);
            (self.repeats, self.probes_mislead) = (0, false);
        }
    }

    /// One request at a time, not too early, and never where a probe has just found nothing: it
    /// would fare no better.
    fn may_try(&self, rules: &Rules, now: Instant) -> bool {
        let is_in_vain = rules.is_probed && self.probe_reach == Reach::Nothing;
        match self.phase {
            Phase::Open {
                until, is_tried, ..
            } => now >= until && !is_tried && !is_in_vain,
            Phase::Closed(_) => false,
        }
    }

    /// Claims the trial. Whoever got it says how it ended, or that it was cancelled.
    pub(super) fn begin_trial(&mut self, rules: &Rules, now: Instant) -> bool {
        let may = self.may_try(rules, now);
        if let Phase::Open { is_tried, .. } = &mut self.phase {
            *is_tried |= may;
        }
        may
    }

    /// The trial ended without telling anything.
    pub(super) fn cancel_trial(&mut self) {
        if let Phase::Open { is_tried, .. } = &mut self.phase {
            *is_tried = false;
        }
    }

    /// Successes that were counted elsewhere since this was last called.
    pub(super) fn count_successes(&mut self, now: Instant, count: u64) {
        self.window.succeeded(now, count);
    }

    /// An answer came. One to a request that was sent before the endpoint was ejected does not
    /// bring it back: it may be the last of a process that is going.
    pub(super) fn succeeded(&mut self, now: Instant, used: Use) -> Option<Change> {
        match (self.phase, used) {
            (Phase::Closed(_), _) => {
                (self.unreachable, self.unresponsive) = (0, 0);
                None
            }
            (Phase::Open { .. }, Use::Trial) => Some(self.close(now, false)),
            (Phase::Open { .. }, Use::Request) => None,
        }
    }

    /// An attempt failed. `roll` is a random number from 0 to 1.
    pub(super) fn failed(
        &mut self,
        rules: &Rules,
        now: Instant,
        (weight, used): (Weight, Use),
        roll: f64,
    ) -> Option<Change> {
        self.settle(rules, now);
        match (self.phase, used) {
            (Phase::Open { .. }, Use::Request) => None,
            (Phase::Open { since, .. }, Use::Trial) => {
                self.repeats = self.repeats.saturating_add(1);
                self.phase = self.opened(rules, since, now, roll);
                None
            }
            (Phase::Closed(back), _) => {
                self.window.failed(now);
                match weight {
                    Weight::Unreachable => self.unreachable = self.unreachable.saturating_add(1),
                    Weight::Unresponsive => self.unresponsive = self.unresponsive.saturating_add(1),
                    Weight::Single => {}
                }
                let is_enough = rules.breaker.is_some_and(|spec| self.is_enough(&spec));
                is_enough.then(|| {
                    let probe_erred = back.is_some_and(|back| back.by_probe);
                    self.probes_mislead |= probe_erred && weight != Weight::Unreachable;
                    self.open(rules, now, roll)
                })
            }
        }
    }

    fn is_enough(&self, spec: &BreakerSpec) -> bool {
        self.unreachable >= spec.refused.get()
            || self.unresponsive >= spec.timeouts.get()
            || self.window.is_poor(spec.success_percent)
    }

    /// A probe passed.
    pub(super) fn probe_passed(&mut self, now: Instant) -> Option<Change> {
        self.probe_reach = Reach::Something;
        let closes = self.open_since().is_some() && !self.probes_mislead;
        closes.then(|| self.close(now, true))
    }

    /// A probe failed; `ejects` if it is one too many.
    pub(super) fn probe_failed(
        &mut self,
        rules: &Rules,
        now: Instant,
        (reach, ejects): (Reach, bool),
        roll: f64,
    ) -> Option<Change> {
        self.probe_reach = reach;
        self.settle(rules, now);
        self.probes_mislead = false;
        let opens = ejects && self.open_since().is_none();
        opens.then(|| self.open(rules, now, roll))
    }

    fn open(&mut self, rules: &Rules, now: Instant, roll: f64) -> Change {
        let is_repeat = matches!(self.phase, Phase::Closed(Some(_)));
        self.repeats = if is_repeat {
            self.repeats.saturating_add(1)
        } else {
            0
        };
        self.openings = self.openings.wrapping_add(1);
        (self.unreachable, self.unresponsive) = (0, 0);
        self.phase = self.opened(rules, now, now, roll);
        Change::Opened
    }

    /// With probes that can be believed they see whether it is back, so that no visitor has to: a
    /// request is tried only after the longest time, in case the probes are wrong.
    fn opened(&self, rules: &Rules, since: Instant, now: Instant, roll: f64) -> Phase {
        let times = rules.times();
        let pause = if rules.is_probed && !self.probes_mislead {
            times.longest
        } else {
            let doubled = 2_u32.saturating_pow(self.repeats);
            times.shortest.saturating_mul(doubled).min(times.longest)
        };
        Phase::Open {
            since,
            until: now + pause.mul_f64(0.5 + 0.5 * roll.clamp(0.0, 1.0)),
            is_tried: false,
        }
    }

    fn close(&mut self, at: Instant, by_probe: bool) -> Change {
        self.phase = Phase::Closed(Some(Return { at, by_probe }));
        (self.unreachable, self.unresponsive) = (0, 0);
        self.window.clear();
        Change::Closed
    }
}
