//! HTTP/2 frame by frame, as RFC 9113 and RFC 7541 want it.

use std::time::Duration;

use crate::support::{
    frames::{
        ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, GOAWAY, HEADERS, Outcome, PADDED,
        PING, PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW_UPDATE, block, frame,
        payload_of, request,
    },
    line::Ended,
    origin::Origin,
    proxy::Proxy,
    script::{answer, ok, response},
};

const PROTOCOL_ERROR: u32 = 1;
const FLOW_CONTROL_ERROR: u32 = 3;
const STREAM_CLOSED: u32 = 5;
const FRAME_SIZE_ERROR: u32 = 6;
const COMPRESSION_ERROR: u32 = 9;

/// What must become of the connection, or of the stream.
#[derive(Debug, Clone, Copy)]
enum Must {
    /// The connection ends: with one of these codes, or closed.
    End(&'static [u32]),
    /// The stream or the connection ends so.
    Fail(&'static [u32]),
    /// The stream is answered, as if nothing had been.
    Answer,
}

use Must::{Answer, End, Fail};

/// The section of RFC 9113 and what it is about, bytes behind preface and settings, what they must
/// come to.
type Row = (&'static str, Vec<u8>, Must);

fn fits(outcome: Outcome, must: Must) -> bool {
    match (must, outcome) {
        // h2 gives no other reason for some faults; the connection ends all the same.
        (End(codes) | Fail(codes), Outcome::GoneAway(code)) => {
            codes.contains(&code) || code == PROTOCOL_ERROR
        }
        (End(_) | Fail(_), Outcome::Closed) => true,
        (Fail(codes), Outcome::Reset(code)) => codes.contains(&code),
        // Refusing the request as such is as good (section 8.1.1).
        (Fail(_), Outcome::Answered(400)) | (Answer, Outcome::Answered(200)) => true,
        _ => false,
    }
}

#[test]
fn every_frame_is_taken_as_the_standard_says() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "");
    let mut wrong = Vec::new();
    let tables = [
        frames(),
        more_frames(),
        streams(),
        settings(),
        windows(),
        blocks(),
        harmless(),
    ];
    for (what, bytes, must) in tables.into_iter().flatten() {
        let mut client = Frames::connect(proxy.address);
        let outcome = client.bytes(&bytes).outcome(1);
        if !fits(outcome, must) {
            wrong.push(format!("{what}: {outcome:?}, must {must:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(proxy.get("/").body, b"hello");
}

/// A GET on stream 1.
fn get() -> Vec<u8> {
    let fields = block(&request("GET", "/one"));
    frame(HEADERS, END_STREAM | END_HEADERS, 1, &fields)
}

/// A POST on stream 1 whose body has not come.
fn post() -> Vec<u8> {
    frame(HEADERS, END_HEADERS, 1, &block(&request("POST", "/one")))
}

/// After the beginning of a POST.
fn posted(frames: &[u8]) -> Vec<u8> {
    [&post()[..], frames].concat()
}

fn frames() -> Vec<Row> {
    let long = vec![0; 16_385];
    let pad = |length: u8| [&[length][..], b"hello"].concat();
    vec![
        (
            "4.2 longer than we take",
            posted(&frame(DATA, 0, 1, &long)),
            Fail(&[FRAME_SIZE_ERROR]),
        ),
        (
            "4.2 a head longer than we take",
            frame(HEADERS, 5, 1, &long),
            End(&[FRAME_SIZE_ERROR]),
        ),
        (
            "6.1 DATA on stream 0",
            frame(DATA, 0, 0, b"x"),
            End(&[PROTOCOL_ERROR]),
        ),
        (
            "6.1 more padding than frame",
            posted(&frame(DATA, PADDED, 1, &pad(6))),
            End(&[PROTOCOL_ERROR]),
        ),
        (
            "6.1 padding without a length",
            posted(&frame(DATA, PADDED, 1, &[])),
            End(&[PROTOCOL_ERROR, FRAME_SIZE_ERROR]),
        ),
        (
            "6.2 HEADERS on stream 0",
            frame(HEADERS, 5, 0, &block(&request("GET", "/one"))),
            End(&[PROTOCOL_ERROR]),
        ),
        (
            "6.2 more padding than head",
            frame(HEADERS, 5 | PADDED, 1, &pad(200)),
            End(&[PROTOCOL_ERROR]),
        ),
        (
            "6.3 PRIORITY on stream 0",
            frame(PRIORITY, 0, 0, &[0, 0, 0, 3, 7]),
            End(&[PROTOCOL_ERROR]),
        ),
        (
            "6.3 PRIORITY of another size",
            posted(&frame(PRIORITY, 0, 1, &[0; 4])),
            Fail(&[FRAME_SIZE_ERROR]),
        ),
    ]
}

fn more_frames() -> Vec<Row> {
    vec![
        (
            "6.4 RST_STREAM on stream 0",
            frame(RST_STREAM, 0, 0, &[0; 4]),
            End(&[PROTOCOL_ERROR]),
        ),
        (
            "6.4 RST_STREAM of an idle stream",
            frame(RST_STREAM, 0, 1, &[0; 4]),
            End(&[PROTOCOL_ERROR]),
        ),
        (
            "6.4 RST_STREAM of another size",
            posted(&frame(RST_STREAM, 0, 1, &[0; 3])),
            End(&[FRAME_SIZE_ERROR]),
        ),
        (
            "6.6 PUSH_PROMISE",
            posted(&frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2])),
            End(&[PROTOCOL_ERROR]),
        ),
        (
            "6.7 PING on a stream",
            frame(PING, 0, 1, &[0; 8]),
            End(&[PROTOCOL_ERROR]),
        ),
        (
            "6.7 PING of another size",
            frame(PING, 0, 0, &[0; 7]),
            End(&[FRAME_SIZE_ERROR]),
        ),
        (
            "6.8 GOAWAY on a stream",
            frame(GOAWAY, 0, 1, &[0; 8]),
            End(&[PROTOCOL_ERROR]),
        ),
        (
            "6.10 CONTINUATION of nothing",
            frame(CONTINUATION, END_HEADERS, 1, &[]),
            End(&[PROTOCOL_ERROR]),
        ),
        (
            "6.10 CONTINUATION on stream 0",
            frame(CONTINUATION, END_HEADERS, 0, &[]),
            End(&[PROTOCOL_ERROR]),
        ),
        (
            "6.10 CONTINUATION of what has ended",
            [get(), frame(CONTINUATION, END_HEADERS, 1, &[])].concat(),
            End(&[PROTOCOL_ERROR]),
        ),
        (
            "6.10 CONTINUATION of another stream",
            begun(&frame(CONTINUATION, END_HEADERS, 3, &[])),
            End(&[PROTOCOL_ERROR]),
        ),
        (
            "6.2 another frame in a head",
            begun(&frame(PING, 0, 0, &[0; 8])),
            End(&[PROTOCOL_ERROR]),
        ),
        (
            "6.2 an unknown frame in a head",
            begun(&frame(0x77, 0, 1, &[0; 8])),
            End(&[PROTOCOL_ERROR]),
        ),
    ]
}

/// After half a head.
fn begun(frames: &[u8]) -> Vec<u8> {
    let half = frame(HEADERS, END_STREAM, 1, &block(&request("GET", "/one")));
    [&half[..], frames].concat()
}

fn streams() -> Vec<Row> {
    let head = |stream: u32| frame(HEADERS, 5, stream, &block(&request("GET", "/one")));
    let closed = |frames: &[u8]| [&get()[..], frames].concat();
    vec![
        (
            "5.1 DATA of an idle stream",
            frame(DATA, 0, 1, b"x"),
            End(&[PROTOCOL_ERROR]),
        ),
        (
            "5.1 WINDOW_UPDATE of an idle stream",
            frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 9]),
            End(&[PROTOCOL_ERROR]),
        ),
        (
            "5.1 DATA after the end",
            closed(&frame(DATA, 0, 1, b"x")),
            Fail(&[STREAM_CLOSED]),
        ),
        (
            "5.1 HEADERS after the end",
            closed(&head(1)),
            Fail(&[STREAM_CLOSED, PROTOCOL_ERROR]),
        ),
        ("5.1.1 an even number", head(2), End(&[PROTOCOL_ERROR])),
        (
            "5.1.1 a smaller number",
            [head(5), head(3)].concat(),
            End(&[PROTOCOL_ERROR, STREAM_CLOSED]),
        ),
        (
            "8.1 a second head that does not end",
            posted(&frame(HEADERS, END_HEADERS, 1, &block(&[("x-a", "b")]))),
            Fail(&[PROTOCOL_ERROR]),
        ),
    ]
}

fn settings() -> Vec<Row> {
    let set = |id: u16, value: u32| frame(SETTINGS, 0, 0, &payload_of(&[(id, value)]));
    vec![
        (
            "6.5 on a stream",
            frame(SETTINGS, 0, 1, &[]),
            End(&[PROTOCOL_ERROR]),
        ),
        (
            "6.5 of another size",
            frame(SETTINGS, 0, 0, &[0; 5]),
            End(&[FRAME_SIZE_ERROR]),
        ),
        (
            "6.5 acknowledged with content",
            frame(SETTINGS, ACK, 0, &[0; 6]),
            End(&[FRAME_SIZE_ERROR]),
        ),
        ("6.5.2 ENABLE_PUSH of 2", set(2, 2), End(&[PROTOCOL_ERROR])),
        (
            "6.5.2 a window beyond its size",
            set(4, 0x8000_0000),
            End(&[FLOW_CONTROL_ERROR]),
        ),
        (
            "6.5.2 frames below the least",
            set(5, 16_383),
            End(&[PROTOCOL_ERROR]),
        ),
        (
            "6.5.2 frames beyond the most",
            set(5, 0x0100_0000),
            End(&[PROTOCOL_ERROR]),
        ),
    ]
}

fn windows() -> Vec<Row> {
    let most = [0x7f, 0xff, 0xff, 0xff];
    vec![
        (
            "6.9 zero for the connection",
            frame(WINDOW_UPDATE, 0, 0, &[0; 4]),
            End(&[PROTOCOL_ERROR]),
        ),
        (
            "6.9 zero for a stream",
            posted(&frame(WINDOW_UPDATE, 0, 1, &[0; 4])),
            Fail(&[PROTOCOL_ERROR]),
        ),
        (
            "6.9 of another size",
            frame(WINDOW_UPDATE, 0, 0, &[0; 3]),
            End(&[FRAME_SIZE_ERROR]),
        ),
        (
            "6.9.1 a connection's beyond its size",
            frame(WINDOW_UPDATE, 0, 0, &most),
            End(&[FLOW_CONTROL_ERROR]),
        ),
        (
            "6.9.1 a stream's beyond its size",
            posted(&frame(WINDOW_UPDATE, 0, 1, &most)),
            Fail(&[FLOW_CONTROL_ERROR]),
        ),
    ]
}

/// RFC 7541.
fn blocks() -> Vec<Row> {
    let head = |block: &[u8]| frame(HEADERS, 5, 1, block);
    let compression = End(&[COMPRESSION_ERROR]);
    vec![
        (
            "2.3.3 an index that is none",
            head(&[0xff, 0x7f]),
            compression,
        ),
        ("6.1 index 0", head(&[0x80]), compression),
        ("5.1 a number without end", head(&[0xff; 20]), compression),
        (
            "5.2 a string beyond its block",
            head(&[0x00, 0x7f, 0x10, b'x']),
            compression,
        ),
        (
            "5.2 a code without end",
            head(&[0x00, 0x01, b'x', 0x84, 0xff, 0xff, 0xff, 0xff]),
            compression,
        ),
        (
            "6.3 a table beyond what is offered",
            head(&[0x3f, 0xe1, 0xff, 0x03]),
            compression,
        ),
        (
            "4.2 a table that changes late",
            head(&[&block(&request("GET", "/one"))[..], &[0x20]].concat()),
            compression,
        ),
    ]
}

fn harmless() -> Vec<Row> {
    let after = |frame: &[u8]| [frame, &get()].concat();
    let padded = [&[4_u8][..], &block(&request("GET", "/one")), &[0; 4]].concat();
    let fields = block(&request("GET", "/one"));
    let (first, second) = fields.split_at(20);
    let pieces = [
        frame(HEADERS, END_STREAM, 1, first),
        frame(CONTINUATION, 0, 1, &[]),
        frame(CONTINUATION, END_HEADERS, 1, second),
    ];
    vec![
        (
            "4.1 an unknown frame",
            after(&frame(0x77, 0xff, 0, b"?")),
            Answer,
        ),
        (
            "4.1 unknown flags",
            after(&frame(PING, 0xfe, 0, &[0; 8])),
            Answer,
        ),
        (
            "6.5.2 an unknown setting",
            after(&frame(SETTINGS, 0, 0, &payload_of(&[(0xff, 1)]))),
            Answer,
        ),
        (
            "6.5.2 settings twice",
            after(&frame(SETTINGS, 0, 0, &payload_of(&[(3, 1), (3, 100)]))),
            Answer,
        ),
        (
            "6.2 padding",
            frame(HEADERS, 5 | PADDED, 1, &padded),
            Answer,
        ),
        ("6.10 a head in pieces", pieces.concat(), Answer),
        (
            "6.3 PRIORITY of an idle stream",
            after(&frame(PRIORITY, 0, 3, &[0, 0, 0, 1, 7])),
            Answer,
        ),
        (
            "6.1 DATA with padding",
            posted(&frame(
                DATA,
                END_STREAM | PADDED,
                1,
                &[&[3][..], b"hello", &[0; 3]].concat(),
            )),
            Answer,
        ),
        (
            "6.1 DATA of nothing",
            posted(&frame(DATA, END_STREAM, 1, &[])),
            Answer,
        ),
        (
            "8.1 trailers",
            posted(&frame(HEADERS, 5, 1, &block(&[("x-sum", "1")]))),
            Answer,
        ),
        (
            "4.3 a table of nothing",
            frame(
                HEADERS,
                5,
                1,
                &[&[0x20][..], &block(&request("GET", "/one"))].concat(),
            ),
            Answer,
        ),
    ]
}

#[test]
fn settings_and_pings_are_acknowledged() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = Frames::connect(proxy.address);
    let first = client.next().unwrap();
    assert_eq!(
        (first.kind, first.flags),
        (SETTINGS, 0),
        "settings come first"
    );
    client.frame(PING, 0, 0, b"12345678");
    let acknowledged = client.await_frame(SETTINGS).unwrap();
    assert_eq!((acknowledged.flags, acknowledged.payload.len()), (ACK, 0));
    let pong = client.await_frame(PING).unwrap();
    assert_eq!((pong.flags, &pong.payload[..]), (ACK, &b"12345678"[..]));
}

#[test]
fn a_preface_that_is_none_ends_the_connection() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "");
    for preface in [
        &b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"[..],
        b"PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n",
    ] {
        let mut client = proxy.client();
        client.send(preface).send([0; 64]);
        assert_ne!(client.ended(), Ended::GivenUp, "{preface:?}");
    }
}

#[test]
fn no_more_is_sent_than_the_windows_allow() {
    let body = vec![b'x'; 1000];
    let origin = Origin::always(answer(response("200 OK", &[], &body)));
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = Frames::connect_with(proxy.address, &[(4, 10)], Duration::from_secs(5));
    client.get(1, "/one");
    let mut got = 0;
    while got < body.len() {
        let data = client.await_frame(DATA).unwrap();
        got += data.payload.len();
        assert!(data.payload.len() <= 10 && got % 10 == 0, "{got}");
        client.frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 10]);
    }
    assert_eq!(got, body.len());
}
