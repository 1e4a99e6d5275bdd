//! The page for people: its words, its markup, its size.

use proptest::prelude::*;

use super::*;
use crate::config::spec::{Color, LinkSpec, LogoSpec};

#[test]
fn pages_are_as_reviewed() {
    let (plain, branded) = (site(BrandSpec::default()), site(florist()));
    insta::with_settings!({snapshot_path => "../snapshots"}, {
        insta::assert_snapshot!("no_brand_en", reviewed(&plain, "GET", "en"));
        insta::assert_snapshot!("no_brand_de_post", reviewed(&plain, "POST", "de"));
        insta::assert_snapshot!("brand_de", reviewed(&branded, "GET", "de"));
        insta::assert_snapshot!("brand_en_post", reviewed(&branded, "POST", "en"));
    });
}

#[test]
fn a_site_without_a_brand_has_no_gaps() {
    let page = html(&site(BrandSpec::default()), "GET", "en");
    for gap in [
        "<img",
        "class=\"brand",
        "og:title",
        "<section",
        "href=\"tel:",
        " · ",
        "<ul",
    ] {
        assert!(!page.contains(gap), "{gap}");
    }
    assert!(page.contains("This site is temporarily unavailable."));
}

#[test]
fn the_owners_words_replace_the_built_in_ones_of_their_language_only() {
    let mut spec = site(florist());
    let own = PageTextSpec {
        headline: Some("Kurze Pause".to_owned()),
        message: Some("Erster Absatz.\n\nZweiter Absatz.".to_owned()),
    };
    spec.pages.insert(Language::De, own);
    let page = html(&spec, "GET", "de");
    assert!(page.contains("<h1>Kurze Pause</h1>\n<p>Erster Absatz.</p>\n<p>Zweiter Absatz.</p>"));
    assert!(page.contains("<title>Kurze Pause · Blumen Krause</title>"));
    assert!(html(&spec, "GET", "en").contains("<h1>We’ll be right back</h1>"));
}

#[test]
fn only_pages_that_were_asked_for_offer_to_try_again_and_none_reload_by_themselves() {
    for (method, offers) in [
        ("GET", true),
        ("OPTIONS", true),
        ("POST", false),
        ("DELETE", false),
    ] {
        let page = html(&site(florist()), method, "en");
        assert_eq!(page.contains("href=\"\">Try now</a>"), offers, "{method}");
        assert!(!page.contains("http-equiv"), "{method}");
        // The script never reloads a page that answers something sent.
        assert_eq!(page.contains(" data-sent=\""), !offers, "{method}");
    }
}

#[test]
fn codings_unpack_to_the_same_page() {
    use std::io::Read;
    let pages = Pages::build(&site(florist())).unwrap();
    let packed = |coding: &str| {
        let response = respond(
            &pages,
            REFUSED,
            &request("GET", "/", &[("accept-encoding", coding)]),
        );
        assert_eq!(
            response
                .headers()
                .get("content-encoding")
                .map(HeaderValue::as_bytes),
            (coding != "identity").then_some(coding.as_bytes())
        );
        body(response)
    };
    let page = packed("identity");
    let mut unpacked = Vec::new();
    brotli::Decompressor::new(&*packed("br"), 4096)
        .read_to_end(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, page);
    unpacked.clear();
    flate2::read::GzDecoder::new(&*packed("gzip"))
        .read_to_end(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, page);
}

#[test]
fn the_security_policy_allows_exactly_the_pages_style_and_script() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use sha2::{Digest, Sha256};
    let pages = Pages::build(&site(florist())).unwrap();
    let response = respond(&pages, REFUSED, &request("POST", "/", &[]));
    let policy = response.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    let page = text(response);
    let style = page
        .split("<style>")
        .nth(1)
        .unwrap()
        .split("</style>")
        .next()
        .unwrap();
    let hash = STANDARD.encode(Sha256::digest(style));
    assert!(
        policy.contains(&format!("style-src 'sha256-{hash}'")),
        "{policy}"
    );
    let script = page.split("<script>").nth(1).unwrap();
    let (script, _) = script.split_once("</script>").unwrap();
    let hash = STANDARD.encode(Sha256::digest(script));
    assert!(
        policy.contains(&format!("script-src 'sha256-{hash}'")),
        "{policy}"
    );
    assert_eq!(page.matches("<script").count(), 1);
    assert!(!page.contains(" style=") && page.matches("<style").count() == 1);
}

#[test]
fn a_page_with_its_fields_fits_into_the_first_flight() {
    let mut brand = florist();
    // Nothing compresses less than noise.
    let mut noise = fastrand::Rng::with_seed(7);
    let bytes: Vec<u8> = std::iter::repeat_with(|| noise.u8(..))
        .take(6 * 1024)
        .collect();
    brand.logo = Some(LogoSpec {
        media_type: "image/webp",
        bytes: bytes.into(),
    });
    let pages = Pages::build(&site(brand)).unwrap();
    for coding in ["br", "gzip"] {
        for (method, language) in [("GET", "de"), ("POST", "de"), ("GET", "en"), ("POST", "en")] {
            let fields = [("accept-encoding", coding), ("accept-language", language)];
            let response = respond(&pages, REFUSED, &request(method, "/", &fields));
            let field =
                |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 4;
            let head: usize = response.headers().iter().map(field).sum();
            // The status line, Date, Via and Connection are added later.
            let size = head + 150 + body(response).len();
            assert!(size <= 14 * 1024, "{coding} {method} {language}: {size}");
        }
    }
}

/// Every tag and attribute of a page, without what is in them.
fn skeleton(page: &str) -> Vec<String> {
    let is_name = |char: char| char.is_ascii_alphanumeric() || "/!-".contains(char);
    page.split('<')
        .skip(1)
        .map(|tag| {
            let (tag, _) = tag.split_once('>').unwrap();
            let outside: String = tag.split('"').step_by(2).collect();
            assert!(
                outside
                    .chars()
                    .all(|char| is_name(char) || " =:".contains(char)),
                "{outside}"
            );
            outside
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_owners_text_cannot_become_markup(
        name in "[ -~]{0,20}[<>&\"'/= ]{1,8}", headline in "[<>&\"'/=a \u{0}\u{7f}ß]{1,20}",
        message in ".{1,40}", phone in "[0-9<>\"' ]{1,12}", email in "[a<>\"'@? ]{1,12}",
        text in ".{1,20}", url in "https:[<>\"'&a ]{0,12}",
    ) {
        let brand = |[name, phone, email, text, url]: [String; 5]| BrandSpec {
            name, phone: Some(phone), email: Some(email), links: vec![LinkSpec { text, url }],
            ..florist()
        };
        let filled = |text: String| if text.trim().is_empty() { "x".to_owned() } else { text };
        let mut harmless = site(brand(["a", "1", "a@b", "a", "https://a"].map(str::to_owned)));
        let mut hostile = site(brand([name, phone, email, text, url].map(filled)));
        // One paragraph on both sides, so that the skeletons can be the same.
        let message = filled(message.lines().map(str::trim).collect());
        let own = PageTextSpec { headline: Some(headline), message: Some(message) };
        hostile.pages.insert(Language::En, own);
        harmless.pages.insert(Language::En, PageTextSpec::default());
        prop_assert_eq!(skeleton(&html(&hostile, "GET", "en")), skeleton(&html(&harmless, "GET", "en")));
    }
}

#[test]
#[ignore = "writes pages for the eye to the directory named in PAGES_TO"]
fn write_pages() {
    let Some(directory) = std::env::var_os("PAGES_TO") else {
        return;
    };
    let mut pale = florist();
    pale.logo = None;
    pale.color = Some(Color {
        r: 0xff,
        g: 0xe6,
        b: 0x00,
    });
    let cases = [
        ("none", BrandSpec::default()),
        ("florist", florist()),
        ("pale", pale),
    ];
    for (name, brand) in cases {
        for method in ["GET", "POST"] {
            let file = std::path::Path::new(&directory).join(format!("{name}-{method}.html"));
            std::fs::write(file, html(&site(brand.clone()), method, "de")).unwrap();
        }
    }
}
