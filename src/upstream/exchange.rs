//! One request on one HTTP/1.1 connection: send it and wait for the response head.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use http::{Request, Response};
use hyper::{body::Incoming, client::conn::http1::SendRequest};
use tokio::time::timeout;

use super::{
    clocks::{Clocks, Late, Timer},
    driver::Driver,
    pool::Place,
    request_body::RequestBody,
    wire::{ClientEnd, Mark, Progress, WireState},
};
use crate::{
    failure::{AttemptError, Sent, UpstreamFailure, classify},
    tasks::Tasks,
};

/// An open HTTP/1.1 connection to an endpoint, used by one request at a time.
pub(crate) struct Connection {
    sender: SendRequest<RequestBody>,
    driver: Driver,
    wire: Arc<WireState>,
    timer: Timer,
    /// Requests handed to it, this one included.
    served: u64,
    _place: Place,
}

/// An exchange that ended without a response head.
pub(super) struct SendError {
    pub(super) error: AttemptError,
    /// The request itself, where it is certain that nothing of it was sent.
    pub(super) unsent: Option<Request<RequestBody>>,
    /// It was the client whose request body did not come to its end.
    pub(super) by_client: Option<ClientEnd>,
}

type Outcome = Result<Response<Incoming>, hyper::client::conn::TrySendError<Request<RequestBody>>>;

impl Connection {
    pub(super) fn new(
        sender: SendRequest<RequestBody>,
        driver: Driver,
        wire: Arc<WireState>,
        place: Place,
    ) -> Self {
        Self {
            sender,
            driver,
            wire,
            timer: Timer::default(),
            served: 0,
            _place: place,
        }
    }

    /// Whether it can take a request now.
    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    /// Whether an idle connection can still take a request now.
    pub(super) fn is_alive(&mut self) -> bool {
        self.driver.catch_up();
        self.is_ready()
    }

    /// Nothing is going on: it lets go of whoever used it last.
    pub(super) fn rest(&self) {
        self.driver.rest();
    }

    /// Who moves its bytes.
    pub(super) fn driver(&mut self) -> &mut Driver {
        &mut self.driver
    }

    /// Goes on at its own pace where the answer's reader must not be what drives it: an upload
    /// beside its answer, a tunnel.
    pub(super) fn hand_over_where_needed(&mut self, becomes_tunnel: bool, tasks: &Tasks) {
        if becomes_tunnel || self.wire.is_uploading() {
            self.driver.hand_over(tasks);
        }
    }

    /// Waits until it can take another request, which is when the one before has been sent to its
    /// end; the answer may come first. `None` when the endpoint does not read on, or has closed.
    pub(super) async fn settled(mut self, between_bytes: Duration) -> Option<Self> {
        loop {
            let ready = poll_fn(|cx| {
                self.driver.drive(cx);
                self.sender.poll_ready(cx)
            });
            match timeout(between_bytes, ready).await {
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
        clocks: Clocks<'_>,
    ) -> Result<Response<Incoming>, SendError> {
        let has_body = request.body_mut().attach(&self.wire);
        let mark = self.wire.mark(has_body);
        self.served += 1;
        // It is driven next, so that nobody need be told that there is a request.
        let sender = &mut self.sender;
        let response = self.driver.quietly(|| sender.try_send_request(request));
        let outcome = Exchange {
            driver: &mut self.driver,
            wire: &self.wire,
            timer: &mut self.timer,
            mark,
            clocks,
        }
        .outcome(pin!(response))
        .await;
        match outcome {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(mut failed)) => {
                let unsent = failed.take_message();
                Err(self.broken(failed.into_error(), unsent, mark))
            }
            Err(late) => Err(late.into()),
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
            by_client: self.wire.client_end(),
        }
    }
}

/// What an exchange waits with.
struct Exchange<'a> {
    driver: &'a mut Driver,
    wire: &'a WireState,
    timer: &'a mut Timer,
    mark: Mark,
    clocks: Clocks<'a>,
}

impl Exchange<'_> {
    /// Drives the connection until the outcome is there or a clock has run out.
    async fn outcome(
        self,
        mut response: Pin<&mut impl Future<Output = Outcome>>,
    ) -> Result<Outcome, Late> {
        self.clocks.start(self.timer);
        if self.driver.is_here() {
            next_turn().await;
        }
        poll_fn(|cx| {
            self.driver.drive(cx);
            // An answer comes by being read, or by the end of the connection.
            let may_be_there = !self.driver.is_here() || self.wire.heard_since(self.mark);
            if may_be_there && let Poll::Ready(outcome) = response.as_mut().poll(cx) {
                return Poll::Ready(Ok(outcome));
            }
            let progress = || self.wire.progress();
            self.clocks.poll(self.timer, progress, cx).map(Err)
        })
        .await
    }
}

/// Lets the other tasks that are ready go first. A worker that has read many requests then sends
/// them in a row: code, caches and the origin's attention are better used than by turns, which
/// measured as a tenth of all CPU time.
async fn next_turn() {
    let mut is_next = false;
    poll_fn(|cx| {
        if is_next {
            return Poll::Ready(());
        }
        is_next = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
