//! What is read of a request that our answer may depend on.

use http::{Request, header};
use proptest::prelude::*;

use super::*;

const BOTH: [Language; 2] = [Language::De, Language::En];

fn asking(name: header::HeaderName, value: &str) -> Preferences {
    let request = Request::get("/a/b?c=d")
        .header(name, value)
        .body(())
        .unwrap();
    Preferences::capture(request.method(), request.uri(), request.headers())
}

#[test]
fn language_follows_weight_then_order_then_the_default() {
    let cases = [
        ("de", Language::De),
        ("en", Language::En),
        ("de-AT", Language::De),
        ("DE-Latn-AT;q=0.3", Language::De),
        ("en;q=0.8, de;q=0.9", Language::De),
        ("en, de", Language::En),
        ("de, en", Language::De),
        ("fr, de;q=0.2", Language::De),
        ("fr", Language::En),
        ("*", Language::En),
        ("fr, *;q=0.1", Language::En),
        ("*, en;q=0", Language::De),
        ("*;q=0.1, de;q=0.5", Language::De),
        ("de;q=0", Language::En),
        ("", Language::En),
        ("de;q=9, en;q=0.1", Language::En),
        ("deutsch", Language::En),
        (";;;,q=1", Language::En),
    ];
    for (field, wanted) in cases {
        let preferences = asking(header::ACCEPT_LANGUAGE, field);
        assert_eq!(preferences.language(&BOTH, Language::En), wanted, "{field}");
    }
}

#[test]
fn every_language_is_found_by_its_tags_and_those_that_stand_for_it() {
    use Language::{Da, De, En, He, Pt, ZhHans};
    let cases = [
        ("da-DK,da;q=0.9,en;q=0.8", Da),
        ("pt-BR,pt;q=0.9,en-US;q=0.8", Pt),
        ("iw-IL, en;q=0.5", He),
        ("zh", ZhHans),
        ("zh-CN,zh;q=0.9,en;q=0.8", ZhHans),
        ("zh-Hans-CN, en;q=0.9", ZhHans),
        ("ZH-hans", ZhHans),
        ("zh-TW", De),
        ("zh-Hant-HK, en;q=0.4", En),
        ("zh-HK, zh-Hant;q=0.9, pt;q=0.1", Pt),
        ("fi, nn;q=0.9", De),
        ("fi, *;q=0.5", De),
        ("*, de;q=0", Language::Ar),
        ("en-GB;q=0.3, da;q=0.4, en-US;q=0.5", En),
        ("da, en, da;q=0", Da),
    ];
    for (field, wanted) in cases {
        let preferences = asking(header::ACCEPT_LANGUAGE, field);
        let found = preferences.language(&Language::ALL, De);
        assert_eq!(found, wanted, "{field}");
    }
    for language in Language::ALL {
        let preferences = asking(header::ACCEPT_LANGUAGE, language.tag());
        assert_eq!(preferences.language(&Language::ALL, De), language);
    }
}

#[test]
fn only_offered_languages_are_chosen() {
    let preferences = asking(header::ACCEPT_LANGUAGE, "fr, nl;q=0.8, en;q=0.7");
    assert_eq!(preferences.language(&BOTH, Language::De), Language::En);
    let offered = [Language::De, Language::Nl];
    assert_eq!(preferences.language(&offered, Language::De), Language::Nl);
}

#[test]
fn without_a_wish_the_default_language_is_used() {
    let preferences = asking(header::ACCEPT, "*/*");
    assert_eq!(preferences.language(&BOTH, Language::De), Language::De);
    let preferences = asking(header::ACCEPT_LANGUAGE, "*");
    assert_eq!(preferences.language(&BOTH, Language::De), Language::De);
}

#[test]
fn coding_follows_weight_and_prefers_brotli() {
    let cases = [
        ("gzip, deflate, br, zstd", Coding::Br),
        ("gzip, deflate", Coding::Gzip),
        ("X-GZIP", Coding::Gzip),
        ("br;q=0.5, gzip", Coding::Gzip),
        ("br;q=0, gzip;q=0", Coding::Identity),
        ("br;q=0, *", Coding::Gzip),
        ("*", Coding::Br),
        ("*;q=0", Coding::Identity),
        ("gzip;q=0.5, identity", Coding::Identity),
        ("identity;q=0", Coding::Identity),
        ("deflate", Coding::Identity),
        ("", Coding::Identity),
        ("gzip;q=nonsense", Coding::Identity),
    ];
    for (field, wanted) in cases {
        assert_eq!(
            asking(header::ACCEPT_ENCODING, field).coding(),
            wanted,
            "{field}"
        );
    }
    assert_eq!(asking(header::ACCEPT, "*/*").coding(), Coding::Identity);
}

#[test]
fn path_is_without_its_query_and_never_missing() {
    assert_eq!(asking(header::ACCEPT, "*/*").path(), "/a/b");
    let request = Request::connect("shop.example:443").body(()).unwrap();
    let tunnel = Preferences::capture(request.method(), request.uri(), request.headers());
    assert_eq!(tunnel.path(), "/");
}

#[test]
fn the_first_line_of_a_repeated_field_counts() {
    let request = Request::get("/")
        .header(header::ACCEPT_LANGUAGE, "de")
        .header(header::ACCEPT_LANGUAGE, "en")
        .body(())
        .unwrap();
    let preferences = Preferences::capture(request.method(), request.uri(), request.headers());
    assert_eq!(preferences.language(&BOTH, Language::En), Language::De);
}

proptest! {
    #[test]
    fn arbitrary_field_bytes_are_always_answered(
        path in "/[ -~]{0,40}",
        fields in prop::collection::vec((0_usize..7, prop::collection::vec(any::<u8>(), 0..80)), 0..8),
    ) {
        const NAMES: [&str; 7] = [
            "accept", "accept-encoding", "accept-language", "content-type", "sec-fetch-dest",
            "sec-fetch-mode", "upgrade",
        ];
        let mut request = Request::new(());
        if let Ok(uri) = path.parse() {
            *request.uri_mut() = uri;
        }
        for (name, value) in fields {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                request.headers_mut().append(NAMES[name], value);
            }
        }
        let preferences = Preferences::capture(request.method(), request.uri(), request.headers());
        let _ = preferences.client_kind();
        let _ = preferences.coding();
        let _ = preferences.language(&BOTH, Language::En);
    }

    #[test]
    fn the_language_chosen_is_an_offered_one_and_excluded_ones_never_win_over_named_ones(
        wishes in prop::collection::vec((0_usize..20, 0_u16..=10), 0..20),
        offered in prop::sample::subsequence(Language::ALL.to_vec(), 1..=17),
    ) {
        const OTHERS: [&str; 3] = ["fi", "zh-TW", "x-private"];
        let weight = |of: u16| format!("{}.{}", of / 10, of % 10);
        let ranges: Vec<_> = wishes
            .iter()
            .filter_map(|(at, of)| {
                let known = Language::ALL.map(Language::tag);
                let tag = known.iter().chain(&OTHERS).nth(*at)?;
                Some(format!("{tag};q={}", weight(*of)))
            })
            .collect();
        let default = offered[0];
        let preferences = asking(header::ACCEPT_LANGUAGE, &ranges.join(", "));
        let chosen = preferences.language(&offered, default);
        prop_assert!(offered.contains(&chosen));
        let heaviest = |language: Language| {
            let at = Language::ALL.iter().position(|known| *known == language);
            let of = wishes.iter().filter(|(named, _)| Some(*named) == at);
            of.map(|(_, weight)| *weight).max().unwrap_or(0)
        };
        let most = offered.iter().map(|language| heaviest(*language)).max().unwrap_or(0);
        prop_assert!(heaviest(chosen) == most || (most == 0 && chosen == default));
    }
}
