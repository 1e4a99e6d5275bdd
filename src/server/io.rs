//! The socket to a client: notices when it speaks, gives back what was read to tell the protocol,
//! and closes in stages.

use std::{
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    time::{Instant, Sleep, sleep},
};

use super::socket::Socket;
use crate::{
    message::{
        gather::{SMALL, gather},
        request_line::RequestLine,
    },
    telemetry::connection::{Came, ConnectionState},
};

/// A client connection's bytes.
pub(super) struct ClientIo {
    stream: Socket,
    prefix: Bytes,
    state: Arc<ConnectionState>,
    line: RequestLine,
    longest_target: usize,
    closing: Closing,
}

/// A request line is longer than any we read; what is wrong with the connection when it ends so.
#[derive(Debug, thiserror::Error)]
#[error("the request target is too long")]
pub(super) struct TargetTooLong;

/// How far closing has come (RFC 9112 section 9.6).
enum Closing {
    Not,
    /// Our side is shut; what the client still sends is read and forgotten, or the reset that
    /// follows unread bytes would take the answer away from it.
    Lingering(Box<Linger>),
    Done,
}

struct Linger {
    silence: Pin<Box<Sleep>>,
    ends: Instant,
}

/// How long a client may be silent, and may go on sending, after our side was closed.
const LINGER_SILENCE: Duration = Duration::from_secs(2);
const LINGER_TOTAL: Duration = Duration::from_secs(10);

impl ClientIo {
    pub(super) fn new(
        stream: Socket,
        prefix: Bytes,
        state: Arc<ConnectionState>,
        longest_target: usize,
    ) -> Self {
        Self {
            stream,
            prefix,
            state,
            line: RequestLine::default(),
            longest_target,
            closing: Closing::Not,
        }
    }

    /// Bytes that were read already and are to be read again, before those of the socket.
    pub(super) fn give_back(&mut self, bytes: Bytes) {
        // Even an empty piece keeps the buffer it was cut from.
        self.prefix = if bytes.is_empty() {
            Bytes::new()
        } else {
            bytes
        };
    }

    /// Waits until there is something to read, be it the end.
    pub(super) async fn readable(&self) -> io::Result<()> {
        if self.prefix.is_empty() {
            self.stream.readable().await
        } else {
            Ok(())
        }
    }

    /// Whether nobody waits for an answer.
    pub(super) fn is_quiet(&self) -> bool {
        self.state.is_quiet()
    }

    /// Follows what comes from the client.
    fn note(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.state.bytes_came() {
            Came::Other => return Ok(()),
            Came::BeginOfHead => self.line.begin(),
            Came::MoreOfHead => {}
        }
        if self.line.push(bytes, self.longest_target) {
            return Err(io::Error::other(TargetTooLong));
        }
        Ok(())
    }

    /// Follows whether the client takes what it is sent.
    fn note_written(&self, is_pending: bool) {
        let waits = is_pending || self.stream.holds_unsent();
        self.state.write_waits(waits);
    }

    /// Answers what is no request to hyper, and closes.
    pub(super) async fn refuse(mut self, answer: &[u8]) -> io::Result<()> {
        self.state.leaves_request_unread();
        self.write_all(answer).await?;
        self.shutdown().await
    }

    /// Reads and forgets until the client has closed too, or has had its time.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Closing::Lingering(linger) = &mut self.closing else {
            return Poll::Ready(Ok(()));
        };
        let mut scratch = [0; 8 * 1024];
        // Bounded per turn, so that one flooding client does not hold the worker.
        for _ in 0..16 {
            let mut buf = ReadBuf::new(&mut scratch);
            match Pin::new(self.stream.tcp_mut()).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                    let now = Instant::now();
                    if now >= linger.ends {
                        return Poll::Ready(Ok(()));
                    }
                    linger
                        .silence
                        .as_mut()
                        .reset(linger.ends.min(now + LINGER_SILENCE));
                }
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return linger.silence.as_mut().poll(cx).map(Ok),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Whether the client has sent something that nobody will read.
    fn poll_unread(&mut self, cx: &mut Context<'_>) -> bool {
        let mut scratch = [0; 1];
        let mut buf = ReadBuf::new(&mut scratch);
        matches!(self.stream.tcp().poll_peek(cx, &mut buf), Poll::Ready(Ok(bytes)) if bytes > 0)
    }
}

impl Drop for ClientIo {
    fn drop(&mut self) {
        if self.state.needs_reset() {
            // If it cannot be set the socket is gone already.
            drop(self.stream.tcp().set_zero_linger());
        }
    }
}

impl AsyncRead for ClientIo {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !matches!(this.closing, Closing::Not) {
            // What comes after our side was closed is never a request.
            return Poll::Ready(Ok(()));
        }
        if this.prefix.has_remaining() {
            let length = this.prefix.len().min(buf.remaining());
            let bytes = this.prefix.split_to(length);
            buf.put_slice(&bytes);
            return Poll::Ready(this.note(&bytes));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        let read = buf.filled().get(before..).unwrap_or_default();
        Poll::Ready(if read.is_empty() {
            Ok(())
        } else {
            this.note(read)
        })
    }
}

impl AsyncWrite for ClientIo {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.note_written(written.is_pending());
        written
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let stream = Pin::new(&mut this.stream);
        let written = match gather(bufs, &mut [0; SMALL]) {
            Some(whole) => stream.poll_write(cx, whole),
            None => stream.poll_write_vectored(cx, bufs),
        };
        this.note_written(written.is_pending());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(cx);
        if let Socket::Tls(_) = this.stream {
            this.state.write_waits(flushed.is_pending());
        }
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Closing::Not = this.closing {
            this.state.closes();
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            this.closing = if this.poll_unread(cx) || this.state.has_unread_request() {
                Closing::Lingering(Box::new(Linger {
                    silence: Box::pin(sleep(LINGER_SILENCE)),
                    ends: Instant::now() + LINGER_TOTAL,
                }))
            } else {
                Closing::Done
            };
        }
        ready!(this.poll_linger(cx))?;
        this.closing = Closing::Done;
        Poll::Ready(Ok(()))
    }
}
