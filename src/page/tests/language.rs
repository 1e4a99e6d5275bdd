//! Which language and tone a client is answered in.

use super::{
    fixtures::{florist, site},
    *,
};
use crate::config::spec::Tone;

#[test]
fn the_language_of_page_and_field_agree() {
    let pages = Pages::build(&site(florist())).unwrap();
    for (wish, tag) in [
        ("de-AT,de;q=0.9,en;q=0.1", "de"),
        ("fr", "fr"),
        ("fi", "en"),
        ("en-GB", "en"),
        ("zh-CN", "zh-Hans"),
        ("zh-TW", "en"),
        ("ar-EG", "ar"),
    ] {
        let response = respond(
            &pages,
            REFUSED,
            &request("GET", "/", &[("accept-language", wish)]),
        );
        assert_eq!(response.headers()["content-language"], tag, "{wish}");
        assert!(
            text(response).contains(&format!("<html lang=\"{tag}\"")),
            "{wish}"
        );
    }
}

#[test]
fn pages_and_texts_speak_in_the_tone_the_owner_chose() {
    let mut spec = site(florist());
    spec.fallback.languages = vec![Language::De];
    for (tone, said, unsaid) in [
        (Tone::Formal, "versuchen Sie es", "versuch es"),
        (Tone::Friendly, "ersuch es", "Sie "),
    ] {
        spec.brand.tone = tone;
        let pages = Pages::build(&spec).unwrap();
        for accept in ["text/html", "text/plain", "application/json"] {
            let fields = [("accept", accept), ("accept-language", "de")];
            let answer = text(respond(&pages, REFUSED, &request("GET", "/", &fields)));
            assert!(answer.contains(said), "{tone:?} {accept}: {answer}");
            assert!(!answer.contains(unsaid), "{tone:?} {accept}: {answer}");
        }
    }
}

#[test]
fn only_languages_that_the_site_offers_are_answered_in() {
    let mut spec = site(florist());
    spec.fallback.languages = vec![Language::De, Language::Nl];
    spec.fallback.language = Language::De;
    let pages = Pages::build(&spec).unwrap();
    for accept in ["text/html", "text/plain"] {
        for (wish, tag) in [("en, nl;q=0.5", "nl"), ("fr", "de"), ("*", "de")] {
            let fields = [("accept", accept), ("accept-language", wish)];
            let response = respond(&pages, REFUSED, &request("GET", "/", &fields));
            assert_eq!(
                response.headers()["content-language"],
                tag,
                "{accept} {wish}"
            );
        }
    }
}
