//! The built-in words, one file per language. A new language does not compile until it has all.
//!
//! `{}` stands for what each field says it does; it is filled in by `fill`. Words about a site
//! are written so that no name has to be inflected, whatever its gender or number. Duration
//! words stand in the case that `come_back_in` asks for; durations that the browser writes stand
//! after a colon where the language would inflect them.
//!
//! **The owner's words.** A page is of one language. Each text that the owner wrote in that
//! language replaces the built-in one; a headline, message or other sentence that is missing is
//! the built-in one, never the owner's in another language: a page that changes its language from
//! line to line reads as broken and is read aloud wrongly. What is of no language (name, logo,
//! numbers and addresses, links) stands on every page. So does the call to action, borrowed from
//! the site's own language where it is missing: it then carries that one's `lang`.

mod ar;
mod cs;
mod da;
mod de;
mod en;
mod es;
mod fr;
mod he;
mod it;
mod ja;
mod nl;
mod pl;
mod plural;
mod pt;
mod sv;
mod tr;
mod uk;
mod zh_hans;

use self::plural::{Counting, Plural};
use super::key::Cause;
use crate::config::spec::{Language, Tone};

/// What we say in one language.
pub(super) struct Words {
    /// The language's tag, for `lang` and `Content-Language` (RFC 5646).
    pub tag: &'static str,
    /// `ltr` or `rtl`.
    pub direction: &'static str,
    /// Which form of a word goes with a number.
    counting: Counting,
    /// What stands between two sentences.
    between_sentences: &'static str,
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
    /// Something was sent that is larger than the site takes.
    pub too_large: TooLarge,
    /// When to come back, for programs and the plain text: `{}` is a duration.
    pub come_back_in: &'static str,
    /// `{}` is a number. In the case that `come_back_in` asks for, as the next two.
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

/// Something was larger than the site takes. Speaks to everybody alike.
pub(super) struct TooLarge {
    /// The heading.
    pub headline: &'static str,
    /// What is the matter, and that nothing came of it, in one sentence.
    pub fact: &'static str,
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
    /// Sentences one after another.
    pub(super) fn sentences(&self, sentences: &[&str]) -> String {
        sentences.join(self.between_sentences)
    }

    /// What is said about a cause.
    pub(super) const fn cause(&self, cause: Cause) -> &CauseWords {
        match cause {
            Cause::Outage => &self.outage,
            Cause::Maintenance => &self.maintenance,
            Cause::Busy => &self.busy,
        }
    }
}

/// The words of one language in a tone.
pub(super) const fn words_in(language: Language, tone: Tone) -> &'static Words {
    match tone {
        Tone::Formal => words(language),
        Tone::Friendly => friendly_words(language),
    }
}

/// The words of one language, as one speaks to strangers.
pub(super) const fn words(language: Language) -> &'static Words {
    match language {
        Language::Ar => &ar::WORDS,
        Language::Cs => &cs::WORDS,
        Language::Da => &da::WORDS,
        Language::De => &de::WORDS,
        Language::En => &en::WORDS,
        Language::Es => &es::WORDS,
        Language::Fr => &fr::WORDS,
        Language::He => &he::WORDS,
        Language::It => &it::WORDS,
        Language::Ja => &ja::WORDS,
        Language::Nl => &nl::WORDS,
        Language::Pl => &pl::WORDS,
        Language::Pt => &pt::WORDS,
        Language::Sv => &sv::WORDS,
        Language::Tr => &tr::WORDS,
        Language::Uk => &uk::WORDS,
        Language::ZhHans => &zh_hans::WORDS,
    }
}

/// The words of one language, as one speaks to friends.
const fn friendly_words(language: Language) -> &'static Words {
    match language {
        Language::Cs => &cs::FRIENDLY,
        Language::De => &de::FRIENDLY,
        Language::Es => &es::FRIENDLY,
        Language::Fr => &fr::FRIENDLY,
        Language::It => &it::FRIENDLY,
        Language::Ja => &ja::FRIENDLY,
        Language::Nl => &nl::FRIENDLY,
        Language::Pl => &pl::FRIENDLY,
        Language::Tr => &tr::FRIENDLY,
        Language::Uk => &uk::FRIENDLY,
        Language::ZhHans => &zh_hans::FRIENDLY,
        // These speak to everybody alike, or are written so that they do.
        Language::Ar | Language::Da | Language::En | Language::He | Language::Pt | Language::Sv => {
            words(language)
        }
    }
}

/// Puts a text in the place that is kept for it.
pub(super) fn fill(text: &str, with: &str) -> String {
    text.replacen("{}", with, 1)
}

/// When to come back: in seconds while that is a number one can picture, then in minutes, then in
/// hours, rounded up.
pub(super) fn come_back_in(words: &Words, seconds: u64) -> String {
    let (number, unit) = match seconds {
        0..120 => (seconds, &words.seconds),
        120..7200 => (seconds.div_ceil(60), &words.minutes),
        _ => (seconds.div_ceil(3600), &words.hours),
    };
    let duration = fill(
        unit.form(words.counting.category(number)),
        &number.to_string(),
    );
    fill(words.come_back_in, &duration)
}

#[cfg(test)]
mod tests;
