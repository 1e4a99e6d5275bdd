//! The answers of several HTTP/2 streams in one write.
//!
//! The library below us writes each frame with a body by itself. Here the frames of one turn of a
//! connection are kept together and leave when the turn ends: in one system call, and over TLS in
//! one record. Nothing waits for another turn, so a lone answer is not later for it.

use std::{
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{guard::Graceful, io::ClientIo};

/// The most that is kept together: what fits into one TLS record (RFC 8446 section 5.1).
const ROOM: usize = 16 * 1024;

/// A client connection's bytes, held by the library and by the [`Turns`] around it.
#[derive(Clone)]
pub(super) struct Gathered(Arc<Mutex<Gathering>>);

struct Gathering {
    io: ClientIo,
    waiting: Vec<u8>,
    /// Of what waits, so much has been sent.
    sent: usize,
    /// Why it could not be sent: told at the next opportunity.
    failed: Option<io::Error>,
}

impl Gathered {
    pub(super) fn new(io: ClientIo) -> Self {
        Self(Arc::new(Mutex::new(Gathering {
            io,
            waiting: Vec::new(),
            sent: 0,
            failed: None,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Gathering> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what waits at the end of a turn.
    fn end_turn(&self, cx: &mut Context<'_>) {
        let mut gathering = self.lock();
        if let Poll::Ready(Err(error)) = gathering.poll_send(cx) {
            gathering.failed = Some(error);
            // The connection has to hear of it.
            cx.waker().wake_by_ref();
        }
    }
}

impl Gathering {
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self
            .waiting
            .get(self.sent..)
            .filter(|rest| !rest.is_empty())
        {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += written;
        }
        self.sent = 0;
        if self.io.is_quiet() {
            // An idle connection keeps no buffer.
            self.waiting = Vec::new();
        } else {
            self.waiting.clear();
        }
        Pin::new(&mut self.io).poll_flush(cx)
    }

    /// Makes room for so many bytes more. False: they are too many to be kept.
    fn poll_room(&mut self, cx: &mut Context<'_>, length: usize) -> Poll<io::Result<bool>> {
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Err(error));
        }
        if self.waiting.len() + length > ROOM {
            ready!(self.poll_send(cx))?;
        }
        if length > ROOM {
            return Poll::Ready(Ok(false));
        }
        // All of it at once: growing costs more than room that is left over.
        self.waiting.reserve_exact(ROOM - self.waiting.len());
        Poll::Ready(Ok(true))
    }
}

impl AsyncRead for Gathered {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut gathering = self.lock();
        if let Some(error) = gathering.failed.take() {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut gathering.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Gathered {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut gathering = self.lock();
        if !ready!(gathering.poll_room(cx, buf.len()))? {
            return Pin::new(&mut gathering.io).poll_write(cx, buf);
        }
        gathering.waiting.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = bufs.iter().map(|buf| buf.len()).sum();
        let mut gathering = self.lock();
        if !ready!(gathering.poll_room(cx, length))? {
            return Pin::new(&mut gathering.io).poll_write_vectored(cx, bufs);
        }
        for buf in bufs {
            gathering.waiting.extend_from_slice(buf);
        }
        Poll::Ready(Ok(length))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// The turn's end does it.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut gathering = self.lock();
        ready!(gathering.poll_send(cx))?;
        Pin::new(&mut gathering.io).poll_shutdown(cx)
    }
}

/// A connection whose writes leave when each of its turns ends.
pub(super) struct Turns<C> {
    connection: C,
    io: Gathered,
}

impl<C> Turns<C> {
    pub(super) fn new(connection: C, io: Gathered) -> Self {
        Self { connection, io }
    }
}

impl<C: Future + Unpin> Future for Turns<C> {
    type Output = C::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.connection).poll(cx);
        this.io.end_turn(cx);
        polled
    }
}

impl<C: Graceful> Graceful for Turns<C> {
    fn graceful(&mut self) {
        self.connection.graceful();
    }
}

#[cfg(test)]
mod tests;
