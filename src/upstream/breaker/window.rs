//! What came of the attempts of the last ten seconds.

use std::time::Duration;

use tokio::time::Instant;

const BUCKETS: usize = 10;
const WIDTH: Duration = Duration::from_secs(1);
/// Fewer attempts say nothing about a share.
const LEAST: u64 = 20;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Bucket {
    good: u64,
    bad: u64,
}

/// Counts by second, the newest first. Successes come in numbers, now and then, because counting
/// them one by one would cost every request a lock.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// When the newest second began.
    newest: Option<Instant>,
    buckets: [Bucket; BUCKETS],
}

impl Window {
    /// Whether fewer than this many per cent went well, of enough to tell.
    pub(super) fn is_poor(&self, percent: u32) -> bool {
        let [good, bad] = self.totals();
        let all = good.saturating_add(bad);
        all >= LEAST && good.saturating_mul(100) < all.saturating_mul(percent.into())
    }

    /// Successes since this was last called. They are taken to have come evenly.
    pub(super) fn succeeded(&mut self, now: Instant, count: u64) {
        let passed = self.advance(now);
        let seconds = u64::try_from(passed.max(1)).unwrap_or(u64::MAX);
        let (share, rest) = (count / seconds, count % seconds);
        for bucket in self.buckets.iter_mut().take(passed.max(1)) {
            bucket.good = bucket.good.saturating_add(share);
        }
        if let Some(newest) = self.buckets.first_mut() {
            newest.good = newest.good.saturating_add(rest.min(share.max(1)));
        }
    }

    pub(super) fn failed(&mut self, now: Instant) {
        self.advance(now);
        if let Some(newest) = self.buckets.first_mut() {
            newest.bad = newest.bad.saturating_add(1);
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Makes room for the seconds that have passed, and says how many they are.
    fn advance(&mut self, now: Instant) -> usize {
        let newest = *self.newest.get_or_insert(now);
        let passed = now.saturating_duration_since(newest).as_secs();
        self.newest =
            Some(newest + WIDTH.saturating_mul(u32::try_from(passed).unwrap_or(u32::MAX)));
        let passed = usize::try_from(passed).unwrap_or(usize::MAX);
        let gone = passed.min(BUCKETS);
        self.buckets.rotate_right(gone);
        self.buckets
            .iter_mut()
            .take(gone)
            .for_each(|bucket| *bucket = Bucket::default());
        passed
    }

    fn totals(&self) -> [u64; 2] {
        self.buckets.iter().fold([0, 0], |[good, bad], bucket| {
            [
                good.saturating_add(bucket.good),
                bad.saturating_add(bucket.bad),
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn a_share_of_few_attempts_says_nothing() {
        let (mut window, start) = (Window::default(), Instant::now());
        for _ in 0..19 {
            window.failed(start);
        }
        assert!(!window.is_poor(80));
        window.failed(start);
        assert!(window.is_poor(80));
    }

    #[test]
    fn exactly_the_least_share_is_enough() {
        let (mut window, start) = (Window::default(), Instant::now());
        window.succeeded(start, 80);
        for _ in 0..20 {
            window.failed(start);
        }
        assert!(!window.is_poor(80));
        window.failed(start);
        assert!(window.is_poor(80));
    }

    #[test]
    fn what_is_older_than_ten_seconds_is_forgotten() {
        let (mut window, start) = (Window::default(), Instant::now());
        for _ in 0..40 {
            window.failed(start);
        }
        window.succeeded(after(start, 9), 0);
        assert!(window.is_poor(80));
        window.succeeded(after(start, 10), 0);
        assert_eq!(window.totals(), [0, 0]);
    }

    #[test]
    fn the_successes_of_a_long_time_count_for_the_last_ten_seconds_only() {
        let (mut window, start) = (Window::default(), Instant::now());
        window.succeeded(start, 0);
        window.succeeded(after(start, 100), 1000);
        assert_eq!(window.totals(), [100, 0]);
    }
}
