//! Durations in buckets, counted as everything is: by additions to atomics.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Durations in buckets.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    microseconds: AtomicU64,
}

/// Upper bounds in seconds, as Prometheus expects them, with microseconds for comparing.
const BOUNDS: [(f64, u64); 13] = [
    (0.001, 1_000),
    (0.005, 5_000),
    (0.01, 10_000),
    (0.025, 25_000),
    (0.05, 50_000),
    (0.1, 100_000),
    (0.25, 250_000),
    (0.5, 500_000),
    (1.0, 1_000_000),
    (2.5, 2_500_000),
    (5.0, 5_000_000),
    (15.0, 15_000_000),
    (60.0, 60_000_000),
];

/// A histogram at one moment.
pub(crate) struct Snapshot {
    pub(crate) sum: f64,
    pub(crate) count: u64,
    pub(crate) buckets: Vec<(f64, u64)>,
}

impl Histogram {
    pub(super) fn observe(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let at = BOUNDS
            .iter()
            .position(|(_, bound)| micros <= *bound)
            .unwrap_or(BOUNDS.len());
        if let Some(bucket) = self.buckets.get(at) {
            bucket.fetch_add(1, Relaxed);
        }
        self.microseconds.fetch_add(micros, Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let bounds = BOUNDS
            .iter()
            .map(|(seconds, _)| *seconds)
            .chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds
            .zip(self.buckets.iter().map(|count| count.load(Relaxed)))
            .collect();
        let sum = Duration::from_micros(self.microseconds.load(Relaxed)).as_secs_f64();
        Snapshot {
            sum,
            count: buckets.iter().map(|(_, count)| count).sum(),
            buckets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_falls_into_the_first_bucket_that_holds_it() {
        let histogram = Histogram::default();
        for millis in [1, 2, 5, 70_000] {
            histogram.observe(Duration::from_millis(millis));
        }
        let snapshot = histogram.snapshot();
        let filled: Vec<(f64, u64)> = snapshot
            .buckets
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect();
        assert_eq!(filled, [(0.001, 1), (0.005, 2), (f64::INFINITY, 1)]);
        assert_eq!(snapshot.count, 4);
    }
}
