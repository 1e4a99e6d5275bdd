//! Clients that keep us busy with frames instead of requests: each flood ends the connection or
//! costs next to nothing, and whoever else is there is served meanwhile.

use std::time::Duration;

use crate::support::{
    eventually,
    frames::{
        ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, HEADERS, Outcome, PING,
        RST_STREAM, SETTINGS, WINDOW_UPDATE, block, frame, payload_of, request,
    },
    origin::Origin,
    proxy::{Proxy, Setup, catch_all},
    script::{Step, after_request, choose, ok},
};

const CANCEL: [u8; 4] = [0, 0, 0, 8];

/// What one connection's flood may leave behind, in bytes: buffers of it, not its number.
const GROWTH: u64 = 24 * 1024 * 1024;

/// `/slow` is never answered; everything else is.
fn healthy() -> (Origin, Proxy) {
    let origin = Origin::always(choose(|request| match request.path() {
        "/slow" => vec![Step::Hang],
        _ => vec![Step::Send(ok("hello"))],
    }));
    let site = catch_all(&origin.url(), "");
    let setup =
        Setup::new("workers = 1\n[clients]\nhead_timeout = \"2s\"\nidle_timeout = \"2s\"\n");
    let proxy = setup.site("shop", &site).start();
    (origin, proxy)
}

/// Sends a flood and asks something else meanwhile, on the same worker. Returns how the flooding
/// connection ended.
fn flood(proxy: &Proxy, flood: &[u8]) -> Outcome {
    assert_eq!(proxy.get("/before").body, b"hello");
    let before = proxy.process.resident();
    let mut client = Frames::connect_with(proxy.address, &[], Duration::from_secs(8));
    client.bytes(flood);
    assert_eq!(proxy.get("/during").body, b"hello");
    let end = client.end();
    assert_eq!(proxy.get("/after").body, b"hello");
    let after = proxy.process.resident();
    assert!(after < before + GROWTH, "{before} bytes, then {after}");
    let log = proxy.process.stderr().join("\n");
    assert!(!log.contains("panicked"), "{log}");
    assert!(!log.contains("WARN"), "a flood of lines: {log}");
    end
}

/// Frames for the first odd streams, in a row.
fn streams(count: u32, each: impl Fn(u32) -> Vec<u8>) -> Vec<u8> {
    (0..count).flat_map(|at| each(2 * at + 1)).collect()
}

fn get(stream: u32, path: &str) -> Vec<u8> {
    let fields = block(&request("GET", path));
    frame(HEADERS, END_STREAM | END_HEADERS, stream, &fields)
}

fn post(stream: u32) -> Vec<u8> {
    let fields = block(&request("POST", "/slow"));
    frame(HEADERS, END_HEADERS, stream, &fields)
}

fn is_ended(end: Outcome) -> bool {
    matches!(end, Outcome::GoneAway(_) | Outcome::Closed)
}

#[test]
fn rapid_resets_end_the_connection_and_what_was_begun_for_them() {
    let (origin, proxy) = healthy();
    let bytes = streams(20_000, |stream| {
        [get(stream, "/slow"), frame(RST_STREAM, 0, stream, &CANCEL)].concat()
    });
    let end = flood(&proxy, &bytes);
    assert!(
        matches!(end, Outcome::GoneAway(11) | Outcome::Closed),
        "{end:?}"
    );
    let seen = origin.requests().len();
    assert!(seen < 2000, "{seen} requests reached the origin");
    eventually("nothing of it is in flight", || {
        (proxy.metric("intermission_http_requests_in_flight", &[]) <= 1.0).then_some(())
    });
}

#[test]
fn resets_we_are_made_to_send_end_the_connection() {
    let (_origin, proxy) = healthy();
    // An increment of zero is an error of the stream (RFC 9113 section 6.9).
    let zero = streams(20_000, |stream| {
        [
            get(stream, "/slow"),
            frame(WINDOW_UPDATE, 0, stream, &[0; 4]),
        ]
        .concat()
    });
    let end = flood(&proxy, &zero);
    assert!(is_ended(end), "{end:?}");
    // More data than was announced.
    let mut fields = request("POST", "/slow");
    fields.push(("content-length", "0"));
    let fields = block(&fields);
    let longer = streams(20_000, |stream| {
        [
            frame(HEADERS, END_HEADERS, stream, &fields),
            frame(DATA, END_STREAM, stream, b"x"),
        ]
        .concat()
    });
    let end = flood(&proxy, &longer);
    assert!(is_ended(end), "{end:?}");
}

#[test]
fn a_head_in_endless_pieces_ends_the_connection() {
    let (origin, proxy) = healthy();
    let piece = block(&[("x-a".to_owned(), "y".repeat(1000))]);
    let mut bytes = frame(HEADERS, END_STREAM, 1, &block(&request("GET", "/slow")));
    for _ in 0..2000 {
        bytes.extend_from_slice(&frame(CONTINUATION, 0, 1, &piece));
    }
    let end = flood(&proxy, &bytes);
    assert!(is_ended(end), "{end:?}");
    let mut bytes = frame(HEADERS, END_STREAM, 1, &block(&request("GET", "/slow")));
    for _ in 0..100_000 {
        bytes.extend_from_slice(&frame(CONTINUATION, 0, 1, &[]));
    }
    let end = flood(&proxy, &bytes);
    assert!(is_ended(end), "{end:?}");
    assert!(origin.requests().iter().all(|seen| seen.path() != "/slow"));
}

#[test]
fn frames_that_are_only_answered_cost_nothing_and_end_with_the_idle_time() {
    let (_origin, proxy) = healthy();
    let settings = frame(SETTINGS, 0, 0, &payload_of(&[(1, 4096), (4, 65_535)]));
    for (what, one) in [
        ("PING", frame(PING, 0, 0, &[7; 8])),
        ("PING acknowledged", frame(PING, ACK, 0, &[7; 8])),
        ("SETTINGS", settings),
        ("unknown", frame(0x77, 0xff, 0, &[7; 64])),
        ("PRIORITY", frame(2, 0, 1, &[0, 0, 0, 3, 7])),
    ] {
        let bytes = [get(1, "/first"), one.repeat(20_000)].concat();
        let end = flood(&proxy, &bytes);
        assert!(is_ended(end), "{what}: {end:?}");
    }
}

#[test]
fn settings_that_go_to_and_fro_cost_nothing() {
    let (_origin, proxy) = healthy();
    let wide = frame(SETTINGS, 0, 0, &payload_of(&[(4, 0x7fff_ffff)]));
    let none = frame(SETTINGS, 0, 0, &payload_of(&[(4, 0)]));
    let open: Vec<u8> = streams(100, |stream| get(stream, "/slow"));
    let bytes = [open, [wide, none].concat().repeat(5000)].concat();
    let end = flood(&proxy, &bytes);
    // Requests are in flight, so the connection may as well stay.
    assert!(is_ended(end) || end == Outcome::Silent, "{end:?}");
}

#[test]
fn data_without_bytes_ends_the_connection() {
    let (_origin, proxy) = healthy();
    let bytes = [post(1), frame(DATA, 0, 1, &[]).repeat(200_000)].concat();
    let end = flood(&proxy, &bytes);
    assert!(is_ended(end) || end == Outcome::Silent, "{end:?}");
    let padded = frame(DATA, 0x8, 1, &[&[255][..], &[0; 255]].concat());
    let bytes = [post(1), padded.repeat(20_000)].concat();
    let end = flood(&proxy, &bytes);
    assert!(is_ended(end) || end == Outcome::Silent, "{end:?}");
}

#[test]
fn windows_are_not_opened_beyond_their_size() {
    let (_origin, proxy) = healthy();
    let most = [0x7f, 0xff, 0xff, 0xff];
    let end = flood(&proxy, &frame(WINDOW_UPDATE, 0, 0, &most).repeat(2));
    assert_eq!(end, Outcome::GoneAway(3), "FLOW_CONTROL_ERROR");
    let one = frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]);
    let end = flood(&proxy, &[get(1, "/first"), one.repeat(100_000)].concat());
    assert!(is_ended(end), "{end:?}");
}

#[test]
fn a_head_that_unfolds_is_refused() {
    let (origin, proxy) = healthy();
    // One field of 4000 bytes that is remembered (RFC 7541 section 6.2.1), then only its number.
    let mut fields = block(&request("GET", "/slow"));
    fields.extend_from_slice(&[0x40, 1, b'x', 127]);
    fields.extend_from_slice(&[0xa1, 0x1e]);
    fields.extend_from_slice(&[b'y'; 4000]);
    fields.extend(std::iter::repeat_n(0xbe, 8000));
    let bytes = streams(500, |stream| {
        frame(HEADERS, END_STREAM | END_HEADERS, stream, &fields)
    });
    let mut client = Frames::connect(proxy.address);
    let first = client
        .frame(HEADERS, END_STREAM | END_HEADERS, 1, &fields)
        .outcome(1);
    assert!(
        matches!(first, Outcome::Answered(431) | Outcome::Reset(_)) || is_ended(first),
        "{first:?}"
    );
    let end = flood(&proxy, &bytes);
    assert!(is_ended(end), "{end:?}");
    assert!(origin.requests().iter().all(|seen| seen.path() != "/slow"));
    // A table beyond what we offer (section 6.3).
    let mut client = Frames::connect(proxy.address);
    let table = [
        &[0x3f, 0xe1, 0xff, 0x03][..],
        &block(&request("GET", "/first")),
    ]
    .concat();
    let end = client
        .frame(HEADERS, END_STREAM | END_HEADERS, 1, &table)
        .outcome(1);
    // COMPRESSION_ERROR by the letter; h2 says PROTOCOL_ERROR.
    assert!(matches!(end, Outcome::GoneAway(1 | 9)), "{end:?}");
}

#[test]
fn who_never_asks_anything_is_not_waited_for() {
    let origin = Origin::always(after_request([Step::Hang]));
    let setup = Setup::new("[clients]\nhead_timeout = \"300ms\"\nidle_timeout = \"300ms\"\n");
    let proxy = setup.site("shop", &catch_all(&origin.url(), "")).start();
    let mut silent = Frames::connect(proxy.address);
    assert!(is_ended(silent.end()), "settings and nothing else");
    let mut half = Frames::connect(proxy.address);
    half.frame(HEADERS, END_STREAM, 1, &block(&request("GET", "/half")));
    assert!(is_ended(half.end()), "half a head");
}
