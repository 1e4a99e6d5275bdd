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

use crate::{
    tasks::signal::{Raised, Signal},
    telemetry::connection::{ConnectionState, Waiting},
};

/// What hyper's connections have in common.
pub(super) trait Graceful: Future + Unpin {
    /// Finish what is in flight, then close; close at once if nothing is.
    fn graceful(&mut self);
}

/// How long a client may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// For a request head, from its first byte.
    pub(super) head: Duration,
    /// Between two requests.
    pub(super) idle: Duration,
    /// Between two requests, before the connection is put to rest; `None`: never.
    pub(super) rest: Option<Duration>,
}

/// How a guarded connection ended.
pub(super) enum End<T> {
    /// By itself.
    Done(T),
    /// A request head was begun and not finished in time.
    HeadTimeout,
    /// It was closed for being idle, and did not end in time.
    Idle,
    /// The client has taken nothing of an answer for too long.
    Stalled,
    /// Nothing is going on since then: what serving needs may be let go.
    Resting(Instant),
}

pin_project! {
    /// A connection with its deadlines.
    pub(super) struct Guarded<'c, C> {
        connection: &'c mut C,
        #[pin]
        timer: Sleep,
        #[pin]
        draining: Raised,
        drained: bool,
        state: Arc<ConnectionState>,
        limits: Limits,
        head_since: Option<Instant>,
        closing: bool,
    }
}

impl<'c, C: Graceful> Guarded<'c, C> {
    pub(super) fn new(
        connection: &'c mut C,
        state: &Arc<ConnectionState>,
        limits: Limits,
        draining: &Signal,
    ) -> Self {
        let now = Instant::now();
        let first = limits.rest.unwrap_or(limits.head).min(limits.head);
        Self {
            connection,
            timer: sleep_until(now + first),
            draining: draining.raised(),
            drained: false,
            state: Arc::clone(state),
            limits,
            head_since: Some(now),
            closing: false,
        }
    }
}

impl<C: Graceful> Future for Guarded<'_, C> {
    type Output = End<C::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            if let Poll::Ready(output) = Pin::new(&mut **this.connection).poll(cx) {
                return Poll::Ready(End::Done(output));
            }
            if !*this.drained && this.draining.as_mut().poll(cx).is_ready() {
                *this.drained = true;
                this.connection.graceful();
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
            let next = match waiting {
                Waiting::Answer => this.limits.while_answering(this.state, now),
                // Closing keeps its own time.
                Waiting::Close => now + this.limits.idle,
                Waiting::Head => this.head_since.unwrap_or(now) + this.limits.head,
                Waiting::NextRequest(since) if *this.closing => since + this.limits.idle,
                Waiting::NextRequest(since) => this.limits.after_answer(since, this.state, now),
            };
            if next > now {
                this.timer.as_mut().reset(next);
                continue;
            }
            match waiting {
                Waiting::Head => return Poll::Ready(End::HeadTimeout),
                Waiting::NextRequest(_) | Waiting::Close if *this.closing => {
                    return Poll::Ready(End::Idle);
                }
                Waiting::NextRequest(since) if this.limits.may_rest(since, this.state, now) => {
                    return Poll::Ready(End::Resting(since));
                }
                Waiting::Answer => return Poll::Ready(End::Stalled),
                Waiting::NextRequest(_) | Waiting::Close => {
                    *this.closing = true;
                    this.connection.graceful();
                    this.timer.as_mut().reset(now + this.limits.head);
                }
            }
        }
    }
}

impl Limits {
    /// When to look again at a connection that waits for its next request.
    fn after_answer(&self, since: Instant, state: &ConnectionState, now: Instant) -> Instant {
        let idle = since + self.idle;
        match self.rest {
            Some(rest) if state.stalled_since().is_none() => idle.min(since + rest),
            Some(rest) => idle.min(now + rest),
            None => idle,
        }
    }

    fn may_rest(&self, since: Instant, state: &ConnectionState, now: Instant) -> bool {
        self.rest
            .is_some_and(|rest| now >= since + rest && now < since + self.idle)
            && state.stalled_since().is_none()
    }

    /// When to look again at a connection whose request is being answered; now, if its client has
    /// taken nothing for as long as a connection may be idle.
    fn while_answering(&self, state: &ConnectionState, now: Instant) -> Instant {
        match state.stalled_since() {
            Some(since) if since + self.idle <= now => now,
            _ => now + self.rest.unwrap_or(self.idle).min(self.idle),
        }
    }
}
