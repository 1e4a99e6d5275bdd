//! Thousands of clients that are slow, stop, or only begin: afterwards memory and processor time
//! are where they were, and a neighbour is served meanwhile as if they were not there.
//!
//! How many there are is what the limit of open files allows. Times are only compared when the
//! optimised program is measured, alone: other work on the machine would be blamed on it.

use std::{io::Write, net::TcpStream, time::Duration};

use rustix::process::{Resource, getrlimit};
use tokio::time::Instant;

use crate::support::{
    frames::{END_HEADERS, END_STREAM, HEADERS, RST_STREAM, block, frame, request},
    let_pass,
    load::{QuickOrigin, ask_in_rounds},
    optimised,
    places::Refusing,
    proxy::{Proxy, Setup, catch_all},
    within,
};

/// What may stay after a crowd has left: pages that the allocator keeps for the next one, tables
/// that have grown. 10,000 connections at rest hold 40 MB, so a crowd that is not let go shows.
const LEFT: u64 = 16 * 1024 * 1024;

/// The share of one processor that a proxy may use when nothing happens.
const IDLE_SHARE: f64 = 0.05;

/// Requests of the neighbour in one measurement.
const REQUESTS: usize = 400;

/// How often that is done.
const ROUNDS: usize = 8;

/// Below this, times differ by chance.
const NOISE: Duration = Duration::from_micros(500);

const ASK: &[u8] = b"GET /page HTTP/1.1\r\nHost: shop.test\r\n\r\n";

/// A proxy whose clients have four seconds for everything, and its program if that is optimised.
fn start(upstream: &str, clients: &str, site: &str) -> (Proxy, bool) {
    let process = format!(
        "[log]\naccess = \"off\"\n[clients]\nconnections_per_address = 100000\n\
         head_timeout = \"4s\"\nidle_timeout = \"4s\"\n{clients}"
    );
    let setup = Setup::new(&process).site("shop", &catch_all(upstream, site));
    match optimised::program() {
        Some(program) => (optimised::start(&program, "", setup), true),
        None => (setup.start(), false),
    }
}

/// As many as are wanted, or as many as this process and the proxy can have open.
fn affordable(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile).current;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok());
    // The proxy counts two for each, and more for itself.
    let most = limit.map_or(wanted, |limit| limit.saturating_sub(500) / 2);
    let count = wanted.min(most);
    eprintln!("{count} of {wanted} clients: as many as the limit of open files allows");
    count
}

/// How long 99 of 100 requests of a neighbour take, one after the other on one connection.
fn neighbour(proxy: &Proxy) -> Duration {
    let mut client = proxy.client();
    let mut times: Vec<Duration> = (0..REQUESTS)
        .map(|_| {
            let asked = Instant::now();
            let response = client.ask(ASK);
            assert!(
                matches!(response.head.status(), 200 | 503),
                "{:?}",
                response.head
            );
            asked.elapsed()
        })
        .collect();
    times.sort();
    times[REQUESTS * 99 / 100 - 1]
}

/// What is compared before and after.
struct Before {
    memory: u64,
    alone: Duration,
}

impl Before {
    /// When the proxy has warmed up.
    fn measure(proxy: &Proxy) -> Self {
        let alone = (0..ROUNDS).map(|_| neighbour(proxy)).min();
        Self {
            memory: proxy.process.resident(),
            alone: alone.expect("some rounds"),
        }
    }

    /// While there is pressure. The best of several rounds: other work on the machine can only make
    /// it slower. A program that is not optimised only has to answer at all.
    fn assert_neighbour(&self, proxy: &Proxy, is_measured: bool) {
        if !is_measured {
            let status = proxy.get("/page").head.status();
            assert!(matches!(status, 200 | 503), "{status}");
            return;
        }
        let (alone, held) = (self.alone, proxy.process.resident());
        let rounds: Vec<Duration> = (0..ROUNDS).map(|_| neighbour(proxy)).collect();
        eprintln!("99 % within {alone:?} alone, {rounds:?} beside; {held} bytes held");
        let beside = rounds.into_iter().min().expect("some rounds");
        assert!(
            beside <= alone * 2 + NOISE,
            "{beside:?} beside the crowd, {alone:?} alone"
        );
    }

    /// When the pressure is gone.
    fn assert_gone(&self, proxy: &Proxy) {
        let gone = within(Duration::from_secs(30), || {
            let open = proxy.metric("intermission_connections_open", &[]);
            (open <= 2.0).then_some(())
        });
        assert!(gone.is_some(), "the crowd is let go");
        let settled = within(Duration::from_secs(30), || {
            // The allocator gives back what it has when it is asked for something.
            neighbour(proxy);
            let memory = proxy.process.resident();
            (memory <= self.memory + LEFT).then_some(memory)
        });
        let (before, after) = (self.memory, proxy.process.resident());
        eprintln!("{before} bytes before, {after} after");
        assert!(settled.is_some(), "{before} bytes before, {after} after");
        let spent = proxy.process.processor_time();
        let_pass(Duration::from_secs(1));
        let share = (proxy.process.processor_time() - spent).as_secs_f64();
        assert!(share <= IDLE_SHARE, "{share} of a processor for nothing");
        assert_eq!(
            proxy.metric("intermission_http_requests_in_flight", &[]),
            0.0
        );
    }
}

/// Clients that send these bytes and then nothing, in turn.
fn crowd(proxy: &Proxy, count: usize, begin: impl Fn(usize) -> Vec<u8>) -> Vec<TcpStream> {
    let mut crowd = Vec::with_capacity(count);
    for at in 0..count {
        let mut socket = TcpStream::connect(proxy.address).expect("the proxy accepts");
        // One that was closed meanwhile has had its time.
        drop(socket.write_all(&begin(at)));
        crowd.push(socket);
    }
    crowd
}

#[test]
fn ten_thousand_clients_that_say_nothing_half_or_one_thing() {
    let origin = QuickOrigin::start();
    let (proxy, is_measured) = start(&format!("http://{}", origin.address), "", "");
    let before = Before::measure(&proxy);
    let crowd = crowd(&proxy, affordable(10_000), |at| match at % 3 {
        0 => Vec::new(),
        1 => ASK[..20].to_vec(),
        _ => ASK.to_vec(),
    });
    before.assert_neighbour(&proxy, is_measured);
    // They do nothing at all: it is the proxy that ends them.
    before.assert_gone(&proxy);
    drop(crowd);
}

#[test]
fn a_thousand_connections_that_open_streams_and_reset_them() {
    let origin = QuickOrigin::start();
    let (proxy, is_measured) = start(&format!("http://{}", origin.address), "", "");
    let before = Before::measure(&proxy);
    let fields = block(&request("GET", "/page"));
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    for at in 0..100 {
        let stream = 2 * at + 1;
        let open = frame(HEADERS, END_STREAM | END_HEADERS, stream, &fields);
        let reset = frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]);
        bytes.extend([open, reset].concat());
    }
    let crowd = crowd(&proxy, affordable(1000), |_| bytes.clone());
    before.assert_neighbour(&proxy, is_measured);
    before.assert_gone(&proxy);
    drop(crowd);
}

#[test]
fn uploads_that_stop() {
    let origin = QuickOrigin::start();
    let url = format!("http://{}", origin.address);
    let clients = "body_timeout = \"4s\"\nbody_rate = 1000000\n";
    let site = "[timeouts]\nbetween_bytes = \"4s\"\n";
    let (proxy, is_measured) = start(&url, clients, site);
    let before = Before::measure(&proxy);
    let crowd = crowd(&proxy, affordable(500), |at| {
        let head = "POST /load HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 10000000\r\n\r\n";
        let body = vec![b'x'; 16 * 1024 * (at % 4)];
        [head.as_bytes(), &body].concat()
    });
    before.assert_neighbour(&proxy, is_measured);
    before.assert_gone(&proxy);
    drop(crowd);
}

#[test]
fn answers_that_nobody_takes() {
    let large = crate::support::script::response("200 OK", &[], &vec![b'x'; 4 * 1024 * 1024]);
    let script = crate::support::script::answer(large);
    let origin = crate::support::origin::Origin::always(script);
    let (proxy, is_measured) = start(&origin.url(), "", "");
    let mut client = proxy.client();
    client.ask(ASK);
    drop(client);
    let memory = proxy.process.resident();
    let crowd = crowd(&proxy, affordable(100), |_| ASK.to_vec());
    let most = within(Duration::from_secs(2), || {
        let held = proxy.process.resident();
        // Buffers on the way, not answers: 400 MB have been asked for.
        (held > memory + 100 * 1024 * 1024).then_some(held)
    });
    assert!(most.is_none(), "{most:?} bytes, {memory} before");
    let gone = within(Duration::from_secs(30), || {
        (proxy.metric("intermission_connections_open", &[]) <= 1.0).then_some(())
    });
    assert!(
        gone.is_some(),
        "who takes nothing is let go (measured: {is_measured})"
    );
    drop(crowd);
}

#[test]
fn a_flood_of_questions_that_all_get_another_page() {
    let port = Refusing::start();
    let upstream = format!("http://{}", port.address);
    let (proxy, is_measured) = start(&upstream, "", "[brand]\nname = \"Shop\"\n");
    ask_in_rounds(proxy.address, 20);
    let before = Before::measure(&proxy);
    let languages = ["de", "en", "fr", "it", "es", "pl", "cs", "uk", "ja", "tr"];
    let mut client = proxy.client();
    for at in 0..3000 {
        let language = languages[at % languages.len()];
        let (method, coding) = (["GET", "POST"][at % 2], ["br", "gzip", ""][at % 3]);
        let answer = client.ask(format!(
            "{method} /{at}?utm_campaign=c{at} HTTP/1.1\r\nHost: shop{at}.test\r\n\
             Accept: text/html\r\nAccept-Language: {language}\r\nAccept-Encoding: {coding}\r\n\
             Content-Length: 0\r\n\r\n"
        ));
        assert_eq!(answer.head.status(), 503);
    }
    ask_in_rounds(proxy.address, 200);
    before.assert_neighbour(&proxy, is_measured);
    before.assert_gone(&proxy);
}
