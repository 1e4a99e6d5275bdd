//! How many requests an origin takes before they only wait for each other: found by measuring.
//!
//! When answers take longer than they can, more is in flight than is worked on, and the limit goes
//! down in proportion; while they do not, it goes up by a few. The rule and most of its numbers are
//! those of the gradient of github.com/Netflix/concurrency-limits, in whole numbers. What an answer
//! takes at best is remembered as one would a minimum, not as an average, which an origin that is
//! busy for long would pull up together with the limit. Pure.

use std::time::Duration;

use tokio::time::Instant;

/// Answers are looked at together: so many at least, over so long at least.
const ANSWERS: u64 = 10;
const WINDOW: Duration = Duration::from_millis(100);

/// Windows after which what it takes at best has been forgotten: ten minutes of them.
const MEMORY: u64 = 6000;
/// Where the limit starts, and the least.
const START: u64 = 20;
const LEAST: u64 = 4;
/// Requests beyond the limit that may wait at the origin.
const SLACK: u64 = 4;
/// How much longer than at best answers may take without an effect, in thousandths.
const TOLERANCE: u64 = 1500;
/// By how much at most one window lowers the limit, in thousandths.
const STEEPEST: u64 = 500;
/// How much of each new limit counts: a fifth.
const SMOOTHING: u64 = 5;

/// Limits are kept in thousandths.
const UNIT: u64 = 1000;

/// The limit of one upstream.
pub(super) struct Gradient {
    limit: u64,
    most: u64,
    /// What answers take at best, in nanoseconds.
    best: Option<u64>,
    window: Window,
}

/// What was seen since the limit was last moved.
struct Window {
    since: Instant,
    answers: u64,
    nanoseconds: u64,
    in_flight: usize,
}

impl Gradient {
    /// Never above `most`.
    pub(super) fn new(most: usize, now: Instant) -> Self {
        let most = u64::try_from(most).map_or(u64::from(u32::MAX), |most| {
            most.clamp(1, u64::from(u32::MAX))
        });
        Self {
            limit: START.min(most) * UNIT,
            most: most * UNIT,
            best: None,
            window: Window::new(now),
        }
    }

    /// At least one.
    pub(super) fn limit(&self) -> usize {
        usize::try_from(self.limit / UNIT).unwrap_or(usize::MAX)
    }

    /// An answer took this long while so many were in flight.
    pub(super) fn observe(&mut self, now: Instant, took: Duration, in_flight: usize) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let window = &mut self.window;
        window.answers += 1;
        window.nanoseconds = window.nanoseconds.saturating_add(took);
        window.in_flight = window.in_flight.max(in_flight);
        if window.answers >= ANSWERS && now.saturating_duration_since(window.since) >= WINDOW {
            let seen = std::mem::replace(window, Window::new(now));
            self.adjust(&seen);
        }
    }

    fn adjust(&mut self, seen: &Window) {
        // At most an hour, so that nothing below overflows.
        const MOST: u64 = 3_600_000_000_000;
        let mean = (seen.nanoseconds / seen.answers.max(1)).clamp(1, MOST);
        let best = self.best.unwrap_or(mean);
        let best = mean.min(best + mean.saturating_sub(best) / MEMORY);
        self.best = Some(best);
        let in_flight = u64::try_from(seen.in_flight).unwrap_or(u64::MAX);
        if in_flight.saturating_mul(2 * UNIT) < self.limit {
            // The origin was not tried: nothing can be said about more.
            return;
        }
        let gradient = (TOLERANCE * best / mean).clamp(STEEPEST, UNIT);
        let wanted = self.limit * gradient / UNIT + SLACK * UNIT;
        let smooth = (self.limit * (SMOOTHING - 1) + wanted) / SMOOTHING;
        self.limit = smooth.clamp((LEAST * UNIT).min(self.most), self.most);
    }
}

impl Window {
    const fn new(since: Instant) -> Self {
        Self {
            since,
            answers: 0,
            nanoseconds: 0,
            in_flight: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// An origin that answers in 10 ms as long as no more than so many are in flight.
    struct Origin(Gradient, Instant);

    impl Origin {
        fn new(most: usize) -> Self {
            let now = Instant::now();
            Self(Gradient::new(most, now), now)
        }

        /// So many windows at the limit. Returns the limit after them.
        fn busy(&mut self, windows: usize, places: u32) -> usize {
            for _ in 0..windows {
                self.1 += WINDOW;
                let in_flight = u32::try_from(self.0.limit()).unwrap();
                let took = (10 * MS * in_flight / places).max(10 * MS);
                for _ in 0..ANSWERS {
                    self.0.observe(self.1, took, self.0.limit());
                }
            }
            self.0.limit()
        }
    }

    #[test]
    fn it_grows_while_answers_stay_quick_and_not_beyond_the_most() {
        let mut origin = Origin::new(100);
        assert_eq!(origin.0.limit(), 20);
        assert!(origin.busy(10, 1000) > 20);
        assert_eq!(origin.busy(1000, 1000), 100);
    }

    #[test]
    fn it_shrinks_when_the_origin_slows_down_and_recovers() {
        let mut origin = Origin::new(100);
        origin.busy(1000, 1000);
        let slow = origin.busy(100, 8);
        assert!((8..=30).contains(&slow), "{slow}");
        assert_eq!(origin.busy(1000, 1000), 100);
    }

    #[test]
    fn it_stays_near_what_an_origin_can_do_that_is_busy_for_minutes() {
        let mut origin = Origin::new(1000);
        origin.busy(1, 1000);
        let limit = origin.busy(3000, 40);
        assert!((40..=100).contains(&limit), "{limit}");
    }

    #[test]
    fn an_idle_origin_teaches_nothing() {
        let now = Instant::now();
        let mut gradient = Gradient::new(100, now);
        for answers in 0..1000 {
            gradient.observe(now + WINDOW * answers, 10 * MS, 1);
        }
        assert_eq!(gradient.limit(), 20);
    }

    #[test]
    fn extremes_break_nothing() {
        for most in [0, 1, 2, usize::MAX] {
            let now = Instant::now();
            let mut gradient = Gradient::new(most, now);
            for took in [Duration::ZERO, Duration::MAX, MS] {
                for answers in 0..200 {
                    gradient.observe(now + WINDOW * answers, took, usize::MAX);
                }
                assert!((1..=most.max(1)).contains(&gradient.limit()));
            }
        }
    }
}
