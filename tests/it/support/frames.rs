//! HTTP/2 frame by frame (RFC 9113 section 4), written by hand: what no library would send.
//!
//! Field blocks are encoded without compression, so that any byte can stand in a name or a value.

use std::{net::SocketAddr, time::Duration};

use super::{
    h1::Client,
    line::{Ended, Line},
};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 0x1;
pub(crate) const ACK: u8 = 0x1;
pub(crate) const END_HEADERS: u8 = 0x4;
pub(crate) const PADDED: u8 = 0x8;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// One frame as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

/// How the server took what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It answered the stream; 0 for a status that could not be read.
    Answered(u16),
    /// It gave up the stream, with this code.
    Reset(u32),
    /// It gave up the connection, with this code.
    GoneAway(u32),
    /// It closed the connection without a word.
    Closed,
    /// It did nothing.
    Silent,
}

/// One connection to a server.
pub(crate) struct Frames {
    line: Line,
}

impl Frames {
    /// Says hello, with the usual settings.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::connect_with(address, &[], Duration::from_secs(5))
    }

    /// With these settings (RFC 9113 section 6.5.2), giving up on everything when the time is over.
    pub(crate) fn connect_with(
        address: SocketAddr,
        settings: &[(u16, u32)],
        time: Duration,
    ) -> Self {
        let mut frames = Self {
            line: Client::connect_for(address, time).line,
        };
        frames.bytes(PREFACE);
        frames.frame(SETTINGS, 0, 0, &payload_of(settings));
        frames
    }

    /// Bytes as they are. A server that has closed shows when it is read from.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let _: Result<(), Ended> = self.line.write(bytes);
        self
    }

    /// One frame.
    pub(crate) fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> &mut Self {
        let bytes = frame(kind, flags, stream, payload);
        self.bytes(&bytes)
    }

    /// A whole field block in one frame.
    pub(crate) fn headers<F: AsRef<[u8]>>(
        &mut self,
        stream: u32,
        flags: u8,
        fields: &[(F, F)],
    ) -> &mut Self {
        self.frame(HEADERS, flags | END_HEADERS, stream, &block(fields))
    }

    /// A GET without anything special.
    pub(crate) fn get(&mut self, stream: u32, path: &str) -> &mut Self {
        self.headers(stream, END_STREAM, &request("GET", path))
    }

    /// The next frame; settings and pings are answered on the way.
    pub(crate) fn next(&mut self) -> Result<Frame, Ended> {
        let mut head = Vec::new();
        self.line
            .read_exactly(9, &mut |piece| head.extend_from_slice(piece))?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = Vec::new();
        self.line.read_exactly(u64::from(length), &mut |piece| {
            payload.extend_from_slice(piece);
        })?;
        let frame = Frame {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]),
            payload,
        };
        match frame.kind {
            SETTINGS if frame.flags & ACK == 0 => {
                self.frame(SETTINGS, ACK, 0, &[]);
            }
            PING if frame.flags & ACK == 0 => {
                self.frame(PING, ACK, 0, &frame.payload);
            }
            _ => {}
        }
        Ok(frame)
    }

    /// The first frame of this kind.
    pub(crate) fn await_frame(&mut self, kind: u8) -> Result<Frame, Ended> {
        loop {
            let frame = self.next()?;
            if frame.kind == kind {
                return Ok(frame);
            }
        }
    }

    /// What becomes of a stream.
    pub(crate) fn outcome(&mut self, stream: u32) -> Outcome {
        loop {
            match self.next() {
                Ok(frame) if frame.kind == GOAWAY => {
                    let code = code(&frame.payload, 4);
                    // Without an error it is a polite announcement: the stream is answered yet.
                    if code != 0 {
                        return Outcome::GoneAway(code);
                    }
                }
                Ok(frame) if frame.kind == RST_STREAM && frame.stream == stream => {
                    return Outcome::Reset(code(&frame.payload, 0));
                }
                Ok(frame) if frame.kind == HEADERS && frame.stream == stream => {
                    return Outcome::Answered(status(&frame.payload));
                }
                Ok(_) => {}
                Err(Ended::GivenUp) => return Outcome::Silent,
                Err(_) => return Outcome::Closed,
            }
        }
    }

    /// How the connection ends: what it says last, if it says anything.
    pub(crate) fn end(&mut self) -> Outcome {
        let mut said = None;
        loop {
            match self.next() {
                Ok(frame) if frame.kind == GOAWAY => said = Some(code(&frame.payload, 4)),
                Ok(_) => {}
                Err(Ended::GivenUp) => return Outcome::Silent,
                Err(_) => return said.map_or(Outcome::Closed, Outcome::GoneAway),
            }
        }
    }
}

/// The usual pseudo-fields.
pub(crate) fn request<'a>(method: &'a str, path: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        (":method", method),
        (":scheme", "http"),
        (":authority", "shop.test"),
        (":path", path),
    ]
}

/// The bytes of one frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a frame is short");
    let mut bytes = length.to_be_bytes()[1..].to_vec();
    bytes.extend_from_slice(&[kind, flags]);
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// The payload of SETTINGS.
pub(crate) fn payload_of(settings: &[(u16, u32)]) -> Vec<u8> {
    let one = |(id, value): &(u16, u32)| [&id.to_be_bytes()[..], &value.to_be_bytes()[..]].concat();
    settings.iter().flat_map(one).collect()
}

/// A field block of literals without indexing (RFC 7541 section 6.2.2).
pub(crate) fn block<F: AsRef<[u8]>>(fields: &[(F, F)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        string(&mut block, name.as_ref());
        string(&mut block, value.as_ref());
    }
    block
}

/// A string without Huffman coding (RFC 7541 section 5.2).
fn string(block: &mut Vec<u8>, text: &[u8]) {
    let mut length = text.len();
    if length < 127 {
        block.push(u8::try_from(length).expect("it is below 127"));
    } else {
        block.push(127);
        length -= 127;
        while length >= 128 {
            block.push(u8::try_from(length % 128).expect("it is below 128") | 128);
            length /= 128;
        }
        block.push(u8::try_from(length).expect("it is below 128"));
    }
    block.extend_from_slice(text);
}

fn code(payload: &[u8], at: usize) -> u32 {
    let bytes = payload.get(at..at + 4).unwrap_or(&[0xff; 4]);
    u32::from_be_bytes(bytes.try_into().expect("four bytes"))
}

/// The status in the first field of a connection's first answer: indexed, or a literal of digits.
fn status(block: &[u8]) -> u16 {
    match block {
        [0x88, ..] => 200,
        [0x89, ..] => 204,
        [0x8a, ..] => 206,
        [0x8b, ..] => 304,
        [0x8c, ..] => 400,
        [0x8d, ..] => 404,
        [0x8e, ..] => 500,
        [0x48 | 0x08 | 0x18, length, rest @ ..] => {
            let value = rest.get(..usize::from(length & 0x7f)).unwrap_or_default();
            let digits = if length & 0x80 == 0 {
                String::from_utf8_lossy(value).into_owned()
            } else {
                huffman_digits(value)
            };
            digits.parse().unwrap_or_default()
        }
        _ => 0,
    }
}

/// Three digits (RFC 7541 appendix B): 0 to 2 have five bits, the others six.
fn huffman_digits(bytes: &[u8]) -> String {
    let bits: Vec<u8> = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1))
        .collect();
    let mut rest = &bits[..];
    let mut digits = String::new();
    while digits.len() < 3 {
        let number = |bits: &[u8]| bits.iter().fold(0, |sum, bit| sum * 2 + bit);
        let (value, length) = match rest.get(..5).map(number) {
            Some(value @ 0..3) => (value, 5),
            Some(_) => (rest.get(..6).map_or(0, number).wrapping_sub(22), 6),
            None => break,
        };
        digits.push(char::from(b'0'.wrapping_add(value)));
        rest = rest.get(length..).unwrap_or_default();
    }
    digits
}
