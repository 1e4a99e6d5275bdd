//! gRPC end to end, with the usual implementation of it on both sides.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::process::Signal;

use crate::support::{
    clients::{Ask, Kind, Protocol},
    eventually,
    process::Process,
    proxy::{Proxy, Setup},
};

/// Not half of what calls take that last.
const CLOCKS: &str = "[timeouts]\nfirst_byte = \"500ms\"\nbetween_bytes = \"500ms\"\n";

fn script(name: &str) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library: PathBuf = root.join("target/grpc");
    assert!(
        library.join("grpc/__init__.py").exists(),
        "tests/run installs it: pip3 install --target target/grpc grpcio"
    );
    let mut command = Command::new("python3");
    command
        .arg(root.join("tests/grpc").join(name))
        .env("PYTHONPATH", library)
        // It would find one in the environment and use it.
        .env("no_proxy", "127.0.0.1");
    command
}

/// A server with every kind of call.
struct Server {
    process: Process,
    port: String,
}

impl Server {
    fn start() -> Self {
        let process = Process::start(&mut script("origin.py"), true);
        let port = eventually("the server listens", || {
            let lines = process.stdout();
            lines
                .iter()
                .find_map(|line| Some(line.strip_prefix("port ")?.to_owned()))
        });
        Self { process, port }
    }

    fn says(&self, words: &str) {
        eventually(&format!("the server says {words}"), || {
            let lines = self.process.stdout();
            lines
                .iter()
                .any(|line| line.starts_with(words))
                .then_some(())
        });
    }
}

fn before(server: &Server, more: &str) -> Proxy {
    let text = format!(
        "hosts = [\"*\"]\n[upstream]\nurl = \"http://127.0.0.1:{}\"\nhttp2 = true\n{more}",
        server.port
    );
    Setup::new("").site("shop", &text).start()
}

/// Makes a kind of call and waits for its end.
fn call(proxy: &Proxy, kind: &str) {
    let output = script("client.py")
        .args([&proxy.address.to_string(), kind])
        .output();
    let output = output.expect("python runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{kind}: {said}");
}

#[test]
fn every_kind_of_call_passes() {
    let server = Server::start();
    let proxy = before(&server, CLOCKS);
    for kind in ["unary", "fail", "down", "up", "chat"] {
        call(&proxy, kind);
    }
}

#[test]
fn a_call_may_take_until_its_deadline_and_no_longer() {
    let server = Server::start();
    let proxy = before(&server, CLOCKS);
    call(&proxy, "deadline");
    // It was told how long, and that it is over.
    server.says("waiting deadline 1.");
    server.says("ended deadline");
    let record = proxy.record("/test.All/Slow");
    assert_ne!(record["http.response.status_code"], 503, "{record}");
}

#[test]
fn a_call_that_is_cancelled_ends_at_the_server() {
    let server = Server::start();
    let proxy = before(&server, "");
    let mut client = script("client.py")
        .args([&proxy.address.to_string(), "cancel"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python runs");
    server.says("waiting cancel");
    let mut input = client.stdin.take().expect("a pipe");
    input.write_all(b"now\n").expect("it listens");
    server.says("ended cancel");
    let output = client.wait_with_output().expect("python ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn while_the_server_is_down_calls_are_told_when_to_come_back() {
    let server = Server::start();
    let proxy = before(&server, "");
    server.process.signal(Signal::KILL);
    eventually("it is gone", || {
        let ask = Ask::new("POST", "/test.All/Unary").by(Kind::Grpc);
        let response = proxy.ask(&ask, Protocol::H2);
        (response.head.field("grpc-status").as_deref() == Some("14")).then_some(())
    });
    call(&proxy, "unavailable");
}
