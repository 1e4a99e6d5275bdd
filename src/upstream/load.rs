//! How fast an endpoint answers and whether it failed a moment ago: what the balancer goes by.
//!
//! The latency follows peaks at once and lower values within some 10 s (a peak EWMA, as Finagle
//! and linkerd have it); unused, it is forgotten by halves. Failures are kept apart from it: they
//! make the endpoint look worse for some seconds, however fast it failed.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use tokio::time::Instant;

use super::endpoint::Outcome;
use crate::failure::Failure;

/// In how many milliseconds lower latencies are taken over for the most part.
const SETTLING: u64 = 10_000;
/// The least time between two of them: within it, one speaks for all.
const STEP: u64 = 16;
/// In how many milliseconds an unused latency halves.
const HALF_LIFE: u64 = 7_000;
/// How many times worse an endpoint looks that has just failed. Halves every second.
const PENALTY: u64 = 1024;

/// Latency and failures of one address. Races between workers lose a sample and nothing else.
#[derive(Debug)]
pub(crate) struct Load {
    base: Instant,
    /// In nanoseconds; 0: not known.
    latency: AtomicU64,
    /// When that was measured, in milliseconds since `base`.
    measured: AtomicU64,
    /// When it last failed, in milliseconds since `base`, and 1 more; 0: never.
    failed: AtomicU64,
}

impl Load {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            base: now,
            latency: AtomicU64::new(0),
            measured: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// Its latency now, in nanoseconds and with the penalty for a failure; `None` while it is not
    /// known.
    pub(super) fn cost(&self, now: Instant) -> Option<u64> {
        let failed = self.failed.load(Relaxed);
        let penalty = match failed.checked_sub(1) {
            None => 1,
            Some(at) => 1 + halved(PENALTY, self.since_base(now).saturating_sub(at), 1000),
        };
        match self.latency(now) {
            // One that fails from the start has no latency, and must not look like a new one.
            0 if penalty > 1 => Some(FLOOR.saturating_mul(penalty)),
            0 => None,
            latency => Some(latency.max(FLOOR).saturating_mul(penalty)),
        }
    }

    /// As [`Load::cost`], for one that is said to be well again.
    pub(super) fn cost_without_penalty(&self, now: Instant) -> Option<u64> {
        Some(self.latency(now).max(FLOOR)).filter(|_| self.latency.load(Relaxed) > 0)
    }

    /// Takes an outcome in.
    pub(super) fn observe(&self, outcome: Outcome, now: Instant) {
        match outcome {
            Outcome::Answered(after) => self.answered(after, self.since_base(now)),
            Outcome::Failed(Failure::Upstream(cause)) if cause.blames_endpoint() => {
                self.failed.store(self.since_base(now) + 1, Relaxed);
            }
            Outcome::Failed(Failure::Upstream(_) | Failure::Overloaded | Failure::Internal) => {}
        }
    }

    fn answered(&self, after: Duration, now: u64) {
        let sample = nanoseconds(after).max(1);
        let before = self.latency.load(Relaxed);
        let passed = now.saturating_sub(self.measured.load(Relaxed));
        if sample >= before {
            self.latency.store(sample, Relaxed);
        } else if passed >= STEP {
            let step =
                u128::from(before - sample) * u128::from(passed) / u128::from(SETTLING + passed);
            let step = u64::try_from(step).unwrap_or(u64::MAX);
            self.latency.store(before - step, Relaxed);
        } else {
            return;
        }
        self.measured.store(now, Relaxed);
    }

    fn latency(&self, now: Instant) -> u64 {
        let unused = self
            .since_base(now)
            .saturating_sub(self.measured.load(Relaxed));
        let latency = self.latency.load(Relaxed);
        halved(latency, unused, HALF_LIFE).max(u64::from(latency > 0))
    }

    fn since_base(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.base);
        since.as_secs() * 1000 + u64::from(since.subsec_millis())
    }
}

/// Differences below this are no reason to prefer one to another: a millisecond, in nanoseconds.
const FLOOR: u64 = 1_000_000;

fn halved(value: u64, passed: u64, half_life: u64) -> u64 {
    u32::try_from(passed / half_life)
        .ok()
        .and_then(|times| value.checked_shr(times))
        .unwrap_or(0)
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::UpstreamFailure;

    const MILLISECOND: Duration = Duration::from_millis(1);

    fn millis(cost: Option<u64>) -> u64 {
        cost.unwrap() / FLOOR
    }

    #[test]
    fn a_peak_counts_at_once_and_is_left_behind_in_time() {
        let now = Instant::now();
        let load = Load::new(now);
        assert_eq!(load.cost(now), None, "nothing is known at first");
        load.observe(Outcome::Answered(10 * MILLISECOND), now);
        load.observe(Outcome::Answered(500 * MILLISECOND), now);
        assert_eq!(millis(load.cost(now)), 500);
        let mut later = now;
        for _ in 0..1000 {
            later += 50 * MILLISECOND;
            load.observe(Outcome::Answered(10 * MILLISECOND), later);
        }
        assert!((10..20).contains(&millis(load.cost(later))));
    }

    #[test]
    fn many_quick_answers_bring_it_down_no_slower_than_few() {
        let now = Instant::now();
        let load = Load::new(now);
        load.observe(Outcome::Answered(100 * MILLISECOND), now);
        for at in 0..20_000 {
            let later = now + at * MILLISECOND;
            load.observe(Outcome::Answered(MILLISECOND), later);
        }
        assert!(millis(load.cost(now + 20_000 * MILLISECOND)) < 20);
    }

    #[test]
    fn what_is_not_used_is_forgotten() {
        let now = Instant::now();
        let load = Load::new(now);
        load.observe(Outcome::Answered(Duration::from_secs(1)), now);
        let minute = now + Duration::from_secs(60);
        assert!(millis(load.cost(minute)) < 10);
    }

    #[test]
    fn a_failure_outweighs_any_speed_for_some_seconds() {
        let now = Instant::now();
        let load = Load::new(now);
        load.observe(Outcome::Answered(2 * MILLISECOND), now);
        load.observe(Outcome::Failed(UpstreamFailure::Refused.into()), now);
        assert!(millis(load.cost(now)) > 1000);
        assert_eq!(millis(load.cost_without_penalty(now)), 2);
        assert!(millis(load.cost(now + Duration::from_secs(3))) > 100);
        assert!(millis(load.cost(now + Duration::from_secs(11))) <= 2);
    }

    #[test]
    fn one_that_only_fails_does_not_look_new() {
        let now = Instant::now();
        let load = Load::new(now);
        load.observe(Outcome::Failed(UpstreamFailure::Refused.into()), now);
        assert!(load.cost(now).is_some());
    }

    #[test]
    fn our_own_limits_say_nothing_of_the_endpoint() {
        let now = Instant::now();
        let load = Load::new(now);
        load.observe(Outcome::Failed(UpstreamFailure::PoolFull.into()), now);
        load.observe(Outcome::Failed(Failure::Internal), now);
        assert_eq!(load.cost(now), None);
    }
}
