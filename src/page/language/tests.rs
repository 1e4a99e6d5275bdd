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

/// Every text by its name, with the number of places that are kept in it. Taken apart in full, so
/// that no field is forgotten.
fn texts(words: &'static Words) -> BTreeMap<String, (&'static str, usize)> {
    let Words {
        tag: _,
        direction: _,
        counting: _,
        between_sentences: _,
        this_site,
        outage,
        maintenance,
        busy,
        unprocessed,
        unknown,
        come_back_in,
        seconds,
        minutes,
        hours,
        returning,
        expected_back,
        time_left,
        contact,
        phone,
        email,
        chat,
        address,
        hours_open,
        still_works,
        meanwhile,
        follow,
        status_page,
        voucher,
        imprint,
        privacy,
        request_id,
    } = words;
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
    let mut texts = BTreeMap::new();
    let mut add = |name: &str, text: &'static str, places| {
        assert!(texts.insert(name.to_owned(), (text, places)).is_none());
    };
    for (name, text) in [
        ("this_site", this_site),
        ("promise", promise),
        ("looking", looking),
        ("back", back),
        ("stopped", stopped),
        ("try_now", try_now),
        ("stop", stop),
        ("resume", resume),
        ("back_after_sending", back_after_sending),
        ("expected_back", expected_back),
        ("time_left", time_left),
        ("contact", contact),
        ("phone", phone),
        ("email", email),
        ("chat", chat),
        ("address", address),
        ("hours_open", hours_open),
        ("still_works", still_works),
        ("meanwhile", meanwhile),
        ("follow", follow),
        ("status_page", status_page),
        ("voucher", voucher),
        ("imprint", imprint),
        ("privacy", privacy),
        ("request_id", request_id),
    ] {
        add(name, text, 0);
    }
    for (name, text) in [
        ("come_back_in", come_back_in),
        ("next", next),
        ("soon", soon),
    ] {
        add(name, text, 1);
    }
    for (name, cause) in [
        ("outage", outage),
        ("maintenance", maintenance),
        ("busy", busy),
    ] {
        add(&format!("{name}.headline"), cause.headline, 0);
        add(&format!("{name}.what"), cause.what, 1);
        add(&format!("{name}.later"), cause.later, 0);
        add(&format!("{name}.sorry"), cause.sorry, 0);
    }
    for (name, notice) in [("unprocessed", unprocessed), ("unknown", unknown)] {
        add(&format!("{name}.fact"), notice.fact, 0);
        add(&format!("{name}.advice"), notice.advice, 0);
    }
    for (name, unit) in [("seconds", seconds), ("minutes", minutes), ("hours", hours)] {
        for number in [0, 1, 2, 3, 5, 11, 21, 100, 1_000_000] {
            let form = unit.form(words.counting.category(number));
            let places = usize::from(names_its_number(words, number));
            add(&format!("{name} for {number}"), form, 1 - places);
        }
    }
    texts
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
