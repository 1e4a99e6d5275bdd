//! Connections at rest: a client that has said nothing for half a second costs only its socket, and
//! must not notice.

use std::{io::ErrorKind, time::Duration};

use rustix::process::Signal;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::support::{
    at_once, eventually,
    h1::{Client, End, Response},
    line::Ended,
    origin::Origin,
    proxy::{Proxy, Setup, catch_all},
    script::{Step, after_request, answer, choose, head, ok, pattern},
    within,
};

/// Longer than it takes the proxy to put a connection to rest.
const REST: Duration = Duration::from_millis(700);

const GET: &str = "GET /rested HTTP/1.1\r\nHost: shop.test\r\n\r\n";

/// Says nothing for long enough, and fails when the proxy speaks or closes meanwhile.
fn rest(client: &Client) {
    let awake = Instant::now() + REST;
    while Instant::now() < awake {
        assert_open_and_silent(client);
    }
}

/// Looks for as long as a blocked read lasts.
fn assert_open_and_silent(client: &Client) {
    match client.line.writer().peek(&mut [0]) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
        other => panic!("the proxy leaves a resting connection alone, but: {other:?}"),
    }
}

/// What came, in short.
fn told(response: &Response) -> (u16, End, &[u8]) {
    (response.head.status(), response.end, &response.body)
}

/// Says what was asked, so that a mixed-up answer shows.
fn telling() -> Origin {
    Origin::always(choose(|request| {
        let body = String::from_utf8_lossy(&request.body);
        let told = format!("{} {} {body}", request.method(), request.target());
        vec![Step::Send(ok(&told))]
    }))
}

#[test]
fn a_rested_connection_serves_again_and_again() {
    let origin = telling();
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    for round in 0..4 {
        let request = format!("GET /round/{round} HTTP/1.1\r\nHost: shop.test\r\n\r\n");
        let expected = format!("GET /round/{round} ");
        for _ in 0..2 {
            let response = client.ask(&request);
            assert_eq!(told(&response), (200, End::Complete, expected.as_bytes()));
        }
        rest(&client);
    }
    assert_eq!(origin.requests().len(), 8);
}

#[test]
fn a_rested_connection_takes_pipelined_requests() {
    let origin = telling();
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    client.ask(GET);
    for _ in 0..2 {
        rest(&client);
        let requests: String = (0..5)
            .map(|at| format!("GET /piped/{at} HTTP/1.1\r\nHost: shop.test\r\n\r\n"))
            .collect();
        client.send(requests);
        for at in 0..5 {
            let expected = format!("GET /piped/{at} ");
            let response = client.read();
            assert_eq!(told(&response), (200, End::Complete, expected.as_bytes()));
        }
    }
}

#[test]
fn a_rested_connection_takes_a_form() {
    let origin = telling();
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    client.ask(GET);
    rest(&client);
    let post = "POST /form HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 9\r\n\r\n";
    let response = client.ask(format!("{post}name=Anna"));
    assert_eq!(
        told(&response),
        (200, End::Complete, &b"POST /form name=Anna"[..])
    );
    rest(&client);
    // The body comes later than rest would.
    client.send(post);
    rest(&client);
    let response = client.send("name=Bert").read();
    assert_eq!(
        told(&response),
        (200, End::Complete, &b"POST /form name=Bert"[..])
    );
}

#[test]
fn a_request_that_comes_in_pieces_after_a_rest_is_whole() {
    let origin = telling();
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    client.ask(GET);
    rest(&client);
    let request = "GET /pieces HTTP/1.1\r\nHost: shop.test\r\n\r\n";
    for piece in [&request[..1], &request[1..9], &request[9..30]] {
        client.send(piece);
        rest(&client);
    }
    let response = client.send(&request[30..]).read();
    assert_eq!(told(&response), (200, End::Complete, &b"GET /pieces "[..]));
}

#[test]
fn an_answer_that_takes_longer_than_rest_arrives() {
    let gate = crate::support::gate::Gate::default();
    let origin = Origin::always(after_request([
        Step::WaitFor(gate.clone()),
        Step::Send(ok("late")),
    ]));
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    client.send(GET);
    rest(&client);
    gate.open();
    assert_eq!(told(&client.read()), (200, End::Complete, &b"late"[..]));
}

#[test]
fn the_idle_timeout_counts_at_rest_too() {
    const IDLE: Duration = Duration::from_millis(1200);
    let origin = telling();
    let setup = Setup::new("[clients]\nidle_timeout = \"1200ms\"\n");
    let proxy = setup.site("shop", &catch_all(&origin.url(), "")).start();
    let mut client = proxy.client();
    // From the last request, not from the first.
    for _ in 0..2 {
        assert_eq!(client.ask(GET).head.status(), 200);
        rest(&client);
    }
    let asked = Instant::now();
    assert_eq!(client.ask(GET).head.status(), 200);
    assert_eq!(client.ended(), Ended::Closed);
    let lasted = asked.elapsed();
    assert!(lasted >= IDLE, "closed after {lasted:?}");
    assert!(lasted < 4 * IDLE, "closed only after {lasted:?}");
}

#[test]
fn a_term_signal_closes_resting_connections_at_once() {
    let origin = telling();
    let mut proxy = Proxy::before(&origin.url(), "");
    let mut clients: Vec<Client> = (0..20).map(|_| proxy.client()).collect();
    for client in &mut clients {
        assert_eq!(client.ask(GET).head.status(), 200);
    }
    // All rest while one is watched.
    rest(&clients[0]);
    clients.iter().for_each(assert_open_and_silent);
    proxy.signal(Signal::TERM);
    for client in &mut clients {
        assert_eq!(client.ended(), Ended::Closed);
    }
    // Waits for less than the drain's 30 s.
    assert_eq!(proxy.wait().code(), Some(0));
}

#[test]
fn a_client_that_leaves_at_rest_is_forgotten() {
    let origin = telling();
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    client.ask(GET);
    rest(&client);
    drop(client);
    assert_eq!(proxy.get("/next").body, b"GET /next ");
    assert_eq!(
        proxy.process.stderr().join("\n").matches("panic").count(),
        0
    );
    proxy.record("/next");
    assert_eq!(proxy.records().len(), 2, "leaving is no request");
}

/// Sizes around what sockets and buffers hold, where the last bytes may be anywhere: with the
/// origin, in the proxy, in the kernel.
const SIZES: [usize; 8] = [
    100_000, 400_000, 1_500_000, 3_000_000, 4_500_000, 6_000_000, 9_000_000, 20_000_000,
];

/// Waits until the origin has not got rid of a byte for longer than a rest.
fn stalled(origin: &Origin) {
    eventually("nothing moves", || {
        let before = origin.poured();
        within(2 * REST, || (origin.poured() > before).then_some(()))
            .is_none()
            .then_some(())
    });
}

#[test]
fn a_slow_reader_gets_every_byte() {
    at_once(SIZES.len(), |at| read_slowly(SIZES[at], false));
}

#[test]
fn a_slow_reader_of_a_last_answer_gets_every_byte() {
    at_once(SIZES.len(), |at| read_slowly(SIZES[at], true));
}

fn read_slowly(size: usize, last: bool) {
    let length = format!("Content-Length: {size}");
    let count = u64::try_from(size).expect("a length is a number");
    let script = after_request([Step::Send(head("200 OK", &[&length])), Step::Pour(count)]);
    let origin = Origin::in_turn(vec![script, answer(ok("and on"))]);
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    let close = if last { "Connection: close\r\n" } else { "" };
    client.send(format!(
        "GET /slow HTTP/1.1\r\nHost: shop.test\r\n{close}\r\n"
    ));
    let response = client.response_head();
    assert_eq!(response.head.status(), 200);
    stalled(&origin);
    let mut hash = Sha256::new();
    let half = count / 2;
    for part in [half, count - half] {
        let read = client
            .line
            .read_exactly(part, &mut |piece| hash.update(piece));
        assert_eq!(read, Ok(()), "{part} bytes of {size}");
        stalled(&origin);
    }
    assert_eq!(
        hash.finalize(),
        Sha256::digest(pattern(size)),
        "{size} bytes"
    );
    if last {
        assert_eq!(client.ended(), Ended::Closed);
    } else {
        assert_eq!(client.ask(GET).body, b"and on");
    }
}
