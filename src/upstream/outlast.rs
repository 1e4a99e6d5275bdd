//! No endpoint could be reached: is it worth waiting for one, and how?
//!
//! While an outage is young, a request that only reads is held until the origin returns, and one
//! that was not sent and does more is tried once more after a pause. Rare, and never on the way of
//! a request that is answered.

use std::{future::Future, pin::pin, sync::atomic::Ordering::Relaxed};

use tokio::time::{Instant, sleep, timeout};

use super::{
    Upstream,
    course::Course,
    forward::{Answered, Ended},
    hold::{Held, Hold, SIGN, Turn},
    retry,
};
use crate::failure::{AttemptError, Sent};

type Attempted = Result<Answered, Ended>;

impl Upstream {
    /// A round has failed. Another follows if the failure may pass in time.
    pub(super) async fn outlast(&self, failed: AttemptError, course: &mut Course<'_>) -> Attempted {
        let Some((hold, until)) = self.is_worth_waiting(&failed, course) else {
            return Err(Ended::Failed(failed));
        };
        // Who waits asks nothing of the origin.
        course.permit = None;
        if let Some(held) = hold.enter(until).filter(|_| course.outbound.is_safe()) {
            self.health.counts.requests_held.fetch_add(1, Relaxed);
            return self.held(held, failed, course).await;
        }
        let pause = retry::pause(fastrand::u64(retry::PAUSE));
        let now = Instant::now();
        if course.outbound.is_safe() || course.left == 0 || now + pause >= until {
            return Err(Ended::Failed(failed));
        }
        if !self.budget.withdraw(now) {
            self.health.counts.retries_denied.fetch_add(1, Relaxed);
            return Err(Ended::Failed(failed));
        }
        sleep(pause).await;
        course.renew(1);
        self.round(course).await
    }

    /// Until when, at most. Every such failure is also a sign of an outage.
    fn is_worth_waiting(
        &self,
        failed: &AttemptError,
        course: &mut Course<'_>,
    ) -> Option<(&Hold, Instant)> {
        let hold = self.health.hold.as_ref()?;
        if course.is_denied || !retry::may_pass(failed.cause) {
            return None;
        }
        let until = hold.failed(Instant::now())?;
        let may_repeat = match failed.sent {
            Sent::No => true,
            Sent::Maybe | Sent::Yes => self.spec.retry.attempts.get() > 1,
        };
        // Where there was nobody to ask, no attempt has set the clock.
        course.limit_total(self.spec.timeouts.total);
        let until = course.cutoff.map_or(until, |cutoff| cutoff.min(until));
        (may_repeat && course.outbound.request.is_some()).then_some((hold, until))
    }

    /// Waits with others. Each turn is another round.
    async fn held(
        &self,
        mut held: Held<'_>,
        mut failed: AttemptError,
        course: &mut Course<'_>,
    ) -> Attempted {
        loop {
            let turn = held.turn().await;
            if turn == Turn::GiveUp {
                return Err(Ended::Failed(failed));
            }
            course.renew(self.spec.retry.attempts.get());
            let round = self.round(course);
            let ended = match turn {
                Turn::Scout => scout(&mut held, round).await,
                Turn::Follow | Turn::GiveUp => round.await,
            };
            failed = match ended {
                Err(Ended::Failed(failed)) => failed,
                ended => return ended,
            };
            if self.is_worth_waiting(&failed, course).is_none() {
                return Err(Ended::Failed(failed));
            }
            course.permit = None;
        }
    }
}

/// Tries for all who wait, and lets them try as soon as there is hope.
async fn scout(held: &mut Held<'_>, round: impl Future<Output = Attempted>) -> Attempted {
    let mut round = pin!(round);
    match timeout(SIGN, &mut round).await {
        Ok(ended) => ended,
        Err(_) => {
            held.release();
            round.await
        }
    }
}
