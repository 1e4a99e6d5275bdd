//! How fast an endpoint answers and whether it failed a moment ago: what the balancer goes by.
//!
//! The latency is a moving average over some 10 s, and is forgotten by halves where it is not used.
//! It is no peak average, as Finagle's is: one slow page would keep an endpoint without traffic for
//! half a minute, and an endpoint that hangs shows by its requests in flight. Failures are kept
//! apart: they make the endpoint look worse for some seconds, however fast it failed.

use std::{
    ops::RangeInclusive,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use tokio::time::Instant;

use super::endpoint::Outcome;
use crate::failure::Failure;

/// In how many milliseconds a new latency is taken over for the most part. The first answers, which
/// may be those of a cold start, are outgrown sooner.
const SETTLING: RangeInclusive<u64> = 1_000..=10_000;
/// The least time between two samples: within it, one speaks for all.
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
    /// When the first was measured, in milliseconds since `base`.
    first: AtomicU64,
    /// When the last was measured, in milliseconds since `base`.
    measured: AtomicU64,
    /// When it last failed, in milliseconds since `base`, and 1 more; 0: never.
    failed: AtomicU64,
}

impl Load {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            base: now,
            latency: AtomicU64::new(0),
            first: AtomicU64::new(0),
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
            Outcome::Failed(
                Failure::Upstream(_)
                | Failure::Maintenance(_)
                | Failure::Overloaded
                | Failure::RateLimited(_)
                | Failure::TooLarge
                | Failure::Internal,
            ) => {}
        }
    }

    fn answered(&self, after: Duration, now: u64) {
        let sample = nanoseconds(after).max(1);
        let before = self.latency.load(Relaxed);
        let passed = now.saturating_sub(self.measured.load(Relaxed));
        if before > 0 && passed < STEP {
            return;
        }
        let known_for = now.saturating_sub(self.first.load(Relaxed));
        let settling = known_for.clamp(*SETTLING.start(), *SETTLING.end());
        let step = u128::from(sample.abs_diff(before)) * u128::from(passed);
        let step = u64::try_from(step / u128::from(settling + passed)).unwrap_or(u64::MAX);
        let average = match before {
            0 => sample,
            _ if sample < before => before - step,
            _ => before.saturating_add(step),
        };
        if before == 0 {
            self.first.store(now, Relaxed);
        }
        self.latency.store(average, Relaxed);
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

/// Differences below this are no reason to prefer one to another: 10 ms, in nanoseconds.
const FLOOR: u64 = 10_000_000;

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
        cost.unwrap() / 1_000_000
    }

    /// Answers of this latency, one each 50 ms for a while.
    fn answer(load: &Load, from: Instant, (count, latency): (u32, u32)) -> Instant {
        let at = |nth: u32| from + nth * 50 * MILLISECOND;
        for nth in 1..=count {
            load.observe(Outcome::Answered(latency * MILLISECOND), at(nth));
        }
        at(count)
    }

    #[test]
    fn one_slow_answer_is_no_slow_endpoint_and_many_are() {
        let now = Instant::now();
        let load = Load::new(now);
        assert_eq!(load.cost(now), None, "nothing is known at first");
        let now = answer(&load, now, (1, 20));
        assert_eq!(millis(load.cost(now)), 20);
        let now = answer(&load, now, (200, 20));
        let now = answer(&load, now, (1, 1000));
        assert!(millis(load.cost(now)) < 30);
        let now = answer(&load, now, (600, 1000));
        assert!(millis(load.cost(now)) > 900);
        let now = answer(&load, now, (1000, 20));
        assert!(millis(load.cost(now)) < 40);
    }

    #[test]
    fn a_cold_start_is_outgrown_within_seconds() {
        let now = Instant::now();
        let load = Load::new(now);
        let now = answer(&load, now, (1, 1000));
        let now = answer(&load, now, (100, 20));
        let cost = millis(load.cost(now));
        assert!(cost < 200, "{cost} ms after five seconds");
    }

    #[test]
    fn many_quick_answers_bring_it_down_no_slower_than_few() {
        let now = Instant::now();
        let load = Load::new(now);
        load.observe(Outcome::Answered(100 * MILLISECOND), now);
        for at in 0..40_000 {
            let later = now + at * MILLISECOND;
            load.observe(Outcome::Answered(MILLISECOND), later);
        }
        assert!(millis(load.cost(now + 40_000 * MILLISECOND)) < 20);
    }

    #[test]
    fn what_is_not_used_is_forgotten() {
        let now = Instant::now();
        let load = Load::new(now);
        load.observe(Outcome::Answered(Duration::from_secs(1)), now);
        let minute = now + Duration::from_secs(60);
        assert_eq!(millis(load.cost(minute)), 10);
    }

    #[test]
    fn a_failure_outweighs_any_speed_for_some_seconds() {
        let now = Instant::now();
        let load = Load::new(now);
        load.observe(Outcome::Answered(20 * MILLISECOND), now);
        load.observe(Outcome::Failed(UpstreamFailure::Refused.into()), now);
        assert!(millis(load.cost(now)) > 1000);
        assert_eq!(millis(load.cost_without_penalty(now)), 20);
        assert!(millis(load.cost(now + Duration::from_secs(3))) > 100);
        assert!(millis(load.cost(now + Duration::from_secs(11))) <= 20);
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
