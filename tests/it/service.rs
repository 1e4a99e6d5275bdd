//! Under a service manager: what it is told, and sockets that it hands over. Its part is played by
//! a datagram socket and by a shell that places descriptors where systemd does.

use std::{
    fs::File,
    net::{SocketAddr, TcpListener, UdpSocket},
    os::{fd::OwnedFd, unix::net::UnixDatagram},
    process::Command,
};

use rustix::process::Signal;

use crate::support::{
    PATIENCE, eventually,
    h1::Client,
    origin::Origin,
    process::Process,
    proxy::{Proxy, Setup, catch_all},
    script::{answer, ok},
};

const GET: &str = "GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n";

/// What listens for words such as `READY=1`.
struct Manager {
    _dir: tempfile::TempDir,
    socket: UnixDatagram,
    environment: String,
}

impl Manager {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket in an empty directory");
        socket
            .set_read_timeout(Some(PATIENCE))
            .expect("a timeout above zero");
        Self {
            environment: format!("NOTIFY_SOCKET={}", path.display()),
            _dir: dir,
            socket,
        }
    }

    /// Starts a proxy that knows of it, with these further variables.
    fn start(&self, setup: Setup, variables: &str) -> Proxy {
        let script = format!("export {} {variables}; exec \"$@\"", self.environment);
        setup.shell(&script).start()
    }

    /// The lines of the next message.
    fn hears(&self) -> Vec<String> {
        let mut buffer = [0; 4096];
        let length = self.socket.recv(&mut buffer).expect("a message in time");
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        text.lines().map(str::to_owned).collect()
    }
}

fn value<'m>(message: &'m [String], name: &str) -> &'m str {
    message
        .iter()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
        .unwrap_or_else(|| panic!("no {name} in {message:?}"))
}

fn site(origin: &Origin) -> Setup {
    Setup::new("drain = \"3s\"").site("shop", &catch_all(&origin.url(), ""))
}

#[test]
fn the_manager_hears_of_the_start_of_each_reload_and_of_the_end() {
    let origin = Origin::always(answer(ok("hello")));
    let manager = Manager::new();
    let mut proxy = manager.start(site(&origin), "");
    let started = manager.hears();
    assert_eq!(value(&started, "READY"), "1");
    let status = value(&started, "STATUS");
    assert!(
        status.contains("sites: 1") && status.contains(&proxy.address.to_string()),
        "{status}"
    );
    let mut before = 0;
    for _ in 0..2 {
        proxy.signal(Signal::HUP);
        let begun = manager.hears();
        assert_eq!(value(&begun, "RELOADING"), "1");
        let at: u64 = value(&begun, "MONOTONIC_USEC").parse().expect("a time");
        assert!(at > before, "{at} after {before}");
        before = at;
        let done = manager.hears();
        assert_eq!(value(&done, "READY"), "1");
        assert!(value(&done, "STATUS").contains("sites: 1"));
    }
    proxy.signal(Signal::TERM);
    let stopping = manager.hears();
    assert_eq!(value(&stopping, "STOPPING"), "1");
    // The time to drain, and some.
    assert_eq!(value(&stopping, "EXTEND_TIMEOUT_USEC"), "13000000");
    assert_eq!(proxy.wait().code(), Some(0));
}

#[test]
fn a_refused_reload_is_told_and_comes_to_its_end() {
    let origin = Origin::always(answer(ok("hello")));
    let manager = Manager::new();
    let proxy = manager.start(site(&origin), "");
    manager.hears();
    proxy.write("sites/shop.toml", "hosts = 3\n");
    proxy.signal(Signal::HUP);
    assert_eq!(value(&manager.hears(), "RELOADING"), "1");
    let done = manager.hears();
    assert_eq!(value(&done, "READY"), "1");
    assert!(value(&done, "STATUS").contains("refused"), "{done:?}");
    assert_eq!(proxy.get("/").body, b"hello");
}

#[test]
fn a_watchdog_is_fed() {
    let origin = Origin::always(answer(ok("hello")));
    let manager = Manager::new();
    let _proxy = manager.start(site(&origin), "WATCHDOG_USEC=100000");
    let fed = (0..4).map(|_| manager.hears());
    assert_eq!(fed.filter(|words| words == &["WATCHDOG=1"]).count(), 3);
}

#[test]
fn a_manager_that_is_gone_is_no_reason_to_fail() {
    let origin = Origin::always(answer(ok("hello")));
    let setup = site(&origin).shell("export NOTIFY_SOCKET=/nowhere/notify; exec \"$@\"");
    let proxy = setup.start();
    proxy.logged(&["WARN", "service manager"]);
    assert_eq!(proxy.get("/").body, b"hello");
}

/// A listening socket, and where it listens.
fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    (listener, address)
}

/// A setup whose process finds what its standard output was as descriptor 3, as if handed over.
fn handed(setup: Setup, variables: &str) -> Setup {
    setup.shell(&format!(
        "exec 3>&1 >/dev/null; export LISTEN_PID=$$ {variables}; exec \"$@\""
    ))
}

fn descriptor(socket: impl Into<OwnedFd>) -> File {
    File::from(socket.into())
}

#[test]
fn a_socket_that_is_handed_over_serves_its_address() {
    let origin = Origin::always(answer(ok("hello")));
    let (listener, address) = listener();
    let text = format!("listen = [\"{address}\", \"127.0.0.1:0\"]");
    let setup = Setup::new(&text).site("shop", &catch_all(&origin.url(), ""));
    let names = "LISTEN_FDS=1 LISTEN_FDNAMES=clients";
    let mut proxy = handed(setup, names).start_with_stdout(descriptor(listener));
    assert_eq!(proxy.address, address, "the first that is listened on");
    for _ in 0..20 {
        assert_eq!(Client::connect(address).send(GET).read().body, b"hello");
    }
    proxy.signal(Signal::TERM);
    assert_eq!(proxy.wait().code(), Some(0));
}

#[test]
fn the_admin_listener_may_be_handed_over() {
    let origin = Origin::always(answer(ok("hello")));
    let (listener, address) = listener();
    let setup =
        Setup::new(&format!("admin = \"{address}\"")).site("shop", &catch_all(&origin.url(), ""));
    let proxy = handed(setup, "LISTEN_FDS=1").start_with_stdout(descriptor(listener));
    assert_eq!(proxy.admin, address);
    assert_eq!(proxy.admin("/livez").head.status(), 200);
}

#[test]
fn who_connects_between_two_processes_is_served_by_the_second() {
    let origin = Origin::always(answer(ok("hello")));
    let (listener, address) = listener();
    let start = || {
        let setup = Setup::new(&format!("listen = \"{address}\""))
            .site("shop", &catch_all(&origin.url(), ""));
        let again = listener.try_clone().expect("a copy of the descriptor");
        handed(setup, "LISTEN_FDS=1").start_with_stdout(descriptor(again))
    };
    let mut first = start();
    assert_eq!(first.get("/").body, b"hello");
    first.signal(Signal::TERM);
    assert_eq!(first.wait().code(), Some(0));
    let mut client = Client::connect(address);
    client.send(GET);
    let _second = start();
    assert_eq!(client.read().body, b"hello");
}

#[test]
fn an_address_that_a_reload_leaves_can_be_had_again() {
    let origin = Origin::always(answer(ok("hello")));
    let (listener, address) = listener();
    let both = format!(
        "listen = [\"127.0.0.1:0\", \"{address}\"]\nadmin = \"127.0.0.1:0\"\nworkers = 2\n"
    );
    let setup = Setup::new(&both).site("shop", &catch_all(&origin.url(), ""));
    let proxy = handed(setup, "LISTEN_FDS=1").start_with_stdout(descriptor(listener));
    let one = "listen = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\nworkers = 2\n";
    proxy.write("intermission.toml", one);
    proxy.signal(Signal::HUP);
    proxy.logged(&["WARN", "still holds this address"]);
    proxy.write("intermission.toml", &both);
    proxy.signal(Signal::HUP);
    assert_eq!(Client::connect(address).send(GET).read().body, b"hello");
}

#[test]
fn what_was_handed_to_another_process_is_not_ours() {
    let origin = Origin::always(answer(ok("hello")));
    let setup = site(&origin).shell("export LISTEN_PID=1 LISTEN_FDS=1; exec \"$@\"");
    assert_eq!(setup.start().get("/").body, b"hello");
}

/// What a process says that refuses what it was handed.
fn refusal(variables: &str, handed_over: File) -> String {
    let setup = Setup::new("").site("shop", &catch_all("http://127.0.0.1:9", ""));
    let setup = handed(setup, variables);
    let mut command: Command = setup.command();
    let mut process = Process::start(command.stdout(handed_over), false);
    let status = eventually("the process ends", || process.has_ended());
    process.wait();
    assert_eq!(status.code(), Some(1));
    let lines = process.stderr();
    let error = lines.iter().filter(|line| line.starts_with("error: "));
    assert_eq!(error.count(), 1, "{lines:?}");
    lines.join("\n")
}

#[test]
fn sockets_that_cannot_be_used_are_refused_with_one_clear_line() {
    let (unclaimed, address) = listener();
    let said = refusal("LISTEN_FDS=1", descriptor(unclaimed));
    assert!(
        said.contains(&address.to_string()) && said.contains("no key names"),
        "{said}"
    );
    let datagrams = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let said = refusal("LISTEN_FDS=1", descriptor(datagrams));
    assert!(said.contains("socket 1") && said.contains("TCP"), "{said}");
    for variables in ["LISTEN_FDS=200", "LISTEN_FDS=many"] {
        let said = refusal(variables, descriptor(listener().0));
        assert!(said.contains("LISTEN_FDS"), "{variables}: {said}");
    }
}

#[test]
fn every_address_of_both_kinds_may_be_listened_on_at_one_port() {
    let origin = Origin::always(answer(ok("hello")));
    // Free now; nobody else is given it so soon.
    let port = listener().1.port();
    let setup = Setup::new(&format!("listen = [\"127.0.0.1:{port}\", \"[::]:{port}\"]"))
        .site("shop", &catch_all(&origin.url(), ""));
    let _proxy = setup.start();
    for address in [format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        let address = address.parse().expect("an address");
        assert_eq!(Client::connect(address).send(GET).read().body, b"hello");
    }
}
