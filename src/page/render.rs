//! From words and a brand to HTML and the security policy that fits its style.

use askama::Template;
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::{
    brand::Brand,
    key::{Cause, PageKey},
    language::{Notice, Words, fill, words},
    palette::style,
};
use crate::config::spec::{PageTextSpec, SiteSpec};

/// What all pages of one site share.
pub(super) struct Renderer<'a> {
    site: &'a SiteSpec,
    brand: Brand<'a>,
    style: String,
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
    brand: &'a Brand<'a>,
    style: &'a str,
    headline: &'a str,
    paragraphs: Vec<&'a str>,
    notice: Option<&'a Notice>,
}

impl<'a> Renderer<'a> {
    pub(super) fn new(site: &'a SiteSpec) -> Result<Self, askama::Error> {
        let style = style(site.brand.color)?;
        Ok(Self {
            site,
            brand: Brand::new(&site.brand),
            style,
        })
    }

    /// The only style that runs is ours, and nothing is loaded from anywhere.
    fn security_policy(&self) -> String {
        let hash = STANDARD.encode(Sha256::digest(self.style.as_bytes()));
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'"
        )
    }

    /// One page.
    pub(super) fn page(&self, key: PageKey) -> Result<Html, askama::Error> {
        let words = words(key.language);
        let notice = key.submission.notice(words);
        let (headline, paragraphs) = headline_and_paragraphs(self.site, key);
        let text = Page {
            words,
            brand: &self.brand,
            style: &self.style,
            headline: &headline,
            paragraphs: paragraphs.iter().map(String::as_str).collect(),
            notice,
        }
        .render()?;
        let policy = self.security_policy();
        Ok(Html { text, policy })
    }
}

/// What a page says above all: the owner's words, else the built-in ones.
pub(super) fn headline_and_paragraphs(site: &SiteSpec, key: PageKey) -> (String, Vec<String>) {
    let words = words(key.language);
    let cause = words.cause(key.cause);
    let own = site.pages.get(&key.language);
    // A notice has its own advice, which may be not to try again.
    let sentences = match key.submission.notice(words) {
        None => format!("{} {}", cause.later, cause.sorry),
        Some(_) => cause.sorry.to_owned(),
    };
    let what = what_is_the_matter(words, key.cause, site.brand.name.trim());
    let message = format!("{what} {sentences}");
    let headline = own_or(own, |own| own.headline.as_deref(), cause.headline);
    let message = own_or(own, |own| own.message.as_deref(), &message);
    let paragraphs = paragraphs(message).into_iter().map(str::to_owned);
    (headline.to_owned(), paragraphs.collect())
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

fn own_or<'a>(
    own: Option<&'a PageTextSpec>,
    text: impl FnOnce(&'a PageTextSpec) -> Option<&'a str>,
    built_in: &'a str,
) -> &'a str {
    own.and_then(text)
        .map(str::trim)
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
