//! How long a site has been without its origin, and how often before.
//!
//! [`OutageState`] is pure; [`Outage`] is what requests, probes and the admin listener share. The
//! last outages are kept in [`history`].

pub mod history;
pub mod state;
#[cfg(test)]
mod tests;

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::Instant;

use self::history::{History, OutageView};
pub use self::state::{Observation, OutageState, Transition};
use crate::{failure::UpstreamFailure, telemetry::outage_id::OutageId};

/// The least time between two lines of the log about one outage that comes and goes.
const QUIET: Duration = Duration::from_secs(10);

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

/// The state of one site. Costs one load while all is well.
#[derive(Debug, Default)]
pub struct Outage {
    is_troubled: AtomicBool,
    /// Answers in place of the origin's while it failed.
    answers: AtomicU64,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    site: String,
    upstream: String,
    state: OutageState,
    history: History,
    /// Answers before the failures that may become an outage.
    answers_before: u64,
    last_line: Option<Instant>,
}

/// Numbers for the metrics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutageCounts {
    /// Whether there is one now.
    pub is_down: bool,
    /// How many there have been.
    pub outages: u64,
    /// How long all of them were, the present one included.
    pub time: Duration,
}

impl Outage {
    /// Says whose outage it is, for the log and for lists.
    pub fn describe(&self, site: &str, upstream: &str) {
        let mut known = self.known();
        (known.site, known.upstream) = (site.to_owned(), upstream.to_owned());
    }

    /// How the site stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.known().state.standing(Instant::now())
    }

    /// When the first of the requests failed after which none has succeeded, as long as that does
    /// not make an outage.
    #[must_use]
    pub fn failing_since(&self) -> Option<Instant> {
        if !self.is_troubled.load(Relaxed) {
            return None;
        }
        self.known().state.failing_since()
    }

    /// How old the outage is.
    #[must_use]
    pub fn age(&self) -> Duration {
        if !self.is_troubled.load(Relaxed) {
            return Duration::ZERO;
        }
        self.known().state.age(Instant::now())
    }

    /// The outages since the process began, the newest first.
    #[must_use]
    pub fn views(&self) -> Vec<OutageView> {
        let (answers, now) = (self.answers.load(Relaxed), Instant::now());
        let known = self.known();
        known
            .history
            .views(&known.site, &known.upstream, answers, now)
    }

    /// Numbers for the metrics.
    #[must_use]
    pub fn counts(&self) -> OutageCounts {
        let known = self.known();
        let (outages, time) = known.history.totals(Instant::now());
        OutageCounts {
            is_down: matches!(known.state.standing(Instant::now()), Standing::Down { .. }),
            outages,
            time,
        }
    }

    /// The origin answered a request.
    pub fn succeeded(&self) {
        if self.is_troubled.load(Relaxed) {
            self.step(Observation::Success, None);
        }
    }

    /// A request failed, and the origin is to blame. Names the outage that this is part of.
    pub fn failed(&self, cause: UpstreamFailure) -> Option<OutageId> {
        self.step(Observation::Failure(cause), Some(cause))
    }

    /// No endpoint is left, the last one for this cause.
    pub fn gone(&self, cause: UpstreamFailure) {
        self.step(Observation::Gone, Some(cause));
    }

    /// A client got an answer of ours in place of the origin's.
    pub fn answered(&self) {
        if self.is_troubled.load(Relaxed) {
            self.answers.fetch_add(1, Relaxed);
        }
    }

    fn step(&self, seen: Observation, cause: Option<UpstreamFailure>) -> Option<OutageId> {
        let (now, answers) = (Instant::now(), self.answers.load(Relaxed));
        let mut known = self.known();
        if !known.state.is_troubled() {
            known.answers_before = answers;
        }
        let transition = known.state.step(now, seen);
        self.is_troubled.store(known.state.is_troubled(), Relaxed);
        known.note(transition, cause, (answers, now));
        known.history.present()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn note(
        &mut self,
        transition: Option<Transition>,
        cause: Option<UpstreamFailure>,
        (answers, now): (u64, Instant),
    ) {
        match transition {
            Some(Transition::Began) => {
                let age = self.state.age(now);
                self.history.begin(age, self.answers_before, now);
            }
            Some(Transition::Resumed) => self.history.resume(self.answers_before, now),
            Some(Transition::Ended(_)) => self.history.end(answers, now),
            None => {}
        }
        if let Some(cause) = cause {
            self.history.blame(cause);
        }
        if let Some(transition) = transition {
            self.say(transition, (answers, now));
        }
    }

    /// One line at the start and one at the end, and few for an outage that comes and goes.
    fn say(&mut self, transition: Transition, (answers, now): (u64, Instant)) {
        let is_soon = |last| now.saturating_duration_since(last) < QUIET;
        let is_flapping = self
            .history
            .latest()
            .is_some_and(|latest| latest.returns > 1);
        if is_flapping && self.last_line.is_some_and(is_soon) {
            return;
        }
        self.last_line = Some(now);
        let Some(latest) = self.history.latest() else {
            return;
        };
        let (site, upstream) = (&self.site, &self.upstream);
        let (outage, answers) = (latest.id, latest.answers(answers));
        let (cause, words) = (latest.cause().label(), latest.cause().plain_words());
        match transition {
            Transition::Began => {
                tracing::error!(site, upstream, %outage, cause, "outage: {words}");
            }
            Transition::Resumed => {
                tracing::error!(site, upstream, %outage, cause, "the outage goes on: {words}");
            }
            Transition::Ended(lasted) => {
                let seconds = lasted.as_secs_f64();
                tracing::info!(
                    site,
                    upstream,
                    %outage,
                    cause,
                    seconds,
                    answers,
                    "the outage is over: the origin answers again"
                );
            }
        }
    }
}
