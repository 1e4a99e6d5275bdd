//! What we say instead of the origin (step 9 of the request's way): one answer for each kind of
//! client, and the two rules about answers, [`replace`] and [`retry_after`].
//!
//! Pages for people are rendered, compressed and given their head once: when a site is loaded, or
//! when one that few see is asked for first. A request only adds what is its own: how long to
//! wait, why, and its id.

mod brand;
pub mod custom;
mod encoded;
mod key;
pub mod language;
pub mod legal;
mod plain;
mod protocols;
mod render;
pub mod replace;
pub mod retry_after;
mod returning;
pub mod snapshot;
mod source;
mod store;
mod style;
mod submission;
mod too_large;
mod variant;

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use jiff::Timestamp;

pub use self::store::Shelf;
use self::{
    key::{Cause, PageKey, end_of},
    legal::LegalPages,
    plain::{Plain, status_of},
    protocols::{events, grpc},
    snapshot::Snapshot,
    source::Source,
    store::Store,
    submission::Submission,
    too_large::TooLargePages,
    variant::Visit,
};
use crate::{
    config::spec::{Language, SiteSpec},
    failure::{FailedWith, Failure, UpstreamFailure},
    markup::policy::PolicyError,
    message::{
        body::Fixed,
        client_kind::{AssetType, ClientKind},
        preferences::Preferences,
    },
};

const PROXY_STATUS: HeaderName = HeaderName::from_static("proxy-status");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What a short answer may do in a browser: nothing.
const NO_CONTENT_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// All answers of one site.
#[derive(Debug)]
pub struct Pages {
    site: Arc<SiteSpec>,
    html: Store,
    legal: LegalPages,
    too_large: TooLargePages,
    /// The head of a short 503, without its type and length.
    short: HeaderMap,
}

/// What an answer says that changes from request to request.
#[derive(Debug, Clone)]
pub struct Answer<'a> {
    /// Whole seconds, at least one, spread already.
    pub retry_after: Duration,
    /// The id that the request has in the log.
    pub request_id: &'a HeaderValue,
    /// The cause, in the words of RFC 9209.
    pub proxy_status: HeaderValue,
    /// The host that was asked for.
    pub host: Option<&'a HeaderValue>,
    /// The time on the wall.
    pub now: Timestamp,
    /// A page of the site itself, to be shown in place of the usual ones.
    pub snapshot: Option<&'a Snapshot>,
}

/// Why a site's pages cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// A template failed.
    #[error("the page cannot be rendered")]
    Render(#[from] askama::Error),
    /// An encoder failed.
    #[error("the page cannot be compressed")]
    Compress(#[from] io::Error),
    /// A page of ours would load something.
    #[error("the page does not stand alone")]
    Alone(#[source] PolicyError),
    /// The security policy is no field value.
    #[error("the page's security policy is not a valid field value")]
    Policy(#[from] header::InvalidHeaderValue),
}

impl Pages {
    /// With the first pages of a site. Takes a moment: only when a site is loaded.
    ///
    /// # Errors
    /// When rendering or compressing fails, which no valid spec causes.
    pub fn new(site: &Arc<SiteSpec>, shelf: &Arc<Shelf>) -> Result<Self, PageError> {
        let pages = Self::later(site, shelf)?;
        pages.make_ready()?;
        Ok(pages)
    }

    /// With each page made when it is asked for first, or by [`Pages::make_ready`] before.
    ///
    /// # Errors
    /// As [`Pages::new`].
    pub fn later(site: &Arc<SiteSpec>, shelf: &Arc<Shelf>) -> Result<Self, PageError> {
        Ok(Self {
            site: Arc::clone(site),
            html: Store::new(Source::new(Arc::clone(site)), shelf),
            legal: LegalPages::build(site)?,
            too_large: TooLargePages::build(site)?,
            short: unavailable_head(NO_CONTENT_POLICY),
        })
    }

    /// Makes the first pages, as far as they are not made.
    ///
    /// # Errors
    /// As [`Pages::new`].
    pub fn make_ready(&self) -> Result<(), PageError> {
        self.html.make_ready()
    }

    /// Whether another spec has the same pages. A new part of a site has to say here whether its
    /// pages depend on it.
    #[must_use]
    pub fn fit(&self, site: &SiteSpec) -> bool {
        let SiteSpec {
            brand,
            pages,
            variants,
            fallback,
            own,
            name: _,
            hosts: _,
            upstream: _,
            maintenance: _,
            retry_after: _,
            redirect: _,
            hsts: _,
            headers: _,
            tls: _,
            admission,
        } = site;
        self.site.brand == *brand
            && self.site.pages == *pages
            && self.site.variants == *variants
            && self.site.fallback == *fallback
            && self.site.own == *own
            // A page of its own says that something is too large.
            && self.site.admission.body.is_some() == admission.body.is_some()
    }

    /// The answer to one client about one failure.
    #[must_use]
    pub fn respond(
        &self,
        failed: &FailedWith,
        to: &Preferences,
        answer: &Answer<'_>,
    ) -> Response<Fixed> {
        let (status, mut head, body) = match failed.failure {
            Failure::TooLarge => self.too_large.parts(to, answer),
            failure => self.parts(failure, to, answer),
        };
        if matches!(
            status,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
        ) {
            head.insert(header::RETRY_AFTER, HeaderValue::from(seconds(answer)));
        }
        head.insert(PROXY_STATUS, answer.proxy_status.clone());
        head.insert(REQUEST_ID, answer.request_id.clone());
        let body = if to.is_head() {
            Fixed::empty()
        } else {
            Fixed::new(body)
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = head;
        response
    }

    /// The owner's legal texts.
    #[must_use]
    pub const fn legal(&self) -> &LegalPages {
        &self.legal
    }

    /// The row of the client's kind.
    fn parts(&self, failure: Failure, to: &Preferences, answer: &Answer<'_>) -> Parts {
        let key = self.key(failure, to, answer);
        let request_id = String::from_utf8_lossy(answer.request_id.as_bytes());
        let plain = Plain {
            name: self.site.brand.name.trim(),
            language: key.language,
            tone: self.site.brand.tone,
            cause: key.cause,
            submission: key.submission,
            status: status_of(failure),
            seconds: seconds(answer),
            request_id: &request_id,
        };
        let (status, head, body) = self.by_kind(failure, key, (to, &plain), answer);
        let status = match status {
            StatusCode::SERVICE_UNAVAILABLE => plain.status,
            told_otherwise => told_otherwise,
        };
        (status, head, body)
    }

    fn by_kind(
        &self,
        failure: Failure,
        key: PageKey,
        (to, plain): (&Preferences, &Plain<'_>),
        answer: &Answer<'_>,
    ) -> Parts {
        match to.client_kind() {
            ClientKind::Navigation if self.shows_page(failure) => {
                let own = answer.snapshot.and_then(|page| page.answer(key, to));
                own.unwrap_or_else(|| self.page(key, to, plain))
            }
            ClientKind::Navigation | ClientKind::Text => self.text(plain),
            ClientKind::Json => self.short(
                "application/problem+json",
                Some(key.language),
                plain.json().into(),
            ),
            ClientKind::Asset(asset) => self.asset(asset),
            ClientKind::Grpc => grpc(plain, to),
            ClientKind::EventStream => events(plain),
            // A handshake sends nothing, whatever its method.
            ClientKind::WebSocket => self.text(&Plain {
                submission: Submission::Nothing,
                ..*plain
            }),
        }
    }

    /// The page for people.
    fn key(&self, failure: Failure, to: &Preferences, answer: &Answer<'_>) -> PageKey {
        let visit = Visit {
            host: answer.host,
            path: to.path(),
            query: to.query(),
            now: answer.now,
        };
        PageKey {
            language: to.language(&self.site.fallback.languages, self.site.fallback.language),
            cause: Cause::of(failure),
            until: end_of(failure),
            submission: Submission::of(to, failure),
            variant: variant::matching(&self.site.variants, &visit),
        }
    }

    fn page(&self, key: PageKey, to: &Preferences, plain: &Plain<'_>) -> Parts {
        let coding = to.coding();
        let usual = PageKey::usual(self.site.fallback.language);
        // Not for who sent something: another page would not say what became of it.
        let instead = (key.submission == Submission::Nothing).then_some(usual);
        let ready = self.html.get(key, coding);
        match ready.or_else(|| self.html.get(instead?, coding)) {
            Some(ready) => (
                StatusCode::SERVICE_UNAVAILABLE,
                ready.head.clone(),
                ready.body.clone(),
            ),
            None => self.text(plain),
        }
    }

    fn shows_page(&self, failure: Failure) -> bool {
        match failure {
            Failure::Upstream(UpstreamFailure::Status(_))
            | Failure::Overloaded
            | Failure::RateLimited(_)
            | Failure::TooLarge
            | Failure::Maintenance(_)
            | Failure::Internal => true,
            Failure::Upstream(_) => self.site.fallback.failures,
        }
    }

    fn text(&self, plain: &Plain<'_>) -> Parts {
        self.short(
            "text/plain; charset=utf-8",
            Some(plain.language),
            plain.text().into(),
        )
    }

    fn asset(&self, asset: AssetType) -> Parts {
        let body = match asset {
            AssetType::Crawled => Bytes::from_static(b"Service Unavailable\n"),
            _ => Bytes::new(),
        };
        self.short(asset.media_type(), None, body)
    }

    fn short(&self, media_type: &'static str, language: Option<Language>, body: Bytes) -> Parts {
        let mut head = self.short.clone();
        head.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        if let Some(language) = language {
            head.insert(header::CONTENT_LANGUAGE, tag(language));
        }
        head.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        (StatusCode::SERVICE_UNAVAILABLE, head, body)
    }
}

type Parts = (StatusCode, HeaderMap, Bytes);

/// What every 503 carries. The fields of the single request are held open, so that setting them
/// later neither moves nor enlarges the map.
fn unavailable_head(policy: HeaderValue) -> HeaderMap {
    let open = HeaderValue::from_static("");
    let vary = HeaderValue::from_static("Accept, Accept-Encoding, Accept-Language");
    HeaderMap::from_iter([
        (header::CONTENT_TYPE, open.clone()),
        (header::CONTENT_LENGTH, open.clone()),
        (header::RETRY_AFTER, open.clone()),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::VARY, vary),
        (PROXY_STATUS, open.clone()),
        (REQUEST_ID, open),
        (header::CONTENT_SECURITY_POLICY, policy),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
    ])
}

const fn tag(language: Language) -> HeaderValue {
    HeaderValue::from_static(language.tag())
}

fn seconds(answer: &Answer<'_>) -> u64 {
    answer.retry_after.as_secs().max(1)
}

#[cfg(test)]
mod tests;
