//! Step 7 of the request's way: what is ours stays here, the rest goes to the upstream.

use std::{error::Error, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header::RETRY_AFTER};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::{
    Body, Origin, Site,
    maintenance::Gate,
    refusal::{Addressee, Refusal},
    status::Question,
};
use crate::{
    failure::{FailedWith, Failure, UpstreamFailure, Window, proxy_status::ProxyStatus},
    message::{preferences::Preferences, via::Via},
    page::{replace::replaces, retry_after::retry_after},
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
        OriginBody, OriginBodyError,
        forward::{ForwardError, Sender},
        request_body::Terms,
        wire::ClientEnd,
    },
};

/// Paths under it are ours on every site and never reach an origin.
const RESERVED: &str = "/.intermission/";
/// What a waiting page asks.
const STATUS: &str = "status";

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
    /// Whether the client's connection is encrypted; only found out where that matters.
    pub is_encrypted: bool,
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
    let Some(origin) = &asked.site.origin else {
        return Ok(Refusal::Unclaimed.response(Addressee::of(&request)));
    };
    if let Some(name) = asked.preferences.path().strip_prefix(RESERVED) {
        return Ok(origin.reserved(name, &request, &asked));
    }
    if let Some(redirect) = &origin.redirect
        && let Some(elsewhere) = redirect.answer(request.uri(), request.headers(), &asked)
    {
        return Ok(elsewhere);
    }
    if let Some(window) = origin.closed(&request, &asked) {
        return Err(Failure::Maintenance(window).into());
    }
    if let Err(failure) = origin.admit(&request, &asked) {
        origin.note(failure, None, &asked);
        return Err(failure.into());
    }
    // An authority in the target is not in the field yet, or overrules what is there.
    let host = asked.host.as_ref();
    let host = host.filter(|_| request.uri().authority().is_some());
    let sender = Sender {
        worker: asked.worker,
        via: &asked.identity.via,
        forwarder: asked.connection.forwarder(),
        client_host: asked.host.as_ref(),
        host: origin.spec.headers.host.as_ref().or(host),
        fields: origin.spec.headers.request.as_ref(),
        request_id: &asked.request_id,
        terms: origin.terms(&asked.preferences),
        record: &asked.record,
    };
    let to = Addressee::of(&request);
    let forwarded = origin.upstream.forward(request, &sender).await;
    asked.record.attempts_ended();
    match forwarded {
        Ok(response) => origin.accept(response, &asked),
        Err(ForwardError::ByClient(end)) => match end {
            ClientEnd::Stalled => Ok(asked.refuse(Refusal::BodyTimeout, to)),
            ClientEnd::Broke => Ok(asked.refuse(Refusal::Body, to)),
            ClientEnd::TooLarge => {
                origin.note(Failure::TooLarge, None, &asked);
                Err(Failure::TooLarge.into())
            }
        },
        Err(ForwardError::Failed { error, unread }) => {
            let source = error
                .source
                .as_deref()
                .map(|source| -> &dyn Error { source });
            origin.note(error.cause, source, &asked);
            if let Some(body) = unread {
                Box::pin(body.drain()).await;
            }
            Err(error.cause.into())
        }
    }
}

impl Origin {
    /// Something of our own.
    fn reserved<B>(&self, name: &str, request: &Request<B>, asked: &Asked) -> Response<Body> {
        let to = Addressee::of(request);
        if *request.method() == Method::CONNECT {
            return Refusal::Reserved.response(to);
        }
        if name != STATUS {
            return self.legal_text(asked, to);
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Refusal::ReadOnly.response(to);
        }
        asked.record.answered_by(Outcome::Own);
        let (now, wall) = (Instant::now(), WallClock.timestamp());
        let question = Question {
            standing: self.outage.standing(),
            failing_since: self.outage.failing_since(),
            closed: self.closed(request, asked),
            is_probed: self.spec.upstream.health.probe.is_some(),
            retry_after: retry_after(&self.spec.retry_after, self.outage.age(), 0.5, None),
        };
        let status = self.waiting.ask(&question, now, wall);
        status.response(*request.method() == Method::HEAD)
    }

    /// The maintenance that keeps this client out.
    fn closed<B>(&self, request: &Request<B>, asked: &Asked) -> Option<Window> {
        let gate = Gate::new(&self.spec.maintenance)?;
        let client = || asked.connection.forwarder().client(request.headers());
        gate.check(WallClock.timestamp(), client).err()
    }

    /// Whether the request may go on to the origin, as far as its head tells.
    fn admit<B: hyper::body::Body>(
        &self,
        request: &Request<B>,
        asked: &Asked,
    ) -> Result<(), Failure> {
        if let Some(rate) = &self.rate {
            let client = asked.connection.forwarder().client(request.headers());
            rate.admit(client).map_err(Failure::RateLimited)?;
        }
        match self.spec.admission.body {
            // A length that is declared is the least there is.
            Some(most) if request.body().size_hint().lower() > most => Err(Failure::TooLarge),
            _ => Ok(()),
        }
    }

    fn terms(&self, preferences: &Preferences) -> Terms {
        // Both sides of a call may speak whenever they have something to say.
        let is_grpc = |kind: &HeaderValue| kind.as_bytes().starts_with(b"application/grpc");
        let is_stream = preferences.content_type().is_some_and(is_grpc);
        Terms {
            most: self.spec.admission.body.unwrap_or(u64::MAX),
            paced: !is_stream,
        }
    }

    /// A response has come. It is passed on unless it is one of the application's own errors that
    /// the page replaces.
    fn accept(
        &self,
        response: Response<OriginBody>,
        asked: &Arc<Asked>,
    ) -> Result<Response<Body>, FailedWith> {
        let pass = |response: Response<OriginBody>| {
            asked.record.answered_by(Outcome::Forwarded);
            Ok(response.map(|body| Body::Origin(body, Arc::clone(asked))))
        };
        let status = response.status();
        asked.record.origin_answered(status);
        let fallback = &self.spec.fallback;
        if !fallback.statuses.contains(&status) {
            self.outage.succeeded();
            return pass(response);
        }
        let cause = Failure::Upstream(UpstreamFailure::Status(status));
        self.note(cause, None, asked);
        if replaces(
            fallback,
            asked.preferences.client_kind(),
            status,
            response.headers(),
        ) {
            let failed = FailedWith {
                failure: cause,
                origin_retry_after: wait_of(response.headers()),
                origin_proxy_status: response.headers().get(PROXY_STATUS).cloned(),
            };
            self.upstream.discard(response.into_body());
            return Err(failed);
        }
        asked.record.failed(cause);
        pass(response)
    }

    /// A failure is known here for the first time: for the outage, and for the log.
    fn note(&self, failure: Failure, source: Option<&(dyn Error + 'static)>, asked: &Asked) {
        if let Some(outage) = self.observe(failure) {
            asked.record.is_in(outage);
        }
        let entry = Entry {
            site: &self.spec.name,
            failure,
            upstream: &self.address,
            endpoint: asked.record.endpoint(),
            request_id: &asked.request_id,
            source,
        };
        self.failures.log(&entry, Instant::now());
    }
}

impl Asked {
    /// The request turned out, while it was sent on, not to be one.
    fn refuse(&self, refusal: Refusal, to: Addressee) -> Response<Body> {
        self.record.answered_by(Outcome::Refused);
        refusal.response(to)
    }

    /// The response broke off after its head: too late for a page, not too late to know.
    pub(super) fn broke_off(&self, error: &OriginBodyError) {
        let failure = Failure::Upstream(UpstreamFailure::Incomplete);
        self.record.failed(failure);
        if let Some(origin) = &self.site.origin {
            origin.note(failure, Some(error), self);
        }
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
