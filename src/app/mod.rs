//! The whole: bind, start, apply reloads, stop in order.

mod acme;
mod certificates;
mod data;
mod descriptors;
mod notify;
mod reload;
mod signals;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::Semaphore,
    task::spawn_blocking,
    time::{sleep, timeout},
};

pub use self::reload::Reread;
use self::signals::{Signals, Wanted};
use crate::{
    admin,
    config::spec::Config,
    runtime::{BuildError, Runtime, RuntimeHandle},
    server::{
        inherited::{InheritError, Inherited},
        listener::BindError,
        listening::Listening,
        worker::{self, Drain, Shared, WorkerHandle},
    },
    tasks::{Tasks, WorkerId},
    telemetry::{
        access_log::{AccessLog, Writer},
        addresses::Addresses,
        metrics::Metrics,
        record::Telemetry,
    },
    tls::{self, acme::Acme},
    upstream::{Surroundings, resolve::Names},
};

/// How long kept connections without a request live on when stopping, so that a request that is
/// on its way to us still finds one.
const IDLE_GRACE: Duration = Duration::from_secs(1);

/// Why the process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// What the service manager handed over cannot be used.
    #[error(transparent)]
    Inherit(#[from] InheritError),
    /// A site cannot be built, or a certificate not be used.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// There are no random numbers to encrypt with.
    #[error("encryption cannot be set up")]
    Tls(#[from] rustls::Error),
    /// A thread, an event loop or a signal handler could not be had.
    #[error("the system refused a thread, an event loop or a signal handler")]
    System(#[from] io::Error),
}

/// A running process.
pub struct App {
    shared: Arc<Shared>,
    around: Surroundings,
    acme: Acme,
    workers: Vec<WorkerHandle>,
    writer: Option<Writer>,
    listening: Listening,
    admin: Option<SocketAddr>,
    signals: Signals,
}

impl App {
    /// Starts everything. Must be called on the control thread's event loop.
    ///
    /// # Errors
    /// See [`StartError`]; the process is expected to end then.
    pub fn start(config: Config) -> Result<Self, StartError> {
        let signals = Signals::new()?;
        let process = &config.process;
        let workers = process.workers.get();
        let mut listening = Listening::new(Inherited::from_environment()?);
        let clients = listening.prepare(process, workers)?;
        let admin = process
            .admin
            .map(|address| listening.bind_aside(address))
            .transpose()?;
        listening.all_claimed()?;
        data::check(&config);
        let (shared, around, writer) = share(config)?;
        let acme = acme::start(&shared, &around);
        let workers = (0..workers)
            .map(|index| worker::start(WorkerId::new(index), &shared))
            .collect::<io::Result<Vec<_>>>()?;
        listening.apply(clients, &workers);
        complete(&shared);
        let admin = start_admin(admin, &shared)?;
        let watch = certificates::watch(Arc::clone(&shared));
        shared.tasks.spawn_on_control(watch);
        Ok(Self {
            shared,
            around,
            acme,
            workers,
            writer,
            listening,
            admin,
            signals,
        })
    }

    /// Where clients are served.
    #[must_use]
    pub fn clients(&self) -> Vec<SocketAddr> {
        self.listening.addresses()
    }

    /// Where health and metrics are served.
    #[must_use]
    pub fn admin(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// Runs until a signal says to stop, applies reloads until then. The exit code is 0 unless a
    /// second signal cut the stopping short.
    pub async fn run(mut self, reread: Option<Reread>) -> ExitCode {
        notify::ready(&self.status());
        self.shared.tasks.spawn_on_control(notify::watchdog());
        while let Wanted::Reload = self.signals.next().await {
            notify::reloading();
            match self.reload(reread.as_ref()).await {
                true => notify::ready(&self.status()),
                false => notify::ready("reload refused, the previous configuration is in force"),
            }
        }
        notify::stopping(self.shared.runtime.load().config.process.drain);
        tokio::select! {
            () = drain(&self.shared) => {}
            () = self.signals.stop() => {
                tracing::warn!("second signal: stopping at once");
                return ExitCode::FAILURE;
            }
        };
        self.finish().await;
        ExitCode::SUCCESS
    }

    /// In the words of `systemctl status`.
    fn status(&self) -> String {
        let sites = self.shared.runtime.load().config.sites.len();
        let addresses: Vec<_> = self.clients().iter().map(ToString::to_string).collect();
        format!("sites: {sites}, listening on {}", addresses.join(", "))
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
        let joined = spawn_blocking(move || {
            for worker in workers {
                worker.join();
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

/// Builds what workers, admin and reloads share.
fn share(config: Config) -> Result<(Arc<Shared>, Surroundings, Option<Writer>), StartError> {
    let process = &config.process;
    let (access_log, writer) = AccessLog::start(process.log.access, io::stdout())?.unzip();
    let telemetry = Arc::new(Telemetry {
        metrics: Metrics::default(),
        access_log,
    });
    let tasks = Tasks::new(Handle::current());
    let around = Surroundings {
        names: Names::new(&process.dns),
        tasks: tasks.clone(),
        workers: process.workers.get(),
    };
    let places = descriptors::places(process);
    let runtime = Runtime::build(config, None, &around, &telemetry.metrics)?;
    let runtime = RuntimeHandle::new(runtime);
    let shared = Shared {
        terms: tls::terms(Arc::clone(runtime.certificates()))?,
        runtime,
        telemetry,
        tasks,
        drain: Drain::default(),
        places: Arc::new(Semaphore::new(places)),
        addresses: Arc::new(Addresses::among(places)),
    };
    Ok((Arc::new(shared), around, writer))
}

/// Has the pages made that starting has not waited for.
fn complete(shared: &Shared) {
    let runtime = shared.runtime.load_full();
    if runtime.is_to_be_completed() {
        drop(spawn_blocking(move || runtime.complete()));
    }
}

/// Stops accepting and lets finish what is in flight, for as long as is allowed. What is cut then,
/// such as open WebSockets, is said and is no failure.
async fn drain(shared: &Shared) {
    let limit = shared.runtime.load().config.process.drain;
    let limit_seconds = limit.as_secs_f64();
    tracing::info!(limit_seconds, "stopping: draining connections");
    shared.drain.begun.raise();
    let done = async {
        let grace = IDLE_GRACE.min(limit / 2);
        tokio::select! {
            () = shared.tasks.work_done() => return,
            () = sleep(grace) => shared.drain.idle.raise(),
        }
        shared.tasks.work_done().await;
    };
    if timeout(limit, done).await.is_err() {
        tracing::warn!("some requests did not finish in time and were cut");
    }
}

fn start_admin(
    bound: Option<(SocketAddr, Vec<TcpListener>)>,
    shared: &Arc<Shared>,
) -> io::Result<Option<SocketAddr>> {
    let Some((address, sockets)) = bound else {
        return Ok(None);
    };
    for socket in sockets {
        admin::start(socket, shared)?;
    }
    Ok(Some(address))
}
