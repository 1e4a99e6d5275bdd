//! One request's facts (step 10 of the request's way).
//!
//! A record is opened before anything can go wrong and writes itself when the last of those who
//! share it lets go: after the last byte, when the client has gone, after a panic, at the end of a
//! tunnel. So no path loses one. Writing means counting, and handing the facts to another thread
//! if they are to be logged.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version, header::USER_AGENT};
use tokio::time::Instant;

use super::{
    access_log::AccessLog,
    connection::ConnectionState,
    handshakes::TlsVersion,
    metrics::{Metrics, SiteMetrics},
    outage_id::OutageId,
};
use crate::failure::{Failure, Sent};

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outcome {
    /// The origin.
    Forwarded,
    /// We did, in place of the origin.
    Page,
    /// We did, because the site is taken away on purpose.
    Maintenance,
    /// We did, with something of our own: a reserved path.
    Own,
    /// We did, because the request is not one to forward.
    #[default]
    Refused,
}

impl Outcome {
    /// All of them, in the order of their discriminants.
    pub const ALL: [Self; 5] = [
        Self::Forwarded,
        Self::Page,
        Self::Maintenance,
        Self::Own,
        Self::Refused,
    ];

    /// The name in records and metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Forwarded => "forwarded",
            Self::Page => "page",
            Self::Maintenance => "maintenance",
            Self::Own => "own",
            Self::Refused => "refused",
        }
    }
}

/// How the exchange with the client ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ended {
    /// The whole response was handed over.
    Complete,
    /// The client went away before.
    #[default]
    ClientGone,
    /// We cut it, because the origin had broken off.
    Cut,
    /// It became a tunnel, which has ended.
    Tunnel,
}

impl Ended {
    /// The name in records.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::ClientGone => "client_gone",
            Self::Cut => "cut",
            Self::Tunnel => "tunnel",
        }
    }
}

/// What the access log says about one request.
#[derive(Debug, Clone)]
pub struct Facts {
    /// When the request head was complete, for durations.
    pub began: Instant,
    /// From then to the end.
    pub duration: Duration,
    /// Who sent it: the socket's peer, or whom trusted proxies name.
    pub client: IpAddr,
    /// Its method; `None` where no head could be read.
    pub method: Option<Method>,
    /// Its target.
    pub uri: Uri,
    /// Its version.
    pub version: Version,
    /// What it came encrypted with; `None`: it did not.
    pub tls: Option<TlsVersion>,
    /// The host it is for.
    pub host: Option<HeaderValue>,
    /// What the client calls itself.
    pub user_agent: Option<HeaderValue>,
    /// Its name.
    pub request_id: HeaderValue,
    /// The site that was found.
    pub site: Option<Arc<SiteMetrics>>,
    /// Who answered.
    pub outcome: Outcome,
    /// How it ended.
    pub ended: Ended,
    /// What the origin said; `None` if nothing.
    pub origin_status: Option<StatusCode>,
    /// What the client was told; `None` if nothing.
    pub status: Option<StatusCode>,
    /// Why there is no origin response, or no whole one.
    pub failure: Option<Failure>,
    /// The outage that the failure is part of.
    pub outage: Option<OutageId>,
    /// Tries at the upstream.
    pub attempts: u32,
    /// The endpoint of the last one.
    pub endpoint: Option<SocketAddr>,
    /// From the request head to the response head or the failure.
    pub upstream: Option<Duration>,
    /// Body bytes from the client.
    pub request_bytes: u64,
    /// Body bytes handed over for the client.
    pub response_bytes: u64,
}

/// The facts while they are gathered.
pub struct Record {
    facts: Mutex<Option<Facts>>,
    request_bytes: AtomicU64,
    response_bytes: AtomicU64,
    request_ended: AtomicBool,
    connection: Arc<ConnectionState>,
    telemetry: Arc<Telemetry>,
}

/// Where records go.
pub struct Telemetry {
    /// Counters.
    pub metrics: Metrics,
    /// The log, if there is one.
    pub access_log: Option<AccessLog>,
}

impl Record {
    /// Opens the record of a request whose head has been read.
    #[must_use]
    pub fn open<B>(
        request: &http::Request<B>,
        request_id: HeaderValue,
        connection: Arc<ConnectionState>,
        telemetry: Arc<Telemetry>,
    ) -> Arc<Self> {
        let facts = Facts {
            method: Some(request.method().clone()),
            uri: request.uri().clone(),
            version: request.version(),
            tls: connection.tls(),
            user_agent: user_agent(request.headers(), &telemetry),
            ..Facts::new(connection.forwarder().client(request.headers()), request_id)
        };
        Self::with(facts, connection, telemetry)
    }

    /// Opens the record of a connection on which no head could be read.
    #[must_use]
    pub fn open_without_head(
        request_id: HeaderValue,
        connection: Arc<ConnectionState>,
        telemetry: Arc<Telemetry>,
    ) -> Arc<Self> {
        Self::with(
            Facts::new(connection.client(), request_id),
            connection,
            telemetry,
        )
    }

    fn with(
        facts: Facts,
        connection: Arc<ConnectionState>,
        telemetry: Arc<Telemetry>,
    ) -> Arc<Self> {
        connection.request_began();
        Arc::new(Self {
            facts: Mutex::new(Some(facts)),
            request_bytes: AtomicU64::new(0),
            response_bytes: AtomicU64::new(0),
            request_ended: AtomicBool::new(false),
            connection,
            telemetry,
        })
    }

    /// The site was found.
    pub fn routed(&self, site: Option<&Arc<SiteMetrics>>, host: Option<&HeaderValue>) {
        self.edit(|facts| {
            facts.site = site.cloned();
            facts.host = host.cloned();
        });
    }

    /// An attempt begins.
    pub fn attempt(&self, endpoint: SocketAddr) {
        self.edit(|facts| {
            facts.attempts += 1;
            // Unless we answer in its place.
            facts.outcome = Outcome::Forwarded;
            facts.endpoint = Some(endpoint);
        });
    }

    /// The endpoint of the last attempt.
    #[must_use]
    pub fn endpoint(&self) -> Option<SocketAddr> {
        self.facts().as_ref().and_then(|facts| facts.endpoint)
    }

    /// Who answers, once that is known.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.facts().as_ref().map(|facts| facts.outcome)
    }

    /// The attempts are over, one way or the other.
    pub fn attempts_ended(&self) {
        self.edit(|facts| facts.upstream = Some(facts.began.elapsed()));
    }

    /// Why there is no origin response.
    pub fn failed(&self, failure: Failure) {
        self.edit(|facts| facts.failure = Some(failure));
    }

    /// The failure is part of an outage.
    pub fn is_in(&self, outage: OutageId) {
        self.edit(|facts| facts.outage = Some(outage));
    }

    /// Who answers.
    pub fn answered_by(&self, outcome: Outcome) {
        self.edit(|facts| facts.outcome = outcome);
    }

    /// The response head goes out.
    pub fn answered(&self, status: StatusCode) {
        self.edit(|facts| facts.status = Some(status));
    }

    /// There is no response body whose end would tell.
    pub fn ended(&self, ended: Ended) {
        self.edit(|facts| facts.ended = ended);
    }

    /// The response body has ended after so many bytes.
    pub fn response_ended(&self, ended: Ended, bytes: u64) {
        self.edit(|facts| {
            if facts.ended != Ended::Tunnel {
                facts.ended = ended;
            }
            facts.response_bytes = bytes;
        });
    }

    /// An attempt ended without a response.
    pub fn attempt_failed(&self, cause: Failure, sent: Sent) {
        if let (Failure::Upstream(cause), Sent::No, Some(facts)) =
            (cause, sent, self.facts().as_ref())
            && let Some(site) = &facts.site
        {
            site.count_connect_error(cause);
        }
    }

    /// The origin's response head came.
    pub fn origin_answered(&self, status: StatusCode) {
        self.edit(|facts| facts.origin_status = Some(status));
    }

    /// Who sent the request.
    #[must_use]
    pub fn connection(&self) -> &ConnectionState {
        &self.connection
    }

    /// It became a tunnel.
    pub fn is_tunnel(&self) {
        self.edit(|facts| facts.ended = Ended::Tunnel);
    }

    /// A tunnel carried more from the origin.
    pub fn add_response_bytes(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.response_bytes.fetch_add(bytes, Relaxed);
    }

    /// More of the request body came.
    pub fn add_request_bytes(&self, bytes: usize) {
        self.request_bytes
            .fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Relaxed);
    }

    /// All of the request body was read.
    pub fn request_body_ended(&self) {
        self.request_ended.store(true, Relaxed);
    }

    /// Whether nothing of the request is left unread.
    #[must_use]
    pub fn is_request_read(&self) -> bool {
        self.request_ended.load(Relaxed)
    }

    fn edit(&self, change: impl FnOnce(&mut Facts)) {
        if let Some(facts) = self.facts().as_mut() {
            change(facts);
        }
    }

    fn facts(&self) -> MutexGuard<'_, Option<Facts>> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Only kept when somebody will read it.
fn user_agent(headers: &HeaderMap, telemetry: &Telemetry) -> Option<HeaderValue> {
    telemetry
        .access_log
        .as_ref()
        .and_then(|_| headers.get(USER_AGENT))
        .cloned()
}

impl Facts {
    fn new(client: IpAddr, request_id: HeaderValue) -> Self {
        Self {
            began: Instant::now(),
            duration: Duration::ZERO,
            client,
            method: None,
            uri: Uri::default(),
            version: Version::HTTP_11,
            tls: None,
            host: None,
            user_agent: None,
            request_id,
            site: None,
            outcome: Outcome::default(),
            ended: Ended::default(),
            origin_status: None,
            status: None,
            failure: None,
            outage: None,
            attempts: 0,
            endpoint: None,
            upstream: None,
            request_bytes: 0,
            response_bytes: 0,
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let now = Instant::now();
        self.connection.request_ended(now);
        let Some(mut facts) = self.facts().take() else {
            return;
        };
        facts.duration = now.saturating_duration_since(facts.began);
        facts.request_bytes = self.request_bytes.load(Relaxed);
        facts.response_bytes += self.response_bytes.load(Relaxed);
        self.telemetry.metrics.count(&facts);
        if let Some(log) = &self.telemetry.access_log {
            log.write(facts);
        }
    }
}
