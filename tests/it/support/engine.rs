//! A Docker engine, where there is one: the image built from the shipped Dockerfile, containers of
//! it, and whatever else a test makes. All of it has a name of its own and goes with the test.

use std::{
    fs::Permissions,
    net::{SocketAddr, TcpStream},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{eventually, optimised};

/// The certificates of Debian's `ca-certificates`, which the first stage has, too.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

static COUNTER: AtomicUsize = AtomicUsize::new(0);

/// A name that nobody else uses.
pub(crate) fn unique() -> String {
    let count = COUNTER.fetch_add(1, Relaxed);
    format!("intermission-test-{}-{count}", std::process::id())
}

/// What a program said, and how it ended.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a program for two minutes at most. It reads the system's configuration, not the user's.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Said {
    let output = Command::new("timeout")
        .args(["--kill-after=5", "120", program])
        .args(arguments)
        .output()
        .expect("coreutils are everywhere");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    Said {
        code: output.status.code(),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}

/// Runs a program that has to succeed, and returns what it printed.
pub(crate) fn must(program: &str, arguments: &[&str]) -> String {
    let said = run(program, arguments);
    assert_eq!(said.code, Some(0), "{program} {arguments:?}: {said:?}");
    said.out
}

/// The engine's client.
pub(crate) fn docker(arguments: &[&str]) -> String {
    must("docker", arguments)
}

/// The static program to put into an image; `None`, and a visible word about it, where there is no
/// engine or no program.
pub(crate) fn program() -> Option<String> {
    let engine = run("docker", &["version", "--format", "{{.Server.Version}}"]);
    if engine.code != Some(0) {
        eprintln!("skipped: there is no Docker engine: {}", engine.err);
        return None;
    }
    let program = optimised::program()?;
    optimised::require("buildah");
    Some(program)
}

/// A directory of configuration files with these permissions, which are not those of temporary
/// directories: containers have users of their own.
pub(crate) fn configuration(files: &[(&str, &str)], mode: u32) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }
    std::fs::set_permissions(directory.path(), Permissions::from_mode(mode)).expect("it is ours");
    directory
}

/// An image in the engine.
pub(crate) struct Image {
    pub(crate) name: String,
}

impl Image {
    /// The shipped Dockerfile, its first stage replaced by a directory: nothing is pulled, and the
    /// program is not compiled once more.
    pub(crate) fn of(program: &str) -> Self {
        let stage = tempfile::tempdir().expect("a directory");
        let put = |from: &str, to: &str| {
            let to = stage.path().join(to);
            std::fs::create_dir_all(to.parent().expect("a parent")).expect("a directory");
            std::fs::copy(from, to).unwrap_or_else(|error| panic!("{from}: {error}"));
        };
        put(program, "out/intermission");
        put(CERTIFICATES, CERTIFICATES.trim_start_matches('/'));
        std::fs::create_dir(stage.path().join("out/empty")).expect("a directory");
        Self::build(env!("CARGO_MANIFEST_DIR"), "builder", stage.path())
    }

    /// Builds what is in a directory with another directory in place of a stage or a base image.
    pub(crate) fn build(directory: &str, replaced: &str, by: &Path) -> Self {
        let name = unique();
        let storage = Storage::new();
        let stage = format!("--build-context={replaced}={}", by.display());
        let format = ["--isolation=chroot", "--format=docker", &stage];
        storage.run(&[&["bud"], &format[..], &["--tag", &name, directory]].concat());
        let engine = format!("docker-daemon:{name}:latest");
        storage.run(&["push", &name, &engine]);
        Self { name }
    }

    /// What the engine knows of it.
    pub(crate) fn inspect(&self) -> Value {
        inspect(&self.name)
    }

    /// A container of it, with these flags of `docker run` and these words for the program.
    pub(crate) fn start(&self, flags: &[&str], words: &[&str]) -> Container {
        let name = unique();
        let fixed = ["run", "--detach", "--name", &name];
        docker(&[&fixed[..], flags, &[&self.name], words].concat());
        Container { name }
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        run("docker", &["image", "rm", "--force", &self.name]);
    }
}

/// Where images are made before the engine gets them. Gone with it.
struct Storage(TempDir);

impl Storage {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn run(&self, arguments: &[&str]) {
        let place = |name: &str| self.0.path().join(name).display().to_string();
        let (root, runroot) = (place("root"), place("run"));
        let storage = [
            "--storage-driver=vfs",
            "--root",
            &root,
            "--runroot",
            &runroot,
        ];
        must("buildah", &[&storage[..], arguments].concat());
    }
}

/// A container.
pub(crate) struct Container {
    pub(crate) name: String,
}

impl Container {
    /// What the engine knows of it.
    pub(crate) fn inspect(&self) -> Value {
        inspect(&self.name)
    }

    /// Its output so far, standard output first.
    pub(crate) fn logs(&self) -> Said {
        run("docker", &["logs", &self.name])
    }

    /// The first line of its output that contains all these words, as soon as it is there.
    pub(crate) fn says(&self, words: &[&str]) -> String {
        eventually(&format!("{} says {words:?}", self.name), || {
            let Said { out, err, .. } = self.logs();
            let mut lines = out.lines().chain(err.lines());
            let line = lines.find(|line| words.iter().all(|word| line.contains(word)));
            line.map(str::to_owned)
        })
    }

    /// What the engine thinks of its health.
    pub(crate) fn health(&self) -> String {
        let status = &self.inspect()["State"]["Health"]["Status"];
        status.as_str().unwrap_or_default().to_owned()
    }

    /// Its address on the only network it is on, once it runs.
    pub(crate) fn ip(&self) -> String {
        eventually("the container has an address", || {
            let networks = &self.inspect()["NetworkSettings"]["Networks"];
            let mut all = networks.as_object()?.values();
            let address = all.find_map(|network| network["IPAddress"].as_str().map(str::to_owned));
            address.filter(|address| !address.is_empty())
        })
    }

    /// Its port for clients, once it takes connections.
    pub(crate) fn port(&self) -> SocketAddr {
        let address = format!("{}:8080", self.ip()).parse();
        let address = address.expect("an address");
        eventually("the container listens", || TcpStream::connect(address).ok());
        address
    }

    /// Waits for its end; its exit code.
    pub(crate) fn wait(&self) -> String {
        docker(&["wait", &self.name])
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}: {:#?}", self.name, self.logs());
        }
        run("docker", &["rm", "--force", "--volumes", &self.name]);
    }
}

fn inspect(name: &str) -> Value {
    let json = docker(&["inspect", name]);
    let all: Value = serde_json::from_str(&json).expect("docker inspect prints JSON");
    all[0].clone()
}
