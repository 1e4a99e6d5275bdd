//! One connection, plain or encrypted, read piece by piece with an eye on who ends it and how.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

use rustls::{ClientConnection, ServerConnection, StreamOwned};
use socket2::SockRef;

use super::head::{Head, end_of_head};

/// How often a blocked read or write looks whether it shall stop.
const LOOK_UP: Duration = Duration::from_millis(20);

/// The bytes' way.
pub(crate) enum Wire {
    Plain(TcpStream),
    Encrypted(Box<StreamOwned<ServerConnection, TcpStream>>),
    /// The client's end of an encrypted connection.
    Dialled(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Wire {
    fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Encrypted(stream) => &stream.sock,
            Self::Dialled(stream) => &stream.sock,
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Encrypted(stream) => stream.read(buffer),
            Self::Dialled(stream) => stream.read(buffer),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Encrypted(stream) => write_and_flush(stream, bytes),
            Self::Dialled(stream) => write_and_flush(stream, bytes),
        }
    }
}

/// The bytes are taken once `write` took them, whether or not the socket takes them yet.
fn write_and_flush(stream: &mut impl Write, bytes: &[u8]) -> std::io::Result<usize> {
    let count = stream.write(bytes)?;
    match stream.flush() {
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
        _ => Ok(count),
    }
}

/// How a connection ended, as seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The peer closed in order.
    Closed,
    /// The peer reset it, or it broke.
    Reset,
    /// We were told to stop, or the deadline passed.
    GivenUp,
}

/// A connection with what was read of it but not yet used.
pub(crate) struct Line {
    wire: Wire,
    pub(crate) unread: Vec<u8>,
    stop: Box<dyn Fn() -> bool + Send>,
}

impl Line {
    /// Reads and writes until `stop` says so.
    pub(crate) fn new(wire: Wire, stop: impl Fn() -> bool + Send + 'static) -> Self {
        let socket = wire.socket();
        socket
            .set_read_timeout(Some(LOOK_UP))
            .expect("a socket takes a timeout");
        socket
            .set_write_timeout(Some(LOOK_UP))
            .expect("a socket takes a timeout");
        // A socket that is dead already refuses this; the next read says so.
        drop(socket.set_nodelay(true));
        Self {
            wire,
            unread: Vec::new(),
            stop: Box::new(stop),
        }
    }

    /// Waits for more bytes and keeps them in `unread`.
    pub(crate) fn read_more(&mut self) -> Result<usize, Ended> {
        let mut buffer = [0; 64 * 1024];
        while !(self.stop)() {
            match self.wire.read(&mut buffer) {
                Ok(0) => return Err(Ended::Closed),
                Ok(count) => {
                    self.unread.extend_from_slice(&buffer[..count]);
                    return Ok(count);
                }
                Err(error) => would_block(&error)?,
            }
        }
        Err(Ended::GivenUp)
    }

    /// A head with its empty line, removed from `unread`.
    pub(crate) fn read_head(&mut self) -> Result<Vec<u8>, Ended> {
        loop {
            if let Some(end) = end_of_head(&self.unread) {
                return Ok(self.unread.drain(..end).collect());
            }
            self.read_more()?;
        }
    }

    /// Everything up to and with the next line feed.
    fn read_line(&mut self) -> Result<String, Ended> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            self.read_more()?;
        }
    }

    /// Hands `count` bytes to `take`, in the pieces they come in.
    pub(crate) fn read_exactly(
        &mut self,
        count: u64,
        take: &mut dyn FnMut(&[u8]),
    ) -> Result<(), Ended> {
        let mut missing = usize::try_from(count).expect("a test's body fits into memory's numbers");
        while missing > 0 {
            if self.unread.is_empty() {
                self.read_more()?;
            }
            let piece: Vec<u8> = self
                .unread
                .drain(..missing.min(self.unread.len()))
                .collect();
            missing -= piece.len();
            take(&piece);
        }
        Ok(())
    }

    /// A chunked body; returns its trailers.
    pub(crate) fn read_chunks(&mut self, take: &mut dyn FnMut(&[u8])) -> Result<Head, Ended> {
        loop {
            let line = self.read_line()?;
            let size = u64::from_str_radix(line.split(';').next().unwrap_or(""), 16)
                .map_err(|_| Ended::Reset)?;
            if size == 0 {
                break;
            }
            self.read_exactly(size, take)?;
            self.read_line()?;
        }
        let mut trailers = Head::default();
        loop {
            let line = self.read_line()?;
            let Some((name, value)) = line.split_once(':') else {
                return Ok(trailers);
            };
            trailers
                .fields
                .push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// Reads whatever comes until the connection ends, and says how.
    pub(crate) fn read_to_end(&mut self, take: &mut dyn FnMut(&[u8])) -> Ended {
        loop {
            take(&std::mem::take(&mut self.unread));
            if let Err(ended) = self.read_more() {
                return ended;
            }
        }
    }

    /// Writes all of it, or says why not.
    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<(), Ended> {
        while !bytes.is_empty() {
            if (self.stop)() {
                return Err(Ended::GivenUp);
            }
            match self.wire.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) => would_block(&error)?,
            }
        }
        Ok(())
    }

    /// Ends our direction, in order.
    pub(crate) fn finish_writing(&mut self) {
        // The peer may have gone already; then there is nothing to end.
        match &mut self.wire {
            Wire::Plain(_) => {}
            Wire::Encrypted(stream) => {
                stream.conn.send_close_notify();
                drop(stream.flush());
            }
            Wire::Dialled(stream) => {
                stream.conn.send_close_notify();
                drop(stream.flush());
            }
        }
        drop(self.wire.socket().shutdown(Shutdown::Write));
    }

    /// This end of the connection.
    pub(crate) fn local_address(&self) -> SocketAddr {
        let address = self.wire.socket().local_addr();
        address.expect("a connected socket has an address")
    }

    /// Ends both directions at once, also for a writer on another thread.
    pub(crate) fn abandon(&self) {
        drop(self.wire.socket().shutdown(Shutdown::Both));
    }

    /// Makes the end a reset instead of an orderly close.
    pub(crate) fn reset(self) {
        drop(SockRef::from(self.wire.socket()).set_linger(Some(Duration::ZERO)));
    }

    /// A second handle on the plain socket, to write while reading.
    pub(crate) fn writer(&self) -> TcpStream {
        let writer = self
            .wire
            .socket()
            .try_clone()
            .expect("a socket can be shared");
        writer
            .set_write_timeout(None)
            .expect("a socket takes a timeout");
        writer
    }
}

/// Nothing yet: go on. Anything else ends the connection.
fn would_block(error: &std::io::Error) -> Result<(), Ended> {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => Ok(()),
        ErrorKind::UnexpectedEof => Err(Ended::Closed),
        _ => Err(Ended::Reset),
    }
}
