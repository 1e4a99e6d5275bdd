//! Every language says everything, in its own words.

use std::collections::BTreeMap;

use super::*;

/// A button does not wrap on a narrow screen below this many characters.
const LONGEST_LABEL: usize = 32;

/// Each language in each tone.
fn all() -> impl Iterator<Item = (Language, Tone, &'static Words)> {
    Language::ALL.into_iter().flat_map(|language| {
        [Tone::Formal, Tone::Friendly].map(|tone| (language, tone, words_in(language, tone)))
    })
}

/// A text with its name, and the number of places that are kept in it.
type Text = (String, (&'static str, usize));

fn text(name: &str, text: &'static str, places: usize) -> Text {
    (name.to_owned(), (text, places))
}

/// Every text. What holds them is taken apart in full, so that no field is forgotten.
fn texts(words: &'static Words) -> BTreeMap<String, (&'static str, usize)> {
    #[rustfmt::skip]
    let Words {
        tag: _, direction: _, counting: _, between_sentences: _,
        this_site, outage, maintenance, busy, unprocessed, unknown, too_large, come_back_in, seconds, minutes,
        hours, returning, expected_back, time_left, contact, phone, email, chat, address,
        hours_open, still_works, meanwhile, follow, status_page, voucher, imprint, privacy,
        request_id,
    } = words;
    #[rustfmt::skip]
    let labels = [
        ("this_site", this_site), ("expected_back", expected_back), ("time_left", time_left),
        ("contact", contact), ("phone", phone), ("email", email), ("chat", chat),
        ("address", address), ("hours_open", hours_open), ("still_works", still_works),
        ("meanwhile", meanwhile), ("follow", follow), ("status_page", status_page),
        ("voucher", voucher), ("imprint", imprint), ("privacy", privacy),
        ("request_id", request_id),
    ];
    let labels = labels.map(|(name, label)| text(name, label, 0));
    let causes = [
        ("outage", outage),
        ("maintenance", maintenance),
        ("busy", busy),
    ];
    let causes = causes.map(|(name, cause)| texts_of_cause(name, cause));
    let notices = [("unprocessed", unprocessed), ("unknown", unknown)];
    let notices = notices.map(|(name, notice)| {
        let Notice { fact, advice } = notice;
        [
            text(&format!("{name}.fact"), fact, 0),
            text(&format!("{name}.advice"), advice, 0),
        ]
    });
    let units = [("seconds", seconds), ("minutes", minutes), ("hours", hours)];
    let units = units.map(|(name, unit)| forms(name, words, unit));
    let TooLarge { headline, fact } = too_large;
    let too_large = [
        text("too_large.headline", headline, 0),
        text("too_large.fact", fact, 0),
    ];
    std::iter::once(text("come_back_in", come_back_in, 1))
        .chain(too_large)
        .chain(labels)
        .chain(causes.into_iter().flatten())
        .chain(notices.into_iter().flatten())
        .chain(units.into_iter().flatten())
        .chain(texts_of_return(returning))
        .collect()
}

fn texts_of_cause(name: &str, cause: &'static CauseWords) -> [Text; 4] {
    let CauseWords {
        headline,
        what,
        later,
        sorry,
    } = cause;
    [
        text(&format!("{name}.headline"), headline, 0),
        text(&format!("{name}.what"), what, 1),
        text(&format!("{name}.later"), later, 0),
        text(&format!("{name}.sorry"), sorry, 0),
    ]
}

fn texts_of_return(returning: &'static ReturnWords) -> [Text; 10] {
    let ReturnWords {
        promise,
        next,
        looking,
        soon,
        back,
        stopped,
        try_now,
        stop,
        resume,
        back_after_sending,
    } = returning;
    [
        text("promise", promise, 0),
        text("next", next, 1),
        text("looking", looking, 0),
        text("soon", soon, 1),
        text("back", back, 0),
        text("stopped", stopped, 0),
        text("try_now", try_now, 0),
        text("stop", stop, 0),
        text("resume", resume, 0),
        text("back_after_sending", back_after_sending, 0),
    ]
}

/// One number of each category there is.
fn forms(name: &str, words: &Words, unit: &'static Plural) -> [Text; 9] {
    [0, 1, 2, 3, 5, 11, 21, 100, 1_000_000].map(|number| {
        let form = unit.form(words.counting.category(number));
        let places = usize::from(!names_its_number(words, number));
        text(&format!("{name} for {number}"), form, places)
    })
}

/// Whether the word itself says how many there are.
fn names_its_number(words: &Words, number: u64) -> bool {
    matches!(words.tag, "ar" | "he") && matches!(number, 1 | 2)
}

#[test]
fn the_tag_is_that_of_the_language_and_only_arabic_and_hebrew_run_from_right_to_left() {
    for (language, _, words) in all() {
        assert_eq!(words.tag, language.tag());
        let wanted = match language {
            Language::Ar | Language::He => "rtl",
            _ => "ltr",
        };
        assert_eq!(words.direction, wanted, "{}", words.tag);
    }
}

#[test]
fn every_text_is_there_with_its_places_and_without_stray_space() {
    for (_, tone, words) in all() {
        for (name, (text, places)) in texts(words) {
            let case = format!("{} {tone:?} {name}: {text}", words.tag);
            assert!(text.chars().any(char::is_alphabetic), "{case}");
            assert_eq!(text.trim(), text, "{case}");
            assert!(!text.contains("  ") && !text.contains('\n'), "{case}");
            assert_eq!(text.matches("{}").count(), places, "{case}");
            assert_eq!(text.matches(['{', '}']).count(), places * 2, "{case}");
        }
    }
}

#[test]
fn labels_are_short_enough_for_a_button_and_a_footer() {
    for (_, _, words) in all() {
        for label in [
            words.returning.try_now,
            words.returning.stop,
            words.returning.resume,
            words.imprint,
            words.privacy,
            words.status_page,
            words.chat,
        ] {
            let length = label.chars().count();
            assert!(length <= LONGEST_LABEL, "{}: {label}", words.tag);
        }
    }
}

#[test]
fn sentences_end_as_sentences_do_and_labels_do_not() {
    let is_sentence = |name: &str| {
        [
            "what",
            "later",
            "sorry",
            "fact",
            "advice",
            "come_back_in",
            "promise",
            "stopped",
        ]
        .iter()
        .chain(&["soon", "back_after_sending"])
        .any(|end| name.split('.').next_back() == Some(end))
    };
    for (_, _, words) in all() {
        for (name, (text, _)) in texts(words) {
            let ends = text.ends_with(['.', '。']);
            assert_eq!(ends, is_sentence(&name), "{} {name}: {text}", words.tag);
        }
    }
}

#[test]
fn nothing_is_left_in_english() {
    // Words that are the same in both languages.
    const SHARED: [(&str, &str); 16] = [
        ("cs", "chat"),
        ("da", "chat"),
        ("de", "chat"),
        ("es", "chat"),
        ("it", "chat"),
        ("nl", "chat"),
        ("pt", "chat"),
        ("cs", "email"),
        ("da", "email"),
        ("fr", "email"),
        ("it", "email"),
        ("nl", "email"),
        ("pl", "email"),
        ("pt", "email"),
        ("it", "privacy"),
        ("nl", "privacy"),
    ];
    let english = texts(words(Language::En));
    let mut shared = Vec::new();
    for (language, tone, words) in all() {
        if language == Language::En {
            continue;
        }
        for (name, (text, _)) in texts(words) {
            if text == english[&name].0 {
                let case = (words.tag, name.as_str());
                assert!(SHARED.contains(&case), "{case:?} {tone:?}: {text}");
                shared.push((words.tag, name));
            }
        }
    }
    for (tag, name) in SHARED {
        assert!(shared.contains(&(tag, name.to_owned())), "{tag} {name}");
    }
}

#[test]
fn languages_are_written_in_their_own_script() {
    let is_of = |language: Language, letter: char| match language {
        Language::Ar => ('\u{600}'..='\u{6ff}').contains(&letter),
        Language::He => ('\u{590}'..='\u{5ff}').contains(&letter),
        Language::Uk => ('\u{400}'..='\u{4ff}').contains(&letter) || letter == '’',
        Language::Ja => ('\u{3040}'..='\u{30ff}').contains(&letter) || is_han(letter),
        Language::ZhHans => is_han(letter),
        _ => letter < '\u{250}',
    };
    for (language, _, words) in all() {
        for (name, (text, _)) in texts(words) {
            let text = text.replace("ID", "");
            let strange: Vec<_> = text
                .chars()
                .filter(|letter| letter.is_alphabetic() && !is_of(language, *letter))
                .collect();
            assert!(strange.is_empty(), "{} {name}: {strange:?}", words.tag);
        }
    }
}

fn is_han(letter: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&letter)
}

#[test]
fn typewriter_quotes_and_dots_are_not_used() {
    for (_, _, words) in all() {
        for (name, (text, _)) in texts(words) {
            let is_clean = !text.contains(['\'', '"', '`']) && !text.contains("...");
            assert!(is_clean, "{} {name}: {text}", words.tag);
            if words.tag == "fr" {
                let breaks = [" :", " !", " ?", " ;"]
                    .iter()
                    .any(|mark| text.contains(mark));
                assert!(!breaks, "{name}: {text}");
            }
            if words.between_sentences.is_empty() {
                assert!(
                    !text.contains([' ', ',', '.', '?', '!', ':']),
                    "{name}: {text}"
                );
            }
        }
    }
}

#[test]
fn friends_are_spoken_to_otherwise_where_the_language_has_a_word_for_it() {
    for language in Language::ALL {
        let formal = texts(words(language));
        let friendly = texts(words_in(language, Tone::Friendly));
        let has_one_tone = matches!(
            language,
            Language::Ar | Language::Da | Language::En | Language::He | Language::Pt | Language::Sv
        );
        assert_eq!(formal == friendly, has_one_tone, "{}", language.tag());
    }
}

#[test]
fn friendly_words_have_no_formal_address_left_in_them() {
    let formal: [(Language, &[&str]); 9] = [
        (Language::De, &["Sie ", "Ihre", "Ihnen"]),
        (Language::Fr, &["vous ", "votre ", "Vous ", "Votre "]),
        (
            Language::Es,
            &["Vuelva", "Su ", "su ", "Disculpe", "Síganos"],
        ),
        (
            Language::It,
            &[
                "Lei",
                "Sua",
                "Suo",
                "Suoi",
                "preghiamo",
                "Torni ",
                "riprovi ",
            ],
        ),
        (Language::Nl, &["U ", " uw ", "Uw ", " u "]),
        (Language::Pl, &["Prosimy", "prosimy"]),
        (Language::Cs, &["Zkuste", "Vraťte", " vás ", " vaš", "Váš"]),
        (
            Language::Tr,
            &["deneyin", "Sabrınız", "Tarayıcınız", "İsteğiniz"],
        ),
        (Language::Uk, &["спробуйте", "Ваш ", " вас ", "Поверніться"]),
    ];
    for (language, marks) in formal {
        let has = |words| {
            let texts = texts(words).into_values();
            texts
                .filter(|(text, _)| marks.iter().any(|mark| text.contains(mark)))
                .count()
        };
        assert!(has(words(language)) > 0, "{}", language.tag());
        assert_eq!(
            has(words_in(language, Tone::Friendly)),
            0,
            "{}",
            language.tag()
        );
    }
}

#[test]
fn short_waits_are_in_seconds_longer_ones_in_minutes_and_long_ones_in_hours() {
    let said = |language, seconds| come_back_in(words(language), seconds);
    assert_eq!(said(Language::En, 1), "Please try again in 1 second.");
    assert_eq!(said(Language::En, 36), "Please try again in 36 seconds.");
    assert_eq!(
        said(Language::De, 121),
        "Bitte versuchen Sie es in 3 Minuten erneut."
    );
    assert_eq!(
        said(Language::De, 7201),
        "Bitte versuchen Sie es in 3 Stunden erneut."
    );
}

#[test]
fn waits_are_inflected_as_each_language_asks_for() {
    let lines: String = Language::ALL
        .into_iter()
        .flat_map(|language| {
            [1, 2, 21, 25, 180, 300, 660, 7200, 18_000, 360_000, 367_200]
                .map(|seconds| come_back_in(words(language), seconds) + "\n")
        })
        .collect();
    insta::with_settings!({snapshot_path => "../snapshots"}, {
        insta::assert_snapshot!("waits", lines);
    });
}

#[test]
fn a_site_with_and_without_a_name_reads_well_in_every_language() {
    let lines: String = Language::ALL
        .into_iter()
        .flat_map(|language| {
            let words = words(language);
            ["Blumen Krause", words.this_site].map(|site| {
                Cause::ALL.map(|cause| {
                    let said = words.cause(cause);
                    words.sentences(&[&fill(said.what, site), said.later, said.sorry]) + "\n"
                })
            })
        })
        .flatten()
        .collect();
    insta::with_settings!({snapshot_path => "../snapshots"}, {
        insta::assert_snapshot!("sentences", lines);
    });
}
