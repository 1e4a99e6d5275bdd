//! Request bodies on their way to the origin: streamed, counted, never collected.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::{body::read_away, expect::Barrier, wire::WireState};
use crate::telemetry::record::Record;

/// A client's request body on its way to the origin.
pub(crate) struct RequestBody {
    incoming: Option<Incoming>,
    wire: Option<Arc<WireState>>,
    barrier: Option<Arc<Barrier>>,
    /// What was sent before in vain, to be sent first.
    again: Option<Box<Again>>,
    record: Arc<Record>,
}

/// Never empty.
struct Again(VecDeque<Frame<Bytes>>);

impl RequestBody {
    pub(super) fn new(
        incoming: Incoming,
        barrier: Option<Arc<Barrier>>,
        record: Arc<Record>,
    ) -> Self {
        let incoming = Some(incoming).filter(|body| !body.is_end_stream());
        if incoming.is_none() {
            record.request_body_ended();
        }
        Self {
            incoming,
            wire: None,
            barrier,
            again: None,
            record,
        }
    }

    /// A body for a repeated request that has none.
    pub(super) fn none(record: Arc<Record>) -> Self {
        Self {
            incoming: None,
            wire: None,
            barrier: None,
            again: None,
            record,
        }
    }

    /// Tells the connection's clocks when the body ends. Says whether there is a body.
    pub(super) fn attach(&mut self, wire: &Arc<WireState>) -> bool {
        let is_some = !self.is_none();
        if is_some {
            self.wire = Some(Arc::clone(wire));
        }
        is_some
    }

    pub(super) fn is_none(&self) -> bool {
        self.incoming.is_none() && self.again.is_none()
    }

    /// Makes it whole again: what was sent of it did not count.
    pub(super) fn put_back(&mut self, sent: Vec<Frame<Bytes>>) {
        if !sent.is_empty() {
            let later = self.again.take().map(|again| again.0);
            let mut frames = VecDeque::from(sent);
            frames.extend(later.into_iter().flatten());
            self.again = Some(Box::new(Again(frames)));
        }
    }

    /// Whether it waits for the origin to want it.
    pub(super) fn is_held_back(&self) -> bool {
        self.barrier.is_some()
    }

    /// The origin wants it.
    pub(super) fn is_wanted(&self) {
        if let Some(barrier) = &self.barrier {
            barrier.open();
        }
    }

    /// The next of what is sent again.
    fn repeated(&mut self) -> Option<Frame<Bytes>> {
        let Again(frames) = self.again.as_deref_mut()?;
        let frame = frames.pop_front();
        if frames.is_empty() {
            self.again = None;
            if self.incoming.is_none()
                && let Some(wire) = &self.wire
            {
                wire.upload_ended();
            }
        }
        frame
    }

    /// Reads what has come already, so that the connection to the client can be kept. Waits next
    /// to nothing: the answer must not. What is left over is read when the connection is closed.
    pub(crate) async fn drain(mut self) {
        const MOST: usize = 256 * 1024;
        const PATIENCE: Duration = Duration::from_millis(5);
        // Reading would ask the client for a body that nobody wants.
        if self.barrier.is_some() {
            return;
        }
        // Out of time is as good as out of patience: the connection will be closed.
        read_away(&mut self, MOST, PATIENCE).await;
    }

    fn ended(&mut self) {
        self.incoming = None;
        self.record.request_body_ended();
        if let Some(wire) = &self.wire {
            wire.upload_ended();
        }
    }

    fn broke(&mut self) {
        self.incoming = None;
        if let Some(wire) = &self.wire {
            wire.upload_broke();
        }
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if self.incoming.is_some() {
            // Nobody reads the rest: the clocks need not wait for it, and closing must be careful.
            if let Some(wire) = &self.wire {
                wire.upload_ended();
            }
            self.record.connection().leaves_request_unread();
        }
    }
}

/// Why a request body cannot be sent on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestBodyError {
    #[error("the client broke off its request")]
    Client(#[source] hyper::Error),
    #[error("the origin answered without asking for the request body")]
    NotWanted,
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = RequestBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RequestBodyError>>> {
        let this = &mut *self;
        if let Some(barrier) = &this.barrier {
            if ready!(barrier.poll_open(cx)) {
                this.barrier = None;
            } else {
                this.incoming = None;
                return Poll::Ready(Some(Err(RequestBodyError::NotWanted)));
            }
        }
        if this.again.is_some()
            && let Some(frame) = this.repeated()
        {
            return Poll::Ready(Some(Ok(frame)));
        }
        let Some(incoming) = &mut this.incoming else {
            return Poll::Ready(None);
        };
        match ready!(Pin::new(&mut *incoming).poll_frame(cx)) {
            Some(Ok(frame)) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                let is_end = incoming.is_end_stream() || frame.is_trailers();
                if let Some(wire) = &this.wire {
                    wire.upload_came();
                }
                this.record.add_request_bytes(bytes);
                if is_end {
                    this.ended();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                this.broke();
                Poll::Ready(Some(Err(RequestBodyError::Client(error))))
            }
            None => {
                this.ended();
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.incoming.as_ref();
        let mut hint = left.map_or_else(|| SizeHint::with_exact(0), Incoming::size_hint);
        if let Some(Again(frames)) = self.again.as_deref() {
            let bytes: usize = frames
                .iter()
                .filter_map(Frame::data_ref)
                .map(Bytes::len)
                .sum();
            let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
            if let Some(upper) = hint.upper() {
                hint.set_upper(upper.saturating_add(bytes));
            }
            hint.set_lower(hint.lower().saturating_add(bytes));
        }
        hint
    }
}
