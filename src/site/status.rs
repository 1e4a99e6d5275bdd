//! `/.intermission/status`: what a waiting page asks, answered here whatever the origin does.
//!
//! The answer is one line of JSON: `state` and `wait`, in seconds. For `down`, `maintenance` and
//! `busy` it is how soon to ask again; for `up` and `returning`, how long until this page's own
//! turn. `trial` is for one page at a time, to see whether an origin is back that nobody probes.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderValue, Response,
    header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
};
use jiff::Timestamp;
use serde::Serialize;
use tokio::time::Instant;

use super::{
    Body,
    readmission::{Door, LONGEST, Readmission, Turn},
};
use crate::{failure::Window, message::body::Fixed, outage::Standing};

/// Those who wait for one site.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<Readmission>);

/// What is known when a page asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    /// How the site stands.
    pub standing: Standing,
    /// Since when requests fail and none succeeds, as long as that is no outage yet.
    pub failing_since: Option<Instant>,
    /// The maintenance that keeps this client out.
    pub closed: Option<Window>,
    /// Whether anybody probes the origin while it is away.
    pub is_probed: bool,
    /// What `Retry-After` says now.
    pub retry_after: Duration,
}

/// What a page is told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Status {
    state: &'static str,
    /// Seconds.
    wait: f64,
}

impl Waiting {
    /// Answers a page.
    pub(super) fn ask(&self, question: &Question, now: Instant, wall: Timestamp) -> Status {
        let door = match (question.closed, question.standing) {
            (Some(_), _) => Door::Shut,
            (None, Standing::Down { since }) if !question.is_probed => {
                Door::Unwatched(now.saturating_duration_since(since))
            }
            (None, Standing::Down { .. }) => Door::Shut,
            (None, Standing::Up | Standing::Returned { .. }) => match question.failing_since {
                // The next request will tell.
                Some(since) => Door::Unwatched(now.saturating_duration_since(since)),
                None => Door::Open,
            },
        };
        let turn = self.readmission(|queue| queue.ask(now, door, question.pause(wall)));
        let (state, wait) = match turn {
            Turn::Wait(wait) if question.closed.is_some() => ("maintenance", wait),
            Turn::Wait(wait) => ("down", wait),
            Turn::Busy(wait) => ("busy", wait),
            Turn::Trial => ("trial", Duration::ZERO),
            Turn::Open(wait) => match question.standing {
                Standing::Returned { .. } => ("returning", wait),
                Standing::Up | Standing::Down { .. } if wait.is_zero() => ("up", wait),
                Standing::Up | Standing::Down { .. } => ("returning", wait),
            },
        };
        let wait = (wait.as_secs_f64() * 1000.0).round() / 1000.0;
        Status { state, wait }
    }

    /// A visitor was turned away because there are too many.
    pub(super) fn refused(&self, now: Instant) {
        self.readmission(|queue| queue.refused(now));
    }

    fn readmission<T>(&self, with: impl FnOnce(&mut Readmission) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Question {
    /// How soon to ask again: sooner than programs are told to come back, because a question costs
    /// next to nothing; at the end of maintenance when that is near.
    fn pause(&self, wall: Timestamp) -> Duration {
        const SHARE: u32 = 6;
        const LEAST: Duration = Duration::from_secs(1);
        let usual = (self.retry_after / SHARE).clamp(LEAST, LONGEST);
        match self.closed {
            None => usual,
            Some(window) => window
                .until
                .map_or(usual, |until| left(until.at, wall).clamp(LEAST, LONGEST)),
        }
    }
}

/// From one time on the wall to another; nothing if that is over.
pub(super) fn left(until: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(now)).unwrap_or_default()
}

impl Status {
    /// The whole answer.
    pub(super) fn response(self, is_head: bool) -> Response<Body> {
        let text = serde_json::to_vec(&self).expect("a word and a number are valid JSON");
        let length = text.len();
        let body = if is_head {
            Fixed::empty()
        } else {
            Fixed::new(Bytes::from(text))
        };
        let mut response = Response::new(Body::Page(body));
        let head = response.headers_mut();
        head.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        head.insert(CONTENT_LENGTH, HeaderValue::from(length));
        head.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        head.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::spec::Moment;

    fn asked(question: Question) -> (&'static str, f64) {
        let wall = Timestamp::from_second(1000).unwrap();
        let status = Waiting::default().ask(&question, Instant::now(), wall);
        (status.state, status.wait)
    }

    fn down() -> Question {
        Question {
            standing: Standing::Down {
                since: Instant::now(),
            },
            failing_since: None,
            closed: None,
            is_probed: true,
            retry_after: Duration::from_secs(30),
        }
    }

    #[test]
    fn a_page_asks_more_often_than_programs_come_back_and_less_often_later() {
        assert_eq!(asked(down()), ("down", 5.0));
        let retry_after = Duration::from_secs(600);
        assert_eq!(
            asked(Question {
                retry_after,
                ..down()
            }),
            ("down", 60.0)
        );
        let is_probed = false;
        assert_eq!(
            asked(Question {
                is_probed,
                ..down()
            }),
            ("trial", 0.0)
        );
    }

    #[test]
    fn after_failures_that_are_no_outage_yet_one_page_goes_to_see() {
        let waiting = Waiting::default();
        let question = Question {
            standing: Standing::Up,
            failing_since: Some(Instant::now()),
            ..down()
        };
        let ask = || waiting.ask(&question, Instant::now(), Timestamp::UNIX_EPOCH);
        assert_eq!((ask().state, ask().state), ("trial", "down"));
    }

    #[test]
    fn maintenance_is_told_until_its_end_whatever_the_origin_does() {
        let ends = |second| {
            let at = Timestamp::from_second(second).unwrap();
            let offset = jiff::tz::Offset::UTC;
            let until = Some(Moment { at, offset });
            let closed = Some(Window { until });
            asked(Question {
                closed,
                standing: Standing::Up,
                ..down()
            })
        };
        assert_eq!(ends(1020), ("maintenance", 20.0));
        assert_eq!(ends(9000), ("maintenance", 60.0));
        assert_eq!(ends(999), ("maintenance", 1.0));
    }

    #[test]
    fn after_an_outage_pages_are_told_their_turn() {
        let standing = Standing::Returned {
            at: Instant::now(),
            lasted: Duration::from_secs(60),
        };
        assert_eq!(asked(Question { standing, ..down() }), ("returning", 0.0));
        let standing = Standing::Up;
        assert_eq!(asked(Question { standing, ..down() }), ("up", 0.0));
    }
}
