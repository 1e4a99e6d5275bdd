//! Step 8 of the request's way: the attempt loop.
//!
//! Deadline → pick → check out → send → classify → again or give up. It reads from top to bottom;
//! what an attempt is made of stands in the files beside it.

use std::sync::Arc;

use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::{
    Upstream, balancer,
    balancer::{Tried, Want},
    body::{OriginBody, RequestBody},
    endpoint::{Lease, Outcome},
    exchange::{ClientEnd, Connection, SendError},
    health::known_cause,
    outbound::Outbound,
    set::Set,
};
use crate::{
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
    pub(crate) request_id: &'a HeaderValue,
    pub(crate) record: &'a Arc<Record>,
}

/// A request that got no response.
pub(crate) enum ForwardError {
    /// The upstream's doing, or ours; with the request body, where it was not consumed.
    Failed {
        error: AttemptError,
        unread: Option<RequestBody>,
    },
    /// The client broke off its own request body.
    Client,
    /// The client sent no more of its request body.
    ClientStalled,
}

/// An attempt that brought a response head.
pub(super) struct Answered {
    pub(super) lease: Lease,
    pub(super) connection: Connection,
    pub(super) response: Response<Incoming>,
}

/// How the attempts ended without a response.
enum Ended {
    Failed(AttemptError),
    ByClient(ClientEnd),
}

impl From<ClientEnd> for ForwardError {
    fn from(end: ClientEnd) -> Self {
        match end {
            ClientEnd::Broke => Self::Client,
            ClientEnd::Stalled => Self::ClientStalled,
        }
    }
}

impl Upstream {
    /// Sends a request to the upstream and returns the response as soon as its head is there.
    pub(crate) async fn forward(
        &self,
        request: Request<Incoming>,
        sender: &Sender<'_>,
    ) -> Result<Response<OriginBody>, ForwardError> {
        if sender.via.has_passed(request.headers()) {
            let cause = UpstreamFailure::Looped.into();
            let error = AttemptError {
                cause,
                sent: Sent::No,
                source: None,
            };
            let unread = Some(RequestBody::new(
                request.into_body(),
                None,
                Arc::clone(sender.record),
            ));
            return Err(ForwardError::Failed { error, unread });
        }
        let mut outbound = Outbound::prepare(request, sender);
        let answered = match self.attempts(&mut outbound, sender).await {
            Ok(answered) => answered,
            Err(Ended::Failed(error)) => {
                let unread = outbound.request.map(Request::into_body);
                return Err(ForwardError::Failed { error, unread });
            }
            Err(Ended::ByClient(end)) => return Err(end.into()),
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
        let set = self.endpoints.get().await.map_err(Ended::Failed)?;
        let want = outbound
            .request
            .as_ref()
            .map(|request| Want::of(request, &self.spec.balance, sender.forwarder));
        let want = want.unwrap_or_default();
        let began = Instant::now();
        let mut tried = Tried::default();
        let mut last = None;
        let mut cutoff = None;
        for _ in 0..self.spec.retry.attempts.get() {
            let sent_at = Instant::now();
            let Some(mut lease) = balancer::pick(&set, &mut tried, want, sent_at) else {
                // All are out: perhaps the names lead elsewhere by now.
                self.endpoints.ask_again();
                break;
            };
            sender.record.attempt(lease.address());
            let error = match self.attempt(&mut lease, outbound, sender, cutoff).await {
                Ok((connection, mut response)) => {
                    if let Some(sticky) = want.affinity.sticky
                        && let Some(candidate) = set.find(lease.address())
                    {
                        sticky.stick(candidate.id, response.headers_mut());
                    }
                    lease.settle(outcome(response.status(), sent_at), Instant::now());
                    return Ok(Answered {
                        lease,
                        connection,
                        response,
                    });
                }
                Err(error) => error,
            };
            if let Some(end) = error.by_client {
                return Err(Ended::ByClient(end));
            }
            let (cause, sent) = (error.error.cause, error.error.sent);
            last = Some(error.error);
            if sent == Sent::No && cause.blames_address() {
                self.endpoints.ask_again();
            }
            if let Some(at) = set.position(lease.address()) {
                tried.insert(at);
            }
            lease.settle(Outcome::Failed(cause), Instant::now());
            sender.record.attempt_failed(cause, sent);
            cutoff = Some(began + self.spec.timeouts.total);
            let repeatable = outbound.refill(error.unsent, sent, sender.record);
            if !repeatable || cutoff.is_some_and(|cutoff| Instant::now() >= cutoff) {
                break;
            }
        }
        let last = last.unwrap_or_else(|| nobody(&set));
        Err(Ended::Failed(last))
    }

    /// One endpoint. A connection that was kept and turns out to have been closed says nothing
    /// about the endpoint: the request goes out once more on a new one.
    async fn attempt(
        &self,
        lease: &mut Lease,
        outbound: &mut Outbound,
        sender: &Sender<'_>,
        cutoff: Option<Instant>,
    ) -> Result<(Connection, Response<Incoming>), SendError> {
        let mut fresh = false;
        loop {
            let limit = cutoff.map(|cutoff| cutoff.saturating_duration_since(Instant::now()));
            let asked = lease.address();
            let mut connection = lease
                .checkout(sender.worker, &self.connector, limit, fresh)
                .await
                .map_err(|error| SendError {
                    error,
                    unsent: None,
                    by_client: None,
                })?;
            if lease.address() != asked {
                sender.record.attempt(lease.address());
            }
            let Some(request) = outbound.request.take() else {
                return Err(defect());
            };
            let sent = connection.send(request, &self.spec.timeouts, cutoff).await;
            let mut error = match sent {
                Ok(response) => return Ok((connection, response)),
                Err(error) => error,
            };
            let stale = connection.is_stale_after(&error);
            let repeatable = outbound.refill(error.unsent.take(), error.error.sent, sender.record);
            if fresh || !stale || !repeatable || error.by_client.is_some() {
                return Err(error);
            }
            fresh = true;
            sender.record.attempt(lease.address());
        }
    }
}

/// What a response says about its endpoint.
fn outcome(status: StatusCode, sent_at: Instant) -> Outcome {
    match status {
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            Outcome::Failed(UpstreamFailure::Status(status).into())
        }
        _ => Outcome::Answered(sent_at.elapsed()),
    }
}

/// What is said when there is no endpoint to try: why those that there are were ejected.
fn nobody(set: &Set) -> AttemptError {
    let endpoints = set.candidates().iter();
    let endpoints = endpoints.map(|candidate| &candidate.endpoint);
    let known = known_cause(endpoints, Instant::now());
    AttemptError {
        cause: known.unwrap_or(UpstreamFailure::NoEndpoint).into(),
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
