//! What a site says instead of its origin: brand, words, and when they are shown.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use super::{Color, Language};

/// `[brand]`: what holds in every language.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BrandSpec {
    /// The site's name. Empty: the page speaks of "this site".
    pub name: String,
    /// Which of the designs the page has.
    pub theme: Theme,
    /// How visitors are spoken to in the built-in words.
    pub tone: Tone,
    /// The letters. `None`: the theme's.
    pub font: Option<FontSpec>,
    /// The logo, inlined.
    pub logo: Option<LogoSpec>,
    /// The logo in the dark scheme. `None`: the other one on a light ground.
    pub logo_dark: Option<LogoSpec>,
    /// The icon in the browser's tab, inlined.
    pub favicon: Option<LogoSpec>,
    /// The main colour.
    pub color: Option<Color>,
    /// The main colour in the dark scheme. `None`: fitted from the light one.
    pub color_dark: Option<Color>,
    /// What text stands on.
    pub background: Option<Color>,
    /// What text stands on in the dark scheme.
    pub background_dark: Option<Color>,
    /// The colour of text.
    pub text: Option<Color>,
    /// The colour of text in the dark scheme.
    pub text_dark: Option<Color>,
    /// Shown and linked with `tel:`.
    pub phone: Option<String>,
    /// Shown and linked with `mailto:`.
    pub email: Option<String>,
    /// Where a chat opens: `https:` or `http:`.
    pub chat: Option<String>,
    /// A postal address of several lines.
    pub address: Option<String>,
    /// When somebody is there, in lines; in languages without hours of their own.
    pub hours: Option<String>,
    /// Where the state of affairs is told: `https:` or `http:`.
    pub status_page: Option<String>,
    /// What still works elsewhere.
    pub links: Vec<LinkSpec>,
    /// Social networks.
    pub social: Vec<LinkSpec>,
}

/// A design of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Theme {
    /// A quiet card.
    #[default]
    Calm,
    /// A large area in the owner's colour.
    Bold,
    /// A letter: text and nothing else.
    Plain,
}

impl Theme {
    /// Each.
    pub const ALL: [Self; 3] = [Self::Calm, Self::Bold, Self::Plain];
}

/// How visitors are spoken to, in languages that make a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Tone {
    /// German "Sie", French "vous".
    #[default]
    Formal,
    /// German "du", French "tu".
    Friendly,
}

/// Letters that the visitor's device has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FontSpec {
    /// Without serifs.
    Sans,
    /// With serifs.
    Serif,
    /// With round ends.
    Rounded,
    /// All of one width.
    Mono,
    /// Families by name, the best first. Letters, digits, spaces and hyphens only.
    Families(Vec<String>),
}

/// An image as it is inlined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoSpec {
    /// `image/svg+xml`, `image/png`, `image/webp`; icons also `image/x-icon`.
    pub media_type: &'static str,
    /// The file's bytes.
    pub bytes: Bytes,
}

/// A link on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkSpec {
    /// What is read.
    pub text: String,
    /// Where it goes: `https:`, `http:`, `tel:` or `mailto:`.
    pub url: String,
}

/// What visitors are asked to do in the meantime. It has a link, a code or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionSpec {
    /// What is read: on the button where there is a link, else before the code.
    pub text: String,
    /// Where the button goes: `https:`, `http:`, `tel:` or `mailto:`.
    pub url: Option<String>,
    /// A voucher's code.
    pub code: Option<String>,
}

/// The owner's words about one cause. What is missing is said in the built-in ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CauseTextSpec {
    /// The heading.
    pub headline: Option<String>,
    /// The paragraphs below it, one a line.
    pub message: Option<String>,
}

impl CauseTextSpec {
    fn or(self, other: Self) -> Self {
        Self {
            headline: self.headline.or(other.headline),
            message: self.message.or(other.message),
        }
    }
}

/// `[page.LANG]`: the owner's words in place of the built-in ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageTextSpec {
    /// The heading, and the paragraphs below it, during an outage.
    pub outage: CauseTextSpec,
    /// The same during planned maintenance.
    pub maintenance: CauseTextSpec,
    /// The same where there are more visitors than can be served.
    pub busy: CauseTextSpec,
    /// What still works, one thing each.
    pub still_works: Vec<String>,
    /// When the site is expected back after an outage.
    pub eta: Option<String>,
    /// What visitors can do in the meantime.
    pub action: Option<ActionSpec>,
    /// When somebody is there, in lines.
    pub hours: Option<String>,
}

impl PageTextSpec {
    /// With another's words where this one has none.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        let other = other.clone();
        Self {
            outage: self.outage.or(other.outage),
            maintenance: self.maintenance.or(other.maintenance),
            busy: self.busy.or(other.busy),
            still_works: if self.still_works.is_empty() {
                other.still_works
            } else {
                self.still_works
            },
            eta: self.eta.or(other.eta),
            action: self.action.or(other.action),
            hours: self.hours.or(other.hours),
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
    /// `languages`: those a page is offered in. Default all; never empty.
    pub languages: Vec<Language>,
    /// `language`: the page's language when the client names none of `languages`; one of them.
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
