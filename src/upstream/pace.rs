//! How slowly a client may send its request body: the clock of step 8 that a trickle cannot stop.
//!
//! It runs only while we wait for the client, not while the origin is slow to take. A body has
//! `clients.body_timeout` at the start and buys a second with each `clients.body_rate` bytes, as
//! Apache's `mod_reqtimeout` has it: a slow client gets through, one that only holds the place does
//! not.

use std::{
    future::Future,
    num::NonZeroU32,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::telemetry::connection::Bounds;

/// One body's clock. It comes to be with the first wait.
pub(super) struct Pace {
    timeout: Duration,
    rate: NonZeroU32,
    waited: Duration,
    since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl Pace {
    /// `None` where any pace will do.
    pub(super) fn new(bounds: &Bounds) -> Option<Self> {
        let timer = Box::pin(sleep_until(Instant::now() + bounds.body_timeout));
        Some(Self {
            timeout: bounds.body_timeout,
            rate: bounds.body_rate?,
            waited: Duration::ZERO,
            since: None,
            timer,
        })
    }

    /// Nothing has come, after so many bytes of the body. Ready when the client has had its time.
    pub(super) fn poll_late(&mut self, cx: &mut Context<'_>, received: u64) -> Poll<()> {
        let since = *self.since.get_or_insert_with(Instant::now);
        let deadline = since + self.allowed(received).saturating_sub(self.waited);
        // A timer that fires early costs a look; one that is set for each piece costs more.
        if self.timer.deadline() > deadline {
            self.timer.as_mut().reset(deadline);
        }
        loop {
            ready!(self.timer.as_mut().poll(cx));
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(deadline);
        }
    }

    /// Something has come.
    pub(super) fn came(&mut self) {
        if let Some(since) = self.since.take() {
            self.waited += since.elapsed();
        }
    }

    fn allowed(&self, received: u64) -> Duration {
        self.timeout + Duration::from_secs(received / u64::from(self.rate.get()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_buy_time() {
        let bounds = Bounds {
            body_timeout: Duration::from_secs(20),
            body_rate: NonZeroU32::new(240),
            ..Bounds::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        let runtime = runtime.unwrap();
        let _inside = runtime.enter();
        let pace = Pace::new(&bounds).unwrap();
        assert_eq!(pace.allowed(0), Duration::from_secs(20));
        assert_eq!(pace.allowed(2400), Duration::from_secs(30));
        let any = Bounds {
            body_rate: None,
            ..bounds
        };
        assert!(Pace::new(&any).is_none());
    }
}
