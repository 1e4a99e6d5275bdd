//! Who of those that wait may come back when: an origin that has just returned must not be run
//! over by all of its visitors at once.
//!
//! Each waiting page asks now and then (`templates/return.js`). While the origin is away, it is
//! told how soon to ask again; the more pages ask, the later, so that asking itself stays cheap.
//! Once the origin is back, each that asks is given the next turn of a queue. Turns come slowly at
//! first and faster as the origin warms up; a page that waits alone has its turn at once.
//!
//! Pure: time comes in, turns go out.

use std::time::Duration;

use tokio::time::Instant;

/// Turns per second at first, and in the end.
const RATES: [f64; 2] = [10.0, 100.0];
/// How long the rate grows.
const RAMP: Duration = Duration::from_secs(30);
/// The questions per second that waiting pages are kept below.
const QUESTIONS: f64 = 500.0;
/// The longest that a page is told to wait before it asks again.
pub(super) const LONGEST: Duration = Duration::from_mins(1);
/// How long after a visitor was turned away the origin counts as busy.
const BUSY: Duration = Duration::from_secs(5);
/// Who is let in while it is busy: one in so long.
const TRICKLE: Duration = Duration::from_secs(1);
/// Who is sent to see whether an origin is back that nobody probes: one in so long at first.
const TRIAL: Duration = Duration::from_secs(3);

/// How the site stands, as far as those who wait are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// The origin serves.
    Open,
    /// It does not, since so long, and whoever looks after it will notice its return.
    Shut,
    /// It has been away for so long, and only visitors will notice its return.
    Unwatched(Duration),
}

/// The answer to a page that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Ask again within so long.
    Wait(Duration),
    /// There are too many; ask again within so long.
    Busy(Duration),
    /// Come back after so long.
    Open(Duration),
    /// Come back now, and see.
    Trial,
}

/// The queue of one site.
#[derive(Debug, Default)]
pub(super) struct Readmission {
    /// Since when there are turns again; `None` while all wait, or if nobody ever had to.
    opened: Option<Instant>,
    /// Whether somebody was told to wait since the last turn.
    waited: bool,
    /// The next turn that nobody has.
    next: Option<Instant>,
    /// When the next may be let through a shut door.
    exception: Option<Instant>,
    /// When a visitor was last turned away.
    refused: Option<Instant>,
    crowd: Crowd,
}

/// How many ask, and so how soon each may ask again.
#[derive(Debug, Default)]
struct Crowd {
    /// Since when questions are counted.
    since: Option<Instant>,
    questions: u32,
    pause: Duration,
}

impl Readmission {
    /// A page asks. It is to ask again after `pause` at the earliest unless many do.
    pub(super) fn ask(&mut self, now: Instant, door: Door, pause: Duration) -> Turn {
        let pause = self.crowd.count(now, pause);
        match door {
            Door::Shut => self.wait(Turn::Wait(pause)),
            Door::Unwatched(age) => {
                let rest = (age / 10).clamp(TRIAL, LONGEST);
                if self.is_excepted(now, rest) {
                    return Turn::Trial;
                }
                self.wait(Turn::Wait(pause))
            }
            Door::Open if self.is_busy(now) => {
                if self.is_excepted(now, TRICKLE) {
                    return Turn::Open(Duration::ZERO);
                }
                self.wait(Turn::Busy(pause))
            }
            Door::Open => self.turn(now),
        }
    }

    /// A visitor was turned away because there are too many.
    pub(super) fn refused(&mut self, now: Instant) {
        self.refused = Some(now);
    }

    fn is_busy(&self, now: Instant) -> bool {
        self.refused
            .is_some_and(|refused| now.saturating_duration_since(refused) < BUSY)
    }

    fn wait(&mut self, turn: Turn) -> Turn {
        self.waited = true;
        self.next = None;
        turn
    }

    fn is_excepted(&mut self, now: Instant, rest: Duration) -> bool {
        let is_due = self.exception.is_none_or(|due| due <= now);
        if is_due {
            self.exception = Some(now + rest);
        }
        is_due
    }

    fn turn(&mut self, now: Instant) -> Turn {
        if std::mem::take(&mut self.waited) {
            self.opened = Some(now);
        }
        let turn = self.next.map_or(now, |next| next.max(now));
        let [first, last] = RATES;
        let warm = self.opened.map_or(1.0, |opened| {
            let open = turn.saturating_duration_since(opened);
            (open.as_secs_f64() / RAMP.as_secs_f64()).min(1.0)
        });
        let rate = first + (last - first) * warm;
        self.next = Some(turn + Duration::from_secs_f64(1.0 / rate));
        Turn::Open(turn.saturating_duration_since(now))
    }
}

impl Crowd {
    /// Counts a question and says how soon to ask again. A page asks at a random moment within
    /// its pause, so about twice in each: counted over one pause, it is known how many there are.
    fn count(&mut self, now: Instant, least: Duration) -> Duration {
        self.pause = self.pause.max(least);
        self.questions = self.questions.saturating_add(1);
        let since = *self.since.get_or_insert(now);
        let counted = now.saturating_duration_since(since);
        if counted >= self.pause {
            let in_one_pause = f64::from(self.questions) * self.pause.as_secs_f64()
                / counted.as_secs_f64().max(f64::MIN_POSITIVE);
            let needed = Duration::try_from_secs_f64(in_one_pause / QUESTIONS).unwrap_or(LONGEST);
            self.pause = needed.clamp(least, LONGEST.max(least));
            self.questions = 0;
            self.since = Some(now);
        }
        self.pause
    }
}

#[cfg(test)]
mod tests;
