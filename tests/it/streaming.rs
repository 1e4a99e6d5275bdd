//! Bodies flow: in pieces, at the pace of the slower side, and stop when one side is gone.

use std::time::Duration;

use crate::support::{
    clients::{Ask, Protocol},
    eventually,
    gate::Gate,
    h1::{Client, End},
    origin::Origin,
    proxy::{Proxy, Setup, catch_all},
    script::{Step, after_request, choose, head, ok, pattern, response},
    within,
};

const MIB: u64 = 1024 * 1024;

/// How much memory a transfer of any size may add.
const ROOM: u64 = 32 * MIB;

/// The size of a large transfer: 256 MiB, or 10 GiB when asked for.
fn large() -> u64 {
    if std::env::var_os("INTERMISSION_TEST_HUGE").is_some() {
        10 * 1024 * MIB
    } else {
        256 * MIB
    }
}

/// Enough for the largest transfer on a slow machine.
const LONG: Duration = Duration::from_secs(1200);

#[test]
fn a_large_download_is_whole_and_needs_no_memory() {
    let size = large();
    let length = format!("Content-Length: {size}");
    let script = after_request([Step::Send(head("200 OK", &[&length])), Step::Pour(size)]);
    let origin = Origin::always(script);
    let proxy = Proxy::before(&origin.url(), "");
    proxy.admin("/livez");
    let idle = proxy.process.resident();
    let mut client = Client::connect_for(proxy.address, LONG);
    client.send("GET /large HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    let mut response = client.response_head();
    let mut most = 0;
    let (mut got, mut right) = (0_u64, true);
    let block = pattern(251 * 256);
    let mut at = 0;
    let read = client.line.read_exactly(size, &mut |piece| {
        right &= in_pattern(piece, &block, &mut at);
        let before = got / (64 * MIB);
        got += u64::try_from(piece.len()).expect("a length is a number");
        if got / (64 * MIB) > before {
            most = most.max(proxy.process.resident());
        }
    });
    response.end = read.map_or_else(End::from, |()| End::Complete);
    assert_eq!((response.end, got, right), (End::Complete, size, true));
    assert!(most < idle + ROOM, "{idle} bytes idle, {most} while busy");
}

/// Whether a piece continues the pattern.
fn in_pattern(piece: &[u8], block: &[u8], at: &mut usize) -> bool {
    let mut rest = piece;
    while !rest.is_empty() {
        let length = rest.len().min(block.len() - *at);
        if rest[..length] != block[*at..*at + length] {
            return false;
        }
        rest = &rest[length..];
        *at = (*at + length) % block.len();
    }
    true
}

#[test]
fn a_large_upload_is_whole_and_needs_no_memory() {
    let size = large();
    let origin = Origin::always(after_request([Step::Send(ok("thanks"))]));
    let proxy = Proxy::before(&origin.url(), "");
    proxy.admin("/livez");
    let idle = proxy.process.resident();
    let mut client = Client::connect_for(proxy.address, LONG);
    let head = format!("PUT /large HTTP/1.1\r\nHost: shop.test\r\nContent-Length: {size}\r\n\r\n");
    let sending = client.send(head).send_aside(size, &pattern(251 * 256));
    let mut most = 0;
    let answered = within(LONG, || {
        most = most.max(proxy.process.resident());
        origin.requests().first()?.body_sha256.clone()
    });
    assert!(answered.is_some(), "the origin has the whole body");
    assert_eq!(client.read().body, b"thanks");
    assert_eq!(sending.join().expect("the writer ends"), size);
    assert_eq!(origin.requests()[0].body_length, size);
    assert!(most < idle + ROOM, "{idle} bytes idle, {most} while busy");
}

#[test]
fn a_client_that_does_not_read_stops_the_origin() {
    let size = 256 * MIB;
    let length = format!("Content-Length: {size}");
    let script = after_request([Step::Send(head("200 OK", &[&length])), Step::Pour(size)]);
    let origin = Origin::always(script);
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    client.send("GET /stalled HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    let stopped = settled(|| origin.poured());
    assert!(
        stopped < 48 * MIB,
        "the origin got rid of {stopped} bytes that nobody reads"
    );
}

#[test]
fn an_origin_that_does_not_read_stops_the_client() {
    let origin = Origin::always(vec![Step::ReadHead, Step::Ignore]);
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    let head = "PUT /stalled HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 268435456\r\n\r\n";
    let idle = proxy.process.resident();
    let sending = client.send(head).send_aside(256 * MIB, &pattern(64 * 1024));
    origin.request("/stalled");
    let busy = settled(|| proxy.process.resident());
    assert!(
        busy < idle + ROOM,
        "{idle} bytes idle, {busy} while stalled"
    );
    client.line.abandon();
    let sent = sending.join().expect("the writer ends");
    assert!(sent < 48 * MIB, "{sent} bytes were taken that nobody reads");
}

/// The value once it has not grown for a while.
fn settled(value: impl Fn() -> u64) -> u64 {
    let mut last = value();
    eventually("it settles", || {
        let before = last;
        let grew = within(Duration::from_millis(500), || {
            last = value();
            (last > before).then_some(())
        });
        grew.is_none().then_some(last)
    })
}

#[test]
fn an_answer_to_an_unfinished_upload_reaches_the_client_at_once() {
    let early = response(
        "413 Content Too Large",
        &["Content-Type: text/plain"],
        b"too large",
    );
    let origin = Origin::always(vec![Step::ReadHead, Step::Send(early), Step::ReadBody]);
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    client.send("POST /early HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 10\r\n\r\nhalf");
    let response = client.read();
    assert_eq!(
        (response.head.status(), response.body.as_slice()),
        (413, &b"too large"[..])
    );
}

#[test]
fn an_early_answer_does_not_end_the_upload_of_an_origin_that_reads_on() {
    let gate = Gate::default();
    let begun = head("200 OK", &["Content-Length: 4"]);
    let origin = Origin::always(vec![
        Step::ReadHead,
        Step::Send([begun, b"ab".to_vec()].concat()),
        Step::ReadBody,
        Step::WaitFor(gate.clone()),
        Step::Send(b"cd".to_vec()),
    ]);
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    client.send("POST /on HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 8\r\n\r\nhalf");
    let mut response = client.response_head();
    assert_eq!(response.head.status(), 200);
    client.expect_bytes(b"ab");
    client.send("rest");
    assert_eq!(origin.complete_request("/on").body, b"halfrest");
    gate.open();
    client.expect_bytes(b"cd");
    response.end = End::Complete;
}

#[test]
fn a_client_that_goes_away_cancels_the_request_upstream() {
    let before_head: Vec<Step> = after_request([Step::Hang]);
    let mid_body = after_request([
        Step::Send(head("200 OK", &["Content-Length: 100"])),
        Step::Send(b"begun".to_vec()),
        Step::Hang,
    ]);
    for (name, script) in [("/waiting", before_head), ("/reading", mid_body)] {
        let origin = Origin::always(script);
        let proxy = Proxy::before(&origin.url(), "");
        let mut client = proxy.client();
        client.send(format!("GET {name} HTTP/1.1\r\nHost: shop.test\r\n\r\n"));
        origin.request(name);
        if name == "/reading" {
            assert_eq!(client.response_head().head.status(), 200);
        }
        drop(client);
        eventually("the origin's connection ends", || {
            origin.connections()[0].ended
        });
        assert_eq!(proxy.record(name)["ended"], "client_gone");
    }
}

#[test]
fn an_http2_client_that_goes_away_cancels_the_request_upstream() {
    let origin = Origin::always(after_request([Step::Hang]));
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = crate::support::h2::Client::connect(proxy.address);
    client.ask_for(Ask::get("/h2").to_h2(), Duration::from_millis(200));
    drop(client);
    origin.request("/h2");
    eventually("the origin's connection ends", || {
        origin.connections()[0].ended
    });
    assert_eq!(proxy.record("/h2")["ended"], "client_gone");
}

#[test]
fn server_sent_events_pass_one_by_one() {
    let gates = [Gate::default(), Gate::default()];
    let fields = ["Content-Type: text/event-stream", "Cache-Control: no-cache"];
    let origin = Origin::always(after_request([
        Step::Send(head("200 OK", &fields)),
        Step::Send(b"data: 1\n\n".to_vec()),
        Step::WaitFor(gates[0].clone()),
        Step::Send(b"data: 2\n\n".to_vec()),
        Step::WaitFor(gates[1].clone()),
        Step::Close,
    ]));
    let proxy = Proxy::before(&origin.url(), "");
    // HTTP/1.0: without chunks, so that the events can be read as they are.
    let mut client = proxy.client();
    client.send("GET /events HTTP/1.0\r\nHost: shop.test\r\nAccept: text/event-stream\r\n\r\n");
    let head = client.response_head().head;
    assert_eq!(
        head.field("content-type").as_deref(),
        Some("text/event-stream")
    );
    client.expect_bytes(b"data: 1\n\n");
    gates[0].open();
    client.expect_bytes(b"data: 2\n\n");
    gates[1].open();
    client.ended();
    assert_eq!(proxy.record("/events")["outcome"], "forwarded");
}

#[test]
fn a_slow_body_lives_as_long_as_it_moves() {
    let dripping = Step::Drip {
        piece: b"x".to_vec(),
        pause: Duration::from_millis(60),
        times: 20,
    };
    let origin = Origin::always(choose(move |_| {
        vec![
            Step::Send(head("200 OK", &["Content-Length: 20"])),
            dripping.clone(),
        ]
    }));
    let clocks = "[timeouts]\nconnect = \"300ms\"\nfirst_byte = \"300ms\"\n\
                  between_bytes = \"400ms\"\ntotal = \"600ms\"\n";
    let proxy = Setup::new("")
        .site("shop", &catch_all(&origin.url(), clocks))
        .start();
    for protocol in Protocol::BOTH {
        let response = proxy.ask(&Ask::get("/slow"), protocol);
        assert_eq!(
            (response.end, response.body.len()),
            (End::Complete, 20),
            "{protocol:?}"
        );
    }
}

#[test]
fn a_slow_upload_does_not_count_against_the_first_byte() {
    let origin = Origin::always(after_request([Step::Send(ok("patient"))]));
    let clocks = "[timeouts]\nconnect = \"300ms\"\nfirst_byte = \"300ms\"\n\
                  between_bytes = \"10s\"\ntotal = \"600ms\"\n";
    let proxy = Proxy::before(&origin.url(), clocks);
    let mut client = proxy.client();
    client.send("POST /slow HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 10\r\n\r\n");
    for _ in 0..10 {
        let nothing = within(Duration::from_millis(60), || None::<()>);
        assert!(nothing.is_none());
        client.send("x");
    }
    let response = client.read();
    assert_eq!(
        (response.head.status(), response.body.as_slice()),
        (200, &b"patient"[..])
    );
}
