//! The product's own server in this process: one worker, two sites, a log that is read.

use std::{
    io::{self, Write},
    net::SocketAddr,
    sync::{Arc, Mutex, mpsc},
};

use intermission::{
    config::spec::{AccessLogFormat, Config},
    runtime::{Runtime, RuntimeHandle},
    server::{
        inherited::Inherited,
        listening::Listening,
        worker::{self, Drain, Shared},
    },
    tasks::{Tasks, WorkerId},
    telemetry::{access_log::AccessLog, addresses::Addresses, metrics::Metrics, record::Telemetry},
    tls,
    upstream::{Surroundings, resolve::Names},
};
use tokio::{runtime::Handle, sync::Semaphore};

use super::{super::input::Files, origin::Origin};

const PROCESS: &str = "listen = \"127.0.0.1:0\"\nadmin = \"off\"\nworkers = 1\n\
    [clients]\nidle_timeout = \"1ms\"\nhead_timeout = \"50ms\"\nhead_size = \"8 KiB\"\nhead_fields = 40\n";
const OPEN: &str = "[health]\nprobe = false\n[breaker]\nenabled = false\n[hold]\ntime = \"0s\"\n\
    [fallback]\nlanguages = [\"en\"]\n";
const SHUT: &str = "hosts = [\"shut.test\"]\nupstream = \"http://127.0.0.1:9\"\n[health]\nprobe = false\n\
    [maintenance]\non = true\n[fallback]\nlanguages = [\"en\"]\n";

/// What went wrong where no check looks.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<String>>>);

impl Faults {
    pub fn add(&self, what: String) {
        self.0.lock().expect("no holder panics").push(what);
    }
}

/// It runs until the process ends.
pub struct Server {
    pub address: SocketAddr,
    faults: Faults,
}

impl Server {
    pub fn start() -> Self {
        let faults = Faults::default();
        let origin = Origin::start(faults.clone());
        let (told, address) = mpsc::channel();
        let log = Log {
            line: Vec::new(),
            faults: faults.clone(),
        };
        std::thread::spawn(move || {
            let control = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            control.expect("an event loop").block_on(async {
                // Held as long as the process lives.
                let (address, _listening) = serve(config(origin), log);
                told.send(address).expect("somebody waits");
                std::future::pending::<()>().await;
            });
        });
        let address = address.recv().expect("the server starts");
        Self { address, faults }
    }

    /// # Panics
    /// When origin or log have seen what must not be.
    pub fn assert_no_fault(&self) {
        let faults = self.faults.0.lock().expect("no holder panics");
        assert!(faults.is_empty(), "{faults:#?}");
    }
}

fn config(origin: SocketAddr) -> Config {
    let files = Files::new();
    files.write("intermission.toml", PROCESS);
    files.write(
        "sites/open.toml",
        format!("hosts = [\"*\"]\nupstream = \"http://{origin}\"\n{OPEN}"),
    );
    files.write("sites/shut.toml", SHUT);
    files
        .load()
        .unwrap_or_else(|problems| panic!("{problems}"))
        .config
}

fn serve(config: Config, log: Log) -> (SocketAddr, Listening) {
    let process = config.process.clone();
    let log = AccessLog::start(AccessLogFormat::Json, log).expect("a thread");
    let telemetry = Arc::new(Telemetry {
        metrics: Metrics::default(),
        access_log: log.map(|(log, _writer)| log),
    });
    let tasks = Tasks::new(Handle::current());
    let around = Surroundings {
        names: Names::new(&config.process.dns),
        tasks: tasks.clone(),
        workers: 1,
    };
    let runtime =
        Runtime::build(config, None, &around, &telemetry.metrics).expect("sites that load");
    let runtime = RuntimeHandle::new(runtime);
    let terms = tls::terms(Arc::clone(runtime.certificates())).expect("settings that suit");
    let shared = Arc::new(Shared {
        terms,
        runtime,
        telemetry,
        tasks,
        drain: Drain::default(),
        places: Arc::new(Semaphore::new(256)),
        addresses: Arc::new(Addresses::among(256)),
    });
    let worker = worker::start(WorkerId::new(0), &shared).expect("a thread");
    let mut listening = Listening::new(Inherited::default());
    let sockets = listening.prepare(&process, 1).expect("a free port");
    listening.apply(sockets, &[worker]);
    let address = listening.addresses().first().copied().expect("one address");
    (address, listening)
}

/// An access log in which every line has to be one object of JSON.
struct Log {
    line: Vec<u8>,
    faults: Faults,
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            if *byte != b'\n' {
                self.line.push(*byte);
                continue;
            }
            let line: Result<serde_json::Map<_, _>, _> = serde_json::from_slice(&self.line);
            if line.is_err() {
                self.faults
                    .add(format!("in the log: {}", self.line.escape_ascii()));
            }
            self.line.clear();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
