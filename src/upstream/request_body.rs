//! Request bodies on their way to the origin: streamed, counted, never collected, and held to what
//! the client may send.

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

use super::{
    body::read_away,
    expect::Barrier,
    pace::Pace,
    wire::{ClientEnd, WireState},
};
use crate::telemetry::record::Record;

/// A client's request body on its way to the origin.
pub(crate) struct RequestBody {
    incoming: Option<Incoming>,
    wire: Option<Arc<WireState>>,
    barrier: Option<Arc<Barrier>>,
    /// What was sent before in vain, to be sent first.
    again: Option<Box<Again>>,
    terms: Terms,
    received: u64,
    pace: Option<Box<Pace>>,
    record: Arc<Record>,
}

/// Never empty.
struct Again(VecDeque<Frame<Bytes>>);

/// What a client may do with a request body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// Its length in bytes, at most.
    pub(crate) most: u64,
    /// Whether its pace counts: not where both sides speak when they have something to say.
    pub(crate) paced: bool,
}

impl RequestBody {
    pub(super) fn new(
        incoming: Incoming,
        barrier: Option<Arc<Barrier>>,
        terms: Terms,
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
            terms,
            received: 0,
            pace: None,
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
            terms: Terms::NONE,
            received: 0,
            pace: None,
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

    /// The client is no longer listened to.
    fn cut(&mut self, end: ClientEnd) {
        self.incoming = None;
        if let Some(wire) = &self.wire {
            wire.upload_cut(end);
        }
    }

    /// The next piece, or the end, or that the client has had its time.
    fn poll_incoming(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RequestBodyError>>> {
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(frame) = Pin::new(incoming).poll_frame(cx) {
            if let Some(pace) = &mut self.pace {
                pace.came();
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(RequestBodyError::Client)));
        }
        if self.pace.is_none() && self.terms.paced {
            self.pace = Pace::new(self.record.connection().bounds()).map(Box::new);
        }
        match &mut self.pace {
            Some(pace) => pace
                .poll_late(cx, self.received)
                .map(|()| Some(Err(RequestBodyError::TooSlow))),
            None => Poll::Pending,
        }
    }

    /// A piece has come.
    fn came(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, RequestBodyError> {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        self.received += u64::try_from(bytes).unwrap_or(u64::MAX);
        self.record.add_request_bytes(bytes);
        if self.received > self.terms.most {
            return Err(RequestBodyError::TooLarge);
        }
        if let Some(wire) = &self.wire {
            wire.upload_came();
        }
        if frame.is_trailers() || self.incoming.as_ref().is_none_or(Incoming::is_end_stream) {
            self.ended();
        }
        Ok(frame)
    }
}

impl Terms {
    /// Anything goes.
    pub(super) const NONE: Self = Self {
        most: u64::MAX,
        paced: false,
    };
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
    #[error("the request body is larger than the site takes")]
    TooLarge,
    #[error("the request body comes too slowly")]
    TooSlow,
    #[error("the origin answered without asking for the request body")]
    NotWanted,
}

impl RequestBodyError {
    /// What it means for the client.
    pub(super) const fn end(&self) -> ClientEnd {
        match self {
            Self::Client(_) | Self::NotWanted => ClientEnd::Broke,
            Self::TooLarge => ClientEnd::TooLarge,
            Self::TooSlow => ClientEnd::Stalled,
        }
    }
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
        let frame = match ready!(this.poll_incoming(cx)) {
            Some(frame) => frame.and_then(|frame| this.came(frame)),
            None => {
                if this.incoming.is_some() {
                    this.ended();
                }
                return Poll::Ready(None);
            }
        };
        if let Err(error) = &frame {
            this.cut(error.end());
        }
        Poll::Ready(Some(frame))
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
