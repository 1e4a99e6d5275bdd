//! Step 7 of the request's way: what is ours stays here, the rest goes to the upstream.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Version,
    header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS},
};
use hyper::body::Incoming;

use super::{Body, Origin, Site};
use crate::{
    failure::{
        AttemptError, FailedWith, Failure, Sent, UpstreamFailure, proxy_status::ProxyStatus,
    },
    message::{body::Fixed, preferences::Preferences, via::Via},
    page::replace::replaces,
    tasks::{
        WorkerId,
        clock::{Clock, WallClock},
    },
    telemetry::{
        connection::ConnectionState,
        failure_log::Entry,
        record::{Outcome, Record},
    },
    upstream::{
        OriginBody,
        forward::{ForwardError, Sender},
    },
};

/// Paths under it are ours on every site and never reach an origin.
const RESERVED: &str = "/.intermission/";

const PROXY_STATUS: HeaderName = HeaderName::from_static("proxy-status");

/// A request whose site has been found.
pub struct Routed {
    /// The request as it came.
    pub request: Request<Incoming>,
    /// All that stays when the request itself is sent away.
    pub asked: Arc<Asked>,
}

/// What is known of a request while it is being answered.
pub struct Asked {
    /// The site.
    pub site: Arc<Site>,
    /// What the client asked for.
    pub host: Option<HeaderValue>,
    /// Its facts.
    pub record: Arc<Record>,
    /// Its name.
    pub request_id: HeaderValue,
    /// What an answer of ours may depend on.
    pub preferences: Preferences,
    /// Who sent it.
    pub connection: Arc<ConnectionState>,
    /// Where it is being handled.
    pub worker: WorkerId,
    /// Our name among proxies.
    pub identity: Arc<Identity>,
}

/// Who we are to other proxies.
#[derive(Debug)]
pub struct Identity {
    /// In `Via`.
    pub via: Via,
    /// In `Proxy-Status`.
    pub proxy_status: ProxyStatus,
}

/// Answers a request, or says why there is no answer from the origin.
///
/// # Errors
/// The failure, for [`crate::server::fallback`] to answer.
pub async fn handle(Routed { request, asked }: Routed) -> Result<Response<Body>, FailedWith> {
    let Some(origin) = &asked.site.origin else { return Ok(unclaimed(request.version())) };
    if asked.preferences.path().starts_with(RESERVED) {
        return Ok(refusal(StatusCode::NOT_FOUND, "There is nothing here.\n"));
    }
    let sender = Sender {
        worker: asked.worker,
        via: &asked.identity.via,
        forwarder: asked.connection.forwarder(),
        client_host: asked.host.as_ref(),
        host: origin.spec.headers.host.as_ref().or(asked.host.as_ref()),
        record: &asked.record,
    };
    let forwarded = origin.upstream.forward(request, &sender).await;
    asked.record.attempts_ended();
    match forwarded {
        Ok(response) => origin.accept(response, &asked),
        Err(ForwardError::Client) => {
            Ok(refusal(StatusCode::BAD_REQUEST, "The request body is not valid.\n"))
        }
        Err(ForwardError::Failed { error, unread }) => {
            origin.note(&error, &asked);
            if let Some(body) = unread {
                body.drain().await;
            }
            Err(error.cause.into())
        }
    }
}

impl Origin {
    /// A response has come. It is passed on unless it is one of the application's own errors that
    /// the page replaces.
    fn accept(
        &self,
        response: Response<OriginBody>,
        asked: &Asked,
    ) -> Result<Response<Body>, FailedWith> {
        let status = response.status();
        let fallback = &self.spec.fallback;
        if !fallback.statuses.contains(&status) {
            self.observe(None);
            asked.record.answered_by(Outcome::Forwarded);
            return Ok(response.map(Body::Origin));
        }
        let cause = Failure::Upstream(UpstreamFailure::Status(status));
        let error = AttemptError { cause, sent: Sent::Yes, source: None };
        self.note(&error, asked);
        if replaces(fallback, asked.preferences.client_kind(), status, response.headers()) {
            let failed = FailedWith {
                failure: cause,
                origin_retry_after: wait_of(response.headers()),
                origin_proxy_status: response.headers().get(PROXY_STATUS).cloned(),
            };
            self.upstream.discard(response.into_body());
            return Err(failed);
        }
        asked.record.failed(cause);
        asked.record.answered_by(Outcome::Forwarded);
        Ok(response.map(Body::Origin))
    }

    /// A failure is known here for the first time: for the outage, and for the log.
    fn note(&self, error: &AttemptError, asked: &Asked) {
        self.observe(Some(error.cause));
        let entry = Entry {
            site: &self.spec.name,
            failure: error.cause,
            upstream: &self.address,
            endpoint: asked.record.endpoint(),
            request_id: &asked.request_id,
            source: error.source.as_deref(),
        };
        self.failures.log(&entry, tokio::time::Instant::now());
    }
}

/// How long the origin asks to wait: seconds or a date (RFC 9110 section 10.2.3).
fn wait_of(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    date.duration_since(WallClock.timestamp().into()).ok()
}

/// Nobody claims the host. HTTP/2 clients put several hosts on one connection, so there the answer
/// is 421: try another connection (RFC 9110 section 15.5.20). Elsewhere it is 404.
fn unclaimed(version: Version) -> Response<Body> {
    let status = if version == Version::HTTP_2 {
        StatusCode::MISDIRECTED_REQUEST
    } else {
        StatusCode::NOT_FOUND
    };
    refusal(status, "No site is configured for this host.\n")
}

/// A short answer of our own to a request that is not forwarded.
#[must_use]
pub fn refusal(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::Page(Fixed::new(Bytes::from_static(text.as_bytes()))));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(text.len()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
