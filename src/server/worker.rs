//! A worker: one thread with an event loop, its own listeners, connections and pools.

use std::{io, net::TcpListener, sync::Arc, thread::JoinHandle};

use tokio::sync::{
    Semaphore,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};
use tokio_util::sync::CancellationToken;

use super::{listener, listening::Entrance};
use crate::{
    runtime::RuntimeHandle,
    tasks::{Tasks, WorkerId, signal::Signal},
    telemetry::{addresses::Addresses, record::Telemetry},
};

/// What all workers share.
pub struct Shared {
    /// The live snapshot.
    pub runtime: Arc<RuntimeHandle>,
    /// On which terms clients may encrypt.
    pub terms: Arc<rustls::ServerConfig>,
    /// Where records go.
    pub telemetry: Arc<Telemetry>,
    /// Runs connections.
    pub tasks: Tasks,
    /// How far shutting down has come.
    pub drain: Drain,
    /// Client connections that may still be accepted.
    pub places: Arc<Semaphore>,
    /// How many of them each client address has.
    pub addresses: Arc<Addresses>,
}

/// The stages of shutting down.
#[derive(Debug, Default)]
pub struct Drain {
    /// No more connections are accepted; every response says that its connection ends.
    pub begun: Signal,
    /// Kept connections without a request are closed.
    pub idle: Signal,
}

impl Shared {
    /// Whether connections are not to be kept: because we stop, or others wait for a place.
    #[must_use]
    pub fn closes_connections(&self) -> bool {
        self.drain.begun.is_raised() || self.places.available_permits() == 0
    }
}

/// One worker, as its connections see it.
pub struct Worker {
    /// Which one.
    pub id: WorkerId,
    /// What it shares with the others.
    pub shared: Arc<Shared>,
}

/// A socket a worker is to accept on, until its address is closed.
#[derive(Debug)]
pub(super) struct Accepting {
    pub(super) socket: TcpListener,
    pub(super) entrance: Entrance,
    pub(super) closed: CancellationToken,
}

/// A running worker, as the control thread sees it.
pub struct WorkerHandle {
    thread: JoinHandle<()>,
    sockets: UnboundedSender<Accepting>,
}

impl WorkerHandle {
    /// Has it accept on one more socket.
    pub(super) fn accept(&self, accepting: Accepting) {
        // A worker that has ended accepts nothing any more.
        drop(self.sockets.send(accepting));
    }

    /// Waits until it has ended.
    pub fn join(self) {
        // A panic has been logged by the hook.
        drop(self.thread.join());
    }
}

/// Starts a worker on its own thread. It ends when everything is stopped.
///
/// # Errors
/// When the thread or its event loop cannot be started.
pub fn start(id: WorkerId, shared: &Arc<Shared>) -> io::Result<WorkerHandle> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let worker = Arc::new(Worker {
        id,
        shared: Arc::clone(shared),
    });
    let (sockets, incoming) = unbounded_channel();
    let thread = std::thread::Builder::new()
        .name(format!("worker-{}", id.index()))
        .spawn(move || runtime.block_on(run(worker, incoming)))?;
    Ok(WorkerHandle { thread, sockets })
}

async fn run(worker: Arc<Worker>, mut incoming: UnboundedReceiver<Accepting>) {
    let stopping = worker.shared.tasks.stopping();
    while let Some(Some(accepting)) = stopping.or(incoming.recv()).await {
        let accept = listener::accept(accepting, Arc::clone(&worker));
        worker.shared.tasks.spawn_until_stopped(accept);
    }
    stopping.raised().await;
}
