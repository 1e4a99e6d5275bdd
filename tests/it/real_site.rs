//! A real site, served by software that nobody here wrote: forwarded byte for byte while it lives,
//! answered for while it does not.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::{
    at_once,
    clients::{Ask, Protocol},
    eventually,
    h1::End,
    process::Process,
    proxy::Proxy,
};

/// Where Debian keeps documentation, and what is crawled of it.
const DOCUMENTS: &str = "/usr/share/doc";

/// Debian's nginx on a free port, with a configuration of its own.
struct Nginx {
    process: Process,
    address: SocketAddr,
    _dir: TempDir,
}

impl Nginx {
    fn start() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = taken.local_addr().expect("a bound socket has an address");
        // nginx cannot choose a free port by itself; nobody else is given this one so soon.
        drop(taken);
        Self::start_at(address, dir)
    }

    fn start_at(address: SocketAddr, dir: TempDir) -> Self {
        let path = dir.path().display();
        let config = format!(
            "daemon off; pid {path}/pid; error_log stderr crit; worker_processes 2;\n\
             events {{ worker_connections 512; }}\n\
             http {{ access_log off; include /etc/nginx/mime.types; sendfile on; gzip on;\n\
             client_body_temp_path {path}/b; proxy_temp_path {path}/p;\n\
             fastcgi_temp_path {path}/f; uwsgi_temp_path {path}/u; scgi_temp_path {path}/s;\n\
             server {{ listen {address}; root {DOCUMENTS}; index index.html; }} }}\n"
        );
        std::fs::write(dir.path().join("nginx.conf"), config).expect("a writable directory");
        let mut command = Command::new("nginx");
        command.arg("-c").arg(dir.path().join("nginx.conf"));
        let process = Process::start(command.args(["-e", "stderr"]).process_group(0), true);
        eventually("nginx listens", || {
            std::net::TcpStream::connect(address).ok()
        });
        Self {
            process,
            address,
            _dir: dir,
        }
    }

    /// To the master and its workers.
    fn signal_all(&self, signal: Signal) {
        self.process.signal_group(signal);
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if self.process.has_ended().is_none() {
            self.signal_all(Signal::KILL);
        }
    }
}

/// The documentation's start pages, below the root.
fn starts() -> Vec<String> {
    let documents = Path::new(DOCUMENTS);
    let mut starts = Vec::new();
    for (prefix, below) in [("postgresql-doc-", "html"), ("python3", "html")] {
        let entries = std::fs::read_dir(documents).expect("documentation is installed");
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut found: Vec<String> = names
            .filter(|name| name.starts_with(prefix))
            .map(|name| format!("{name}/{below}/index.html"))
            .filter(|path| documents.join(path).is_file())
            .collect();
        found.sort();
        starts.extend(found.into_iter().next());
    }
    assert_eq!(
        starts.len(),
        2,
        "tests/run installs postgresql-doc and python3-doc"
    );
    starts
}

/// Mirrors the site as it is served at this address.
fn mirror(address: SocketAddr, into: &Path) {
    let mut command = Command::new("wget");
    command.args([
        "--mirror",
        "--no-parent",
        "--no-host-directories",
        "--no-verbose",
    ]);
    command
        .args(["--no-config", "--execute=robots=off", "--directory-prefix"])
        .arg(into);
    command.args(["--tries=1", "--timeout=20", "--no-proxy"]);
    command.args(
        starts()
            .iter()
            .map(|start| format!("http://{address}/{start}")),
    );
    // Its exit code tells of dead links in the documentation itself, so it says nothing here.
    let mut process = Process::start(&mut command, true);
    let ended = crate::support::within(std::time::Duration::from_secs(300), || process.has_ended());
    assert!(ended.is_some(), "wget comes to an end");
}

/// Every file below, by its path, with its bytes.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut dirs = vec![root.to_path_buf()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir)
            .expect("a readable directory")
            .flatten()
        {
            let path = entry.path();
            if path.is_dir() {
                dirs.push(path);
            } else {
                let name = path
                    .strip_prefix(root)
                    .expect("below the root")
                    .to_path_buf();
                files.insert(name, std::fs::read(path).expect("a readable file"));
            }
        }
    }
    files
}

#[test]
fn a_mirror_through_the_proxy_is_byte_identical() {
    let nginx = Nginx::start();
    let proxy = Proxy::before(&format!("http://{}", nginx.address), "");
    let (direct, through) = (tempfile::tempdir(), tempfile::tempdir());
    let (direct, through) = (direct.expect("a directory"), through.expect("a directory"));
    mirror(nginx.address, direct.path());
    mirror(proxy.address, through.path());
    let (direct, through) = (files(direct.path()), files(through.path()));
    assert!(direct.len() > 1500, "only {} files", direct.len());
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&direct), names(&through));
    let differing: Vec<_> = direct
        .iter()
        .filter(|(name, bytes)| through[*name] != **bytes)
        .collect();
    assert!(
        differing.is_empty(),
        "{:?}",
        differing.first().map(|(name, _)| name)
    );
    assert!(
        proxy
            .records()
            .iter()
            .all(|record| record["outcome"] == "forwarded")
    );
}

/// What is done to nginx while it is crawled, and whether it comes back.
#[derive(Debug, Clone, Copy)]
enum Blow {
    Stop,
    Terminate,
    Kill,
}

#[test]
fn a_crawl_through_outages_gets_the_origins_answer_or_ours() {
    for blow in [Blow::Stop, Blow::Terminate, Blow::Kill] {
        crawl_through(blow);
    }
}

fn crawl_through(blow: Blow) {
    let mut nginx = Some(Nginx::start());
    let address = nginx.as_ref().map(|nginx| nginx.address).expect("it runs");
    let clocks = "[timeouts]\nconnect = \"1s\"\nfirst_byte = \"1s\"\ntotal = \"2s\"\n\
                  between_bytes = \"2s\"\n";
    let proxy = Proxy::before(&format!("http://{address}"), clocks);
    let pages = pages();
    let crawlers = 8;
    std::thread::scope(|scope| {
        let crawl = scope.spawn(|| at_once(crawlers, |at| crawl(&proxy, &pages, at, crawlers)));
        answered(&proxy, pages.len() / 8);
        strike(blow, &mut nginx);
        eventually("an answer of ours", || {
            proxy
                .records()
                .iter()
                .any(|record| record["outcome"] == "page")
                .then_some(())
        });
        match nginx.take() {
            Some(stopped) => {
                stopped.signal_all(Signal::CONT);
                nginx = Some(stopped);
            }
            None => {
                nginx = Some(Nginx::start_at(
                    address,
                    tempfile::tempdir().expect("a directory"),
                ));
            }
        }
        let wrong: Vec<String> = crawl.join().expect("the crawl ends").concat();
        assert!(wrong.is_empty(), "{blow:?}: {wrong:#?}");
    });
    eventually("every request has its record", || {
        (proxy.records().len() >= pages.len()).then_some(())
    });
    eventually("the origin answers again", || {
        (proxy.get(&pages[0]).head.status() == 200).then_some(())
    });
    drop(nginx);
}

fn answered(proxy: &Proxy, count: usize) {
    eventually("the crawl moves", || {
        (proxy.records().len() >= count).then_some(())
    });
}

fn strike(blow: Blow, nginx: &mut Option<Nginx>) {
    let Some(mut running) = nginx.take() else {
        return;
    };
    match blow {
        Blow::Stop => {
            running.signal_all(Signal::STOP);
            *nginx = Some(running);
        }
        Blow::Terminate => {
            running.process.signal(Signal::TERM);
            running.process.wait();
        }
        Blow::Kill => {
            running.signal_all(Signal::KILL);
            running.process.wait();
        }
    }
}

/// The paths of the first documentation's pages.
fn pages() -> Vec<String> {
    let start = PathBuf::from(&starts()[0]);
    let dir = start.parent().expect("a file in a directory");
    let below = files(&Path::new(DOCUMENTS).join(dir));
    below
        .keys()
        .map(|name| format!("/{}/{}", dir.display(), name.display()))
        .collect()
}

/// Every `step`-th page; returns what is neither the origin's answer nor ours, nor cut on record.
fn crawl(proxy: &Proxy, pages: &[String], from: usize, step: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    for path in pages.iter().skip(from).step_by(step) {
        let ask = Ask::get(path).with("accept", "text/html");
        let response = proxy.ask(&ask, Protocol::H1);
        let file = std::fs::read(format!("{DOCUMENTS}{path}")).expect("a readable file");
        let right = match (response.head.status(), response.end) {
            (200, End::Complete) => response.body == file,
            (200, _) => proxy.record(path)["failure"] == "http_response_incomplete",
            (503, End::Complete) => response.head.field("retry-after").is_some(),
            _ => false,
        };
        if !right {
            let (status, end) = (response.head.status(), response.end);
            wrong.push(format!(
                "{path}: {status}, {end:?}, {} bytes",
                response.body.len()
            ));
        }
    }
    wrong
}
