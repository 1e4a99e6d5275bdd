//! What a site says instead of its origin: brand, words, and when they are shown.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

/// `[brand]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BrandSpec {
    /// The site's name. Empty: the page speaks of "this site".
    pub name: String,
    /// The logo, inlined.
    pub logo: Option<LogoSpec>,
    /// The main colour.
    pub color: Option<Color>,
    /// Shown and linked with `tel:`.
    pub phone: Option<String>,
    /// Shown and linked with `mailto:`.
    pub email: Option<String>,
    /// What still works elsewhere: status page, social networks.
    pub links: Vec<LinkSpec>,
}

/// A logo as it is inlined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoSpec {
    /// `image/svg+xml`, `image/png` or `image/webp`.
    pub media_type: &'static str,
    /// The file's bytes.
    pub bytes: Bytes,
}

/// An sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color {
    /// Red.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
}

/// A link on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkSpec {
    /// What is read.
    pub text: String,
    /// Where it goes: `https:`, `http:`, `tel:` or `mailto:`.
    pub url: String,
}

/// Languages with built-in texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// German.
    De,
    /// English.
    En,
}

/// `[page.LANG]`: the owner's words in place of the built-in ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageTextSpec {
    /// The heading.
    pub headline: Option<String>,
    /// The paragraph below it.
    pub message: Option<String>,
}

impl PageTextSpec {
    /// With another's words where this one has none.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self {
            headline: self.headline.or_else(|| other.headline.clone()),
            message: self.message.or_else(|| other.message.clone()),
        }
    }
}

/// `[fallback]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FallbackSpec {
    /// `failures`: whether the branded page is shown when the proxy got no answer; otherwise a
    /// plain short 503. Default true.
    pub failures: bool,
    /// `statuses`: answers of the application that are replaced. Default 502, 503, 504.
    pub statuses: Vec<StatusCode>,
    /// `api`: whether JSON and gRPC answers with those statuses are replaced too. Default false.
    pub api: bool,
    /// `language`: the page's language when the client names none that we have.
    pub language: Language,
}

/// `[retry_after]`: grows with the age of the outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfterSpec {
    /// Default 30 s.
    pub start: Duration,
    /// Default 120 s.
    pub after_5_minutes: Duration,
    /// Default 600 s.
    pub after_1_hour: Duration,
}
