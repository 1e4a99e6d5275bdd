//! Watches a connection's deadlines without a timer per request.
//!
//! One timer per connection is asked, when it fires, what the connection is waiting for by then;
//! it is moved to an earlier time only in the rare case that a request head has come in part.

use std::{
    convert::Infallible,
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
        let first = limits.rest.unwrap_or(limits.idle).min(limits.head);
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
            let ends = || this.state.is_spent();
            if !*this.drained && (ends() || this.draining.as_mut().poll(cx).is_ready()) {
                *this.drained = true;
                this.connection.graceful();
                continue;
            }
            let waiting = this.state.waiting();
            if waiting != Waiting::Head {
                *this.head_since = None;
            } else if this.head_since.is_none() {
                let now = Instant::now();
                *this.head_since = Some(now);
                this.timer.as_mut().reset(now + this.limits.head);
            }
            if this.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let now = Instant::now();
            match this
                .limits
                .decide(waiting, *this.head_since, this.state, now)
            {
                Decision::LookAgain(at) => this.timer.as_mut().reset(at),
                Decision::End(end) => return Poll::Ready(end.of()),
                Decision::Close if *this.closing => return Poll::Ready(End::Idle),
                Decision::Close => {
                    *this.closing = true;
                    this.connection.graceful();
                    this.timer.as_mut().reset(now + this.limits.head);
                }
            }
        }
    }
}

/// What to do when the timer has fired.
enum Decision {
    LookAgain(Instant),
    /// Ask the connection to close.
    Close,
    End(End<Infallible>),
}

impl End<Infallible> {
    /// An end that is none of the connection's own.
    fn of<T>(self) -> End<T> {
        match self {
            Self::Done(never) => match never {},
            Self::HeadTimeout => End::HeadTimeout,
            Self::Idle => End::Idle,
            Self::Stalled => End::Stalled,
            Self::Resting(since) => End::Resting(since),
        }
    }
}

impl Limits {
    fn decide(
        &self,
        waiting: Waiting,
        head_since: Option<Instant>,
        state: &ConnectionState,
        now: Instant,
    ) -> Decision {
        let later = |at: Instant, otherwise: Decision| {
            if at > now {
                Decision::LookAgain(at)
            } else {
                otherwise
            }
        };
        let stalled = state.stalled_since();
        match waiting {
            // Closing keeps its own time.
            Waiting::Close => Decision::LookAgain(now + self.idle),
            Waiting::Head => {
                let deadline = head_since.unwrap_or(now) + self.head;
                later(deadline, Decision::End(End::HeadTimeout))
            }
            Waiting::Answer => match stalled {
                Some(since) if since + self.idle <= now => Decision::End(End::Stalled),
                _ => Decision::LookAgain(now + self.rest.unwrap_or(self.idle).min(self.idle)),
            },
            Waiting::NextRequest(since) if since + self.idle <= now => Decision::Close,
            Waiting::NextRequest(since) => match self.rest {
                // What is not written yet would be lost.
                Some(rest) if stalled.is_none() => {
                    later(since + rest, Decision::End(End::Resting(since)))
                }
                _ => Decision::LookAgain(since + self.idle),
            },
        }
    }
}
