//! When a site is without its origin: pure, an observation in, a transition out.
//!
//! One failure among many answers is no outage. It takes several with no answer between them, or
//! the word of the upstream that no endpoint is left. One answer ends it. What begins again soon is
//! the same outage.

use std::time::Duration;

use tokio::time::Instant;

use super::Standing;
use crate::failure::{UpstreamFailure, weight::Weight};

/// How long visitors who waited are let in bit by bit after an outage.
const RECENT: Duration = Duration::from_mins(5);
/// An outage that begins so soon after one has ended goes on with it.
const SAME: Duration = Duration::from_mins(1);
/// Two failures of one kind or three of another: what each counts, and what makes an outage.
const UNREACHABLE: u32 = 3;
const OTHER: u32 = 2;
const ENOUGH: u32 = 6;

/// What was seen of the origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observation {
    /// It answered a request, or a probe.
    Success,
    /// It did not answer a request, and is to blame.
    Failure(UpstreamFailure),
    /// No endpoint is left to ask.
    Gone,
}

/// What an observation changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// An outage begins.
    Began,
    /// The last one goes on: it had not been over for long.
    Resumed,
    /// It is over, after so long since it began.
    Ended(Duration),
}

/// Whether there is an outage, and since when.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct OutageState {
    since: Option<Instant>,
    last: Option<Ended>,
    /// Failures since the last success: when the first came, and what they count.
    failing: Option<(Instant, u32)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ended {
    since: Instant,
    at: Instant,
}

impl OutageState {
    /// Takes an observation into account.
    pub fn step(&mut self, now: Instant, seen: Observation) -> Option<Transition> {
        match (seen, self.since) {
            (Observation::Success, Some(since)) => {
                (self.since, self.failing) = (None, None);
                self.last = Some(Ended { since, at: now });
                Some(Transition::Ended(now.saturating_duration_since(since)))
            }
            (Observation::Success, None) => {
                self.failing = None;
                None
            }
            (Observation::Failure(_) | Observation::Gone, Some(_)) => None,
            (Observation::Gone, None) => Some(self.begin(now)),
            (Observation::Failure(cause), None) => {
                let (first, before) = self.failing.unwrap_or((now, 0));
                let count = before.saturating_add(count(cause));
                self.failing = Some((first, count));
                (count >= ENOUGH).then(|| self.begin(now))
            }
        }
    }

    /// It began with the first of the failures that made it one.
    fn begin(&mut self, now: Instant) -> Transition {
        let first = self.failing.map_or(now, |(first, _)| first);
        let same = self
            .last
            .filter(|last| now.saturating_duration_since(last.at) < SAME);
        self.since = Some(same.map_or(first, |last| last.since));
        same.map_or(Transition::Began, |_| Transition::Resumed)
    }

    /// Whether a success would change anything.
    #[must_use]
    pub fn is_troubled(&self) -> bool {
        self.since.is_some() || self.failing.is_some()
    }

    /// When the first of the requests failed after which none has succeeded. `None` during an
    /// outage, too: then more is known.
    #[must_use]
    pub fn failing_since(&self) -> Option<Instant> {
        let (first, _) = self.failing.filter(|_| self.since.is_none())?;
        Some(first)
    }

    /// How the site stands.
    #[must_use]
    pub fn standing(&self, now: Instant) -> Standing {
        match (self.since, self.last) {
            (Some(since), _) => Standing::Down { since },
            (None, Some(Ended { since, at })) if now.saturating_duration_since(at) < RECENT => {
                let lasted = at.saturating_duration_since(since);
                Standing::Returned { at, lasted }
            }
            (None, _) => Standing::Up,
        }
    }

    /// How old the outage is; zero without one.
    #[must_use]
    pub fn age(&self, now: Instant) -> Duration {
        self.since
            .map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }
}

fn count(cause: UpstreamFailure) -> u32 {
    match cause.weight() {
        Some(Weight::Unreachable) => UNREACHABLE,
        Some(Weight::Unresponsive | Weight::Single) => OTHER,
        None => 0,
    }
}
