//! The whole: bind, start, apply reloads, stop in order.

use std::{
    io,
    net::SocketAddr,
    process::ExitCode,
    sync::{Arc, atomic::Ordering::Relaxed},
    thread::JoinHandle,
    time::Duration,
};

use tokio::{
    runtime::Handle,
    signal::unix::{Signal, SignalKind, signal},
    sync::Semaphore,
    time::{sleep, timeout},
};

use crate::{
    admin,
    config::spec::{Config, ProcessSpec},
    runtime::{Runtime, RuntimeHandle},
    server::{
        listener::{self, BindError},
        worker::{self, Drain, Shared},
    },
    site::SiteError,
    tasks::{Tasks, WorkerId},
    telemetry::{
        access_log::{AccessLog, Writer},
        metrics::Metrics,
        record::Telemetry,
    },
    upstream::{Surroundings, resolve::Names},
};

/// How long kept connections without a request live on when stopping, so that a request that is
/// on its way to us still finds one.
const IDLE_GRACE: Duration = Duration::from_secs(1);

/// Descriptors that are no connections: sockets we listen on, event loops, files.
const OWN_DESCRIPTORS: usize = 32;

/// Why the process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A site cannot be built.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// A thread, an event loop or a signal handler could not be had.
    #[error("the system refused a thread, an event loop or a signal handler")]
    System(#[from] io::Error),
}

/// Reads the configuration again; problems are logged by whoever reads.
pub type Reread = Box<dyn Fn() -> Option<Config> + Send>;

/// A running process.
pub struct App {
    shared: Arc<Shared>,
    around: Surroundings,
    workers: Vec<JoinHandle<()>>,
    writer: Option<Writer>,
    clients: Vec<SocketAddr>,
    admin: Option<SocketAddr>,
}

impl App {
    /// Starts everything. Must be called on the control thread's event loop.
    ///
    /// # Errors
    /// See [`StartError`]; nothing is left running then.
    pub fn start(config: Config) -> Result<Self, StartError> {
        let process = config.process.clone();
        let workers = process.workers.get();
        let bound = process
            .listen
            .iter()
            .map(|address| listener::bind(*address, workers))
            .collect::<Result<Vec<_>, _>>()?;
        let clients = bound
            .iter()
            .filter_map(|listeners| listeners.first())
            .map(std::net::TcpListener::local_addr)
            .collect::<io::Result<Vec<_>>>()?;
        let admin = process
            .admin
            .map(|address| listener::bind(address, 1))
            .transpose()?;

        let (access_log, writer) = AccessLog::start(process.log.access, io::stdout())?.unzip();
        let telemetry = Arc::new(Telemetry {
            metrics: Metrics::default(),
            access_log,
        });
        let tasks = Tasks::new(Handle::current());
        let around = Surroundings {
            names: Names::new(&process.dns, tasks.clone()),
            tasks: tasks.clone(),
            workers,
        };
        let runtime = Runtime::build(config, None, &around, &telemetry.metrics)?;
        let shared = Arc::new(Shared {
            runtime: RuntimeHandle::new(runtime),
            telemetry,
            tasks,
            drain: Drain::default(),
            places: Arc::new(Semaphore::new(places(&process))),
        });
        let mut app = Self {
            shared,
            around,
            workers: Vec::new(),
            writer,
            clients,
            admin: None,
        };
        app.start_workers(bound)?;
        app.start_admin(admin)?;
        Ok(app)
    }

    /// Where clients are served.
    #[must_use]
    pub fn clients(&self) -> &[SocketAddr] {
        &self.clients
    }

    /// Where health and metrics are served.
    #[must_use]
    pub fn admin(&self) -> Option<SocketAddr> {
        self.admin
    }

    fn start_workers(&mut self, bound: Vec<Vec<std::net::TcpListener>>) -> Result<(), StartError> {
        let mut listeners: Vec<_> = bound.into_iter().map(Vec::into_iter).collect();
        for index in 0..self.around.workers {
            let own = listeners.iter_mut().filter_map(Iterator::next).collect();
            self.workers
                .push(worker::start(WorkerId::new(index), own, &self.shared)?);
        }
        for address in &self.clients {
            tracing::info!(role = "clients", %address, "listening");
        }
        Ok(())
    }

    fn start_admin(&mut self, bound: Option<Vec<std::net::TcpListener>>) -> Result<(), StartError> {
        let Some(listener) = bound.into_iter().flatten().next() else {
            return Ok(());
        };
        let address = listener.local_addr()?;
        admin::start(listener, &self.shared)?;
        self.admin = Some(address);
        tracing::info!(role = "admin", %address, "listening");
        Ok(())
    }

    /// Runs until a signal says to stop, applies reloads until then. The exit code is 0 when all
    /// requests in flight were answered.
    ///
    /// # Errors
    /// When signals cannot be listened for.
    pub async fn run(mut self, reread: Option<Reread>) -> Result<ExitCode, StartError> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hang_up.recv() => self.reload(reread.as_ref()),
            }
        }
        let drained = tokio::select! {
            drained = self.drain() => drained,
            () = again(&mut terminate, &mut interrupt) => {
                tracing::warn!("second signal: stopping at once");
                return Ok(ExitCode::FAILURE);
            }
        };
        self.finish().await;
        Ok(if drained {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    /// Swaps in what the files say now, or keeps everything as it is.
    fn reload(&self, reread: Option<&Reread>) {
        let metrics = &self.shared.telemetry.metrics;
        let Some(reread) = reread else {
            tracing::warn!("reload ignored: this process was started without configuration files");
            return;
        };
        if self.apply(reread()) {
            metrics.reloads_applied.fetch_add(1, Relaxed);
            metrics.last_reload_failed.store(false, Relaxed);
            tracing::info!("configuration reloaded");
        } else {
            metrics.reloads_refused.fetch_add(1, Relaxed);
            metrics.last_reload_failed.store(true, Relaxed);
            tracing::error!("reload refused: the previous configuration stays in force");
        }
    }

    fn apply(&self, config: Option<Config>) -> bool {
        let Some(config) = config else { return false };
        let previous = self.shared.runtime.load_full();
        warn_of_restart(&previous.config.process, &config.process);
        let metrics = &self.shared.telemetry.metrics;
        match Runtime::build(config, Some(&previous), &self.around, metrics) {
            Ok(runtime) => {
                self.shared.runtime.store(runtime);
                true
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "the new configuration cannot be put to work");
                false
            }
        }
    }

    /// Stops accepting and lets finish what is in flight. Says whether all of it did.
    async fn drain(&mut self) -> bool {
        let limit = self.shared.runtime.load().config.process.drain;
        tracing::info!(
            limit_seconds = limit.as_secs_f64(),
            "stopping: draining connections"
        );
        let drain = &self.shared.drain;
        drain.begin();
        let done = async {
            let grace = IDLE_GRACE.min(limit / 2);
            tokio::select! {
                () = self.shared.tasks.work_done() => return,
                () = sleep(grace) => drain.idle.cancel(),
            }
            self.shared.tasks.work_done().await;
        };
        let drained = timeout(limit, done).await.is_ok();
        if !drained {
            tracing::warn!("some requests did not finish in time and were cut");
        }
        drained
    }

    /// Ends everything and writes what is left to write.
    async fn finish(self) {
        let Self {
            shared,
            around,
            workers,
            writer,
            ..
        } = self;
        shared.tasks.stop().await;
        // Threads end by themselves once told to; what they still hold ends with them.
        drop(around);
        let joined = tokio::task::spawn_blocking(move || {
            for worker in workers {
                drop(worker.join());
            }
            drop(shared);
            if let Some(writer) = writer {
                writer.finish();
            }
        });
        drop(timeout(Duration::from_secs(2), joined).await);
        tracing::info!("stopped");
    }
}

async fn again(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Client connections that can be served: as configured, else what descriptors allow, counting
/// one to the origin for each.
fn places(process: &ProcessSpec) -> usize {
    process.clients.connections.map_or_else(
        || (raise_descriptor_limit().saturating_sub(OWN_DESCRIPTORS) / 2).max(8),
        std::num::NonZeroUsize::get,
    )
}

/// Takes all the descriptors the system grants us.
fn raise_descriptor_limit() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    );
    let limit = if raised.is_ok() { maximum } else { current };
    limit
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(1 << 20)
        .min(1 << 20)
}

/// What belongs to the process and not to a site is fixed when it starts.
fn warn_of_restart(before: &ProcessSpec, after: &ProcessSpec) {
    let fixed = [
        ("listen", before.listen != after.listen),
        ("admin", before.admin != after.admin),
        ("workers", before.workers != after.workers),
        ("log", before.log != after.log),
        ("dns", before.dns != after.dns),
        (
            "clients.connections",
            before.clients.connections != after.clients.connections,
        ),
    ];
    for (key, _) in fixed.into_iter().filter(|(_, differs)| *differs) {
        tracing::warn!(key, "this key takes effect at the next start only");
    }
}
