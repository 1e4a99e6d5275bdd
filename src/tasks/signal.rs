//! Something that happens once and that many tasks must notice, cheaply until it happens.
//!
//! A cancellation token's future takes a lock, shared by all workers, each time it is polled, and
//! connections are polled at every request. Here a poll is one load; the lock is taken once a task.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
};

use pin_project_lite::pin_project;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// The signal. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Signal {
    raised: Arc<AtomicBool>,
    token: CancellationToken,
}

impl Signal {
    /// Tells everybody, now and later.
    pub fn raise(&self) {
        self.raised.store(true, Relaxed);
        self.token.cancel();
    }

    /// Whether it was raised.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.raised.load(Relaxed)
    }

    /// Waits until it is raised.
    #[must_use]
    pub fn raised(&self) -> Raised {
        Raised {
            raised: Arc::clone(&self.raised),
            known: None,
            cancelled: self.token.clone().cancelled_owned(),
        }
    }

    /// Runs something until it is done (`Some`) or the signal is raised (`None`).
    pub async fn or<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.token.run_until_cancelled(work).await
    }
}

pin_project! {
    /// The future of [`Signal::raised`].
    pub struct Raised {
        raised: Arc<AtomicBool>,
        // Who is woken already.
        known: Option<Waker>,
        #[pin]
        cancelled: WaitForCancellationFutureOwned,
    }
}

impl Future for Raised {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.raised.load(Relaxed) {
            return Poll::Ready(());
        }
        let is_known = this
            .known
            .as_ref()
            .is_some_and(|known| known.will_wake(cx.waker()));
        if is_known {
            return Poll::Pending;
        }
        *this.known = Some(cx.waker().clone());
        this.cancelled.poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn those_who_wait_and_those_who_come_later_are_told() {
        let signal = Signal::default();
        let mut waiting = Box::pin(signal.raised());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(!signal.is_raised());
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
        signal.raise();
        assert!(waiting.as_mut().poll(&mut cx).is_ready());
        signal.raised().await;
        assert_eq!(signal.or(std::future::pending::<()>()).await, None);
    }

    #[tokio::test]
    async fn a_waiting_task_is_woken() {
        let signal = Signal::default();
        tokio::join!(signal.raised(), async { signal.raise() });
    }
}
