//! From words and a brand to HTML, its colours and the security policy that fits its style.

use askama::Template;
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::{
    brand::Brand,
    contrast::{self, CONTROL, TEXT, WHITE, hex, mix, readable, text_on},
    language::{Notice, Words, words},
    submission::Submission,
};
use crate::config::spec::{BrandSpec, Color, Language, PageTextSpec, SiteSpec};

/// Where an owner names no colour: a calm blue.
const NO_BRAND: Color = Color {
    r: 0x3a,
    g: 0x5f,
    b: 0x8a,
};

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

#[derive(Template)]
#[template(path = "page.css", escape = "none")]
struct Style {
    light: Palette,
    dark: Palette,
}

/// The colours of one scheme, as CSS writes them.
struct Palette {
    page: String,
    card: String,
    ink: String,
    soft: String,
    line: String,
    accent: String,
    on_accent: String,
    edge: String,
    link: String,
    tint: String,
}

impl<'a> Renderer<'a> {
    pub(super) fn new(site: &'a SiteSpec) -> Result<Self, askama::Error> {
        let style = style(&site.brand)?;
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
        let message = format!("{} {}", unavailable(words, self.brand.name), words.later);
        Page {
            words,
            brand: &self.brand,
            style: &self.style,
            headline: own_or(own, |own| own.headline.as_deref(), words.headline),
            paragraphs: paragraphs(own_or(own, |own| own.message.as_deref(), &message)),
            notice: submission.notice(words),
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

fn style(brand: &BrandSpec) -> Result<String, askama::Error> {
    let accent = brand.color.unwrap_or(NO_BRAND);
    let dark = Color {
        r: 0x1a,
        g: 0x1d,
        b: 0x21,
    };
    let light = Scheme {
        page: Color {
            r: 0xf3,
            g: 0xf4,
            b: 0xf6,
        },
        card: WHITE,
        ink: Color {
            r: 0x1a,
            g: 0x1f,
            b: 0x26,
        },
        soft: Color {
            r: 0x4c,
            g: 0x55,
            b: 0x60,
        },
    };
    let dark = Scheme {
        page: Color {
            r: 0x0f,
            g: 0x11,
            b: 0x14,
        },
        card: dark,
        ink: Color {
            r: 0xf1,
            g: 0xf3,
            b: 0xf5,
        },
        soft: Color {
            r: 0xb3,
            g: 0xbb,
            b: 0xc4,
        },
    };
    let style = Style {
        light: light.palette(accent),
        dark: dark.palette(accent),
    }
    .render()?;
    Ok(style.trim().to_owned())
}

/// What does not depend on the brand.
struct Scheme {
    page: Color,
    card: Color,
    ink: Color,
    soft: Color,
}

impl Scheme {
    fn palette(&self, accent: Color) -> Palette {
        // Links also stand on the tinted box, which is the harder background.
        let tint = mix(self.card, accent, 8);
        let link = readable(readable(accent, tint, TEXT), self.card, TEXT);
        let edge = if contrast::contrast(accent, self.card) >= CONTROL {
            accent
        } else {
            link
        };
        Palette {
            page: hex(mix(self.page, accent, 6)),
            card: hex(self.card),
            ink: hex(self.ink),
            soft: hex(self.soft),
            line: hex(mix(self.card, self.ink, 14)),
            accent: hex(accent),
            on_accent: hex(text_on(accent)),
            edge: hex(edge),
            link: hex(link),
            tint: hex(tint),
        }
    }
}
