//! From words and a brand to HTML and the security policy that fits its style.

use askama::Template;
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::{
    brand::Brand,
    language::{Notice, Words, words},
    palette::style,
    submission::Submission,
};
use crate::config::spec::{Language, PageTextSpec, SiteSpec};

/// What all pages of one site share.
pub(super) struct Renderer<'a> {
    site: &'a SiteSpec,
    brand: Brand<'a>,
    style: String,
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
    pub(super) fn security_policy(&self) -> String {
        let hash = STANDARD.encode(Sha256::digest(self.style.as_bytes()));
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'"
        )
    }

    /// One page.
    pub(super) fn page(
        &self,
        language: Language,
        submission: Submission,
    ) -> Result<String, askama::Error> {
        let words = words(language);
        let own = self.site.pages.get(&language);
        let notice = submission.notice(words);
        // A notice has its own advice, which may be not to try again.
        let sentences = match notice {
            None => format!("{} {}", words.later, words.sorry),
            Some(_) => words.sorry.to_owned(),
        };
        let message = format!("{} {sentences}", unavailable(words, self.brand.name));
        Page {
            words,
            brand: &self.brand,
            style: &self.style,
            headline: own_or(own, |own| own.headline.as_deref(), words.headline),
            paragraphs: paragraphs(own_or(own, |own| own.message.as_deref(), &message)),
            notice,
        }
        .render()
    }
}

/// That the site is unavailable, in one sentence.
pub(super) fn unavailable(words: &Words, name: &str) -> String {
    let subject = if name.is_empty() {
        words.this_site
    } else {
        name
    };
    format!("{subject} {}", words.is_unavailable)
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
