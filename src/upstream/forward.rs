//! Step 8 of the request's way: the attempt loop.
//!
//! Deadline → pick → check out → send → classify → again or give up. It reads from top to bottom;
//! what an attempt is made of stands in the files beside it, and what is done when no endpoint
//! could be reached in `outlast`.

use std::sync::Arc;

use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::{Body as _, Incoming};
use tokio::time::Instant;

use super::{
    Upstream,
    accept::is_event_stream,
    body::OriginBody,
    clocks::Clocks,
    course::Course,
    endpoint::Lease,
    exchange::SendError,
    expect::BarrierGuard,
    health::known_cause,
    inbound::Inbound,
    link::Link,
    outbound::Outbound,
    request_body::{RequestBody, Terms},
    set::Set,
    wire::ClientEnd,
};
use crate::{
    config::spec::FieldsSpec,
    failure::{AttemptError, Failure, Sent, UpstreamFailure},
    message::{forwarded::Forwarder, via::Via},
    tasks::WorkerId,
    telemetry::record::Record,
};

/// What forwarding needs beside the request itself.
pub(crate) struct Sender<'a> {
    pub(crate) worker: WorkerId,
    pub(crate) via: &'a Via,
    pub(crate) forwarder: &'a Forwarder,
    /// What the client asked for.
    pub(crate) client_host: Option<&'a HeaderValue>,
    /// What the origin is told in `Host`, where that is not what the request has there anyway.
    pub(crate) host: Option<&'a HeaderValue>,
    /// What is done to the request's fields beside that.
    pub(crate) fields: Option<&'a FieldsSpec>,
    pub(crate) request_id: &'a HeaderValue,
    /// What the client may do with its request body.
    pub(crate) terms: Terms,
    pub(crate) record: &'a Arc<Record>,
}

/// A request that got no response.
pub(crate) enum ForwardError {
    /// The upstream's doing, or ours; with the request body, where it was not consumed.
    Failed {
        error: AttemptError,
        unread: Option<Box<RequestBody>>,
    },
    /// The client's own request body did not come to its end.
    ByClient(ClientEnd),
}

/// An attempt that brought a response head.
pub(super) struct Answered {
    pub(super) lease: Lease,
    pub(super) link: Link,
    pub(super) response: Response<Inbound>,
}

/// How the attempts ended without a response.
pub(super) enum Ended {
    Failed(AttemptError),
    ByClient(ClientEnd),
}

impl Upstream {
    /// Sends a request to the upstream and returns the response as soon as its head is there.
    pub(crate) async fn forward(
        &self,
        request: Request<Incoming>,
        sender: &Sender<'_>,
    ) -> Result<Response<OriginBody>, ForwardError> {
        if sender.via.has_passed(request.headers()) {
            let error = unsent(UpstreamFailure::Looped);
            let unread = RequestBody::new(
                request.into_body(),
                None,
                Terms::NONE,
                Arc::clone(sender.record),
            );
            let unread = Some(Box::new(unread));
            return Err(ForwardError::Failed { error, unread });
        }
        if request.body().is_end_stream()
            && let Some(cause) = self.known_outage()
        {
            let error = unsent(cause);
            return Err(ForwardError::Failed {
                error,
                unread: None,
            });
        }
        let mut outbound = Outbound::prepare(request, sender);
        let answered = match self.attempts(&mut outbound, sender).await {
            Ok(answered) => answered,
            Err(Ended::Failed(error)) => {
                let unread = outbound.request.map(Request::into_body).map(Box::new);
                return Err(ForwardError::Failed { error, unread });
            }
            Err(Ended::ByClient(end)) => return Err(ForwardError::ByClient(end)),
        };
        if let Some(barrier) = &outbound.barrier.0 {
            barrier.settle();
        }
        self.accept(outbound, answered, sender)
    }

    async fn attempts(
        &self,
        outbound: &mut Outbound,
        sender: &Sender<'_>,
    ) -> Result<Answered, Ended> {
        let mut course = Course::new(outbound, sender, &self.spec);
        let ended = match self.round(&mut course).await {
            Err(Ended::Failed(error)) if course.kept.is_none() => {
                // Boxed, as all that is rare: the future of every request would have room for it.
                Box::pin(self.outlast(error, &mut course)).await
            }
            ended => ended,
        };
        let mut answered = match (ended, course.kept.take()) {
            (Ok(answered), None) => answered,
            (Ok(answered), Some(kept)) => {
                self.forget(*kept, sender);
                answered
            }
            (Err(Ended::Failed(_)), Some(kept)) => *kept,
            (Err(ended), _) => return Err(ended),
        };
        if let Some(permit) = course.permit.filter(|_| !answered.is_lasting()) {
            answered.lease.keep(permit);
        }
        Ok(answered)
    }

    /// Tries endpoint after endpoint, each once.
    pub(super) async fn round(&self, course: &mut Course<'_>) -> Result<Answered, Ended> {
        let set = self.endpoints.get().await.map_err(Ended::Failed)?;
        let mut sent_at = Instant::now();
        let mut next = match &self.limits {
            None => course.pick(&set, sent_at),
            Some(limits) => self.admit(limits, &set, course).await?,
        };
        if next.is_none() {
            // All are out: perhaps the names lead elsewhere by now.
            self.endpoints.ask_again();
        }
        let mut last = None;
        while let Some(mut lease) = next {
            course.left = course.left.saturating_sub(1);
            if self.limits.is_some() || course.began.is_some() {
                // Time has passed since it was read.
                sent_at = Instant::now();
            }
            if course.began.is_none() {
                course.began = Some(sent_at);
                self.budget.deposit(sent_at);
            }
            course.sender.record.attempt(lease.address());
            match self.attempt(&mut lease, course, sent_at).await {
                Ok((link, mut response)) => {
                    course.stick(&set, &lease, &mut response);
                    let answered = Answered {
                        lease,
                        link,
                        response,
                    };
                    next = self.settle(&answered, sent_at, &set, course);
                    if next.is_none() {
                        return Ok(answered);
                    }
                    if let Some(worse) = course.kept.replace(Box::new(answered)) {
                        self.forget(*worse, course.sender);
                    }
                }
                Err(SendError {
                    by_client: Some(end),
                    ..
                }) => return Err(Ended::ByClient(end)),
                Err(error) => {
                    last = Some(self.note(error, &lease, sent_at, course));
                    if let Some(at) = set.position(lease.address()) {
                        course.tried.insert(at);
                    }
                    let is_ready = course.outbound.request.is_some();
                    next = is_ready
                        .then(|| self.repeat(&set, course, Instant::now()))
                        .flatten();
                }
            }
        }
        Err(Ended::Failed(last.unwrap_or_else(|| nobody(&set))))
    }

    /// An answer that was bettered: what is left of it is read, so that its connection can be used
    /// again.
    fn forget(&self, mut answered: Answered, sender: &Sender<'_>) {
        let (link, nobody) = (answered.link, BarrierGuard(None));
        answered.lease.hold(sender.worker, link, nobody);
        let between_bytes = Some(self.spec.timeouts.between_bytes);
        let incoming = answered.response.into_body();
        self.discard(OriginBody::new(incoming, answered.lease, between_bytes));
    }

    /// One endpoint. A connection that was kept and turns out to have been closed says nothing
    /// about the endpoint: the request goes out once more on a new one.
    async fn attempt(
        &self,
        lease: &mut Lease,
        course: &mut Course<'_>,
        sent_at: Instant,
    ) -> Result<(Link, Response<Inbound>), SendError> {
        let (sender, cutoff) = (course.sender, course.cutoff);
        let mut kept = lease.kept(course.wanted(), sent_at);
        loop {
            let is_new = kept.is_none();
            let (mut link, began) = match kept.take() {
                Some(link) => (link, sent_at),
                None => (self.connect(lease, course).await?, Instant::now()),
            };
            let outbound = &mut *course.outbound;
            let Some(request) = outbound.request.take() else {
                return Err(defect());
            };
            let clocks = Clocks {
                timeouts: &self.spec.timeouts,
                began,
                cutoff,
            };
            let mut error = match link.send(request, clocks).await {
                Ok(response) => return Ok((link, response)),
                Err(error) => error,
            };
            let stale = link.is_stale_after(&error);
            let end = (error.error.sent, error.error.cause);
            let repeatable = outbound.refill(error.unsent.take(), end, sender.record);
            if is_new || !stale || !repeatable || error.by_client.is_some() {
                return Err(error);
            }
            sender.record.attempt(lease.address());
        }
    }

    /// A new connection to the endpoint, or to its rival.
    async fn connect(&self, lease: &mut Lease, course: &mut Course<'_>) -> Result<Link, SendError> {
        let cutoff = course.cutoff;
        let limit = cutoff.map(|cutoff| cutoff.saturating_duration_since(Instant::now()));
        let asked = lease.address();
        let wanted = course.wanted();
        let link = if lease.endpoint().target().spec.proxy_protocol {
            let connector = self.connector.naming(course.sender);
            Box::pin(lease.connect(&connector, wanted, limit)).await
        } else {
            lease.connect(&self.connector, wanted, limit).await
        };
        let link = link.map_err(|error| SendError {
            error,
            unsent: None,
            by_client: None,
        })?;
        if lease.address() != asked {
            course.sender.record.attempt(lease.address());
            // Counted where it goes, if there is room; it has gone there already.
            course.permit.as_mut().map(|permit| lease.enter(permit));
        }
        Ok(link)
    }
}

impl Answered {
    /// Whether it is the beginning of something that lasts.
    fn is_lasting(&self) -> bool {
        self.response.status() == StatusCode::SWITCHING_PROTOCOLS
            || is_event_stream(self.response.headers())
    }
}

/// What is said when there is no endpoint to try: why those that there are were ejected.
fn nobody(set: &Set) -> AttemptError {
    let endpoints = set.candidates().iter();
    let endpoints = endpoints.map(|candidate| &candidate.endpoint);
    let known = known_cause(endpoints, Instant::now());
    unsent(known.unwrap_or(UpstreamFailure::NoEndpoint))
}

/// Found out before anything was sent.
fn unsent(cause: UpstreamFailure) -> AttemptError {
    AttemptError {
        cause: cause.into(),
        sent: Sent::No,
        source: None,
    }
}

/// Cannot happen: every path that repeats has refilled the request before.
fn defect() -> SendError {
    let error = AttemptError {
        cause: Failure::Internal,
        sent: Sent::No,
        source: None,
    };
    SendError {
        error,
        unsent: None,
        by_client: None,
    }
}
