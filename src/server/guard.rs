//! Watches a connection's deadlines without a timer per request.
//!
//! One timer per connection is asked, when it fires, what the connection is waiting for by then;
//! it is moved to an earlier time only in the rare case that a request head has come in part.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::telemetry::connection::{ConnectionState, Waiting};

/// What hyper's connections have in common.
pub(super) trait Graceful: Future {
    /// Finish what is in flight, then close; close at once if nothing is.
    fn graceful(self: Pin<&mut Self>);
}

/// How long a client may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) head: Duration,
    pub(super) idle: Duration,
}

pin_project! {
    /// A connection with its deadlines.
    pub(super) struct Guarded<C> {
        #[pin]
        connection: C,
        #[pin]
        timer: Sleep,
        #[pin]
        draining: WaitForCancellationFutureOwned,
        drained: bool,
        state: Arc<ConnectionState>,
        limits: Limits,
        head_since: Option<Instant>,
        closing: bool,
    }
}

/// How a guarded connection ended.
pub(super) enum End<T> {
    /// By itself.
    Done(T),
    /// A request head was begun and not finished in time.
    HeadTimeout,
    /// It was closed for being idle, and did not end in time.
    Idle,
}

impl<C: Graceful> Guarded<C> {
    pub(super) fn new(
        connection: C,
        state: Arc<ConnectionState>,
        limits: Limits,
        draining: WaitForCancellationFutureOwned,
    ) -> Self {
        let now = Instant::now();
        let timer = sleep_until(now + limits.head);
        let head_since = Some(now);
        Self {
            connection,
            timer,
            draining,
            drained: false,
            state,
            limits,
            head_since,
            closing: false,
        }
    }
}

impl<C: Graceful> Future for Guarded<C> {
    type Output = End<C::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            if let Poll::Ready(output) = this.connection.as_mut().poll(cx) {
                return Poll::Ready(End::Done(output));
            }
            if !*this.drained && this.draining.as_mut().poll(cx).is_ready() {
                *this.drained = true;
                this.connection.as_mut().graceful();
                continue;
            }
            let waiting = this.state.waiting();
            if waiting == Waiting::Head {
                if this.head_since.is_none() {
                    let now = Instant::now();
                    *this.head_since = Some(now);
                    this.timer.as_mut().reset(now + this.limits.head);
                }
            } else {
                *this.head_since = None;
            }
            if this.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let now = Instant::now();
            let deadline = match (waiting, *this.head_since) {
                (Waiting::NextRequest(since), _) => since + this.limits.idle,
                (Waiting::Head, Some(since)) => since + this.limits.head,
                (Waiting::Answer | Waiting::Head, _) => now + this.limits.idle,
            };
            if deadline > now {
                this.timer.as_mut().reset(deadline);
                continue;
            }
            if waiting == Waiting::Head {
                return Poll::Ready(End::HeadTimeout);
            }
            if *this.closing {
                return Poll::Ready(End::Idle);
            }
            *this.closing = true;
            this.connection.as_mut().graceful();
            this.timer.as_mut().reset(now + this.limits.head);
        }
    }
}
