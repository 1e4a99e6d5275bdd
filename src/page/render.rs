//! From words and a brand to HTML and the security policy that fits its style and script.

use std::collections::BTreeMap;

use askama::Template;
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::{
    brand::{Brand, is_safe, lines},
    key::{Cause, PageKey},
    language::{Notice, Words, fill, words_in},
    legal::legal_links,
    returning::{SCRIPT, Until},
    style::style,
};
use crate::config::spec::{Language, PageTextSpec, SiteSpec, Tone};

/// What all pages of one site share. It owns what it needs: pages are rendered long after a site
/// was loaded, and by several threads.
pub(super) struct Renderer {
    brand: Brand,
    tone: Tone,
    texts: BTreeMap<Language, PageTextSpec>,
    /// The same in each of the site's variants.
    variants: Vec<BTreeMap<Language, PageTextSpec>>,
    /// The language that the owner's action is taken from where there is none in the page's own.
    fallback: Language,
    imprint: bool,
    privacy: bool,
    style: String,
    policy: String,
}

/// A page as it is sent, and what the browser may do with it.
pub(super) struct Html {
    pub text: String,
    /// The value of `Content-Security-Policy`.
    pub policy: String,
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    words: &'static Words,
    brand: &'a Brand,
    style: &'a str,
    script: Option<&'static str>,
    headline: &'a str,
    paragraphs: Vec<&'a str>,
    texts: &'a PageTextSpec,
    /// The logo in words.
    alt: &'a str,
    action: Option<Action<'a>>,
    hours: Vec<String>,
    notice: Option<&'a Notice>,
    eta: Option<&'a str>,
    until: Option<Until>,
    has_contact: bool,
    /// Whether there is anything below the message.
    has_more: bool,
    imprint: bool,
    privacy: bool,
}

/// What visitors are asked to do in the meantime.
pub(super) struct Action<'a> {
    pub text: &'a str,
    pub url: Option<&'a str>,
    pub code: Option<&'a str>,
    /// The tag of the language it is written in.
    pub language: &'static str,
}

impl Renderer {
    pub(super) fn new(site: &SiteSpec) -> Result<Self, askama::Error> {
        let style = style(&site.brand)?;
        let (imprint, privacy) = legal_links(site);
        Ok(Self {
            brand: Brand::new(&site.brand),
            tone: site.brand.tone,
            texts: site.pages.clone(),
            variants: site
                .variants
                .iter()
                .map(|variant| variant.texts.clone())
                .collect(),
            fallback: site.fallback.language,
            imprint,
            privacy,
            policy: security_policy(&style, Some(SCRIPT)),
            style,
        })
    }

    /// One page.
    pub(super) fn page(&self, key: PageKey) -> Result<Html, askama::Error> {
        let nothing = PageTextSpec::default();
        let words = words_in(key.language, self.tone);
        let own = self.own(key.variant);
        let texts = own.get(&key.language).unwrap_or(&nothing);
        let notice = key.submission.notice(words);
        let (headline, paragraphs) = self.said(key);
        let hours = texts.hours.as_deref().map(lines);
        let hours = hours.unwrap_or_else(|| self.brand.hours.clone());
        let has_contact = self.brand.has_contact() || !hours.is_empty();
        let text = Page {
            words,
            brand: &self.brand,
            style: &self.style,
            script: Some(SCRIPT),
            headline: &headline,
            paragraphs: paragraphs.iter().map(String::as_str).collect(),
            alt: own_or(Some(&self.brand.name), "Logo"),
            action: self.action(own, key.language),
            has_more: has_contact || self.brand.has_links() || !texts.still_works.is_empty(),
            eta: eta(key, texts),
            texts,
            hours,
            notice,
            until: key.until.map(Until::new),
            has_contact,
            imprint: self.imprint,
            privacy: self.privacy,
        }
        .render()?;
        let policy = self.policy.clone();
        Ok(Html { text, policy })
    }

    /// The owner's words.
    pub(super) fn own(&self, variant: Option<u16>) -> &BTreeMap<Language, PageTextSpec> {
        variant
            .and_then(|at| self.variants.get(usize::from(at)))
            .unwrap_or(&self.texts)
    }

    /// What a page says above all, as headline and paragraphs: the owner's words about its cause,
    /// else the built-in ones.
    pub(super) fn said(&self, key: PageKey) -> (String, Vec<String>) {
        let words = words_in(key.language, self.tone);
        let cause = words.cause(key.cause);
        let own = self.own(key.variant).get(&key.language);
        let own = own.map(|texts| match key.cause {
            Cause::Outage => &texts.outage,
            Cause::Maintenance => &texts.maintenance,
            Cause::Busy => &texts.busy,
        });
        let what = what_is_the_matter(words, key.cause, &self.brand.name);
        let message = match key.submission.notice(words) {
            None => words.sentences(&[&what, cause.later, cause.sorry]),
            // A notice has its own advice, which may be not to try again.
            Some(_) => words.sentences(&[&what, cause.sorry]),
        };
        let headline = own.and_then(|own| own.headline.as_deref());
        let own = own.and_then(|own| own.message.as_deref());
        let paragraphs = paragraphs(own_or(own, &message)).into_iter();
        (
            own_or(headline, cause.headline).to_owned(),
            paragraphs.map(str::to_owned).collect(),
        )
    }

    /// What is known of the owner.
    pub(super) const fn brand(&self) -> &Brand {
        &self.brand
    }

    /// The owner's, in the page's language or else in the site's: a voucher is worth more than
    /// one language.
    pub(super) fn action<'t>(
        &self,
        own: &'t BTreeMap<Language, PageTextSpec>,
        language: Language,
    ) -> Option<Action<'t>> {
        [language, self.fallback].into_iter().find_map(|language| {
            let action = own.get(&language)?.action.as_ref()?;
            Some(Action {
                text: &action.text,
                url: action.url.as_deref().filter(|url| is_safe(url)),
                code: action.code.as_deref(),
                language: words_in(language, self.tone).tag,
            })
        })
    }
}

/// The only style and script that run are ours, and nothing is loaded from anywhere.
fn security_policy(style: &str, script: Option<&str>) -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    let script = script.map_or_else(String::new, |script| {
        format!("script-src 'sha256-{}'; connect-src 'self'; ", hash(script))
    });
    format!(
        "default-src 'none'; style-src 'sha256-{}'; {script}img-src data:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        hash(style)
    )
}

/// When the owner expects to be back: said of an outage only. Maintenance has an end of its own,
/// and a busy site has not gone away.
pub(super) fn eta(key: PageKey, texts: &PageTextSpec) -> Option<&str> {
    texts.eta.as_deref().filter(|_| key.cause == Cause::Outage)
}

/// What is the matter with the site, in one sentence.
pub(super) fn what_is_the_matter(words: &Words, cause: Cause, name: &str) -> String {
    let subject = if name.is_empty() {
        words.this_site
    } else {
        name
    };
    fill(words.cause(cause).what, subject)
}

fn own_or<'a>(own: Option<&'a str>, built_in: &'a str) -> &'a str {
    own.map(str::trim)
        .filter(|text| !text.is_empty())
        .unwrap_or(built_in)
}

/// Owners break lines where they mean paragraphs.
fn paragraphs(text: &str) -> Vec<&str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect()
}
