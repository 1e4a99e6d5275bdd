//! The proxy under test: the real binary, in a directory of its own, on ports of its own.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Command, ExitStatus},
};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use super::{
    clients::{Ask, Protocol},
    eventually,
    h1::{self, Response},
    process::Process,
};

/// The program.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_intermission");

/// Configuration in pieces, before anything runs.
pub(crate) struct Setup {
    dir: TempDir,
    /// Run by `sh -c`, followed by the program and its arguments.
    shell: Option<String>,
}

impl Setup {
    /// Free ports, two workers and these further lines of `intermission.toml`.
    pub(crate) fn new(process: &str) -> Self {
        let setup = Self {
            dir: tempfile::tempdir().expect("a directory"),
            shell: None,
        };
        std::fs::create_dir(setup.dir.path().join("sites")).expect("an empty directory");
        setup.process(process)
    }

    /// Writes `intermission.toml` anew. A key given here replaces the usual one.
    pub(crate) fn process(self, text: &str) -> Self {
        let mut file = String::new();
        for usual in [
            "listen = \"127.0.0.1:0\"",
            "admin = \"127.0.0.1:0\"",
            "workers = 2",
        ] {
            let key = usual.split(' ').next().unwrap_or_default();
            if !text
                .lines()
                .any(|line| line.trim_start().starts_with(&format!("{key} ")))
            {
                file = file + usual + "\n";
            }
        }
        self.file("intermission.toml", &(file + text))
    }

    /// Writes `sites/NAME.toml`. What acts beside the requests of a test is off unless the text
    /// speaks of it, so that origins see those requests and no others.
    pub(crate) fn site(self, name: &str, text: &str) -> Self {
        self.file(&format!("sites/{name}.toml"), &quiet(text))
    }

    /// Writes any file of the configuration's directory.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.dir.path().join(name), text).expect("a writable directory");
        self
    }

    /// Runs this in a shell before the program, `exec "$@"` included.
    pub(crate) fn shell(mut self, script: &str) -> Self {
        self.shell = Some(script.to_owned());
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The command line that runs it.
    pub(crate) fn command(&self) -> Command {
        let mut command = match &self.shell {
            None => Command::new(BINARY),
            Some(script) => {
                let mut command = Command::new("sh");
                command.args(["-c", script, "sh", BINARY]);
                command
            }
        };
        command.args(["run", "--config"]).arg(self.dir.path());
        command
    }

    /// Starts it and waits until it listens.
    pub(crate) fn start(self) -> Proxy {
        let process = Process::start(&mut self.command(), true);
        Proxy::ready(process, self)
    }

    /// As [`Setup::start`], with an access log that goes where `stdout` goes.
    pub(crate) fn start_with_stdout(self, stdout: std::fs::File) -> Proxy {
        let process = Process::start(self.command().stdout(stdout), false);
        Proxy::ready(process, self)
    }
}

/// The running proxy.
pub(crate) struct Proxy {
    pub(crate) process: Process,
    /// Where clients connect.
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    setup: Setup,
}

impl Proxy {
    /// One site for every host in front of this upstream. `site` holds further lines.
    pub(crate) fn before(upstream: &str, site: &str) -> Self {
        Setup::new("")
            .site("shop", &catch_all(upstream, site))
            .start()
    }

    fn ready(mut process: Process, setup: Setup) -> Self {
        let (address, admin) = eventually("the proxy listens", || {
            if let Some(status) = process.has_ended() {
                panic!("the proxy ended with {status}: {:#?}", process.stderr());
            }
            Some((
                listening(&process, "clients")?,
                listening(&process, "admin")?,
            ))
        });
        Self {
            process,
            address,
            admin,
            setup,
        }
    }

    /// Where clients that encrypt connect.
    pub(crate) fn tls(&self) -> SocketAddr {
        listening(&self.process, "clients_tls").expect("it listens there, too")
    }

    /// Its own messages so far.
    pub(crate) fn log(&self) -> Vec<Value> {
        json(&self.process.stderr())
    }

    /// The first message whose whole line contains all these words, as soon as it is there.
    pub(crate) fn logged(&self, words: &[&str]) -> String {
        eventually(&format!("the log says {words:?}"), || {
            let mut lines = self.process.stderr().into_iter();
            lines.find(|line| words.iter().all(|word| line.contains(word)))
        })
    }

    /// The access log so far.
    pub(crate) fn records(&self) -> Vec<Value> {
        json(&self.process.stdout())
    }

    /// The record of the only request for this path, as soon as it is written.
    pub(crate) fn record(&self, path: &str) -> Value {
        eventually(&format!("a record of {path}"), || self.find_record(path))
    }

    /// The record of the only request for this path, if it is written already.
    pub(crate) fn find_record(&self, path: &str) -> Option<Value> {
        self.records()
            .into_iter()
            .find(|record| record["url.path"] == path)
    }

    pub(crate) fn ask(&self, ask: &Ask, protocol: Protocol) -> Response {
        ask.ask(self.address, protocol)
    }

    /// A plain GET over HTTP/1.1.
    pub(crate) fn get(&self, target: &str) -> Response {
        self.ask(&Ask::get(target), Protocol::H1)
    }

    pub(crate) fn client(&self) -> h1::Client {
        h1::Client::connect(self.address)
    }

    /// A GET at the admin listener.
    pub(crate) fn admin(&self, target: &str) -> Response {
        Ask::get(target)
            .host("localhost")
            .ask(self.admin, Protocol::H1)
    }

    /// The sum of all samples of a metric whose labels contain these words.
    pub(crate) fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let text = String::from_utf8_lossy(&self.admin("/metrics").body).into_owned();
        text.lines()
            .filter(|line| line.starts_with(name) && labels.iter().all(|word| line.contains(word)))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    /// Writes a file of the configuration; a SIGHUP makes it count.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let text = if name.starts_with("sites/") {
            quiet(text)
        } else {
            text.to_owned()
        };
        std::fs::write(self.setup.path().join(name), text).expect("a writable directory");
    }

    /// Writes any other file that the configuration names.
    pub(crate) fn replace(&self, name: &str, text: &str) {
        std::fs::write(self.setup.path().join(name), text).expect("a writable directory");
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Waits for its end and returns how it ended.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.process.wait()
    }
}

/// With everything off that the text does not speak of.
fn quiet(text: &str) -> String {
    let mut text = format!("{text}\n");
    for (table, off) in [
        ("[health]", "probe = false"),
        ("[breaker]", "enabled = false"),
        ("[hold]", "time = \"0s\""),
    ] {
        if !text.contains(table) {
            text = format!("{text}{table}\n{off}\n");
        }
    }
    text
}

/// A site for every host.
pub(crate) fn catch_all(upstream: &str, more: &str) -> String {
    format!("hosts = [\"*\"]\nupstream = \"{upstream}\"\n{more}")
}

fn listening(process: &Process, role: &str) -> Option<SocketAddr> {
    let log = json(&process.stderr());
    let line = log
        .iter()
        .find(|line| line["message"] == "listening" && line["role"] == role)?;
    line["address"].as_str()?.parse().ok()
}

fn json(lines: &[String]) -> Vec<Value> {
    lines
        .iter()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}
