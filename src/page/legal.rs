//! The imprint and the privacy notice: the owner's text in the look of the site's pages. Made when
//! a site is loaded, served on reserved paths whether the origin is well or not.

use std::collections::BTreeMap;

use askama::Template;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::{
    PageError,
    encoded::Encoded,
    language::{Words, words_in},
    style::style,
};
use crate::{
    config::spec::{Language, LegalSpec, LegalText, SiteSpec},
    markup::policy::policy,
    message::{body::Fixed, preferences::Preferences},
};

/// Which text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Legal {
    /// Who is behind the site.
    Imprint,
    /// What becomes of visitors' data.
    Privacy,
}

/// The legal texts of one site.
#[derive(Debug, Default)]
pub struct LegalPages {
    imprint: Texts,
    privacy: Texts,
}

/// One text in each language it is there in.
#[derive(Debug, Default)]
struct Texts {
    by_language: BTreeMap<Language, Encoded>,
    default: Option<Language>,
}

#[derive(Template)]
#[template(path = "legal.html")]
struct LegalPage<'a> {
    words: &'static Words,
    brand: &'a str,
    style: &'a str,
    title: &'a str,
    has_heading: bool,
    text: &'a str,
}

/// Whether a site has an imprint and a privacy notice.
pub(super) fn legal_links(site: &SiteSpec) -> (bool, bool) {
    (site.own.imprint.is_there(), site.own.privacy.is_there())
}

impl LegalPages {
    /// Makes them all.
    ///
    /// # Errors
    /// When rendering or compressing fails, which no valid spec causes.
    pub fn build(site: &SiteSpec) -> Result<Self, PageError> {
        Ok(Self {
            imprint: Texts::new(site, &site.own.imprint, |words| words.imprint)?,
            privacy: Texts::new(site, &site.own.privacy, |words| words.privacy)?,
        })
    }

    /// A text for this client; `None` when the site does not have it.
    #[must_use]
    pub fn respond(&self, which: Legal, to: &Preferences) -> Option<Response<Fixed>> {
        let texts = match which {
            Legal::Imprint => &self.imprint,
            Legal::Privacy => &self.privacy,
        };
        let there: Vec<Language> = texts.by_language.keys().copied().collect();
        let language = to.language(&there, texts.default?);
        let ready = texts.by_language.get(&language)?.get(to.coding());
        let body = if to.is_head() {
            Fixed::empty()
        } else {
            Fixed::new(ready.body.clone())
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::OK;
        *response.headers_mut() = ready.head.clone();
        Some(response)
    }
}

impl Texts {
    fn new(
        site: &SiteSpec,
        texts: &LegalSpec,
        name: fn(&Words) -> &'static str,
    ) -> Result<Self, PageError> {
        let mut by_language = BTreeMap::new();
        // A text without a language is taken to be in the site's own.
        let own = site.fallback.language;
        if let Some(general) = &texts.general {
            by_language.insert(own, page(site, general, own, name)?);
        }
        for (language, text) in &texts.by_language {
            by_language.insert(*language, page(site, text, *language, name)?);
        }
        let first = by_language.keys().next().copied();
        let default = if by_language.contains_key(&own) {
            Some(own)
        } else {
            first
        };
        Ok(Self {
            by_language,
            default,
        })
    }
}

pub(super) fn page(
    site: &SiteSpec,
    text: &LegalText,
    language: Language,
    name: fn(&Words) -> &'static str,
) -> Result<Encoded, PageError> {
    let words = words_in(language, site.brand.tone);
    let page = LegalPage {
        words,
        brand: site.brand.name.trim(),
        style: &style(&site.brand)?,
        title: text.title.as_deref().unwrap_or_else(|| name(words)),
        has_heading: text.title.is_some(),
        text: &text.html,
    }
    .render()?;
    let policy = policy(&page).map_err(PageError::Alone)?;
    Ok(Encoded::new(
        &page,
        &head(words, HeaderValue::try_from(policy)?),
    )?)
}

/// A good answer, unlike all others of ours: there is something here.
fn head(words: &Words, policy: HeaderValue) -> HeaderMap {
    HeaderMap::from_iter([
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (header::CONTENT_LENGTH, HeaderValue::from_static("")),
        (
            header::CONTENT_LANGUAGE,
            HeaderValue::from_static(words.tag),
        ),
        // A correction has to be seen at once.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::VARY,
            HeaderValue::from_static("Accept-Encoding, Accept-Language"),
        ),
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

/// Which text a path below `/.intermission/` stands for.
#[must_use]
pub fn named(path: &str) -> Option<Legal> {
    match path {
        "/.intermission/imprint" => Some(Legal::Imprint),
        "/.intermission/privacy" => Some(Legal::Privacy),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
