//! How long a client is asked to wait: longer the longer an outage lasts, and never the same for
//! all, so that they do not come back at once.

use std::time::Duration;

use crate::config::spec::RetryAfterSpec;

const LONG: Duration = Duration::from_mins(5);
const VERY_LONG: Duration = Duration::from_hours(1);
const LEAST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_hours(24);
/// The wait for a site that is busy.
const BUSY: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(6));
/// How far the wait may be from the configured one, both ways.
const SPREAD: f64 = 0.2;

/// Whole seconds from 1 to a day. `jitter` is a random number from 0 to 1. What the origin asked
/// for itself is kept when it is longer.
#[must_use]
pub fn retry_after(
    spec: &RetryAfterSpec,
    outage_age: Duration,
    jitter: f64,
    origin: Option<Duration>,
) -> Duration {
    let wanted = if outage_age >= VERY_LONG {
        spec.after_1_hour
    } else if outage_age >= LONG {
        spec.after_5_minutes
    } else {
        spec.start
    };
    let jitter = if jitter.is_nan() {
        0.5
    } else {
        jitter.clamp(0.0, 1.0)
    };
    // Limited before the multiplication, which would panic on what no `Duration` can hold.
    let spread = wanted
        .min(MOST)
        .mul_f64(1.0 - SPREAD + 2.0 * SPREAD * jitter);
    let ours = Duration::from_secs((spread + Duration::from_millis(500)).as_secs());
    let origin = origin.map_or(Duration::ZERO, whole_seconds);
    ours.max(origin).clamp(LEAST, MOST)
}

/// For planned maintenance that ends after so long: not before the end, and not all at once. Whole
/// seconds, at least 1. `jitter` is a random number from 0 to 1.
#[must_use]
pub fn until_the_end(left: Duration, jitter: f64) -> Duration {
    const MOST_SPREAD: Duration = Duration::from_secs(30);
    let spread = (left / 10).clamp(LEAST, MOST_SPREAD);
    let jitter = if jitter.is_nan() {
        0.5
    } else {
        jitter.clamp(0.0, 1.0)
    };
    whole_seconds(left.saturating_add(spread.mul_f64(jitter))).max(LEAST)
}

/// For a site that is only busy: a few seconds, since it may have room again at once, and spread
/// all the more. `jitter` is a random number from 0 to 1.
#[must_use]
pub fn when_busy(jitter: f64) -> Duration {
    let jitter = if jitter.is_nan() {
        0.5
    } else {
        jitter.clamp(0.0, 1.0)
    };
    let seconds = BUSY.0 + (BUSY.1 - BUSY.0).mul_f64(jitter);
    Duration::from_secs((seconds + Duration::from_millis(500)).as_secs())
}

/// Rounded up: nobody is asked back before the time.
fn whole_seconds(time: Duration) -> Duration {
    let started = u64::from(time.subsec_nanos() > 0);
    Duration::from_secs(time.as_secs().saturating_add(started))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SPEC: RetryAfterSpec = RetryAfterSpec {
        start: Duration::from_secs(30),
        after_5_minutes: Duration::from_mins(2),
        after_1_hour: Duration::from_mins(10),
    };
    const SECOND: Duration = Duration::from_secs(1);

    fn seconds(age: u64, jitter: f64, origin: Option<u64>) -> u64 {
        let origin = origin.map(Duration::from_secs);
        retry_after(&SPEC, Duration::from_secs(age), jitter, origin).as_secs()
    }

    #[test]
    fn it_grows_with_the_age_of_the_outage() {
        assert_eq!(seconds(0, 0.5, None), 30);
        assert_eq!(seconds(299, 0.5, None), 30);
        assert_eq!(seconds(300, 0.5, None), 120);
        assert_eq!(seconds(3599, 0.5, None), 120);
        assert_eq!(seconds(3600, 0.5, None), 600);
    }

    #[test]
    fn jitter_moves_it_by_a_fifth_both_ways() {
        assert_eq!(seconds(0, 0.0, None), 24);
        assert_eq!(seconds(0, 1.0, None), 36);
        assert_eq!(seconds(0, f64::NAN, None), 30);
        assert_eq!(seconds(0, -3.0, None), 24);
        assert_eq!(seconds(0, f64::INFINITY, None), 36);
    }

    #[test]
    fn the_origins_own_is_kept_only_when_it_is_longer() {
        assert_eq!(seconds(0, 0.5, Some(10)), 30);
        assert_eq!(seconds(0, 0.5, Some(90)), 90);
        assert_eq!(seconds(0, 0.5, Some(u64::MAX)), 86_400);
    }

    #[test]
    fn planned_maintenance_asks_nobody_back_before_its_end_nor_all_at_once() {
        let wait = |left, jitter| until_the_end(Duration::from_millis(left), jitter).as_secs();
        assert_eq!((wait(3_600_000, 0.0), wait(3_600_000, 1.0)), (3600, 3630));
        assert_eq!((wait(60_000, 0.0), wait(60_000, 1.0)), (60, 66));
        assert_eq!((wait(0, 0.0), wait(0, 1.0), wait(1, f64::NAN)), (1, 1, 1));
        assert_eq!(until_the_end(Duration::MAX, 1.0).as_secs(), u64::MAX);
    }

    #[test]
    fn a_busy_site_asks_for_a_few_seconds() {
        let waits = [0.0, 0.5, 1.0, f64::NAN, 9.0].map(|jitter| when_busy(jitter).as_secs());
        assert_eq!(waits, [2, 4, 6, 4, 6]);
    }

    proptest! {
        #[test]
        fn it_is_always_whole_seconds_from_one_to_a_day(
            start: u64, age: u64, jitter: f64, origin in prop::option::of(any::<u64>()),
        ) {
            let spec = RetryAfterSpec { start: Duration::from_millis(start), ..SPEC };
            let origin = origin.map(Duration::from_nanos);
            let wait = retry_after(&spec, Duration::from_millis(age), jitter, origin);
            prop_assert!(wait >= SECOND && wait <= MOST && wait.subsec_nanos() == 0);
        }
    }
}
