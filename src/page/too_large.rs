//! The answer to a request body that is larger than the site takes: 413 in the site's look, for
//! each kind of client. Not a page of an outage: nothing comes back by itself, so nobody is asked
//! to wait.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::{
    Answer, PageError, Parts,
    encoded::Encoded,
    language::{Words, words_in},
    legal,
    protocols::{GRPC_MESSAGE, GRPC_STATUS},
};
use crate::{
    config::spec::{Language, LegalText, SiteSpec, Tone},
    message::{client_kind::ClientKind, preferences::Preferences},
};

/// The pages for people, and what the other answers need.
#[derive(Debug)]
pub(super) struct TooLargePages {
    /// Empty where the site takes bodies of any size.
    html: BTreeMap<Language, Encoded>,
    languages: Vec<Language>,
    default: Language,
    tone: Tone,
}

/// RFC 9457.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'static str,
    request_id: &'a str,
}

impl TooLargePages {
    /// Makes the pages in the languages the owner writes in.
    ///
    /// # Errors
    /// When rendering or compressing fails, which no valid spec causes.
    pub(super) fn build(site: &SiteSpec) -> Result<Self, PageError> {
        let default = site.fallback.language;
        let own = site.pages.keys().copied();
        let mut html = BTreeMap::new();
        if site.admission.body.is_some() {
            for language in own.chain([default]).collect::<BTreeSet<_>>() {
                html.insert(language, page(site, language)?);
            }
        }
        Ok(Self {
            languages: html.keys().copied().collect(),
            html,
            default,
            tone: site.brand.tone,
        })
    }

    /// Status, head and body for one client.
    pub(super) fn parts(&self, to: &Preferences, answer: &Answer<'_>) -> Parts {
        let language = to.language(&self.languages, self.default);
        let words = words_in(language, self.tone);
        let page = self.html.get(&language).map(|page| page.get(to.coding()));
        match (to.client_kind(), page) {
            (ClientKind::Navigation, Some(ready)) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                ready.head.clone(),
                ready.body.clone(),
            ),
            (ClientKind::Json, _) => short(
                "application/problem+json",
                problem(
                    words,
                    &String::from_utf8_lossy(answer.request_id.as_bytes()),
                ),
            ),
            (ClientKind::Grpc, _) => grpc(to),
            (ClientKind::Asset(asset), _) => short(asset.media_type(), Bytes::new()),
            (
                ClientKind::Navigation
                | ClientKind::Text
                | ClientKind::EventStream
                | ClientKind::WebSocket,
                _,
            ) => {
                let fact = format!("{}\n", words.too_large.fact);
                short("text/plain; charset=utf-8", fact.into())
            }
        }
    }
}

fn page(site: &SiteSpec, language: Language) -> Result<Encoded, PageError> {
    let words = words_in(language, site.brand.tone);
    let text = LegalText {
        title: None,
        html: format!("<p>{}</p>", words.too_large.fact),
    };
    legal::page(site, &text, language, |words| words.too_large.headline)
}

fn problem(words: &Words, request_id: &str) -> Bytes {
    let problem = Problem {
        r#type: "about:blank",
        title: "Content Too Large",
        status: StatusCode::PAYLOAD_TOO_LARGE.as_u16(),
        detail: words.too_large.fact,
        request_id,
    };
    let json = serde_json::to_vec(&problem);
    json.expect("strings and numbers always make valid JSON")
        .into()
}

/// Trailers-only, `RESOURCE_EXHAUSTED`: what servers say of messages over their limit.
fn grpc(to: &Preferences) -> Parts {
    let media_type = to.content_type().cloned();
    let head = HeaderMap::from_iter([
        (
            header::CONTENT_TYPE,
            media_type.unwrap_or(HeaderValue::from_static("application/grpc")),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (GRPC_STATUS, HeaderValue::from_static("8")),
        (
            GRPC_MESSAGE,
            HeaderValue::from_static("the request body is too large"),
        ),
    ]);
    (StatusCode::OK, head, Bytes::new())
}

fn short(media_type: &'static str, body: Bytes) -> Parts {
    let head = HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_LENGTH, HeaderValue::from(body.len())),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
    ]);
    (StatusCode::PAYLOAD_TOO_LARGE, head, body)
}
