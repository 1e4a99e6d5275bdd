//! Languages with built-in words, and which of them serves a language tag (RFC 5646).

/// A language with built-in words, in the order of the tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// Arabic.
    Ar,
    /// Czech.
    Cs,
    /// Danish.
    Da,
    /// German.
    De,
    /// English.
    En,
    /// Spanish.
    Es,
    /// French.
    Fr,
    /// Hebrew.
    He,
    /// Italian.
    It,
    /// Japanese.
    Ja,
    /// Dutch.
    Nl,
    /// Polish.
    Pl,
    /// Portuguese, in words that Brazil and Portugal share.
    Pt,
    /// Swedish.
    Sv,
    /// Turkish.
    Tr,
    /// Ukrainian.
    Uk,
    /// Chinese in simplified script.
    ZhHans,
}

impl Language {
    /// Each.
    pub const ALL: [Self; 17] = [
        Self::Ar,
        Self::Cs,
        Self::Da,
        Self::De,
        Self::En,
        Self::Es,
        Self::Fr,
        Self::He,
        Self::It,
        Self::Ja,
        Self::Nl,
        Self::Pl,
        Self::Pt,
        Self::Sv,
        Self::Tr,
        Self::Uk,
        Self::ZhHans,
    ];

    /// Its tag, as in `lang`, `Content-Language` and `[page.LANG]`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Ar => "ar",
            Self::Cs => "cs",
            Self::Da => "da",
            Self::De => "de",
            Self::En => "en",
            Self::Es => "es",
            Self::Fr => "fr",
            Self::He => "he",
            Self::It => "it",
            Self::Ja => "ja",
            Self::Nl => "nl",
            Self::Pl => "pl",
            Self::Pt => "pt",
            Self::Sv => "sv",
            Self::Tr => "tr",
            Self::Uk => "uk",
            Self::ZhHans => "zh-Hans",
        }
    }

    /// What its speakers call it.
    #[must_use]
    pub const fn endonym(self) -> &'static str {
        match self {
            Self::Ar => "العربية",
            Self::Cs => "Čeština",
            Self::Da => "Dansk",
            Self::De => "Deutsch",
            Self::En => "English",
            Self::Es => "Español",
            Self::Fr => "Français",
            Self::He => "עברית",
            Self::It => "Italiano",
            Self::Ja => "日本語",
            Self::Nl => "Nederlands",
            Self::Pl => "Polski",
            Self::Pt => "Português",
            Self::Sv => "Svenska",
            Self::Tr => "Türkçe",
            Self::Uk => "Українська",
            Self::ZhHans => "简体中文",
        }
    }

    /// The language with exactly this tag.
    #[must_use]
    pub fn with_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.tag() == tag)
    }

    /// The language that serves a tag or range, which is cut from its end until one is left
    /// (RFC 4647 section 3.4): `de` serves `de-AT`. Withdrawn codes mean their successors.
    #[must_use]
    pub fn serving(range: &[u8]) -> Option<Self> {
        // An underscore stands in the locale names that some programs send as they are.
        let mut subtags = range.split(|byte| matches!(byte, b'-' | b'_'));
        let primary = subtags.next()?;
        let is = |code: &str| primary.eq_ignore_ascii_case(code.as_bytes());
        if is("zh") || is("cmn") {
            return is_simplified(subtags).then_some(Self::ZhHans);
        }
        if is("iw") {
            return Some(Self::He);
        }
        if is("arb") {
            return Some(Self::Ar);
        }
        Self::ALL.into_iter().find(|language| is(language.tag()))
    }
}

/// Whether the rest of a Chinese tag means simplified script. Regions that write the traditional
/// one imply it, and Cantonese is another language; a script that is named decides.
fn is_simplified<'a>(subtags: impl Iterator<Item = &'a [u8]>) -> bool {
    const TRADITIONAL: [&[u8]; 5] = [b"hant", b"tw", b"hk", b"mo", b"yue"];
    let mut is_simplified = true;
    for subtag in subtags {
        if subtag.eq_ignore_ascii_case(b"hans") {
            return true;
        }
        let is = |other: &&[u8]| subtag.eq_ignore_ascii_case(other);
        is_simplified &= !TRADITIONAL.iter().any(is);
    }
    is_simplified
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_language_is_listed_once_in_the_order_of_its_tag_and_serves_it() {
        assert!(Language::ALL.is_sorted_by(|one, next| one < next && one.tag() < next.tag()));
        for language in Language::ALL {
            let tag = language.tag();
            assert_eq!(Language::with_tag(tag), Some(language));
            assert_eq!(Language::serving(tag.as_bytes()), Some(language));
            assert_eq!(
                Language::serving(tag.to_uppercase().as_bytes()),
                Some(language)
            );
        }
    }

    #[test]
    fn longer_and_withdrawn_tags_are_served() {
        let cases = [
            ("de-AT", Some(Language::De)),
            ("de-Latn-CH-1996", Some(Language::De)),
            ("pt-BR", Some(Language::Pt)),
            ("en_US", Some(Language::En)),
            ("iw", Some(Language::He)),
            ("iw-IL", Some(Language::He)),
            ("arb", Some(Language::Ar)),
            ("zh", Some(Language::ZhHans)),
            ("zh-CN", Some(Language::ZhHans)),
            ("zh-SG", Some(Language::ZhHans)),
            ("zh-Hans-CN", Some(Language::ZhHans)),
            ("zh-Hans-TW", Some(Language::ZhHans)),
            ("cmn-Hans", Some(Language::ZhHans)),
            ("zh-TW", None),
            ("zh-HK", None),
            ("zh-MO", None),
            ("zh-Hant", None),
            ("zh-hant-cn", None),
            ("zh-yue", None),
            ("yue", None),
            ("in", None),
            ("deu", None),
            ("d", None),
            ("", None),
            ("-de", None),
            ("*", None),
        ];
        for (tag, wanted) in cases {
            assert_eq!(Language::serving(tag.as_bytes()), wanted, "{tag}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(range in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = Language::serving(&range);
        }
    }
}
