//! One site of the gallery: its pages in every design, asked as clients would ask.

use std::{
    future::Future as _,
    sync::{Arc, OnceLock},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, Uri, header};
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp, tz::Offset};

use super::sample::{Kind, Sample, Sent, Why};
use crate::{
    config::spec::{HostPattern, Moment, SiteSpec, Theme, VariantSpec},
    failure::{FailedWith, Failure, UpstreamFailure, Window, proxy_status::ProxyStatus},
    message::{body::Fixed, preferences::Preferences},
    page::{
        Answer, PageError, Pages, Shelf,
        legal::{Legal, LegalPages},
    },
    tasks::clock::{Clock as _, WallClock},
};

/// A site and its pages, each design made when it is first looked at.
pub(super) struct Shown {
    spec: Arc<SiteSpec>,
    own: Arc<Design>,
    others: Vec<(Theme, OnceLock<Option<Arc<Design>>>)>,
}

/// All pages in one design.
struct Design {
    pages: Pages,
    legal: LegalPages,
}

/// An answer as a client would get it.
pub(super) struct Shot {
    pub status: u16,
    pub head: HeaderMap,
    pub body: Bytes,
}

/// What a client would send.
struct Request {
    method: Method,
    target: Uri,
    host: Option<HeaderValue>,
    fields: HeaderMap,
    now: Timestamp,
}

impl Design {
    fn new(spec: &Arc<SiteSpec>) -> Result<Arc<Self>, PageError> {
        Ok(Arc::new(Self {
            // On a shelf of its own: each may fill the budget that a process has.
            pages: Pages::new(spec, &Arc::new(Shelf::default()))?,
            legal: LegalPages::build(spec)?,
        }))
    }
}

impl Shown {
    pub(super) fn new(spec: &Arc<SiteSpec>) -> Result<Self, PageError> {
        let others = Theme::ALL
            .into_iter()
            .filter(|theme| *theme != spec.brand.theme);
        Ok(Self {
            spec: Arc::clone(spec),
            own: Design::new(spec)?,
            others: others.map(|theme| (theme, OnceLock::new())).collect(),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.spec.name
    }

    pub(super) fn spec(&self) -> &SiteSpec {
        &self.spec
    }

    fn design(&self, theme: Theme) -> Option<Arc<Design>> {
        let Some((_, design)) = self.others.iter().find(|(other, _)| *other == theme) else {
            return Some(Arc::clone(&self.own));
        };
        let made = design.get_or_init(|| {
            let mut spec = SiteSpec::clone(&self.spec);
            spec.brand.theme = theme;
            Design::new(&Arc::new(spec)).ok()
        });
        made.clone()
    }

    /// The answer, in this coding (`identity`, `gzip`, `br`). `None` where there is no such answer.
    pub(super) fn shot(&self, sample: &Sample, coding: &'static str) -> Option<Shot> {
        let design = self.design(sample.theme)?;
        let words = match sample.words {
            None => None,
            Some(at) => Some(self.spec.variants.get(at)?),
        };
        let request = request(sample, words, coding)?;
        let to = Preferences::capture(&request.method, &request.target, &request.fields);
        let response = match sample.kind {
            Kind::Imprint => design.legal.respond(Legal::Imprint, &to)?,
            Kind::Privacy => design.legal.respond(Legal::Privacy, &to)?,
            _ => self.failed(&design.pages, sample, &request, &to),
        };
        Some(shot(response))
    }

    fn failed(
        &self,
        pages: &Pages,
        sample: &Sample,
        request: &Request,
        to: &Preferences,
    ) -> Response<Fixed> {
        let failure = failure(sample, request.now);
        let failed = FailedWith::from(failure);
        let request_id = HeaderValue::from_static("00000000000000000000000000000000");
        let answer = Answer {
            retry_after: self.spec.retry_after.start,
            request_id: &request_id,
            proxy_status: ProxyStatus::new("intermission").value(failure, None),
            host: request.host.as_ref(),
            now: request.now,
            snapshot: None,
        };
        pages.respond(&failed, to, &answer)
    }
}

fn shot(response: Response<Fixed>) -> Shot {
    let (head, body) = response.into_parts();
    let mut body = Box::pin(body.collect());
    let mut cx = Context::from_waker(Waker::noop());
    // A body in memory never keeps anybody waiting.
    let body = match body.as_mut().poll(&mut cx) {
        Poll::Ready(Ok(body)) => body.to_bytes(),
        Poll::Ready(Err(never)) => match never {},
        Poll::Pending => Bytes::new(),
    };
    Shot {
        status: head.status.as_u16(),
        head: head.headers,
        body,
    }
}

fn failure(sample: &Sample, now: Timestamp) -> Failure {
    /// Long enough for a countdown of two units.
    const MAINTENANCE: SignedDuration = SignedDuration::from_mins(95);
    match (sample.why, sample.sent) {
        (Why::Outage, Sent::Unknown) => Failure::Upstream(UpstreamFailure::ReadTimeout),
        (Why::Outage, _) => Failure::Upstream(UpstreamFailure::Refused),
        (Why::Busy, _) => Failure::Overloaded,
        (Why::Maintenance, _) => {
            let at = now.checked_add(MAINTENANCE).unwrap_or(now);
            let offset = Offset::UTC;
            let until = Some(Moment { at, offset });
            Failure::Maintenance(Window { until })
        }
    }
}

fn request(sample: &Sample, words: Option<&VariantSpec>, coding: &'static str) -> Option<Request> {
    let (method, fields) = fields(sample.kind);
    let is_read = sample.sent == Sent::Nothing && method == Method::GET;
    let mut headers: HeaderMap = fields
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        })
        .collect();
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(coding));
    let language = HeaderValue::from_static(sample.language.tag());
    headers.insert(header::ACCEPT_LANGUAGE, language);
    let visit = words.map_or_else(Visit::anywhere, Visit::of);
    Some(Request {
        method: if is_read { Method::GET } else { Method::POST },
        target: visit.target.parse().ok()?,
        host: visit.host.and_then(|host| HeaderValue::try_from(host).ok()),
        fields: headers,
        now: visit.now,
    })
}

type Fields = &'static [(&'static str, &'static str)];

fn fields(kind: Kind) -> (Method, Fields) {
    match kind {
        Kind::Page | Kind::Imprint | Kind::Privacy => (
            Method::GET,
            &[("accept", "text/html"), ("sec-fetch-mode", "navigate")],
        ),
        Kind::Json => (Method::GET, &[("accept", "application/json")]),
        Kind::Text => (Method::GET, &[("accept", "text/plain")]),
        Kind::Asset => (
            Method::GET,
            &[("accept", "image/*"), ("sec-fetch-dest", "image")],
        ),
        Kind::Grpc => (Method::POST, &[("content-type", "application/grpc")]),
        Kind::EventStream => (Method::GET, &[("accept", "text/event-stream")]),
        Kind::WebSocket => (
            Method::GET,
            &[("connection", "upgrade"), ("upgrade", "websocket")],
        ),
    }
}

/// Where and when a visitor comes from.
struct Visit {
    target: String,
    host: Option<String>,
    now: Timestamp,
}

impl Visit {
    fn anywhere() -> Self {
        Self {
            target: "/".to_owned(),
            host: None,
            now: WallClock.timestamp(),
        }
    }

    /// One that meets all conditions of a variant.
    fn of(variant: &VariantSpec) -> Self {
        let now = WallClock.timestamp();
        let early = variant.from.map_or(now, |from| from.at.max(now));
        let late = variant
            .until
            .and_then(|until| until.at.checked_sub(Duration::from_secs(1)).ok());
        let mut target = variant
            .paths
            .first()
            .cloned()
            .unwrap_or_else(|| "/".to_owned());
        let fields = [
            ("utm_campaign", &variant.campaigns),
            ("utm_source", &variant.sources),
        ];
        let named = fields
            .into_iter()
            .filter_map(|(name, values)| Some((name, values.first()?)));
        for (at, (name, value)) in named.enumerate() {
            target.push(if at == 0 { '?' } else { '&' });
            target += &format!("{name}=");
            target.extend(value.bytes().map(|byte| format!("%{byte:02X}")));
        }
        Self {
            target,
            host: variant.hosts.first().and_then(|host| match host {
                HostPattern::Exact(name) => Some(name.clone()),
                HostPattern::Wildcard(suffix) => Some(format!("www{suffix}")),
                HostPattern::Any => None,
            }),
            now: late.map_or(early, |late| early.min(late)),
        }
    }
}
