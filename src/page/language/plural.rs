//! Which form of a word goes with a number, by the rules of CLDR for whole numbers.

use crate::config::spec::Language;

/// The forms of a word in one language. Those a language does not have repeat `other`.
pub(in crate::page) struct Plural {
    /// 1, and what a language treats like it.
    pub one: &'static str,
    /// All else.
    pub other: &'static str,
}

impl Plural {
    /// The form for a number.
    pub(super) const fn form(&self, language: Language, number: u64) -> &'static str {
        match (language, number) {
            (Language::De | Language::En, 1) => self.one,
            (Language::De | Language::En, _) => self.other,
        }
    }
}
