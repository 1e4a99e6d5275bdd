//! The socket to an endpoint, and what has crossed it.
//!
//! Hyper says that an exchange failed, not how far it had come. This wrapper counts bytes and
//! notices a write that stalls, so that [`super::exchange`] can tell "never sent" from "perhaps
//! acted on" and knows when its clocks start. It costs no system call and, while nothing stalls,
//! no look at the clock.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Instant,
};
use tokio_rustls::client::TlsStream;

use crate::{
    failure::{UpstreamFailure, classify},
    message::gather::{SMALL, gather},
};

/// Plain or encrypted. TLS state is boxed: it is large and rare.
pub(super) enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What has crossed one connection. Shared between the socket and the request that uses it, both
/// on one thread: plain loads and stores would do, atomics make it `Sync`.
#[derive(Debug, Default)]
pub(crate) struct WireState {
    read: AtomicU64,
    /// Reads that brought anything, be it the end.
    heard: AtomicU64,
    written: AtomicU64,
    stalled: AtomicBool,
    times: Mutex<Times>,
    upload: AtomicU64,
    /// Why the encryption failed, where it did.
    tls: OnceLock<UpstreamFailure>,
}

/// Only touched when a write stalls or a request body ends.
#[derive(Debug, Default, Clone, Copy)]
struct Times {
    stalled_since: Option<Instant>,
    resumed_at: Option<Instant>,
    upload_came_at: Option<Instant>,
    upload_ended_at: Option<Instant>,
}

/// Where the counters stood when a request was handed over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    read: u64,
    heard: u64,
    written: u64,
}

/// How far the sending of a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// All of it has left us, at this time at the latest; `None`: at once.
    Flushed(Option<Instant>),
    /// The endpoint takes no more bytes, since then.
    Stalled(Instant),
    /// The client has not sent all of it yet; the last of it came then.
    Uploading(Option<Instant>),
}

const UPLOAD_NONE: u64 = 0;
const UPLOAD_RUNS: u64 = 1;
const UPLOAD_DONE: u64 = 2;
const UPLOAD_BROKEN: u64 = 3;
const UPLOAD_STALLED: u64 = 4;
const UPLOAD_TOO_LARGE: u64 = 5;

/// What became of a request body that did not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientEnd {
    /// It broke off.
    Broke,
    /// Nothing more came in time, or too little.
    Stalled,
    /// It is larger than the site takes.
    TooLarge,
}

impl WireState {
    /// Begins an exchange.
    pub(super) fn mark(&self, has_body: bool) -> Mark {
        if has_body {
            self.times().upload_came_at = None;
        }
        self.upload
            .store(if has_body { UPLOAD_RUNS } else { UPLOAD_NONE }, Relaxed);
        self.look()
    }

    /// Where the counters stand.
    pub(super) fn look(&self) -> Mark {
        Mark {
            read: self.read.load(Relaxed),
            heard: self.heard.load(Relaxed),
            written: self.written.load(Relaxed),
        }
    }

    /// Whether any byte went out since the mark.
    pub(super) fn wrote_since(&self, mark: Mark) -> bool {
        self.written.load(Relaxed) != mark.written
    }

    /// Whether any byte came in since the mark.
    pub(super) fn read_since(&self, mark: Mark) -> bool {
        self.read.load(Relaxed) != mark.read
    }

    /// Whether anything came in since the mark, be it the end of the connection.
    pub(super) fn heard_since(&self, mark: Mark) -> bool {
        self.heard.load(Relaxed) != mark.heard
    }

    /// What has come in all, in bytes.
    pub(super) fn read_in_all(&self) -> u64 {
        self.read.load(Relaxed)
    }

    /// Since when the endpoint takes no more bytes, if it does not.
    pub(super) fn stalled_since(&self) -> Option<Instant> {
        self.times().stalled_since
    }

    /// Why the encryption failed, where it did.
    pub(super) fn tls_failure(&self) -> Option<UpstreamFailure> {
        self.tls.get().copied()
    }

    /// Whether the request body has not come to its end.
    pub(super) fn is_uploading(&self) -> bool {
        self.upload.load(Relaxed) == UPLOAD_RUNS
    }

    /// More of the request body has come.
    pub(super) fn upload_came(&self) {
        self.times().upload_came_at = Some(Instant::now());
    }

    /// The request body has been handed over in full.
    pub(super) fn upload_ended(&self) {
        self.upload.store(UPLOAD_DONE, Relaxed);
        self.times().upload_ended_at = Some(Instant::now());
    }

    /// The request body does not come to its end.
    pub(super) fn upload_cut(&self, end: ClientEnd) {
        let end = match end {
            ClientEnd::Broke => UPLOAD_BROKEN,
            ClientEnd::Stalled => UPLOAD_STALLED,
            ClientEnd::TooLarge => UPLOAD_TOO_LARGE,
        };
        self.upload.store(end, Relaxed);
    }

    /// Whether it was the client's doing that the exchange broke off, and what that was.
    pub(super) fn client_end(&self) -> Option<ClientEnd> {
        match self.upload.load(Relaxed) {
            UPLOAD_BROKEN => Some(ClientEnd::Broke),
            UPLOAD_STALLED => Some(ClientEnd::Stalled),
            UPLOAD_TOO_LARGE => Some(ClientEnd::TooLarge),
            _ => None,
        }
    }

    pub(super) fn progress(&self) -> Progress {
        let times = *self.times();
        if let Some(since) = times.stalled_since {
            return Progress::Stalled(since);
        }
        match self.upload.load(Relaxed) {
            UPLOAD_NONE => Progress::Flushed(times.resumed_at),
            UPLOAD_DONE => Progress::Flushed(times.upload_ended_at.max(times.resumed_at)),
            _ => Progress::Uploading(times.upload_came_at),
        }
    }

    fn times(&self) -> std::sync::MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_broken(&self, error: &io::Error) {
        if let Some(cause) = classify::encryption(error) {
            // The first is the cause of those that follow.
            let _ = self.tls.set(cause);
        }
    }

    fn note_read(&self, bytes: usize) {
        add(&self.heard, 1);
        add(&self.read, bytes);
    }

    pub(super) fn note_write(&self, result: &Poll<io::Result<usize>>) {
        match result {
            Poll::Ready(Ok(bytes)) => {
                add(&self.written, *bytes);
                if self.stalled.load(Relaxed) {
                    self.stalled.store(false, Relaxed);
                    let mut times = self.times();
                    times.stalled_since = None;
                    times.resumed_at = Some(Instant::now());
                }
            }
            Poll::Pending if !self.stalled.load(Relaxed) => {
                self.stalled.store(true, Relaxed);
                self.times().stalled_since = Some(Instant::now());
            }
            _ => {}
        }
    }
}

fn add(counter: &AtomicU64, bytes: usize) {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    counter.store(counter.load(Relaxed).wrapping_add(bytes), Relaxed);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_without_body_counts_as_flushed_at_once() {
        let state = WireState::default();
        state.mark(false);
        assert_eq!(state.progress(), Progress::Flushed(None));
    }

    #[test]
    fn a_stalled_write_is_noticed_until_it_goes_on() {
        let state = WireState::default();
        let mark = state.mark(true);
        assert_eq!(state.progress(), Progress::Uploading(None));
        state.note_write(&Poll::Pending);
        assert!(matches!(state.progress(), Progress::Stalled(_)));
        assert!(!state.wrote_since(mark));
        state.note_write(&Poll::Ready(Ok(7)));
        assert_eq!(state.progress(), Progress::Uploading(None));
        assert!(state.wrote_since(mark));
        state.upload_ended();
        assert!(matches!(state.progress(), Progress::Flushed(Some(_))));
    }
}
