//! A restart that nobody notices: while an outage is young, requests that only read wait for its
//! end.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::Duration,
};

use socket2::{Domain, Socket, Type};
use tokio::time::Instant;

use crate::support::{
    at_once,
    clients::{Ask, Protocol},
    dns::{NameServer, Told},
    eventually,
    h1::Client,
    let_pass,
    origin::Origin,
    places::Refusing,
    proxy::{Proxy, Setup, catch_all},
    script::{Step, after_request, answer, ok},
};

const TIME: Duration = Duration::from_secs(2);

fn holding(upstream: &str, hold: &str) -> Proxy {
    let site = catch_all(upstream, &format!("[hold]\n{hold}"));
    Setup::new("").site("shop", &site).start()
}

/// An address that refuses until an origin is started there: nobody else gets its port meanwhile.
struct Reserved {
    address: SocketAddr,
    _socket: Socket,
}

impl Reserved {
    fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket
            .set_reuse_address(true)
            .expect("an option of every socket");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(&any.into()).expect("a free port");
        let address = socket.local_addr().expect("a bound socket").as_socket();
        Self {
            address: address.expect("an address of the internet"),
            _socket: socket,
        }
    }
}

/// A program that is killed: every connection breaks at once, its port refuses.
struct Killable {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    killed: AtomicBool,
    sockets: Mutex<Vec<TcpStream>>,
}

impl Killable {
    fn start(address: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket
            .set_reuse_address(true)
            .expect("an option of every socket");
        eventually("the port is free again", || {
            socket.bind(&address.into()).ok()
        });
        socket.listen(1024).expect("a bound socket listens");
        let listener = TcpListener::from(socket);
        listener
            .set_nonblocking(true)
            .expect("an option of every socket");
        let shared = Arc::<Shared>::default();
        let accepting = Arc::clone(&shared);
        let acceptor = std::thread::spawn(move || accept(&listener, &accepting));
        Self {
            shared,
            threads: Mutex::new(vec![acceptor]),
        }
    }

    fn kill(&self) {
        self.shared.killed.store(true, Relaxed);
        for socket in self.shared.sockets.lock().unwrap().drain(..) {
            // As the kernel does for a process that has gone: what it has not read is lost.
            drop(socket.shutdown(std::net::Shutdown::Both));
        }
        for thread in self.threads.lock().unwrap().drain(..) {
            drop(thread.join());
        }
    }
}

impl Drop for Killable {
    fn drop(&mut self) {
        self.kill();
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut serving = Vec::new();
    while !shared.killed.load(Relaxed) {
        match listener.accept() {
            Ok((socket, _)) => {
                socket
                    .set_nonblocking(false)
                    .expect("an option of every socket");
                let copy = socket.try_clone().expect("another handle");
                shared.sockets.lock().unwrap().push(copy);
                let killed = Arc::clone(shared);
                serving.push(std::thread::spawn(move || answer_all(socket, &killed)));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                std::thread::park_timeout(Duration::from_millis(1));
            }
            Err(_) => break,
        }
    }
    for socket in shared.sockets.lock().unwrap().drain(..) {
        drop(socket.shutdown(std::net::Shutdown::Both));
    }
    for thread in serving {
        drop(thread.join());
    }
}

/// Answers every head. Bodies are not for it.
fn answer_all(mut socket: TcpStream, shared: &Shared) {
    let (mut unread, mut piece) = (Vec::new(), [0; 4096]);
    while !shared.killed.load(Relaxed) {
        match socket.read(&mut piece) {
            Ok(0) | Err(_) => return,
            Ok(length) => unread.extend_from_slice(&piece[..length]),
        }
        while let Some(end) = unread.windows(4).position(|four| four == b"\r\n\r\n") {
            unread.drain(..end + 4);
            if shared.killed.load(Relaxed) || socket.write_all(&ok("hello")).is_err() {
                return;
            }
        }
    }
}

#[test]
fn a_restart_of_one_and_a_half_seconds_under_load_is_invisible_to_64_clients() {
    restart_under_load("");
}

#[test]
fn a_restart_is_as_invisible_with_probes_and_the_breaker() {
    restart_under_load("[health]\n[breaker]\n");
}

fn restart_under_load(more: &str) {
    let reserved = Reserved::new();
    let address = reserved.address;
    let mut origin = Killable::start(address);
    let proxy = holding(
        &format!("http://{address}"),
        &format!("time = \"2s\"\n{more}"),
    );
    let done = AtomicBool::new(false);
    let answers = std::thread::scope(|scope| {
        let restart = scope.spawn(|| {
            let_pass(Duration::from_millis(500));
            origin.kill();
            let_pass(Duration::from_millis(1500));
            origin = Killable::start(address);
            let_pass(Duration::from_millis(500));
            done.store(true, Relaxed);
        });
        let answers = at_once(64, |_| {
            let mut client = proxy.client();
            let (mut good, mut bad) = (0, Vec::new());
            while !done.load(Relaxed) {
                let answer = client.ask("GET /steady HTTP/1.1\r\nHost: shop.test\r\n\r\n");
                match answer.head.status() {
                    200 => good += 1,
                    status => bad.push((status, answer.head.field("proxy-status"))),
                }
            }
            (good, bad)
        });
        restart.join().expect("a restart");
        answers
    });
    let bad: Vec<_> = answers.iter().flat_map(|(_, bad)| bad).collect();
    let good: usize = answers.iter().map(|(good, _)| good).sum();
    eprintln!("{good} answers over a restart, {} others", bad.len());
    assert!(bad.is_empty(), "{bad:?}");
    assert!(answers.iter().all(|(good, _)| *good > 1));
}

#[test]
fn nobody_is_held_beyond_the_start_of_the_outage_and_the_time() {
    let port = Refusing::start();
    let proxy = holding(&format!("http://{}", port.address), "time = \"600ms\"\n");
    let began = Instant::now();
    assert_eq!(proxy.get("/first").head.status(), 503);
    let waited = began.elapsed();
    assert!(waited >= Duration::from_millis(600), "{waited:?}");
    assert!(waited < Duration::from_millis(1600), "{waited:?}");
    let asked = Instant::now();
    assert_eq!(proxy.get("/later").head.status(), 503);
    let waited = asked.elapsed();
    assert!(
        waited < Duration::from_millis(300),
        "the outage is known: {waited:?}"
    );
    assert_eq!(proxy.record("/later")["failure"], "connection_refused");
}

#[test]
fn every_safe_method_over_either_protocol_is_held_and_what_was_not_sent_is_tried_once_more() {
    for protocol in Protocol::BOTH {
        let reserved = Reserved::new();
        let address = reserved.address;
        let proxy = holding(&format!("http://{address}"), "");
        let methods = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"];
        let statuses = std::thread::scope(|scope| {
            let asking = scope.spawn(|| {
                at_once(methods.len(), |at| {
                    let method = methods[at];
                    let ask = Ask::new(method, &format!("/{method}"));
                    let ask = if at < 3 { ask } else { ask.body("x") };
                    proxy.ask(&ask, protocol).head.status()
                })
            });
            for method in &methods[3..] {
                assert_eq!(
                    proxy.record(&format!("/{method}"))["attempts"],
                    2,
                    "{method}"
                );
            }
            let _origin = Origin::at(address, answer(ok("back")));
            asking.join().expect("answers")
        });
        assert_eq!(statuses, [200, 200, 200, 503, 503, 503], "{protocol:?}");
    }
}

#[test]
fn a_request_with_a_body_is_not_held() {
    let port = Refusing::start();
    let proxy = holding(&format!("http://{}", port.address), "time = \"5s\"\n");
    let asked = Instant::now();
    let response = proxy.ask(&Ask::new("POST", "/pay").body("x"), Protocol::H1);
    assert_eq!(response.head.status(), 503);
    let get = proxy.ask(&Ask::get("/read").body("x"), Protocol::H1);
    assert_eq!(get.head.status(), 503);
    let waited = asked.elapsed();
    assert!(waited < TIME, "a pause each and no more: {waited:?}");
}

#[test]
fn one_request_at_a_time_asks_whether_the_origin_is_back() {
    let port = Refusing::start();
    let proxy = holding(&format!("http://{}", port.address), "time = \"1s\"\n");
    at_once(20, |at| {
        assert_eq!(proxy.get(&format!("/{at}")).head.status(), 503);
    });
    let attempts: u64 = (0..20)
        .filter_map(|at| proxy.record(&format!("/{at}"))["attempts"].as_u64())
        .sum();
    // One each at the start; then one all 50 to 100 ms, and as many again for a change of scouts.
    assert!(attempts <= 20 + 2 * 20, "{attempts} attempts");
    assert!(attempts >= 20 + 5, "{attempts} attempts");
}

#[test]
fn more_than_may_wait_get_the_page_at_once() {
    let port = Refusing::start();
    let hold = "time = \"2s\"\nrequests = 3\n";
    let proxy = holding(&format!("http://{}", port.address), hold);
    let waits = at_once(8, |_| {
        let asked = Instant::now();
        assert_eq!(proxy.get("/").head.status(), 503);
        asked.elapsed()
    });
    let held = waits.iter().filter(|wait| **wait > TIME / 2).count();
    assert_eq!(held, 3, "{waits:?}");
}

#[test]
fn a_client_that_leaves_while_it_is_held_is_gone_at_once() {
    let port = Refusing::start();
    let hold = "time = \"10s\"\nrequests = 1\n";
    let proxy = holding(&format!("http://{}", port.address), hold);
    let mut leaving = proxy.client();
    leaving.send("GET /leaving HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    eventually("its place is taken", || {
        let held = proxy.metric("intermission_requests_held_total", &["shop"]);
        (held > 0.0).then_some(())
    });
    assert_eq!(proxy.get("/other").head.status(), 503, "there is no other");
    assert!(proxy.find_record("/leaving").is_none(), "it waits");
    drop(leaving);
    let record = proxy.record("/leaving");
    assert_eq!(record["ended"], "client_gone");
    let mut next = Client::connect_for(proxy.address, Duration::from_millis(500));
    next.send("GET /next HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    assert!(next.line.read_more().is_err(), "it has the place and waits");
}

#[test]
fn what_waiting_does_not_help_is_answered_at_once() {
    let unavailable = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
    for said in [unavailable, "garbage\r\n\r\n"] {
        let origin = Origin::always(after_request([Step::Send(said.into())]));
        let proxy = holding(
            &origin.url(),
            "time = \"20s\"\n[timeouts]\ntotal = \"20s\"\n",
        );
        let asked = Instant::now();
        assert_eq!(proxy.get("/").head.status(), 503);
        assert!(asked.elapsed() < Duration::from_secs(5), "{said}");
        assert_eq!(origin.requests().len(), 1, "{said}");
    }
}

#[test]
fn a_name_that_appears_within_the_time_is_found() {
    let origin = Origin::always(answer(ok("hello")));
    let names = NameServer::start("app.test", Told::NoSuchName);
    let dns = format!("[dns]\nservers = [\"{}\"]\n", names.address);
    let upstream = format!("http://app.test:{}", origin.address.port());
    let site = catch_all(
        &upstream,
        "[hold]\ntime = \"10s\"\n[timeouts]\ntotal = \"12s\"\n",
    );
    let proxy = Setup::new(&dns).site("shop", &site).start();
    let status = std::thread::scope(|scope| {
        let asking = scope.spawn(|| proxy.get("/").head.status());
        eventually("the name is asked for", || {
            (names.asked() > 0).then_some(())
        });
        names.tell("app.test", Told::Addresses(vec![Ipv4Addr::LOCALHOST]));
        asking.join().expect("an answer")
    });
    assert_eq!(status, 200);
}
