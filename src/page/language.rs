//! The built-in words, one set per language. A new language does not compile until it has all.

use crate::config::spec::Language;

/// The languages that every site has, with or without words of its owner.
pub const AVAILABLE: [Language; 2] = [Language::De, Language::En];

/// What we say in one language.
pub(super) struct Words {
    /// The language's tag, for `lang` and `Content-Language`.
    pub tag: &'static str,
    /// The heading.
    pub headline: &'static str,
    /// What a site without a name is called at the start of a sentence.
    pub this_site: &'static str,
    /// Follows the site's name.
    pub is_unavailable: &'static str,
    /// When to come back, on a page that is written too early to name seconds.
    pub later: &'static str,
    /// That we are sorry.
    pub sorry: &'static str,
    /// The link that asks for the same page again.
    pub try_again: &'static str,
    /// Something was sent and certainly not acted on.
    pub unprocessed: Notice,
    /// Something was sent, and what became of it is not known.
    pub unknown: Notice,
    /// Above telephone and mail.
    pub contact: &'static str,
    /// Before a telephone number.
    pub phone: &'static str,
    /// Before a mail address.
    pub email: &'static str,
    /// Above the owner's links.
    pub meanwhile: &'static str,
    /// Before the request's id.
    pub request_id: &'static str,
}

/// What became of something that the client sent.
pub(super) struct Notice {
    /// In one sentence, for programs too.
    pub fact: &'static str,
    /// What a person can do.
    pub advice: &'static str,
}

/// One value per language.
#[derive(Debug)]
pub(super) struct ByLanguage<T> {
    de: T,
    en: T,
}

impl<T> ByLanguage<T> {
    /// Makes the value of each language.
    pub(super) fn build<E>(mut make: impl FnMut(Language) -> Result<T, E>) -> Result<Self, E> {
        Ok(Self {
            de: make(Language::De)?,
            en: make(Language::En)?,
        })
    }

    /// The value of one language.
    pub(super) const fn get(&self, language: Language) -> &T {
        match language {
            Language::De => &self.de,
            Language::En => &self.en,
        }
    }
}

/// The words of one language.
pub(super) const fn words(language: Language) -> &'static Words {
    match language {
        Language::De => &GERMAN,
        Language::En => &ENGLISH,
    }
}

/// When to come back, in seconds while that is a number one can picture, else in minutes.
pub(super) fn come_back_in(language: Language, seconds: u64) -> String {
    let minutes = seconds.div_ceil(60);
    match (language, seconds) {
        (Language::De, 1) => "Bitte versuchen Sie es in 1 Sekunde erneut.".to_owned(),
        (Language::De, 0..120) => format!("Bitte versuchen Sie es in {seconds} Sekunden erneut."),
        (Language::De, _) => format!("Bitte versuchen Sie es in {minutes} Minuten erneut."),
        (Language::En, 1) => "Please try again in 1 second.".to_owned(),
        (Language::En, 0..120) => format!("Please try again in {seconds} seconds."),
        (Language::En, _) => format!("Please try again in {minutes} minutes."),
    }
}

static GERMAN: Words = Words {
    tag: "de",
    headline: "Wir sind gleich zurück",
    this_site: "Diese Website",
    is_unavailable: "ist vorübergehend nicht erreichbar.",
    later: "Bitte versuchen Sie es in wenigen Minuten noch einmal.",
    sorry: "Wir bitten um Entschuldigung für die Unterbrechung.",
    try_again: "Erneut versuchen",
    unprocessed: Notice {
        fact: "Ihre Anfrage wurde nicht verarbeitet.",
        advice: "Es wurde nichts gesendet, bestellt oder gespeichert. Gehen Sie im Browser einen \
                 Schritt zurück und versuchen Sie es später noch einmal.",
    },
    unknown: Notice {
        fact: "Ob Ihre Anfrage verarbeitet wurde, ist nicht sicher.",
        advice: "Prüfen Sie bitte, zum Beispiel anhand einer Bestätigung per E-Mail, ob sie \
                 angekommen ist, bevor Sie sie noch einmal senden.",
    },
    contact: "So erreichen Sie uns",
    phone: "Telefon",
    email: "E-Mail",
    meanwhile: "In der Zwischenzeit",
    request_id: "Anfrage-ID",
};

static ENGLISH: Words = Words {
    tag: "en",
    headline: "We’ll be right back",
    this_site: "This site",
    is_unavailable: "is temporarily unavailable.",
    later: "Please try again in a few minutes.",
    sorry: "We are sorry for the interruption.",
    try_again: "Try again",
    unprocessed: Notice {
        fact: "Your request was not processed.",
        advice: "Nothing was sent, ordered or saved. Go back one step in your browser and try \
                 again later.",
    },
    unknown: Notice {
        fact: "We cannot tell whether your request was processed.",
        advice: "Before you send it again, please check whether it has arrived, for example by a \
                 confirmation e-mail.",
    },
    contact: "How to reach us",
    phone: "Phone",
    email: "E-mail",
    meanwhile: "In the meantime",
    request_id: "Request ID",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_waits_are_in_seconds_and_long_ones_in_minutes() {
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
    }
}
