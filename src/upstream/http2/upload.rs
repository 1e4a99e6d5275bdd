//! What is sent: a request body with its trailers, as fast as the origin takes it.
//!
//! Until the origin has answered, what was sent is kept, up to a limit: an origin that says it has
//! not looked at the request (RFC 9113 section 8.7) leaves it free to be sent elsewhere, whatever
//! its method is.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use h2::{Reason, SendStream};
use http_body::{Body, Frame};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep},
};

use super::session::Slot;
use crate::upstream::{
    request_body::{RequestBody, RequestBodyError},
    wire::{ClientEnd, Progress, WireState},
};

/// How much of a body is kept for another attempt, in bytes.
const KEPT: usize = 64 * 1024;

/// A request body on its way.
pub(super) struct Upload {
    body: RequestBody,
    /// `None` when it has ended.
    stream: Option<SendStream<Bytes>>,
    /// What the origin has had no room for yet.
    waiting: Bytes,
    sent: Vec<Frame<Bytes>>,
    /// Of `sent`, in bytes; `None` when it was too much to be kept.
    kept: Option<usize>,
    progress: Arc<WireState>,
}

impl Upload {
    pub(super) fn new(
        body: RequestBody,
        stream: SendStream<Bytes>,
        progress: Arc<WireState>,
    ) -> Self {
        let stream = Some(stream).filter(|_| !body.is_none());
        Self {
            body,
            stream,
            waiting: Bytes::new(),
            sent: Vec::new(),
            kept: Some(0),
            progress,
        }
    }

    /// Whether all of it has been sent, or nobody wants more of it.
    pub(super) fn has_ended(&self) -> bool {
        self.stream.is_none()
    }

    /// The body, which waits to be asked for.
    pub(super) fn awaited(&self) -> Option<&RequestBody> {
        Some(&self.body).filter(|body| body.is_held_back())
    }

    /// Sends what can be sent now. Ready at the end.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ClientEnd>> {
        while let Some(stream) = &mut self.stream {
            if !self.waiting.is_empty() {
                ready!(self.poll_send(cx));
                continue;
            }
            if stream.poll_reset(cx).is_ready() {
                self.stream = None;
                break;
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => self.take(frame),
                None => self.finish(None),
                Some(Err(RequestBodyError::NotWanted)) => self.abort(),
                Some(Err(error)) => {
                    self.abort();
                    return Poll::Ready(Err(error.end()));
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    fn take(&mut self, frame: Frame<Bytes>) {
        match frame.into_data() {
            Ok(data) if data.is_empty() && self.body.is_end_stream() => self.finish(None),
            Ok(data) => self.waiting = data,
            Err(frame) => {
                if let Ok(fields) = frame.into_trailers() {
                    self.finish(Some(fields));
                }
            }
        }
    }

    /// Sends what is waiting, or as much of it as there is room for.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(());
        };
        stream.reserve_capacity(self.waiting.len());
        while stream.capacity() == 0 {
            let Poll::Ready(room) = stream.poll_capacity(cx) else {
                self.progress.note_write(&Poll::Pending);
                return Poll::Pending;
            };
            if !matches!(room, Some(Ok(_))) {
                // The stream has ended: the answer says why.
                self.stream = None;
                return Poll::Ready(());
            }
        }
        let room = stream.capacity().min(self.waiting.len());
        self.progress.note_write(&Poll::Ready(Ok(room)));
        let piece = self.waiting.split_to(room);
        self.keep(Frame::data(piece.clone()), piece.len());
        let is_end = self.waiting.is_empty() && self.body.is_end_stream();
        self.send(|stream| stream.send_data(piece, is_end), is_end);
        Poll::Ready(())
    }

    fn finish(&mut self, trailers: Option<http::HeaderMap>) {
        match trailers {
            None => self.send(|stream| stream.send_data(Bytes::new(), true), true),
            Some(fields) => {
                self.keep(Frame::trailers(fields.clone()), 0);
                self.send(|stream| stream.send_trailers(fields), true);
            }
        }
    }

    fn send(
        &mut self,
        send: impl FnOnce(&mut SendStream<Bytes>) -> Result<(), h2::Error>,
        is_end: bool,
    ) {
        let sent = self.stream.as_mut().map(send);
        // Failing, it has ended already: the answer says why.
        if is_end || matches!(sent, Some(Err(_))) {
            self.stream = None;
        }
    }

    fn keep(&mut self, frame: Frame<Bytes>, bytes: usize) {
        let kept = self.kept.map(|kept| kept + bytes);
        self.kept = kept.filter(|kept| *kept <= KEPT);
        match self.kept {
            Some(_) => self.sent.push(frame),
            None => self.sent = Vec::new(),
        }
    }

    /// Tells the origin that no more will come.
    fn abort(&mut self) {
        if let Some(mut stream) = self.stream.take() {
            stream.send_reset(Reason::CANCEL);
        }
    }

    /// The whole body again, if enough of it was kept.
    pub(super) fn take_back(self) -> Option<RequestBody> {
        self.kept?;
        let mut sent = self.sent;
        if !self.waiting.is_empty() {
            sent.push(Frame::data(self.waiting));
        }
        let mut body = self.body;
        body.put_back(sent);
        Some(body)
    }

    /// Goes on beside the answer. `answered` is told when that has come to its end, from where on
    /// nothing may stall for longer than `patience`; dropped, it takes the upload with it.
    pub(super) async fn beside(
        mut self,
        mut answered: oneshot::Receiver<()>,
        slot: Arc<Slot>,
        patience: Duration,
    ) {
        self.kept = None;
        self.sent = Vec::new();
        let cut = tokio::select! {
            _ = poll_fn(|cx| self.poll(cx)) => false,
            told = &mut answered => match told {
                Err(_) => true,
                Ok(()) => self.stalls(patience).await,
            },
        };
        if cut {
            self.abort();
        }
        drop(slot);
    }

    /// Whether nothing has moved for so long; false when it came to its end.
    async fn stalls(&mut self, patience: Duration) -> bool {
        let mut timer = Box::pin(sleep(patience));
        let began = Instant::now();
        poll_fn(|cx| {
            if self.poll(cx).is_ready() {
                return Poll::Ready(false);
            }
            while timer.as_mut().poll(cx).is_ready() {
                let since = match self.progress.progress() {
                    Progress::Stalled(since) => since,
                    Progress::Uploading(last) => last.unwrap_or(began),
                    Progress::Flushed(at) => at.unwrap_or(began),
                };
                let until = since.max(began) + patience;
                if until <= Instant::now() {
                    return Poll::Ready(true);
                }
                timer.as_mut().reset(until);
            }
            Poll::Pending
        })
        .await
    }
}
