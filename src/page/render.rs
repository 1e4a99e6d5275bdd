//! From words and a brand to HTML and the security policy that fits its style.

use askama::Template;
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::{
    brand::Brand,
    key::{Cause, PageKey},
    language::{Notice, Words, fill, words},
    palette::style,
    returning::{SCRIPT, Until},
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
    until: Option<Until>,
    script: &'static str,
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
        let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
        let (hash, script) = (hash(&self.style), hash(SCRIPT));
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; script-src 'sha256-{script}'; \
             connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'"
        )
    }

    /// One page.
    pub(super) fn page(&self, key: PageKey) -> Result<Html, askama::Error> {
        let words = words(key.language);
        let cause = words.cause(key.cause);
        let own = self.site.texts(key.variant).get(&key.language);
        let notice = key.submission.notice(words);
        // A notice has its own advice, which may be not to try again.
        let sentences = match notice {
            None => format!("{} {}", cause.later, cause.sorry),
            Some(_) => cause.sorry.to_owned(),
        };
        let what = what_is_the_matter(words, key.cause, self.brand.name);
        let message = format!("{what} {sentences}");
        let text = Page {
            words,
            brand: &self.brand,
            style: &self.style,
            headline: own_or(own, |own| own.headline.as_deref(), cause.headline),
            paragraphs: paragraphs(own_or(own, |own| own.message.as_deref(), &message)),
            notice,
            until: key.until.map(Until::new),
            script: SCRIPT,
        }
        .render()?;
        let policy = self.security_policy();
        Ok(Html { text, policy })
    }
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
