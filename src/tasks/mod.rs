//! Who runs what: workers, tasks and the clock. The lowest room: it knows nothing of HTTP.
//!
//! Everything that runs beside a request is spawned here, so that shutdown can wait for it.

pub mod clock;
pub mod signal;

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tokio::{runtime::Handle, sync::oneshot};
use tokio_util::task::TaskTracker;

use self::signal::{Raised, Signal};

/// Which worker something belongs to: a thread with an event loop of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerId(usize);

impl WorkerId {
    /// The worker with this number, counted from 0.
    #[must_use]
    pub const fn new(index: usize) -> Self {
        Self(index)
    }

    /// Its number.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// Spawns, counts and ends tasks. Clones share everything.
#[derive(Clone, Debug)]
pub struct Tasks {
    /// What shutdown lets finish: connections, tunnels.
    work: TaskTracker,
    /// What runs for ever: refreshing, sweeping.
    background: TaskTracker,
    stop: Signal,
    control: Handle,
}

impl Tasks {
    /// With the runtime of the control thread.
    #[must_use]
    pub fn new(control: Handle) -> Self {
        Self {
            work: TaskTracker::new(),
            background: TaskTracker::new(),
            stop: Signal::default(),
            control,
        }
    }

    /// Runs on this worker until it is done; shutdown does not wait for it.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place: callers choose how a task ends by the method they call"
        )]
        drop(tokio::spawn(task));
    }

    /// Runs on this worker until it is done or everything stops; shutdown waits for it.
    pub fn spawn_until_stopped(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.work.spawn(self.until_stopped(task));
    }

    /// Runs on the control thread until it is done or everything stops.
    pub fn spawn_on_control(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.background
            .spawn_on(self.until_stopped(task), &self.control);
    }

    fn until_stopped<T>(&self, task: T) -> UntilStopped<T> {
        UntilStopped {
            task,
            stopped: self.stop.raised(),
        }
    }

    /// Has the control thread work something out. `None` when it is being stopped.
    pub async fn on_control<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (done, result) = oneshot::channel();
        self.spawn_on_control(async move { drop(done.send(work.await)) });
        result.await.ok()
    }

    /// Told when everything stops.
    #[must_use]
    pub fn stopping(&self) -> Signal {
        self.stop.clone()
    }

    /// Waits until the work that is in hand is done.
    pub async fn work_done(&self) {
        self.work.close();
        self.work.wait().await;
    }

    /// Ends everything, and waits until it has ended.
    pub async fn stop(&self) {
        self.stop.raise();
        self.background.close();
        self.background.wait().await;
        self.work_done().await;
    }
}

pin_project! {
    /// A task that ends early when everything stops. Written by hand, because an `async` block
    /// around a future takes several times its memory, and connections have one each.
    struct UntilStopped<T> {
        #[pin]
        task: T,
        #[pin]
        stopped: Raised,
    }
}

impl<T: Future<Output = ()>> Future for UntilStopped<T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.task.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        this.stopped.poll(cx)
    }
}

/// For hyper, which spawns one task per HTTP/2 stream.
impl<F> hyper::rt::Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        self.spawn(task);
    }
}
