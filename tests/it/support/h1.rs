//! An HTTP/1 client that sends any bytes and tells how each response ended.

use std::{
    io::Write,
    net::{SocketAddr, TcpStream},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use rustls::{ClientConfig, ClientConnection, StreamOwned, pki_types::ServerName};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::{
    PATIENCE,
    head::Head,
    line::{Ended, Line, Wire},
};

/// How the body of a response ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// As its framing says.
    Complete,
    /// It has no framing and the connection was closed in order.
    Closed,
    /// The connection was closed before the framing's end.
    Cut,
    /// The connection or the stream was reset.
    Reset,
    /// The deadline passed first.
    Deadline,
}

impl From<Ended> for End {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Closed => Self::Cut,
            Ended::Reset => Self::Reset,
            Ended::GivenUp => Self::Deadline,
        }
    }
}

/// One response as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) raw_head: Vec<u8>,
    pub(crate) head: Head,
    /// Statuses of the interim responses before it.
    pub(crate) interim: Vec<u16>,
    pub(crate) body: Vec<u8>,
    pub(crate) body_length: u64,
    pub(crate) body_sha256: Vec<u8>,
    pub(crate) trailers: Head,
    pub(crate) end: End,
}

/// One connection to a server.
pub(crate) struct Client {
    pub(crate) line: Line,
}

/// How much of a response's body is kept.
const KEPT: usize = 1024 * 1024;

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::connect_for(address, PATIENCE)
    }

    /// Gives up on everything when the time is over.
    pub(crate) fn connect_for(address: SocketAddr, time: Duration) -> Self {
        let socket = TcpStream::connect_timeout(&address, PATIENCE);
        Self::over(Wire::Plain(socket.expect("the server accepts")), time)
    }

    /// Over TLS, trusting what the config trusts.
    pub(crate) fn encrypted(address: SocketAddr, config: Arc<ClientConfig>) -> Self {
        let socket = TcpStream::connect_timeout(&address, PATIENCE).expect("the server accepts");
        let name = ServerName::from(address.ip());
        let session = ClientConnection::new(config, name).expect("a usable TLS config");
        let stream = StreamOwned::new(session, socket);
        Self::over(Wire::Dialled(Box::new(stream)), PATIENCE)
    }

    fn over(wire: Wire, time: Duration) -> Self {
        let deadline = Instant::now() + time;
        Self {
            line: Line::new(wire, move || Instant::now() >= deadline),
        }
    }

    /// Sends bytes as they are. A server that has closed shows in the response.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        // What the server said before it closed is still there to be read.
        let _: Result<(), Ended> = self.line.write(bytes.as_ref());
        self
    }

    /// Sends on another thread, so that the response can be read meanwhile. The thread returns how
    /// many bytes the server took.
    pub(crate) fn send_aside(&self, count: u64, piece: &[u8]) -> JoinHandle<u64> {
        let (mut writer, piece) = (self.line.writer(), piece.to_vec());
        std::thread::spawn(move || {
            let mut sent = 0;
            while sent < count {
                let length = usize::try_from(count - sent)
                    .unwrap_or(usize::MAX)
                    .min(piece.len());
                match writer.write(&piece[..length]) {
                    Ok(written) => sent += u64::try_from(written).expect("a length is a number"),
                    Err(_) => break,
                }
            }
            sent
        })
    }

    /// Sends one request and reads its response.
    pub(crate) fn ask(&mut self, request: impl AsRef<[u8]>) -> Response {
        let is_head = request.as_ref().starts_with(b"HEAD ");
        self.send(request).response(is_head)
    }

    /// Reads the response to a request that is not HEAD.
    pub(crate) fn read(&mut self) -> Response {
        self.response(false)
    }

    /// Reads the next response with all of its body.
    pub(crate) fn response(&mut self, to_head: bool) -> Response {
        let mut response = self.response_head();
        if response.end == End::Complete {
            self.body_into(&mut response, to_head);
        }
        response
    }

    /// Reads the next final response's head. `end` says whether there was one.
    pub(crate) fn response_head(&mut self) -> Response {
        let mut interim = Vec::new();
        loop {
            let (raw_head, end) = match self.line.read_head() {
                Ok(raw_head) => (raw_head, End::Complete),
                Err(ended) => (self.line.unread.clone(), End::from(ended)),
            };
            let head = Head::parse(&raw_head);
            if (100..200).contains(&head.status()) && head.status() != 101 {
                interim.push(head.status());
                continue;
            }
            return Response {
                raw_head,
                head,
                interim,
                body: Vec::new(),
                body_length: 0,
                body_sha256: Vec::new(),
                trailers: Head::default(),
                end,
            };
        }
    }

    /// Reads the body that a head announced.
    pub(crate) fn body_into(&mut self, response: &mut Response, to_head: bool) {
        let head = response.head.clone();
        let mut hash = Sha256::new();
        let mut take = |piece: &[u8]| {
            hash.update(piece);
            response.body_length += u64::try_from(piece.len()).expect("a length is a number");
            let room = KEPT.saturating_sub(response.body.len()).min(piece.len());
            response.body.extend_from_slice(&piece[..room]);
        };
        let end = if to_head || matches!(head.status(), 101 | 204 | 304) {
            Ok(())
        } else if head.is_chunked() {
            self.line
                .read_chunks(&mut take)
                .map(|trailers| response.trailers = trailers)
        } else if let Some(length) = head.content_length() {
            self.line.read_exactly(length, &mut take)
        } else {
            match self.line.read_to_end(&mut take) {
                Ended::Closed => {
                    response.end = End::Closed;
                    Ok(())
                }
                ended => Err(ended),
            }
        };
        response.body_sha256 = hash.finalize().to_vec();
        if let Err(ended) = end {
            response.end = End::from(ended);
        }
    }

    /// Reads until the server ends the connection, and says how it did.
    pub(crate) fn ended(&mut self) -> Ended {
        self.line.read_to_end(&mut |_| ())
    }

    /// Waits until exactly these bytes have come next, and nothing yet behind the last of them is
    /// looked at.
    pub(crate) fn expect_bytes(&mut self, expected: &[u8]) {
        let mut got = Vec::new();
        let length = u64::try_from(expected.len()).expect("a length is a number");
        let read = self
            .line
            .read_exactly(length, &mut |piece| got.extend_from_slice(piece));
        assert_eq!(
            String::from_utf8_lossy(&got),
            String::from_utf8_lossy(expected),
            "reading ended with {read:?}"
        );
    }
}
