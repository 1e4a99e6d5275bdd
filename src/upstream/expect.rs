//! `Expect: 100-continue` end to end (RFC 9110 section 10.1.1).
//!
//! The expectation is the origin's to answer. The request body waits behind a barrier until the
//! origin says 100, or has been silent for a second as some are; a final answer closes the barrier,
//! and the body is never asked of the client.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures_util::task::AtomicWaker;
use tokio::time::{Sleep, sleep};

/// How long an origin may take to say 100 before the body is sent regardless.
const PATIENCE: Duration = Duration::from_secs(1);

const WAITING: u8 = 0;
const OPEN: u8 = 1;
const SETTLED: u8 = 2;
const CLOSED: u8 = 3;

/// Between the request's head and its body.
pub(super) struct Barrier {
    state: AtomicU8,
    waker: AtomicWaker,
    patience: Mutex<Pin<Box<Sleep>>>,
}

impl Barrier {
    pub(super) fn new() -> Self {
        Self {
            state: AtomicU8::new(WAITING),
            waker: AtomicWaker::new(),
            patience: Mutex::new(Box::pin(sleep(PATIENCE))),
        }
    }

    /// The origin wants the body.
    pub(super) fn open(&self) {
        self.decide(OPEN);
    }

    /// The origin has answered without it: it stays where it is while the answer passes.
    pub(super) fn settle(&self) {
        self.decide(SETTLED);
    }

    fn decide(&self, state: u8) {
        if self
            .state
            .compare_exchange(WAITING, state, Relaxed, Relaxed)
            .is_ok()
        {
            self.waker.wake();
        }
    }

    /// The exchange is over: a body that was not wanted ends it for good.
    fn close(&self) {
        let settled = self
            .state
            .compare_exchange(SETTLED, CLOSED, Relaxed, Relaxed)
            .is_ok();
        let waiting = self
            .state
            .compare_exchange(WAITING, CLOSED, Relaxed, Relaxed)
            .is_ok();
        if settled || waiting {
            self.waker.wake();
        }
    }

    /// Whether the body may pass, once that is known.
    pub(super) fn poll_open(&self, cx: &mut Context<'_>) -> Poll<bool> {
        self.waker.register(cx.waker());
        if self.state.load(Relaxed) == WAITING {
            let mut patience = self.patience.lock().unwrap_or_else(PoisonError::into_inner);
            if patience.as_mut().poll(cx).is_ready() {
                self.decide(OPEN);
            }
        }
        match self.state.load(Relaxed) {
            WAITING | SETTLED => Poll::Pending,
            state => Poll::Ready(state == OPEN),
        }
    }
}

/// Closes the barrier when the exchange is over, however it ended.
pub(super) struct BarrierGuard(pub(super) Option<Arc<Barrier>>);

impl Drop for BarrierGuard {
    fn drop(&mut self) {
        if let Some(barrier) = &self.0 {
            barrier.close();
        }
    }
}
