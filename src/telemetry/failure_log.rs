//! Says in the log, in plain words and without flooding it, why requests fail.
//!
//! An outage under load is thousands of equal failures a second. The first of a kind is logged at
//! once; of those that follow within the pause only the number, with the next one.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::Instant;

use crate::failure::{Failure, UpstreamFailure, chain};

/// The least time between two lines about one cause at one site.
const PAUSE: Duration = Duration::from_secs(10);

/// What is remembered for one site.
#[derive(Debug)]
pub struct FailureLog {
    causes: [Cause; UpstreamFailure::COUNT + 5],
}

#[derive(Debug, Default)]
struct Cause {
    last: Mutex<Option<Instant>>,
    unsaid: AtomicU64,
}

/// One failure as it is logged.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The site's name.
    pub site: &'a str,
    /// The cause.
    pub failure: Failure,
    /// The upstream as configured.
    pub upstream: &'a str,
    /// The endpoint of the last attempt.
    pub endpoint: Option<std::net::SocketAddr>,
    /// The request in whose record more is found.
    pub request_id: &'a http::HeaderValue,
    /// The error below.
    pub source: Option<&'a (dyn std::error::Error + 'static)>,
}

impl Default for FailureLog {
    fn default() -> Self {
        Self {
            causes: std::array::from_fn(|_| Cause::default()),
        }
    }
}

impl FailureLog {
    /// Logs a failure, or counts it for the next line.
    pub fn log(&self, entry: &Entry<'_>, now: Instant) {
        let at = match entry.failure {
            Failure::Upstream(cause) => cause.index(),
            Failure::Overloaded => UpstreamFailure::COUNT,
            Failure::Internal => UpstreamFailure::COUNT + 1,
            Failure::Maintenance(_) => UpstreamFailure::COUNT + 2,
            Failure::RateLimited(_) => UpstreamFailure::COUNT + 3,
            Failure::TooLarge => UpstreamFailure::COUNT + 4,
        };
        let Some(unsaid) = self.causes.get(at).and_then(|cause| cause.due(now)) else {
            return;
        };
        tracing::warn!(
            site = entry.site,
            cause = entry.failure.label(),
            upstream = entry.upstream,
            endpoint = entry.endpoint.map(tracing::field::display),
            request_id = entry.request_id.to_str().unwrap_or_default(),
            error = entry.source.map(chain),
            unlogged_before = unsaid,
            "{}",
            plain_words(entry),
        );
    }
}

impl Cause {
    /// How many went unsaid, if it is time for a line.
    fn due(&self, now: Instant) -> Option<u64> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| now.saturating_duration_since(last) < PAUSE) {
            self.unsaid.fetch_add(1, Relaxed);
            return None;
        }
        *last = Some(now);
        Some(self.unsaid.swap(0, Relaxed))
    }
}

fn plain_words(entry: &Entry<'_>) -> &'static str {
    match entry.failure {
        Failure::Upstream(cause) => cause.plain_words(),
        // What the system refused has its error with it; our own limits have none.
        Failure::Overloaded if entry.source.is_none() => {
            "more requests are in flight and in the queue than [limits] allows; likely the upstream is too slow for its load"
        }
        Failure::Overloaded => {
            "this proxy is out of file descriptors, ports or socket memory; raise the limit of open files"
        }
        Failure::RateLimited(_) => "a client address sends more requests than [limits.rate] allows",
        Failure::TooLarge => "a request body is larger than `body` in [limits] allows",
        Failure::Maintenance(_) => "the site is under maintenance, as its configuration says",
        Failure::Internal => "a defect in this proxy; please report it with this line",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_said_and_the_following_are_counted() {
        let cause = Cause::default();
        let start = Instant::now();
        assert_eq!(cause.due(start), Some(0));
        assert_eq!(cause.due(start + Duration::from_secs(1)), None);
        assert_eq!(cause.due(start + Duration::from_secs(9)), None);
        assert_eq!(cause.due(start + Duration::from_secs(10)), Some(2));
    }
}
