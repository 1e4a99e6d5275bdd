//! How long a site has been without its origin.
//!
//! [`OutageState`] is pure: an observation in, a transition out. [`Outage`] is what requests share.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::Instant;

/// How long visitors who waited are let in bit by bit after an outage.
const RECENT: Duration = Duration::from_mins(5);

/// What a request saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observation {
    /// The origin answered.
    Success,
    /// It did not, and the endpoint is to blame.
    Failure,
}

/// What an observation changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// An outage begins.
    Began,
    /// It is over, after so long.
    Ended(Duration),
}

/// How a site stands, for those who wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There is no outage, and was none of late.
    Up,
    /// There is one.
    Down {
        /// Its start.
        since: Instant,
    },
    /// The last one ended a moment ago.
    Returned {
        /// Its end.
        at: Instant,
        /// How long it was.
        lasted: Duration,
    },
}

/// Whether there is an outage, and since when.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct OutageState {
    since: Option<Instant>,
    last: Option<(Instant, Duration)>,
}

impl OutageState {
    /// Takes an observation into account.
    pub fn step(&mut self, now: Instant, seen: Observation) -> Option<Transition> {
        match (seen, self.since) {
            (Observation::Failure, None) => {
                self.since = Some(now);
                Some(Transition::Began)
            }
            (Observation::Success, Some(since)) => {
                self.since = None;
                let lasted = now.saturating_duration_since(since);
                self.last = Some((now, lasted));
                Some(Transition::Ended(lasted))
            }
            (Observation::Failure, Some(_)) | (Observation::Success, None) => None,
        }
    }

    /// How the site stands.
    #[must_use]
    pub fn standing(&self, now: Instant) -> Standing {
        match (self.since, self.last) {
            (Some(since), _) => Standing::Down { since },
            (None, Some((at, lasted))) if now.saturating_duration_since(at) < RECENT => {
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

/// The state of one site. Costs one load while all is well.
#[derive(Debug, Default)]
pub struct Outage {
    down: AtomicBool,
    state: Mutex<OutageState>,
}

impl Outage {
    /// The origin answered. Says how long the outage was that ends with it.
    pub fn succeeded(&self) -> Option<Duration> {
        if !self.down.load(Relaxed) {
            return None;
        }
        match self.step(Observation::Success) {
            Some(Transition::Ended(duration)) => Some(duration),
            _ => None,
        }
    }

    /// The origin failed.
    pub fn failed(&self) {
        self.step(Observation::Failure);
    }

    /// How the site stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .standing(Instant::now())
    }

    /// How old the outage is.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .age(Instant::now())
    }

    fn step(&self, seen: Observation) -> Option<Transition> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let transition = state.step(Instant::now(), seen);
        self.down.store(state.since.is_some(), Relaxed);
        transition
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_lasts_from_the_first_failure_to_the_next_success() {
        let mut state = OutageState::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(state.step(at(0), Observation::Success), None);
        assert_eq!(
            state.step(at(1), Observation::Failure),
            Some(Transition::Began)
        );
        assert_eq!(state.step(at(2), Observation::Failure), None);
        assert_eq!(state.age(at(301)), Duration::from_secs(300));
        let ended = state.step(at(11), Observation::Success);
        assert_eq!(ended, Some(Transition::Ended(Duration::from_secs(10))));
        assert_eq!(state.age(at(20)), Duration::ZERO);
    }
}
