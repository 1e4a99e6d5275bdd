//! What the process needs of its machine: no rights, no home, nothing to write to but its data.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
};

use rustix::process::{Signal, geteuid};
use tempfile::TempDir;

use crate::support::{
    clients::{Ask, Protocol},
    eventually, optimised,
    origin::Origin,
    proxy::{BINARY, Proxy, Setup, catch_all},
    script::{Step, choose, response},
};

/// A user that no system has.
const NOBODY: u32 = 65_532;
/// System calls that make, change or remove something that has a path.
const CALLS: &str = "open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir,\
                     link,linkat,symlink,symlinkat,truncate,chmod,fchmodat,chown,fchownat,lchown,mknod,mknodat,\
                     setxattr,execve,execveat,connect";
const SNAPSHOT: &str = "[fallback]\nsnapshot = \"/maintenance.html\"\n";

/// Where everything of a run is.
struct Place {
    folder: TempDir,
    program: PathBuf,
}

impl Place {
    /// With a data directory that the user owns. Who is not root is that user already.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        let data = folder.path().join("data");
        fs::create_dir(&data).expect("an empty directory");
        let mut program = PathBuf::from(BINARY);
        if geteuid().is_root() {
            chown(&data, Some(NOBODY), Some(NOBODY)).expect("root may");
            set_mode(folder.path(), 0o755);
            // Where it was built others may not be able to go.
            program = folder.path().join("intermission");
            fs::copy(BINARY, &program).expect("a copy");
        }
        Self { folder, program }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn trace(&self) -> PathBuf {
        self.folder.path().join("trace")
    }

    /// The program without home and with a working directory that it cannot write to, followed by
    /// strace.
    fn script(&self) -> String {
        let drop = if geteuid().is_root() {
            format!("setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups --inh-caps=-all --")
        } else {
            String::new()
        };
        let (trace, program) = (self.trace(), self.program.display());
        let trace = trace.display();
        format!(
            "cd / && unset HOME && shift && \
             exec strace -f -D -qq -s 4096 -e trace={CALLS} -o '{trace}' {drop} '{program}' \"$@\""
        )
    }

    /// An application that is down, but for the page that is kept.
    fn start(&self) -> (Origin, Proxy) {
        let origin = Origin::always(choose(|request| {
            let answer = match request.path() {
                "/maintenance.html" => ("200 OK", &b"<!doctype html><p>eigene Seite"[..]),
                _ => ("503 Service Unavailable", &b""[..]),
            };
            vec![Step::Send(response(
                answer.0,
                &["Content-Type: text/html"],
                answer.1,
            ))]
        }));
        let setup = Setup::new(&format!("data = \"{}\"\n", self.data().display()));
        let setup = setup.site("shop", &catch_all(&origin.url(), SNAPSHOT));
        if geteuid().is_root() {
            for path in ["", "sites", "intermission.toml", "sites/shop.toml"] {
                let path = setup.path().join(path);
                set_mode(&path, if path.is_dir() { 0o755 } else { 0o644 });
            }
        }
        (origin, setup.shell(&self.script()).start())
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our own file");
}

fn mode(path: &Path) -> u32 {
    let file = fs::symlink_metadata(path).expect("a file that is there");
    file.permissions().mode() & 0o7777
}

/// Runs it through an outage to its end, and returns what it had of the kernel meanwhile.
fn run(place: &Place) -> String {
    for tool in ["strace", "setpriv"] {
        optimised::require(tool);
    }
    let (origin, mut proxy) = place.start();
    let ask = Ask::get("/").with("accept", "text/html");
    eventually("the page that was fetched is shown", || {
        let page = proxy.ask(&ask, Protocol::H1).body;
        String::from_utf8_lossy(&page)
            .contains("eigene Seite")
            .then_some(())
    });
    eventually("it is kept", || {
        place
            .data()
            .join("snapshots/shop.html")
            .exists()
            .then_some(())
    });
    drop(origin);
    assert_eq!(proxy.ask(&ask, Protocol::H1).head.status(), 503);
    proxy.signal(Signal::TERM);
    assert_eq!(proxy.wait().code(), Some(0));
    eventually("the trace is written", || {
        let trace = fs::read_to_string(place.trace()).ok()?;
        trace.contains("shop.html").then_some(trace)
    })
}

/// The calls of the program itself, without those of whoever started it.
fn own_calls<'t>(trace: &'t str, program: &Path) -> impl Iterator<Item = &'t str> {
    let begin = format!("execve(\"{}\"", program.display());
    let mut lines = trace.lines();
    let first = lines.find(|line| line.contains(&begin));
    assert!(first.is_some(), "the program is started: {trace:.2000}");
    // Each begins with the id of its thread.
    lines.filter_map(|line| Some(line.split_once(' ')?.1.trim_start()))
}

fn changes_files(call: &str) -> bool {
    let is_read = call.starts_with("open")
        && !["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_TMPFILE"]
            .iter()
            .any(|flag| call.contains(flag));
    !is_read && !call.starts_with("connect") && call.contains('(') && !call.starts_with('<')
}

#[test]
fn any_user_without_home_runs_it_and_nothing_but_its_data_is_written() {
    let place = Place::new();
    let trace = run(&place);
    let data = format!("\"{}", place.data().display());
    let mut written = 0;
    for call in own_calls(&trace, &place.program).filter(|call| changes_files(call)) {
        assert!(!call.starts_with("exec"), "it starts a program: {call}");
        // The first path; a second one, of `rename`, is looked at as well.
        let paths = call.split('"').skip(1).step_by(2);
        for path in paths {
            let is_inside = format!("\"{path}").starts_with(&data) && !path.contains("..");
            assert!(is_inside, "outside of its data: {call}");
        }
        written += 1;
    }
    assert!(written > 2, "the page is kept: {trace:.2000}");
}

#[test]
fn it_connects_to_nobody_but_its_origins() {
    let place = Place::new();
    let trace = run(&place);
    let connects = own_calls(&trace, &place.program).filter(|call| call.starts_with("connect("));
    let mut connected = 0;
    for call in connects {
        assert!(call.contains("\"127.0.0.1\""), "{call}");
        connected += 1;
    }
    assert!(connected > 0, "the origin is asked: {trace:.2000}");
}

#[test]
fn what_it_keeps_is_for_its_user_alone() {
    let place = Place::new();
    run(&place);
    let snapshots = place.data().join("snapshots");
    assert_eq!(mode(&snapshots), 0o700);
    assert_eq!(mode(&snapshots.join("shop.html")), 0o600);
}

#[test]
fn it_has_no_capability_and_needs_none() {
    let place = Place::new();
    let (_origin, proxy) = place.start();
    let status = fs::read_to_string(format!("/proc/{}/status", proxy.process.id()));
    let status = status.expect("a running process");
    let of = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim)
    };
    for name in ["CapEff:", "CapPrm:", "CapInh:", "CapAmb:"] {
        assert_eq!(of(name), Some("0000000000000000"), "{name}");
    }
    assert!(
        of("Uid:").is_some_and(|uid| !uid.starts_with("0\t")),
        "{status}"
    );
}

#[test]
fn a_data_directory_that_cannot_be_written_keeps_nothing_from_being_served() {
    let place = Place::new();
    let data = place.data();
    if geteuid().is_root() {
        chown(&data, Some(0), Some(0)).expect("root may");
    }
    set_mode(&data, 0o555);
    let (_origin, mut proxy) = place.start();
    proxy.logged(&["kept in memory only"]);
    let page = proxy.ask(&Ask::get("/").with("accept", "text/html"), Protocol::H1);
    assert!(String::from_utf8_lossy(&page.body).contains("eigene Seite"));
    proxy.signal(Signal::TERM);
    assert_eq!(proxy.wait().code(), Some(0));
}
