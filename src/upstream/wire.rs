//! The socket to an endpoint, and what has crossed it.
//!
//! Hyper says that an exchange failed, not how far it had come. This wrapper counts bytes and
//! notices a write that stalls, so that [`super::exchange`] can tell "never sent" from "perhaps
//! acted on" and knows when its clocks start. It costs no system call and, while nothing stalls,
//! no look at the clock.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use crate::message::gather::{SMALL, gather};

mod state;

pub(crate) use self::state::{ClientEnd, WireState};
pub(super) use self::state::{Mark, Progress};

/// Plain or encrypted. TLS state is boxed: it is large and rare.
pub(super) enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Transport {
    /// Whether both sides have agreed on HTTP/2 (RFC 7301); `None` where nobody was asked.
    pub(super) fn agreed_on_http2(&self) -> Option<bool> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(stream) => Some(stream.get_ref().1.alpn_protocol() == Some(b"h2")),
        }
    }
}

/// The socket itself.
pub(super) struct Wire {
    transport: Transport,
    state: Arc<WireState>,
    /// Where a write fails, nothing is read any more.
    is_multiplexed: bool,
}

impl Wire {
    pub(super) fn new(transport: Transport) -> (Self, Arc<WireState>) {
        let state = Arc::new(WireState::default());
        let wire = Self {
            transport,
            state: Arc::clone(&state),
            is_multiplexed: false,
        };
        (wire, state)
    }

    /// For HTTP/2.
    pub(super) fn multiplexed(transport: Transport) -> (Self, Arc<WireState>) {
        let (wire, state) = Self::new(transport);
        let is_multiplexed = true;
        (
            Self {
                is_multiplexed,
                ..wire
            },
            state,
        )
    }

    /// A write has failed. An alert that says why may have come before, and is waited for: what a
    /// broken connection has to say is there at once, or its end is.
    fn look_back(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_multiplexed
            && let Transport::Tls(stream) = &mut self.transport
        {
            let mut unread = [0; 64];
            let mut unread = ReadBuf::new(&mut unread);
            if let Err(error) = ready!(Pin::new(stream).poll_read(cx, &mut unread)) {
                self.state.note_broken(&error);
            }
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let result = ready!(match &mut this.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Transport::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        });
        this.state
            .note_read(buf.filled().len().saturating_sub(before));
        if let Err(error) = &result {
            this.state.note_broken(error);
        }
        Poll::Ready(result)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = match &mut this.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Transport::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        };
        this.state.note_write(&result);
        if let Poll::Ready(Err(_)) = &result {
            ready!(this.look_back(cx));
        }
        result
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = match &mut this.transport {
            Transport::Plain(stream) => match gather(bufs, &mut [0; SMALL]) {
                Some(whole) => Pin::new(stream).poll_write(cx, whole),
                None => Pin::new(stream).poll_write_vectored(cx, bufs),
            },
            Transport::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        };
        this.state.note_write(&result);
        if let Poll::Ready(Err(_)) = &result {
            ready!(this.look_back(cx));
        }
        result
    }

    fn is_write_vectored(&self) -> bool {
        match &self.transport {
            Transport::Plain(stream) => stream.is_write_vectored(),
            Transport::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = match &mut this.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Transport::Tls(stream) => Pin::new(stream).poll_flush(cx),
        };
        if let Poll::Ready(Err(_)) = &result {
            ready!(this.look_back(cx));
        }
        result
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().transport {
            Transport::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Transport::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
