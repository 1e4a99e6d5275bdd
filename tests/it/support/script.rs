//! What an origin does with a connection, step by step, lies included.

use std::{sync::Arc, time::Duration};

use super::{gate::Gate, origin::RequestSeen};

/// Decides what to do from the request just read.
pub(crate) type Choice = Arc<dyn Fn(&RequestSeen) -> Script + Send + Sync>;

/// Steps in order. When all are done, the connection waits for its next request.
pub(crate) type Script = Vec<Step>;

/// One thing an origin does.
#[derive(Clone)]
pub(crate) enum Step {
    /// Reads a request head and notes it.
    ReadHead,
    /// Reads the body that the head announced and notes it.
    ReadBody,
    /// Reads this many bytes of the body and no more.
    ReadSome(u64),
    /// Writes these bytes.
    Send(Vec<u8>),
    /// Writes these bytes again and again, with a pause before each.
    Drip {
        piece: Vec<u8>,
        pause: Duration,
        times: usize,
    },
    /// Writes this many bytes of the [`pattern`].
    Pour(u64),
    /// Goes on when the gate opens.
    WaitFor(Gate),
    /// Does nothing, reads nothing, until the test ends.
    Ignore,
    /// Does nothing but look whether the peer goes away.
    Hang,
    /// Sends back whatever comes, until the peer ends its direction.
    Echo,
    /// Closes in order.
    Close,
    /// Closes with a reset.
    Reset,
    /// Goes on with the script chosen for the request.
    Choose(Choice),
}

/// Reads the whole request, then does these steps.
pub(crate) fn after_request(steps: impl IntoIterator<Item = Step>) -> Script {
    [Step::ReadHead, Step::ReadBody]
        .into_iter()
        .chain(steps)
        .collect()
}

/// Reads the whole request, then answers with these bytes.
pub(crate) fn answer(bytes: impl Into<Vec<u8>>) -> Script {
    after_request([Step::Send(bytes.into())])
}

/// Reads the whole request, then does what `choose` says for it.
pub(crate) fn choose(choose: impl Fn(&RequestSeen) -> Script + Send + Sync + 'static) -> Script {
    after_request([Step::Choose(Arc::new(choose))])
}

/// A complete response. The length is declared; `fields` are whole lines without line ends.
pub(crate) fn response(status: &str, fields: &[&str], body: &[u8]) -> Vec<u8> {
    let mut bytes = head(status, fields);
    bytes.truncate(bytes.len() - 2);
    bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// The head of a response alone, with its empty line.
pub(crate) fn head(status: &str, fields: &[&str]) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status}\r\n");
    for field in fields {
        text.push_str(field);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// A plain answer that all is well.
pub(crate) fn ok(body: &str) -> Vec<u8> {
    response("200 OK", &["Content-Type: text/plain"], body.as_bytes())
}

/// One chunk of a chunked body.
pub(crate) fn chunk(bytes: &[u8]) -> Vec<u8> {
    let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
    framed.extend_from_slice(bytes);
    framed.extend_from_slice(b"\r\n");
    framed
}

/// Bytes that show a shift or a gap: a block of them repeats only after a prime number.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..=250_u8).cycle().take(length).collect()
}
