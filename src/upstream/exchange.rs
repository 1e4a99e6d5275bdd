//! One request on one connection: send it, wait for the response head, watch the clocks.
//!
//! The first-byte clock starts when the request has been flushed, not when it was begun: a slow
//! upload is not a slow origin. A write that stalls has a clock of its own.

use std::{
    convert::Infallible,
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use http::{Request, Response};
use hyper::{body::Incoming, client::conn::http1::SendRequest};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep_until, timeout},
};

use super::{
    body::RequestBody,
    pool::Place,
    wire::{Mark, Progress, WireState},
};
use crate::{
    config::spec::TimeoutsSpec,
    failure::{AttemptError, Sent, UpstreamFailure, classify},
};

/// An open connection to an endpoint, used by one request at a time.
pub(crate) struct Connection {
    sender: SendRequest<RequestBody>,
    wire: Arc<WireState>,
    /// Requests handed to it, this one included.
    served: u64,
    _place: Place,
    /// Its driver runs as long as this exists.
    _alive: oneshot::Sender<Infallible>,
}

/// An exchange that ended without a response head.
pub(super) struct SendError {
    pub(super) error: AttemptError,
    /// The request itself, where it is certain that nothing of it was sent.
    pub(super) unsent: Option<Request<RequestBody>>,
    /// It was the client whose request body did not come to its end.
    pub(super) by_client: Option<ClientEnd>,
}

/// What became of a request body that did not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClientEnd {
    /// It broke off.
    Broke,
    /// Nothing more came in time.
    Stalled,
}

/// Which clock ran out.
enum Late {
    Upstream(UpstreamFailure),
    Client,
}

type Outcome = Result<Response<Incoming>, hyper::client::conn::TrySendError<Request<RequestBody>>>;

impl Connection {
    pub(super) fn new(
        sender: SendRequest<RequestBody>,
        wire: Arc<WireState>,
        place: Place,
        alive: oneshot::Sender<Infallible>,
    ) -> Self {
        Self {
            sender,
            wire,
            served: 0,
            _place: place,
            _alive: alive,
        }
    }

    /// Whether it can take a request now.
    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    /// Waits until it can take another request, which is when the one before has been sent to its
    /// end; the answer may come first. `None` when the endpoint does not read on, or has closed.
    pub(super) async fn settled(mut self, between_bytes: Duration) -> Option<Self> {
        loop {
            match timeout(between_bytes, self.sender.ready()).await {
                Ok(ready) => return ready.ok().map(|()| self),
                Err(_) => match self.wire.progress() {
                    Progress::Stalled(since) | Progress::Uploading(Some(since))
                        if since.elapsed() >= between_bytes =>
                    {
                        return None;
                    }
                    _ => {}
                },
            }
        }
    }

    /// Whether it has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Whether a failure means no more than that a kept connection had been closed meanwhile.
    pub(super) fn is_stale_after(&self, failed: &SendError) -> bool {
        self.served > 1
            && failed.error.sent != Sent::Yes
            && failed.error.cause == UpstreamFailure::Terminated.into()
    }

    /// Sends a request and waits for the response head.
    pub(super) async fn send(
        &mut self,
        mut request: Request<RequestBody>,
        timeouts: &TimeoutsSpec,
        cutoff: Option<Instant>,
    ) -> Result<Response<Incoming>, SendError> {
        let has_body = request.body_mut().attach(&self.wire);
        let mark = self.wire.mark(has_body);
        self.served += 1;
        let response = pin!(self.sender.try_send_request(request));
        let outcome = within(&self.wire, response, timeouts, cutoff).await;
        match outcome {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(mut failed)) => {
                let unsent = failed.take_message();
                Err(self.broken(failed.into_error(), unsent, mark))
            }
            Err(late) => {
                let (cause, by_client) = match late {
                    Late::Upstream(cause) => (cause, None),
                    Late::Client => (UpstreamFailure::WriteTimeout, Some(ClientEnd::Stalled)),
                };
                let error = AttemptError {
                    cause: cause.into(),
                    sent: Sent::Maybe,
                    source: None,
                };
                Err(SendError {
                    error,
                    unsent: None,
                    by_client,
                })
            }
        }
    }

    fn broken(
        &self,
        error: hyper::Error,
        unsent: Option<Request<RequestBody>>,
        mark: Mark,
    ) -> SendError {
        let cause = classify::exchange(&error);
        let sent = if unsent.is_some() || !self.wire.wrote_since(mark) {
            Sent::No
        } else if self.wire.read_since(mark) {
            Sent::Yes
        } else {
            Sent::Maybe
        };
        SendError {
            error: AttemptError {
                cause: cause.into(),
                sent,
                source: Some(Box::new(error)),
            },
            unsent,
            by_client: self.wire.is_upload_broken().then_some(ClientEnd::Broke),
        }
    }
}

/// Runs the clocks beside an exchange. One timer serves all of them: when it fires, it is asked
/// again which clock runs and when that ends.
async fn within(
    wire: &WireState,
    mut response: Pin<&mut impl Future<Output = Outcome>>,
    timeouts: &TimeoutsSpec,
    cutoff: Option<Instant>,
) -> Result<Outcome, Late> {
    let began = Instant::now();
    let first = timeouts.first_byte.min(timeouts.between_bytes);
    let mut timer = pin!(sleep_until(earlier(began + first, cutoff)));
    loop {
        tokio::select! {
            biased;
            outcome = &mut response => return Ok(outcome),
            () = &mut timer => {}
        }
        let now = Instant::now();
        if cutoff.is_some_and(|cutoff| now >= cutoff) {
            return Err(Late::Upstream(UpstreamFailure::Deadline));
        }
        let (deadline, late) = match wire.progress() {
            Progress::Flushed(at) => (
                at.unwrap_or(began).max(began) + timeouts.first_byte,
                Late::Upstream(UpstreamFailure::ReadTimeout),
            ),
            Progress::Stalled(since) => (
                since.max(began) + timeouts.between_bytes,
                Late::Upstream(UpstreamFailure::WriteTimeout),
            ),
            Progress::Uploading(last) => (
                last.unwrap_or(began).max(began) + timeouts.between_bytes,
                Late::Client,
            ),
        };
        if now >= deadline {
            return Err(late);
        }
        timer.as_mut().reset(earlier(deadline, cutoff));
    }
}

fn earlier(deadline: Instant, cutoff: Option<Instant>) -> Instant {
    cutoff.map_or(deadline, |cutoff| cutoff.min(deadline))
}
