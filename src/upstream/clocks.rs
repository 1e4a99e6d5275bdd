//! The clocks of an exchange, until its response head is there.
//!
//! The first-byte clock starts when the request has been flushed, not when it was begun: a slow
//! upload is not a slow origin. A write that stalls has a clock of its own.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::time::{Instant, Sleep, sleep_until};

use super::{exchange::SendError, wire::ClientEnd, wire::Progress};
use crate::{
    config::spec::TimeoutsSpec,
    failure::{AttemptError, Sent, UpstreamFailure},
};

/// What bounds an exchange.
#[derive(Clone, Copy)]
pub(super) struct Clocks<'a> {
    pub(super) timeouts: &'a TimeoutsSpec,
    /// When it began, or a moment before.
    pub(super) began: Instant,
    /// When all attempts of the request end.
    pub(super) cutoff: Option<Instant>,
}

/// Which clock ran out.
pub(super) enum Late {
    Upstream(UpstreamFailure),
    Client,
}

impl Clocks<'_> {
    /// Sets the timer for the first of them.
    pub(super) fn start(&self, timer: &mut Timer) {
        let timeouts = self.timeouts;
        let first = timeouts.first_byte.min(timeouts.between_bytes);
        timer.fire_by(earlier(self.began + first, self.cutoff), self.began);
    }

    /// One timer serves all clocks: when it fires, it is asked again which clock runs and when
    /// that ends.
    pub(super) fn poll(
        &self,
        timer: &mut Timer,
        progress: impl Fn() -> Progress,
        cx: &mut Context<'_>,
    ) -> Poll<Late> {
        while timer.poll(cx).is_ready() {
            let now = Instant::now();
            if self.cutoff.is_some_and(|cutoff| now >= cutoff) {
                return Poll::Ready(Late::Upstream(UpstreamFailure::Deadline));
            }
            let (deadline, late) = self.running(progress());
            if now >= deadline {
                return Poll::Ready(late);
            }
            timer.set(earlier(deadline, self.cutoff));
        }
        Poll::Pending
    }

    /// The clock that runs now: when it ends, and what that means.
    fn running(&self, progress: Progress) -> (Instant, Late) {
        let (began, timeouts) = (self.began, self.timeouts);
        match progress {
            Progress::Flushed(at) => (
                at.unwrap_or(began).max(began) + timeouts.first_byte,
                Late::Upstream(UpstreamFailure::ReadTimeout),
            ),
            Progress::Stalled(since) => (
                since.max(began) + timeouts.between_bytes,
                Late::Upstream(UpstreamFailure::WriteTimeout),
            ),
            Progress::Uploading(last) => (
                last.unwrap_or(began).max(began) + timeouts.between_bytes,
                Late::Client,
            ),
        }
    }
}

impl From<Late> for SendError {
    fn from(late: Late) -> Self {
        let (cause, by_client) = match late {
            Late::Upstream(cause) => (cause, None),
            Late::Client => (UpstreamFailure::WriteTimeout, Some(ClientEnd::Stalled)),
        };
        let error = AttemptError {
            cause: cause.into(),
            sent: Sent::Maybe,
            source: None,
        };
        Self {
            error,
            unsent: None,
            by_client,
        }
    }
}

/// A connection's timer. It is left running when an exchange ends, and fires early for a later
/// one: that costs a look at the clocks once in a long while, and saves setting it each time.
#[derive(Default)]
pub(super) struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    /// Fires at this time or before.
    fn fire_by(&mut self, deadline: Instant, now: Instant) {
        match &self.0 {
            Some(sleep) if sleep.deadline() > now && sleep.deadline() <= deadline => {}
            _ => self.set(deadline),
        }
    }

    fn set(&mut self, deadline: Instant) {
        match &mut self.0 {
            Some(sleep) => sleep.as_mut().reset(deadline),
            None => self.0 = Some(Box::pin(sleep_until(deadline))),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0
            .as_mut()
            .map_or(Poll::Pending, |sleep| sleep.as_mut().poll(cx))
    }
}

fn earlier(deadline: Instant, cutoff: Option<Instant>) -> Instant {
    cutoff.map_or(deadline, |cutoff| cutoff.min(deadline))
}
