//! How many requests may be repeated: a share of those of the last seconds, and a few more.
//!
//! When everything fails, repeating everything doubles the load on what is failing already. Each
//! request is counted in passing, without a lock and with a time its way has read anyway; only a
//! repeat adds the counts up.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::time::Instant;

use crate::config::spec::RetrySpec;

/// Seconds that are looked back on.
const SECONDS: u64 = 10;

/// One upstream's budget, for all workers.
pub(super) struct Budget {
    start: Instant,
    percent: u64,
    reserve: u64,
    asked: Window,
    repeated: Window,
}

impl Budget {
    pub(super) fn new(spec: &RetrySpec, now: Instant) -> Self {
        Self {
            start: now,
            percent: u64::from(spec.budget_percent),
            reserve: u64::from(spec.budget_per_second) * SECONDS,
            asked: Window::default(),
            repeated: Window::default(),
        }
    }

    /// A request has come.
    pub(super) fn deposit(&self, now: Instant) {
        self.asked.add(self.second(now));
    }

    /// Takes one repeat; `false` when there is none left. Workers that ask at the very same moment
    /// may together get one more each than there are.
    pub(super) fn withdraw(&self, now: Instant) -> bool {
        let second = self.second(now);
        let allowed = self.asked.sum(second) * self.percent / 100 + self.reserve;
        let is_left = self.repeated.sum(second) < allowed;
        if is_left {
            self.repeated.add(second);
        }
        is_left
    }

    /// Counted from 1: a slot that was never used says 0.
    fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.start).as_secs() + 1
    }
}

/// A count for each of the last seconds. The upper half of a slot says which second it is for.
#[derive(Default)]
struct Window([AtomicU64; 10]);

impl Window {
    fn add(&self, second: u64) {
        let at = usize::try_from(second % SECONDS).unwrap_or_default();
        let Some(slot) = self.0.get(at) else { return };
        let held = slot.load(Relaxed);
        let begun = second << 32 | 1;
        let is_new =
            held >> 32 != second && slot.compare_exchange(held, begun, Relaxed, Relaxed).is_ok();
        if !is_new {
            slot.fetch_add(1, Relaxed);
        }
    }

    fn sum(&self, second: u64) -> u64 {
        let recent = |held: &u64| held >> 32 > second.saturating_sub(SECONDS);
        let held = self.0.iter().map(|slot| slot.load(Relaxed));
        held.filter(recent)
            .map(|held| held & u64::from(u32::MAX))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroUsize, time::Duration};

    use super::*;

    fn budget(percent: u32, per_second: u32) -> (Budget, Instant) {
        let spec = RetrySpec {
            attempts: NonZeroUsize::MIN,
            budget_percent: percent,
            budget_per_second: per_second,
        };
        let now = Instant::now();
        (Budget::new(&spec, now), now)
    }

    fn left(budget: &Budget, now: Instant) -> usize {
        (0..10_000).take_while(|_| budget.withdraw(now)).count()
    }

    #[test]
    fn the_reserve_is_there_without_any_request() {
        let (budget, now) = budget(20, 3);
        assert_eq!(left(&budget, now), 30);
        assert_eq!(left(&budget, now + Duration::from_secs(9)), 0);
        assert_eq!(left(&budget, now + Duration::from_secs(10)), 30);
    }

    #[test]
    fn a_share_of_the_requests_may_be_repeated_and_old_ones_are_forgotten() {
        let (budget, now) = budget(20, 0);
        (0..500).for_each(|_| budget.deposit(now));
        let later = now + Duration::from_secs(5);
        (0..500).for_each(|_| budget.deposit(later));
        assert_eq!(left(&budget, later), 200);
        // The repeats are remembered longer than the first half of the requests.
        assert_eq!(left(&budget, now + Duration::from_secs(11)), 0);
        (0..1000).for_each(|_| budget.deposit(now + Duration::from_secs(40)));
        assert_eq!(left(&budget, now + Duration::from_secs(40)), 200);
    }

    #[test]
    fn nothing_of_nothing_is_nothing() {
        let (budget, now) = budget(0, 0);
        (0..500).for_each(|_| budget.deposit(now));
        assert!(!budget.withdraw(now));
    }

    #[test]
    fn a_clock_that_stands_still_or_jumps_breaks_nothing() {
        let (budget, now) = budget(10, 1);
        for seconds in [0, 0, 1, 100_000, 100_000, 4_000_000] {
            let at = now + Duration::from_secs(seconds);
            (0..10).for_each(|_| budget.deposit(at));
            assert!(budget.withdraw(at));
        }
    }
}
