//! Requests that wait for an origin that has just gone, instead of getting the page.
//!
//! While an outage is young, safe requests are held: one of them, the scout, tries again every few
//! dozen milliseconds, and when it gets through the others follow, spread over a moment. None
//! waits beyond the start of the outage and the configured time, so a longer outage is answered
//! at once. Held requests are bounded in number; one whose client leaves is gone at once.

use std::{
    ops::RangeInclusive,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit, watch},
    time::{Instant, sleep, sleep_until},
};

use crate::config::spec::HoldSpec;

/// Between two tries of the scout, in milliseconds.
const PACE: RangeInclusive<u64> = 50..=100;

/// A try that has not failed after this long is as good as a return: who waited for the first
/// answer of an application that is warming up would warm it up one by one.
pub(super) const SIGN: Duration = Duration::from_millis(50);

/// How far apart held requests follow a return, and the longest that all of them take.
const APART: Duration = Duration::from_micros(250);
const SPREAD: Duration = Duration::from_millis(100);

/// What one upstream's held requests share, over all workers.
pub(super) struct Hold {
    spec: HoldSpec,
    /// Whether `since` is set: all that a request in good times looks at.
    is_down: AtomicBool,
    /// The first failure after the last answer.
    since: Mutex<Option<Instant>>,
    returned: watch::Sender<()>,
    scout: Semaphore,
    waiting: AtomicUsize,
}

/// What a held request does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Try, as the only one.
    Scout,
    /// Try: the origin is said to be back.
    Follow,
    /// Its time is over.
    GiveUp,
}

/// A place among the held requests.
pub(super) struct Held<'a> {
    hold: &'a Hold,
    until: Instant,
    returned: watch::Receiver<()>,
    scout: Option<SemaphorePermit<'a>>,
}

impl Hold {
    /// An outage that `before` knew of, ahead of a reload, has not begun anew.
    pub(super) fn new(spec: HoldSpec, before: Option<&Self>) -> Self {
        let since = before.and_then(|before| *before.since());
        Self {
            spec,
            is_down: AtomicBool::new(since.is_some()),
            since: Mutex::new(since),
            returned: watch::Sender::new(()),
            scout: Semaphore::new(1),
            waiting: AtomicUsize::new(0),
        }
    }

    /// The origin answered a request that was sent at this time. An answer to an older request
    /// says nothing about an outage that began since.
    pub(super) fn answered(&self, sent_at: Instant) {
        if self.is_down.load(Relaxed) {
            self.ended(sent_at);
        }
    }

    #[cold]
    fn ended(&self, sent_at: Instant) {
        let mut since = self.since();
        if since.is_some_and(|since| since <= sent_at) {
            *since = None;
            self.is_down.store(false, Relaxed);
            drop(since);
            self.release();
        }
    }

    /// A probe has found the origin back, without any request.
    pub(super) fn returned(&self, now: Instant) {
        self.answered(now);
    }

    /// No endpoint could be reached, or none is left. Says until when waiting is worth it; `None` when the outage
    /// is older than that.
    pub(super) fn failed(&self, now: Instant) -> Option<Instant> {
        let mut since = self.since();
        let until = *since.get_or_insert(now) + self.spec.time;
        self.is_down.store(true, Relaxed);
        (now < until).then_some(until)
    }

    /// Whether there is an outage that is too old to wait for its end.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        let until = self.since().map(|since| since + self.spec.time);
        until.is_some_and(|until| now >= until)
    }

    /// There is reason to believe that the origin is back: those who wait try again.
    pub(super) fn release(&self) {
        self.returned.send_replace(());
    }

    /// A place until then; `None` when there are as many as are allowed.
    pub(super) fn enter(&self, until: Instant) -> Option<Held<'_>> {
        let most = self.spec.requests.get();
        let taken = self.waiting.fetch_update(Relaxed, Relaxed, |waiting| {
            (waiting < most).then_some(waiting + 1)
        });
        taken.ok().map(|_| Held {
            hold: self,
            until,
            returned: self.returned.subscribe(),
            scout: None,
        })
    }

    fn since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held<'_> {
    /// Waits for the next try.
    pub(super) async fn turn(&mut self) -> Turn {
        let hold = self.hold;
        let turn = tokio::select! {
            biased;
            // Its sender lives as long as the hold.
            _ = self.returned.changed() => Turn::Follow,
            () = sleep_until(self.until) => Turn::GiveUp,
            () = scouting(hold, &mut self.scout) => Turn::Scout,
        };
        if turn == Turn::Follow {
            let waiting = u32::try_from(hold.waiting.load(Relaxed)).unwrap_or(u32::MAX);
            let spread = APART.saturating_mul(waiting).min(SPREAD);
            sleep(spread.mul_f64(fastrand::f64())).await;
        }
        turn
    }

    /// This one has seen enough to let the others try, and scouts no more.
    pub(super) fn release(&mut self) {
        self.scout = None;
        self.hold.release();
        self.returned.mark_unchanged();
    }
}

/// Becomes the scout, or goes on being it, and pauses before the next try.
async fn scouting<'a>(hold: &'a Hold, scout: &mut Option<SemaphorePermit<'a>>) {
    if scout.is_none() {
        // Never closed.
        *scout = hold.scout.acquire().await.ok();
    }
    sleep(Duration::from_millis(fastrand::u64(PACE))).await;
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.hold.waiting.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn hold(requests: usize) -> Hold {
        Hold::new(spec(requests), None)
    }

    fn spec(requests: usize) -> HoldSpec {
        HoldSpec {
            time: 2 * SECOND,
            requests: NonZeroUsize::new(requests).unwrap(),
        }
    }

    #[test]
    fn an_outage_counts_from_its_first_failure_and_ends_with_an_answer() {
        let (hold, start) = (hold(1), Instant::now());
        assert_eq!(hold.failed(start), Some(start + 2 * SECOND));
        assert_eq!(hold.failed(start + SECOND), Some(start + 2 * SECOND));
        assert_eq!(hold.failed(start + 2 * SECOND), None);
        hold.answered(start + 3 * SECOND);
        let again = start + 4 * SECOND;
        assert_eq!(hold.failed(again), Some(again + 2 * SECOND));
    }

    #[test]
    fn an_outage_is_over_for_those_who_would_wait_once_its_time_has_passed() {
        let (hold, start) = (hold(1), Instant::now());
        assert!(!hold.is_over(start), "there is none");
        hold.failed(start);
        assert!(!hold.is_over(start + SECOND));
        assert!(hold.is_over(start + 2 * SECOND));
    }

    #[test]
    fn an_answer_to_what_was_sent_before_the_outage_does_not_end_it() {
        let (hold, start) = (hold(1), Instant::now());
        hold.failed(start + SECOND);
        hold.answered(start);
        assert_eq!(hold.failed(start + 3 * SECOND), None);
    }

    #[test]
    fn an_outage_is_as_old_after_a_reload_as_before() {
        let (before, start) = (hold(1), Instant::now());
        before.failed(start);
        let after = Hold::new(spec(1), Some(&before));
        assert_eq!(after.failed(start + 3 * SECOND), None);
        after.returned(start + 4 * SECOND);
        let again = start + 5 * SECOND;
        assert_eq!(after.failed(again), Some(again + 2 * SECOND));
    }

    #[test]
    fn no_more_wait_than_may_and_each_gives_its_place_back() {
        let (hold, until) = (hold(2), Instant::now() + SECOND);
        let first = hold.enter(until);
        let _second = hold.enter(until).unwrap();
        assert!(hold.enter(until).is_none());
        drop(first);
        assert!(hold.enter(until).is_some());
    }

    #[tokio::test]
    async fn one_scouts_and_hands_over_when_it_leaves() {
        let hold = hold(2);
        let until = Instant::now() + SECOND;
        let (mut first, mut second) = (hold.enter(until).unwrap(), hold.enter(until).unwrap());
        assert_eq!(first.turn().await, Turn::Scout);
        let waits = tokio::time::timeout(SECOND / 4, second.turn()).await;
        assert!(waits.is_err(), "there is one scout: {waits:?}");
        drop(first);
        assert_eq!(second.turn().await, Turn::Scout);
    }

    #[tokio::test]
    async fn a_return_wakes_all_and_nobody_waits_beyond_the_time() {
        let hold = hold(2);
        let until = Instant::now() + SECOND / 4;
        let (mut first, mut second) = (hold.enter(until).unwrap(), hold.enter(until).unwrap());
        assert_eq!(first.turn().await, Turn::Scout);
        first.release();
        assert_eq!(second.turn().await, Turn::Follow);
        sleep_until(until).await;
        assert_eq!(second.turn().await, Turn::GiveUp);
        assert_eq!(first.turn().await, Turn::GiveUp);
    }
}
