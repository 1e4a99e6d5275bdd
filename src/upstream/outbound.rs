//! The client's request as the origin gets it, and gets it again when that is safe.

use std::sync::Arc;

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, Version,
    header::{CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, HOST, TE, TRANSFER_ENCODING, UPGRADE},
};
use hyper::body::Incoming;

use super::{
    expect::{Barrier, BarrierGuard},
    forward::Sender,
    request_body::RequestBody,
    retry::{Attempt, is_idempotent, is_safe, may_repeat},
    upgrade,
};
use crate::{
    failure::{Failure, Sent},
    message::{fields, hop, request_id::X_REQUEST_ID},
    telemetry::record::Record,
};

/// How often a request may be sent again after it was perhaps acted on, whatever else allows it.
const REPLAYS: u8 = 2;

/// A request that is ready to be sent, and to be sent again.
pub(super) struct Outbound {
    pub(super) request: Option<Request<RequestBody>>,
    /// The head, kept where repeating may be needed after it was sent.
    replay: Option<http::request::Parts>,
    /// How often it has been sent again after it was perhaps acted on.
    replays: u8,
    method: Method,
    has_body: bool,
    pub(super) barrier: BarrierGuard,
    pub(super) upgrade: Option<upgrade::Asked>,
}

impl Outbound {
    /// Turns the client's request into ours.
    pub(super) fn prepare(mut request: Request<Incoming>, sender: &Sender<'_>) -> Self {
        let received = request.version();
        let client = hyper::upgrade::on(&mut request);
        let barrier = expect_barrier(&mut request);
        let (mut parts, incoming) = request.into_parts();
        let hop = set_fields(&mut parts.headers, received, sender);
        let mut accept = None;
        let mut protocol = hop.upgrade;
        // No other CONNECT comes as far as this.
        if parts.method == Method::CONNECT {
            accept = upgrade::handshake(&mut parts);
            protocol = Some(upgrade::WEBSOCKET);
        }
        parts.version = Version::HTTP_11;
        to_origin_form(&mut parts.uri);
        let body = RequestBody::new(
            incoming,
            barrier.clone(),
            sender.terms,
            Arc::clone(sender.record),
        );
        let has_body = !body.is_none();
        if has_body && !parts.headers.contains_key(CONTENT_LENGTH) {
            // Said outright, or hyper sends none with methods that seldom have a body.
            let chunked = HeaderValue::from_static("chunked");
            parts.headers.insert(TRANSFER_ENCODING, chunked);
        }
        let replay = (!has_body && is_idempotent(&parts.method)).then(|| parts.clone());
        let upgrade = protocol.map(|protocol| upgrade::Asked {
            protocol,
            client,
            accept,
        });
        let method = parts.method.clone();
        let request = Some(Request::from_parts(parts, body));
        let barrier = BarrierGuard(barrier);
        Self {
            request,
            replay,
            replays: 0,
            method,
            has_body,
            barrier,
            upgrade,
        }
    }

    /// The path that is asked for, until the request is sent.
    pub(super) fn path(&self) -> &str {
        self.request
            .as_ref()
            .map_or("/", |request| request.uri().path())
    }

    /// Whether it is a handshake that came over HTTP/2 (RFC 8441).
    pub(super) fn is_extended_connect(&self) -> bool {
        let asked = self.upgrade.as_ref();
        asked.is_some_and(|asked| asked.accept.is_some())
    }

    /// Whether it only reads.
    pub(super) fn is_safe(&self) -> bool {
        is_safe(&self.method) && !self.has_body
    }

    /// Whether it may be sent once more after such an end.
    pub(super) fn may_repeat(&self, sent: Sent, cause: Failure) -> bool {
        let attempt = Attempt {
            method: &self.method,
            has_body: self.has_body,
            sent,
            cause,
        };
        self.replays < REPLAYS && may_repeat(attempt)
    }

    /// Makes the request ready for another attempt, if it may be repeated.
    pub(super) fn refill(
        &mut self,
        unsent: Option<Request<RequestBody>>,
        (sent, cause): (Sent, Failure),
        record: &Arc<Record>,
    ) -> bool {
        if self.request.is_none() {
            self.request = unsent;
        }
        if self.request.is_none()
            && self.may_repeat(sent, cause)
            && let Some(parts) = self.replay.clone()
        {
            self.replays += 1;
            let body = RequestBody::none(Arc::clone(record));
            self.request = Some(Request::from_parts(parts, body));
        }
        self.request.is_some()
    }
}

/// Takes away what was for us alone and adds what the origin is told.
fn set_fields(headers: &mut HeaderMap, received: Version, sender: &Sender<'_>) -> hop::RequestHop {
    let mut hop = hop::strip_request(headers);
    // Only HTTP/1.1 can be switched (RFC 9110 section 7.8).
    hop.upgrade = hop.upgrade.filter(|_| received == Version::HTTP_11);
    if let Some(protocol) = &hop.upgrade {
        headers.insert(UPGRADE, protocol.clone());
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    }
    if hop.trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.append(CONNECTION, HeaderValue::from_static("te"));
    }
    sender.forwarder.apply(headers, sender.client_host);
    sender.via.append(headers, received);
    headers.insert(X_REQUEST_ID, sender.request_id.clone());
    if let Some(host) = sender.host {
        headers.insert(HOST, host.clone());
    }
    if received == Version::HTTP_2 {
        join_cookies(headers);
    }
    if let Some(fields) = sender.fields {
        fields::edit(headers, fields);
    }
    hop
}

fn expect_barrier(request: &mut Request<Incoming>) -> Option<Arc<Barrier>> {
    let expects = request
        .headers()
        .get(EXPECT)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    if !expects {
        return None;
    }
    let barrier = Arc::new(Barrier::new());
    let opener = Arc::clone(&barrier);
    hyper::ext::on_informational(request, move |response| {
        if response.status() == StatusCode::CONTINUE {
            opener.open();
        }
    });
    Some(barrier)
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
