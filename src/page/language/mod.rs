//! The built-in words, one file per language. A new language does not compile until it has all.
//!
//! `{}` stands for what each field says it does; it is filled in by [`fill`]. Words about a site
//! are written so that no name has to be inflected.

mod de;
mod en;
mod plural;

use self::plural::Plural;
use super::key::Cause;
use crate::config::spec::{Language, Tone};

/// The languages that every site has, with or without words of its owner.
pub const AVAILABLE: [Language; 2] = [Language::De, Language::En];

/// What we say in one language.
pub(super) struct Words {
    /// The language's tag, for `lang` and `Content-Language` (RFC 5646).
    pub tag: &'static str,
    /// `ltr` or `rtl`.
    pub direction: &'static str,
    /// What a site without a name is called at the start of a sentence.
    pub this_site: &'static str,
    /// The origin does not answer.
    pub outage: CauseWords,
    /// It was taken away on purpose.
    pub maintenance: CauseWords,
    /// There are more visitors than it can serve.
    pub busy: CauseWords,
    /// Something was sent and certainly not acted on.
    pub unprocessed: Notice,
    /// Something was sent, and what became of it is not known.
    pub unknown: Notice,
    /// When to come back, for programs and the plain text: `{}` is a duration.
    pub come_back_in: &'static str,
    /// `{}` is a number.
    pub seconds: Plural,
    /// `{}` is a number.
    pub minutes: Plural,
    /// `{}` is a number.
    pub hours: Plural,
    /// The page that looks by itself whether the site is back.
    pub returning: ReturnWords,
    /// Before the end of planned maintenance, a date and time.
    pub expected_back: &'static str,
    /// Before the time that is left, a countdown.
    pub time_left: &'static str,
    /// Above the ways to reach the owner.
    pub contact: &'static str,
    /// Before a telephone number.
    pub phone: &'static str,
    /// Before a mail address.
    pub email: &'static str,
    /// The link to a chat.
    pub chat: &'static str,
    /// Before a postal address.
    pub address: &'static str,
    /// Before opening hours.
    pub hours_open: &'static str,
    /// Above what still works.
    pub still_works: &'static str,
    /// Above the owner's links.
    pub meanwhile: &'static str,
    /// Above the links to social networks.
    pub follow: &'static str,
    /// The link to the status page.
    pub status_page: &'static str,
    /// Before a voucher's code.
    pub voucher: &'static str,
    /// The link to the imprint.
    pub imprint: &'static str,
    /// The link to the privacy notice.
    pub privacy: &'static str,
    /// Before the request's id.
    pub request_id: &'static str,
}

/// What is said about one cause.
pub(super) struct CauseWords {
    /// The heading.
    pub headline: &'static str,
    /// What is the matter, in one sentence: `{}` is the site.
    pub what: &'static str,
    /// What the visitor can expect.
    pub later: &'static str,
    /// Thanks or regret.
    pub sorry: &'static str,
}

/// What became of something that the client sent.
pub(super) struct Notice {
    /// In one sentence, for programs too.
    pub fact: &'static str,
    /// What a person can do.
    pub advice: &'static str,
}

/// The part of the page that returns by itself.
pub(super) struct ReturnWords {
    /// What it does.
    pub promise: &'static str,
    /// When it looks next: `{}` is a duration as the browser writes it.
    pub next: &'static str,
    /// It is looking.
    pub looking: &'static str,
    /// The site is back: `{}` is a duration until this visitor's turn.
    pub soon: &'static str,
    /// The site is back, and is opened now.
    pub back: &'static str,
    /// The visitor has switched it off.
    pub stopped: &'static str,
    /// The button, and without scripts the link, that looks at once.
    pub try_now: &'static str,
    /// The button that switches it off.
    pub stop: &'static str,
    /// The button that switches it on again.
    pub resume: &'static str,
    /// On a page that answers something sent: the site is back, and nothing is sent again.
    pub back_after_sending: &'static str,
}

impl Words {
    /// What is said about a cause.
    pub(super) const fn cause(&self, cause: Cause) -> &CauseWords {
        match cause {
            Cause::Outage => &self.outage,
            Cause::Maintenance => &self.maintenance,
            Cause::Busy => &self.busy,
        }
    }
}

/// The words of one language.
pub(super) const fn words(language: Language) -> &'static Words {
    match language {
        Language::De => &de::WORDS,
        Language::En => &en::WORDS,
    }
}

/// The words of one language in one tone. Languages that make no difference have one set.
pub(super) const fn words_in(language: Language, tone: Tone) -> &'static Words {
    match tone {
        Tone::Formal | Tone::Friendly => words(language),
    }
}

/// Puts a text in the place that is kept for it.
pub(super) fn fill(text: &str, with: &str) -> String {
    text.replacen("{}", with, 1)
}

/// When to come back: in seconds while that is a number one can picture, then in minutes, then in
/// hours, rounded up.
pub(super) fn come_back_in(language: Language, seconds: u64) -> String {
    let words = words(language);
    let (number, unit) = match seconds {
        0..120 => (seconds, &words.seconds),
        120..7200 => (seconds.div_ceil(60), &words.minutes),
        _ => (seconds.div_ceil(3600), &words.hours),
    };
    let duration = fill(unit.form(language, number), &number.to_string());
    fill(words.come_back_in, &duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_waits_are_in_seconds_longer_ones_in_minutes_and_long_ones_in_hours() {
        assert_eq!(
            come_back_in(Language::En, 1),
            "Please try again in 1 second."
        );
        assert_eq!(
            come_back_in(Language::En, 36),
            "Please try again in 36 seconds."
        );
        assert_eq!(
            come_back_in(Language::De, 121),
            "Bitte versuchen Sie es in 3 Minuten erneut."
        );
        assert_eq!(
            come_back_in(Language::De, 7201),
            "Bitte versuchen Sie es in 3 Stunden erneut."
        );
    }
}
