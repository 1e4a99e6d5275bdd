//! When an authority may be asked again: what it allows, and what is decent.
//!
//! Pure: it takes the time and a random number. Kept on disk, so that a process that is started
//! again and again does not ask again and again.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::order::Kind;

const HOUR: Duration = Duration::from_secs(3600);
/// Orders for the same names within an hour. Let's Encrypt allows five failures.
const ORDERS_PER_HOUR: usize = 4;
/// After the first failure, doubled by each further one up to the second.
const PAUSES: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(12 * 3600));
/// The same for a directory that is not there, which costs nobody anything.
const SEARCH: (Duration, Duration) = (Duration::from_secs(5), HOUR);
/// No authority is believed that it wants to be left alone for longer.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// What was tried for one certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attempts {
    /// The orders of the last hour, in seconds since 1970.
    #[serde(default)]
    orders: Vec<i64>,
    /// The way that worked last.
    #[serde(default)]
    pub(super) kind: Option<Kind>,
    #[serde(default)]
    pause: Pause,
}

/// A pause that grows with each failure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pause {
    /// In a row.
    failures: u32,
    /// Its end, in seconds since 1970.
    until: i64,
    /// What the authority wants at the least, in seconds since 1970.
    #[serde(default)]
    told: i64,
}

impl Attempts {
    /// From when on an order may be placed.
    pub(super) fn ready(&self) -> Timestamp {
        let newest = self.orders.len().checked_sub(ORDERS_PER_HOUR);
        let oldest_that_counts = newest.and_then(|at| self.orders.get(at));
        let allowed = oldest_that_counts.map_or(Timestamp::MIN, |at| after(second(*at), HOUR));
        allowed.max(self.pause.until())
    }

    /// An order is being placed.
    pub(super) fn begin(&mut self, now: Timestamp) {
        self.orders
            .retain(|at| after(second(*at), HOUR) > now && second(*at) <= now);
        self.orders.push(now.as_second());
    }

    /// It came to nothing; how long it is left alone. `again`: what the authority said.
    pub(super) fn failed(&mut self, now: Timestamp, again: Option<Duration>) -> Duration {
        self.pause.lengthen(now, PAUSES, again)
    }

    /// There is a certificate.
    pub(super) fn succeeded(&mut self, kind: Kind) {
        self.kind = Some(kind);
        self.pause = Pause::default();
    }

    /// What another process has tried meanwhile. Whoever has tried later knows better.
    pub(super) fn learn(&mut self, others: Self) {
        if others.orders.last() > self.orders.last() {
            *self = others;
        }
    }

    /// Somebody has looked after it: it may be tried at once, within the limit and as far as the
    /// authority allows.
    pub(super) fn forgive(&mut self) {
        self.pause.forgive();
    }
}

impl Pause {
    /// Its end.
    pub(super) fn until(&self) -> Timestamp {
        if self.failures == 0 {
            return second(self.told);
        }
        second(self.until)
    }

    /// Only what the authority wants counts any more.
    pub(super) fn forgive(&mut self) {
        self.failures = 0;
    }

    /// The directory was of no use; how long it is left alone.
    pub(super) fn search(&mut self, now: Timestamp, again: Option<Duration>) -> Duration {
        self.lengthen(now, SEARCH, again)
    }

    fn lengthen(
        &mut self,
        now: Timestamp,
        (first, longest): (Duration, Duration),
        again: Option<Duration>,
    ) -> Duration {
        let doubled = 2_u32.saturating_pow(self.failures.min(20));
        let own = first.saturating_mul(doubled).min(longest);
        // Many processes that failed together do not come back together.
        let own = own.mul_f64(0.75 + 0.5 * fastrand::f64());
        let told = again.map_or(Duration::ZERO, |again| again.min(LONGEST));
        if !told.is_zero() {
            self.told = after(now, told).as_second();
        }
        let pause = own.max(told);
        self.failures = self.failures.saturating_add(1);
        self.until = after(now, pause).as_second();
        pause
    }
}

fn second(at: i64) -> Timestamp {
    Timestamp::from_second(at).unwrap_or(Timestamp::MIN)
}

/// So much later, as far as time goes.
pub(super) fn after(from: Timestamp, time: Duration) -> Timestamp {
    let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    from.checked_add(time).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
