//! Who moves the bytes of a connection to an origin.
//!
//! As a rule the request that uses it: hyper's connection is polled where its answer is waited
//! for, so that nothing is handed from task to task. Between two requests nobody polls it. A bell
//! takes the place of the task that hyper would wake: it wakes whoever uses the connection now,
//! and remembers that it rang while nobody did, which is how a connection that was closed
//! meanwhile is found out. A task of its own drives the connection only where two things must go
//! on at their own pace: an upload beside its answer, and a tunnel.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_util::task::AtomicWaker;
use tokio::sync::oneshot;

use crate::tasks::Tasks;

/// Hyper's connection, until it has ended. Boxed once a connection: it is large, and its type has
/// no name.
type Http = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send + Sync>>;

/// Moves the bytes of one connection. Dropping it closes the connection.
pub(super) enum Driver {
    /// Polled by whoever uses the connection.
    Here {
        http: Http,
        bell: Arc<Bell>,
        /// The bell, as hyper takes it.
        waker: Waker,
    },
    /// A task does it as long as this exists.
    Elsewhere { _alive: oneshot::Sender<Infallible> },
    /// The connection has ended.
    Ended,
}

/// Wakes the one who uses a connection now.
pub(super) struct Bell {
    user: AtomicWaker,
    rang: AtomicBool,
    /// What rings now is the user's own doing.
    quiet: AtomicBool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.quiet.load(Relaxed) {
            self.rang.store(true, Relaxed);
            self.user.wake();
        }
    }
}

impl Driver {
    /// Drives here.
    pub(super) fn new(
        http: impl Future<Output = hyper::Result<()>> + Send + Sync + 'static,
    ) -> Self {
        let bell = Arc::new(Bell {
            user: AtomicWaker::new(),
            rang: AtomicBool::new(false),
            quiet: AtomicBool::new(false),
        });
        Self::Here {
            http: Box::pin(http),
            waker: Waker::from(Arc::clone(&bell)),
            bell,
        }
    }

    /// Whether what the connection brings can come by [`Self::drive`] alone.
    pub(super) fn is_here(&self) -> bool {
        matches!(self, Self::Here { .. })
    }

    /// Moves what can be moved now; the task of `cx` is woken when there is more.
    pub(super) fn drive(&mut self, cx: &Context<'_>) {
        if let Self::Here { http, bell, waker } = self {
            bell.user.register(cx.waker());
            bell.rang.store(false, Relaxed);
            // How it ended is seen by the request that it serves.
            if http
                .as_mut()
                .poll(&mut Context::from_waker(waker))
                .is_ready()
            {
                *self = Self::Ended;
            }
        }
    }

    /// Does something that would ring the bell for nothing, because driving comes next anyway.
    pub(super) fn quietly<T>(&self, act: impl FnOnce() -> T) -> T {
        let Self::Here { bell, .. } = self else {
            return act();
        };
        bell.quiet.store(true, Relaxed);
        let done = act();
        bell.quiet.store(false, Relaxed);
        done
    }

    /// Nobody uses the connection any more; what its last user held is let go.
    pub(super) fn rest(&self) {
        if let Self::Here { bell, .. } = self {
            drop(bell.user.take());
        }
    }

    /// Sees to what has happened to the connection while nobody used it.
    pub(super) fn catch_up(&mut self) {
        if let Self::Here { bell, .. } = self
            && bell.rang.load(Relaxed)
        {
            self.drive(&Context::from_waker(Waker::noop()));
            self.rest();
        }
    }

    /// Has a task of its own drive the connection from now on.
    pub(super) fn hand_over(&mut self, tasks: &Tasks) {
        let (alive, dropped) = oneshot::channel::<Infallible>();
        let elsewhere = Self::Elsewhere { _alive: alive };
        match std::mem::replace(self, elsewhere) {
            // Dropping the connection ends it, even where it waits for an endpoint that takes
            // nothing any more.
            Self::Here { http, .. } => tasks.spawn(async move {
                tokio::select! {
                    _ = dropped => {}
                    _ = http => {}
                }
            }),
            before @ (Self::Elsewhere { .. } | Self::Ended) => *self = before,
        }
    }
}

/// Polls something that only the driver can bring about: before driving, and after it.
pub(super) fn poll_driven<T>(
    driver: &mut Driver,
    cx: &mut Context<'_>,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Poll<T> {
    if !driver.is_here() {
        return poll(cx);
    }
    // Nothing comes unless we drive, so there is nobody to be woken by what comes.
    let unheard = &mut Context::from_waker(Waker::noop());
    if let Poll::Ready(done) = driver.quietly(|| poll(unheard)) {
        return Poll::Ready(done);
    }
    driver.drive(cx);
    driver.quietly(|| poll(unheard))
}

#[cfg(test)]
mod tests;
