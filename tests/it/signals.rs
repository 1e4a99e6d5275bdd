//! What an operator does to a running process, and what a machine does to it: signals, reloads,
//! and resources that run out.

use std::{
    fs::OpenOptions,
    process::Command,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use rustix::process::Signal;

use crate::support::{
    PATIENCE, at_once,
    clients::{Ask, Protocol},
    eventually,
    gate::Gate,
    h1::{Client, End},
    line::Ended,
    origin::Origin,
    process::Process,
    proxy::{BINARY, Proxy, Setup, catch_all},
    script::{Step, after_request, answer, choose, head, ok},
    within,
};

const GET: &str = "GET /load HTTP/1.1\r\nHost: shop.test\r\n\r\n";

/// Load on this many kept connections while `meanwhile` runs; returns how many requests were
/// answered, and fails for each that was cut. A connection may end between two requests.
fn under_load(proxy: &Proxy, connections: usize, meanwhile: impl FnOnce(&AtomicUsize)) -> usize {
    let (stop, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            at_once(connections, |_| load_one(proxy, &stop, &answered));
        });
        meanwhile(&answered);
        stop.store(true, Ordering::Relaxed);
        load.join().expect("no request is cut");
    });
    answered.into_inner()
}

fn load_one(proxy: &Proxy, stop: &AtomicBool, answered: &AtomicUsize) {
    let mut client = Client::connect_for(proxy.address, 3 * PATIENCE);
    while !stop.load(Ordering::Relaxed) {
        let response = client.ask(GET);
        if response.raw_head.is_empty() {
            return; // Closed before this request was begun to be answered: allowed between two.
        }
        assert_eq!((response.head.status(), response.end), (200, End::Complete));
        answered.fetch_add(1, Ordering::Relaxed);
        if response.head.field("connection").as_deref() == Some("close") {
            return;
        }
    }
}

fn reach(answered: &AtomicUsize, count: usize) {
    eventually("load flows", || {
        (answered.load(Ordering::Relaxed) >= count).then_some(())
    });
}

#[test]
fn a_term_signal_under_load_cuts_no_request() {
    for signal in [Signal::TERM, Signal::INT] {
        let origin = Origin::always(answer(ok(&"x".repeat(10_000))));
        let mut proxy = Proxy::before(&origin.url(), "");
        let answered = under_load(&proxy, 64, |answered| {
            reach(answered, 500);
            proxy.signal(signal);
            eventually("it stops listening", || {
                std::net::TcpStream::connect(proxy.address)
                    .err()
                    .map(|_| ())
            });
        });
        assert_eq!(proxy.wait().code(), Some(0), "after {signal:?}");
        let recorded = proxy.records().len();
        assert!(
            recorded >= answered,
            "{recorded} records of {answered} answers"
        );
    }
}

#[test]
fn a_request_in_flight_is_finished_before_the_end() {
    let gate = Gate::default();
    let begun = head("200 OK", &["Content-Length: 6"]);
    let origin = Origin::always(after_request([
        Step::Send([begun, b"one".to_vec()].concat()),
        Step::WaitFor(gate.clone()),
        Step::Send(b"two".to_vec()),
    ]));
    let mut proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    client.send(GET);
    let mut response = client.response_head();
    proxy.signal(Signal::TERM);
    eventually("it is not ready any more", || {
        std::net::TcpStream::connect(proxy.address)
            .err()
            .map(|_| ())
    });
    gate.open();
    client.body_into(&mut response, false);
    assert_eq!(
        (response.body.as_slice(), response.end),
        (&b"onetwo"[..], End::Complete)
    );
    assert_eq!(proxy.wait().code(), Some(0));
    assert_eq!(proxy.record("/load")["ended"], "complete");
}

#[test]
fn the_drain_is_bounded() {
    let origin = Origin::always(after_request([Step::Hang]));
    let setup = Setup::new("drain = \"300ms\"\n").site("shop", &catch_all(&origin.url(), ""));
    let mut proxy = setup.start();
    let mut client = proxy.client();
    client.send(GET);
    origin.request("/load");
    proxy.signal(Signal::TERM);
    assert_eq!(proxy.wait().code(), Some(0), "as asked");
    proxy.logged(&["WARN", "did not finish in time"]);
    assert_ne!(client.ended(), Ended::GivenUp);
    assert_eq!(proxy.records().len(), 1, "also of what was given up");
}

#[test]
fn a_second_signal_ends_at_once() {
    let origin = Origin::always(after_request([Step::Hang]));
    let mut proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    client.send(GET);
    origin.request("/load");
    proxy.signal(Signal::TERM);
    eventually("it drains", || {
        std::net::TcpStream::connect(proxy.address)
            .err()
            .map(|_| ())
    });
    proxy.signal(Signal::TERM);
    let ended = within(PATIENCE / 4, || proxy.process.has_ended());
    assert!(ended.is_some(), "it waits for the drain of 30 s");
}

#[test]
fn fifty_reloads_under_load_lose_nothing() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "");
    let answered = under_load(&proxy, 64, |answered| {
        for round in 0..50 {
            let name = format!("[brand]\nname = \"Round {round}\"\n");
            proxy.write("sites/shop.toml", &catch_all(&origin.url(), &name));
            proxy.signal(Signal::HUP);
            reach(answered, (round + 1) * 20);
        }
    });
    assert!(answered >= 1000);
    drop(origin);
    eventually("the last configuration counts", || {
        let page = proxy.ask(&Ask::get("/").with("accept", "text/html"), Protocol::H1);
        String::from_utf8_lossy(&page.body)
            .contains("Round 49")
            .then_some(())
    });
}

#[test]
fn a_bad_file_changes_nothing_and_is_named() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "");
    proxy.write(
        "sites/shop.toml",
        "hosts = [\"other.test\"]\nupstraem = \"http://x\"\n",
    );
    proxy.signal(Signal::HUP);
    proxy.logged(&["sites/shop.toml", "upstraem"]);
    assert_eq!(proxy.get("/").body, b"hello");
    proxy.write(
        "sites/shop.toml",
        &catch_all(&origin.url(), "[headers]\nhost = \"new.test\"\n"),
    );
    proxy.signal(Signal::HUP);
    eventually("the repaired file counts", || {
        proxy.get("/repaired");
        let mut requests = origin.requests().into_iter();
        requests.find(|seen| seen.head.field("host").as_deref() == Some("new.test"))
    });
}

#[test]
fn a_tunnel_and_a_download_outlive_a_reload() {
    let gate = Gate::default();
    let open = gate.clone();
    let origin = Origin::always(choose(move |request| match request.path() {
        "/chat" => {
            let fields = ["Connection: upgrade", "Upgrade: websocket"];
            vec![
                Step::Send(head("101 Switching Protocols", &fields)),
                Step::Echo,
            ]
        }
        "/load" => vec![
            Step::Send([head("200 OK", &["Content-Length: 6"]), b"one".to_vec()].concat()),
            Step::WaitFor(open.clone()),
            Step::Send(b"two".to_vec()),
        ],
        _ => vec![Step::Send(ok("here"))],
    }));
    let proxy = Proxy::before(&origin.url(), "");
    let (mut tunnel, mut download) = (proxy.client(), proxy.client());
    let ask = "GET /chat HTTP/1.1\r\nHost: shop.test\r\nConnection: upgrade\r\n\
               Upgrade: websocket\r\n\r\n";
    assert_eq!(tunnel.ask(ask).head.status(), 101);
    let mut response = download.send(GET).response_head();
    let elsewhere = Origin::always(answer(ok("elsewhere")));
    proxy.write("sites/shop.toml", &catch_all(&elsewhere.url(), ""));
    proxy.signal(Signal::HUP);
    eventually("the reload counts", || {
        (proxy.get("/").body == b"elsewhere").then_some(())
    });
    tunnel.send("still here").expect_bytes(b"still here");
    gate.open();
    download.body_into(&mut response, false);
    assert_eq!(response.body, b"onetwo");
}

#[test]
fn it_answers_again_after_file_descriptors_ran_out() {
    let origin = Origin::always(answer(ok("hello")));
    let setup = Setup::new("").site("shop", &catch_all(&origin.url(), ""));
    let proxy = setup.shell("ulimit -n 64; exec \"$@\"").start();
    let served = at_once(150, |_| {
        let mut client = proxy.client();
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let response = client.read();
        // By the origin or by us; one too many may be turned away. But nobody waits for ever.
        assert_ne!(response.end, End::Deadline);
        assert!(
            matches!(response.head.status(), 0 | 200 | 503),
            "{:?}",
            response.head
        );
        usize::from(response.head.status() == 200)
    });
    assert!(served.into_iter().sum::<usize>() > 0);
    eventually("all is well again", || {
        (proxy.get("/").body == b"hello").then_some(())
    });
}

#[test]
fn a_full_disk_under_the_access_log_does_not_matter_to_clients() {
    let origin = Origin::always(answer(ok("hello")));
    let full = OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("every Linux has it");
    let setup = Setup::new("").site("shop", &catch_all(&origin.url(), ""));
    let mut proxy = setup.start_with_stdout(full);
    for _ in 0..200 {
        assert_eq!(proxy.get("/").body, b"hello");
    }
    proxy.signal(Signal::TERM);
    assert_eq!(proxy.wait().code(), Some(0));
    assert!(!proxy.process.stderr().join("\n").contains("panic"));
}

#[test]
fn a_port_in_use_is_said_clearly() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken
        .local_addr()
        .expect("a bound socket has an address")
        .to_string();
    for flags in [
        ["--listen", &address, "--admin", "127.0.0.1:0"],
        ["--listen", "127.0.0.1:0", "--admin", &address],
    ] {
        let mut command = Command::new(BINARY);
        command
            .args(["run", "--upstream", "http://127.0.0.1:9"])
            .args(flags);
        let mut process = Process::start(&mut command, true);
        assert_eq!(process.wait().code(), Some(1));
        let said = process.stderr().join("\n");
        assert!(said.contains(&address) && said.contains("in use"), "{said}");
    }
}
