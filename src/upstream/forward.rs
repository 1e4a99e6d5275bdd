//! Step 8 of the request's way: the attempt loop.
//!
//! Deadline → pick → check out → send → classify → again or give up. It reads from top to bottom;
//! what an attempt is made of stands in the files beside it.

use std::sync::Arc;

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, Version,
    header::{CONNECTION, CONTENT_TYPE, COOKIE, EXPECT, HOST, TE, UPGRADE},
};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::{
    Upstream, balancer,
    balancer::Tried,
    body::{OriginBody, RequestBody},
    endpoint::Lease,
    exchange::{Connection, SendError},
    expect::{Gate, GateGuard},
    retry::{Attempt, is_idempotent, may_repeat},
    upgrade,
};
use crate::{
    failure::{AttemptError, Failure, Sent, UpstreamFailure},
    message::{forwarded::Forwarder, hop, via::Via},
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
    /// What the origin is told in `Host`.
    pub(crate) host: Option<&'a HeaderValue>,
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
}

/// An attempt that brought a response head.
struct Answered {
    lease: Lease,
    connection: Connection,
    response: Response<Incoming>,
}

/// How the attempts ended without a response.
enum Ended {
    Failed(AttemptError),
    ByClient,
}

/// A request that is ready to be sent, and to be sent again.
struct Outbound {
    request: Option<Request<RequestBody>>,
    /// The head, kept where repeating may be needed after it was sent.
    replay: Option<http::request::Parts>,
    method: Method,
    has_body: bool,
    gate: GateGuard,
    upgrade: Option<upgrade::Asked>,
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
        let mut outbound = prepare(request, sender);
        let answered = match self.attempts(&mut outbound, sender).await {
            Ok(answered) => answered,
            Err(Ended::Failed(error)) => {
                let unread = outbound.request.map(Request::into_body);
                return Err(ForwardError::Failed { error, unread });
            }
            Err(Ended::ByClient) => return Err(ForwardError::Client),
        };
        if let Some(gate) = &outbound.gate.0 {
            gate.settle();
        }
        self.accept(outbound, answered, sender)
    }

    async fn attempts(
        &self,
        outbound: &mut Outbound,
        sender: &Sender<'_>,
    ) -> Result<Answered, Ended> {
        let endpoints = self
            .endpoints
            .get(&self.names)
            .await
            .map_err(Ended::Failed)?;
        let began = Instant::now();
        let mut tried = Tried::default();
        let mut last = AttemptError {
            cause: UpstreamFailure::NoEndpoint.into(),
            sent: Sent::No,
            source: None,
        };
        let mut cutoff = None;
        for _ in 0..self.spec.attempts.get() {
            let Some(lease) = balancer::pick(&endpoints, &mut tried) else {
                break;
            };
            sender.record.attempt(lease.address());
            let error = match self.attempt(&lease, outbound, sender, cutoff).await {
                Ok((connection, response)) => {
                    return Ok(Answered {
                        lease,
                        connection,
                        response,
                    });
                }
                Err(error) if error.by_client => return Err(Ended::ByClient),
                Err(error) => error,
            };
            last = error.error;
            cutoff = Some(began + self.spec.timeouts.total);
            let repeatable = outbound.refill(error.unsent, last.sent, sender.record);
            if !repeatable || cutoff.is_some_and(|cutoff| Instant::now() >= cutoff) {
                break;
            }
        }
        if last.sent == Sent::No {
            self.endpoints.refresh_in_background(&self.names);
        }
        Err(Ended::Failed(last))
    }

    /// One endpoint. A connection that was kept and turns out to have been closed says nothing
    /// about the endpoint: the request goes out once more on a new one.
    async fn attempt(
        &self,
        lease: &Lease,
        outbound: &mut Outbound,
        sender: &Sender<'_>,
        cutoff: Option<Instant>,
    ) -> Result<(Connection, Response<Incoming>), SendError> {
        let mut fresh = false;
        loop {
            let limit = cutoff.map(|cutoff| cutoff.saturating_duration_since(Instant::now()));
            let mut connection = lease
                .checkout(sender.worker, &self.connector, limit, fresh)
                .await
                .map_err(|error| SendError {
                    error,
                    unsent: None,
                    by_client: false,
                })?;
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
            if fresh || !stale || !repeatable || error.by_client {
                return Err(error);
            }
            fresh = true;
            sender.record.attempt(lease.address());
        }
    }

    /// The head is here: hand the connection to the body, or to a tunnel.
    fn accept(
        &self,
        outbound: Outbound,
        answered: Answered,
        sender: &Sender<'_>,
    ) -> Result<Response<OriginBody>, ForwardError> {
        let Answered {
            mut lease,
            connection,
            mut response,
        } = answered;
        let status = response.status();
        if status == StatusCode::SWITCHING_PROTOCOLS {
            if !upgrade::is_agreed(outbound.upgrade.as_ref(), &response) {
                let cause = UpstreamFailure::Malformed.into();
                let error = AttemptError {
                    cause,
                    sent: Sent::Yes,
                    source: None,
                };
                return Err(ForwardError::Failed {
                    error,
                    unread: None,
                });
            }
            let protocol = response.headers_mut().remove(UPGRADE);
            hop::strip_response(response.headers_mut(), status);
            if let (Some(protocol), Some(asked)) = (protocol, outbound.upgrade) {
                response.headers_mut().insert(UPGRADE, protocol);
                response
                    .headers_mut()
                    .insert(CONNECTION, HeaderValue::from_static("upgrade"));
                let tunnel_lease = lease.again();
                let record = Arc::clone(sender.record);
                upgrade::tunnel(asked, &mut response, tunnel_lease, record, &self.tasks);
            }
        } else {
            hop::strip_response(response.headers_mut(), status);
        }
        lease.hold(sender.worker, connection, outbound.gate);
        // A stream of events is silent by nature, and so is nothing else.
        let is_stream = response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
        let between_bytes = (!is_stream).then_some(self.spec.timeouts.between_bytes);
        Ok(response.map(|incoming| OriginBody::new(incoming, lease, between_bytes)))
    }
}

impl Outbound {
    /// Makes the request ready for another attempt, if it may be repeated.
    fn refill(
        &mut self,
        unsent: Option<Request<RequestBody>>,
        sent: Sent,
        record: &Arc<Record>,
    ) -> bool {
        if self.request.is_none() {
            self.request = unsent;
        }
        if self.request.is_some() {
            return true;
        }
        let attempt = Attempt {
            method: &self.method,
            has_body: self.has_body,
            sent,
        };
        if let Some(parts) = self.replay.take().filter(|_| may_repeat(attempt)) {
            // Once more is all that is ever allowed after something was sent.
            self.request = Some(Request::from_parts(
                parts,
                RequestBody::none(Arc::clone(record)),
            ));
        }
        self.request.is_some()
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
        by_client: false,
    }
}

/// Turns the client's request into ours.
fn prepare(mut request: Request<Incoming>, sender: &Sender<'_>) -> Outbound {
    let received = request.version();
    let client = hyper::upgrade::on(&mut request);
    let gate = expect_gate(&mut request);
    let (mut parts, incoming) = request.into_parts();
    let hop = hop::strip_request(&mut parts.headers);
    let headers = &mut parts.headers;
    if let Some(protocol) = &hop.upgrade {
        headers.insert(UPGRADE, protocol.clone());
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    }
    if hop.trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers
            .entry(CONNECTION)
            .or_insert(HeaderValue::from_static("te"));
    }
    sender.forwarder.apply(headers, sender.client_host);
    sender.via.append(headers, received);
    if let Some(host) = sender.host {
        headers.insert(HOST, host.clone());
    }
    if received == Version::HTTP_2 {
        join_cookies(headers);
    }
    parts.version = Version::HTTP_11;
    to_origin_form(&mut parts.uri);
    let body = RequestBody::new(incoming, gate.clone(), Arc::clone(sender.record));
    let has_body = !body.is_none();
    let replay = (!has_body && is_idempotent(&parts.method)).then(|| parts.clone());
    let upgrade = hop
        .upgrade
        .map(|protocol| upgrade::Asked { protocol, client });
    let method = parts.method.clone();
    let request = Some(Request::from_parts(parts, body));
    let gate = GateGuard(gate);
    Outbound {
        request,
        replay,
        method,
        has_body,
        gate,
        upgrade,
    }
}

fn expect_gate(request: &mut Request<Incoming>) -> Option<Arc<Gate>> {
    let expects = request
        .headers()
        .get(EXPECT)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    if !expects {
        return None;
    }
    let gate = Arc::new(Gate::new());
    let opener = Arc::clone(&gate);
    hyper::ext::on_informational(request, move |response| {
        if response.status() == StatusCode::CONTINUE {
            opener.open();
        }
    });
    Some(gate)
}

/// What an origin is asked for: path and query, byte for byte (RFC 9112 section 3.2.1).
fn to_origin_form(uri: &mut Uri) {
    if uri.scheme().is_some() || uri.authority().is_some() {
        let path = uri.path_and_query().cloned();
        *uri = path.map_or_else(|| Uri::from_static("/"), Uri::from);
    }
}

/// HTTP/2 may split `Cookie`; HTTP/1.1 must not see that (RFC 9113 section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    const NAME: HeaderName = COOKIE;
    let mut crumbs = headers.get_all(NAME).iter();
    if crumbs.next().is_none() || crumbs.next().is_none() {
        return;
    }
    let joined: Vec<u8> = headers
        .get_all(NAME)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect::<Vec<_>>()
        .join(&b"; "[..]);
    if let Ok(joined) = HeaderValue::from_bytes(&joined) {
        headers.insert(NAME, joined);
    }
}
