//! The shipped compose project, as a real one of its own, and visitors who never stop looking.

use std::{
    net::{SocketAddr, TcpStream},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{
    clients::{Ask, Kind},
    engine::{self, Image, docker, must, run},
    eventually,
    h1::{Client, End},
    let_pass,
};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/compose/compose.yaml");
const SITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/compose/site");
/// Debian's package `busybox-static`.
const BUSYBOX: &str = "/bin/busybox";
/// The longest that a visitor waits; our own timeouts are shorter.
const WAIT: Duration = Duration::from_secs(40);

/// A project under a name of its own. Gone with the test, volumes and networks included.
pub(crate) struct Project {
    pub(crate) name: String,
    proxy: Image,
    pub(crate) site: Image,
}

impl Project {
    /// Nothing runs yet. `None`, and a visible word about it, where there is no engine.
    pub(crate) fn new() -> Option<Self> {
        let program = engine::program()?;
        let base = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(base.path().join("bin")).expect("a directory");
        std::fs::copy(BUSYBOX, base.path().join("bin/busybox")).expect("busybox-static is there");
        Some(Self {
            name: engine::unique(),
            proxy: Image::of(&program),
            site: Image::build(SITE, "busybox:musl", base.path()),
        })
    }

    /// Compose, whichever there is.
    pub(crate) fn compose(&self, words: &[&str]) -> String {
        let variables = [
            format!("INTERMISSION_IMAGE={}", self.proxy.name),
            format!("SITE_IMAGE={}", self.site.name),
            // Any free port of loopback.
            "PUBLISH=127.0.0.1:".to_owned(),
        ];
        let is_plugin = run("docker", &["compose", "version"]).code == Some(0);
        let program: &[&str] = if is_plugin {
            &["docker", "compose"]
        } else {
            &["docker-compose"]
        };
        let variables: Vec<&str> = variables.iter().map(String::as_str).collect();
        let fixed = ["--file", FILE, "--project-name", &self.name];
        must("env", &[&variables, program, &fixed, words].concat())
    }

    /// Starts services and returns when compose says that they run.
    pub(crate) fn up(&self, services: &[&str]) {
        self.compose(&[&["up", "--detach", "--no-build"], services].concat());
    }

    /// A service's container.
    pub(crate) fn container(&self, service: &str) -> String {
        self.compose(&["ps", "--quiet", service])
    }

    /// Where visitors reach the proxy.
    pub(crate) fn address(&self) -> SocketAddr {
        let port = docker(&["port", &self.container("intermission"), "8080/tcp"]);
        let first = port.lines().next().and_then(|line| line.parse().ok());
        first.unwrap_or_else(|| panic!("an address: {port}"))
    }

    /// The network between proxy and application.
    pub(crate) fn back(&self) -> String {
        format!("{}_back", self.name)
    }

    /// The application's address on it, while it has one.
    pub(crate) fn app(&self) -> Option<SocketAddr> {
        let id = run(
            "docker",
            &["ps", "--quiet", "--filter", &self.filter("app")],
        )
        .out;
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
        let said = run("docker", &["inspect", "--format", format, &id]);
        let ip = said.out.split_whitespace().next()?.parse().ok()?;
        Some(SocketAddr::new(ip, 3000))
    }

    fn filter(&self, service: &str) -> String {
        format!("name={}.{service}.1", self.name)
    }

    /// Waits until the application itself answers, past the proxy: when.
    pub(crate) fn app_answers(&self) -> Instant {
        eventually("the application answers", || {
            let address = self.app()?;
            TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok()?;
            let begun = Instant::now();
            let mut client = Client::connect_for(address, Duration::from_secs(1));
            let got = client.ask("GET / HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n");
            (got.head.status() == 200).then_some(begun)
        })
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.compose(&["logs", "--no-color", "intermission"]);
            for line in log.lines().filter(|line| !line.contains("url.path")) {
                eprintln!("{line}");
            }
        }
        self.compose(&["down", "--volumes", "--timeout", "1"]);
    }
}

/// One request of a visitor.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) begun: Instant,
    pub(crate) ended: Instant,
    pub(crate) status: u16,
    pub(crate) end: End,
    /// The word of RFC 9209.
    pub(crate) cause: Option<String>,
    pub(crate) retry_after: Option<u64>,
}

/// Visitors of three kinds, two of each, on a connection of their own for every request.
pub(crate) struct Visitors {
    stop: AtomicBool,
    seen: Mutex<Vec<Seen>>,
}

impl Visitors {
    /// They visit while `meanwhile` runs; all that they saw, in the order of its ends.
    pub(crate) fn of(address: SocketAddr, meanwhile: impl FnOnce(&Self)) -> Vec<Seen> {
        let visitors = Self {
            stop: AtomicBool::new(false),
            seen: Mutex::default(),
        };
        std::thread::scope(|scope| {
            for kind in [Kind::Navigation, Kind::Json, Kind::Image] {
                for _ in 0..2 {
                    let visitors = &visitors;
                    scope.spawn(move || visitors.visit(address, kind));
                }
            }
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                meanwhile(&visitors);
            }));
            // They would go on for ever.
            visitors.stop.store(true, Relaxed);
            outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        });
        visitors.seen.into_inner().expect("no holder panics")
    }

    /// What they have seen so far.
    pub(crate) fn so_far(&self) -> Vec<Seen> {
        self.seen.lock().expect("no holder panics").clone()
    }

    fn visit(&self, address: SocketAddr, kind: Kind) {
        let ask = Ask::get("/").by(kind).with("connection", "close").h1_head();
        while !self.stop.load(Relaxed) {
            let begun = Instant::now();
            let got = Client::connect_for(address, WAIT).ask(&ask);
            let cause = got.head.field("proxy-status");
            let seen = Seen {
                begun,
                ended: Instant::now(),
                status: got.head.status(),
                end: got.end,
                cause: cause.and_then(|field| word_of(&field)),
                retry_after: got.head.field("retry-after").and_then(|s| s.parse().ok()),
            };
            self.seen.lock().expect("no holder panics").push(seen);
            let_pass(Duration::from_millis(20));
        }
    }
}

/// `error=` of a `Proxy-Status`.
fn word_of(field: &str) -> Option<String> {
    let (_, rest) = field.split_once("error=")?;
    rest.split([';', ',']).next().map(str::to_owned)
}
