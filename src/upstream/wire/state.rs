//! What has crossed one connection, and how far the sending of a request has come.

use std::{
    io,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    task::Poll,
};

use tokio::time::Instant;

use crate::failure::{UpstreamFailure, classify};

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
pub(in crate::upstream) struct Mark {
    read: u64,
    heard: u64,
    written: u64,
}

/// How far the sending of a request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::upstream) enum Progress {
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
    pub(in crate::upstream) fn mark(&self, has_body: bool) -> Mark {
        if has_body {
            self.times().upload_came_at = None;
        }
        self.upload
            .store(if has_body { UPLOAD_RUNS } else { UPLOAD_NONE }, Relaxed);
        self.look()
    }

    /// Where the counters stand.
    pub(in crate::upstream) fn look(&self) -> Mark {
        Mark {
            read: self.read.load(Relaxed),
            heard: self.heard.load(Relaxed),
            written: self.written.load(Relaxed),
        }
    }

    /// Whether any byte went out since the mark.
    pub(in crate::upstream) fn wrote_since(&self, mark: Mark) -> bool {
        self.written.load(Relaxed) != mark.written
    }

    /// Whether any byte came in since the mark.
    pub(in crate::upstream) fn read_since(&self, mark: Mark) -> bool {
        self.read.load(Relaxed) != mark.read
    }

    /// Whether anything came in since the mark, be it the end of the connection.
    pub(in crate::upstream) fn heard_since(&self, mark: Mark) -> bool {
        self.heard.load(Relaxed) != mark.heard
    }

    /// What has come in all, in bytes.
    pub(in crate::upstream) fn read_in_all(&self) -> u64 {
        self.read.load(Relaxed)
    }

    /// Since when the endpoint takes no more bytes, if it does not.
    pub(in crate::upstream) fn stalled_since(&self) -> Option<Instant> {
        self.times().stalled_since
    }

    /// Why the encryption failed, where it did.
    pub(in crate::upstream) fn tls_failure(&self) -> Option<UpstreamFailure> {
        self.tls.get().copied()
    }

    /// Whether the request body has not come to its end.
    pub(in crate::upstream) fn is_uploading(&self) -> bool {
        self.upload.load(Relaxed) == UPLOAD_RUNS
    }

    /// More of the request body has come.
    pub(in crate::upstream) fn upload_came(&self) {
        self.times().upload_came_at = Some(Instant::now());
    }

    /// The request body has been handed over in full.
    pub(in crate::upstream) fn upload_ended(&self) {
        self.upload.store(UPLOAD_DONE, Relaxed);
        self.times().upload_ended_at = Some(Instant::now());
    }

    /// The request body does not come to its end.
    pub(in crate::upstream) fn upload_cut(&self, end: ClientEnd) {
        let end = match end {
            ClientEnd::Broke => UPLOAD_BROKEN,
            ClientEnd::Stalled => UPLOAD_STALLED,
            ClientEnd::TooLarge => UPLOAD_TOO_LARGE,
        };
        self.upload.store(end, Relaxed);
    }

    /// Whether it was the client's doing that the exchange broke off, and what that was.
    pub(in crate::upstream) fn client_end(&self) -> Option<ClientEnd> {
        match self.upload.load(Relaxed) {
            UPLOAD_BROKEN => Some(ClientEnd::Broke),
            UPLOAD_STALLED => Some(ClientEnd::Stalled),
            UPLOAD_TOO_LARGE => Some(ClientEnd::TooLarge),
            _ => None,
        }
    }

    pub(in crate::upstream) fn progress(&self) -> Progress {
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

    pub(super) fn note_broken(&self, error: &io::Error) {
        if let Some(cause) = classify::encryption(error) {
            // The first is the cause of those that follow.
            let _ = self.tls.set(cause);
        }
    }

    pub(super) fn note_read(&self, bytes: usize) {
        add(&self.heard, 1);
        add(&self.read, bytes);
    }

    pub(in crate::upstream) fn note_write(&self, result: &Poll<io::Result<usize>>) {
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
