//! The page for people: its words, its markup, its size.

use super::{fixtures::own_words, render::Renderer, *};
use crate::config::spec::{LegalText, LogoSpec, Moment, Theme};

pub(super) const THEMES: [(&str, Theme); 3] = [
    ("calm", Theme::Calm),
    ("bold", Theme::Bold),
    ("plain", Theme::Plain),
];

/// One page of a site whose origin refuses connections, without the rest of its pages.
/// A page to be reviewed: without the script, which is the same on all.
fn reviewed(site: &SiteSpec, method: &str, language: &str) -> String {
    html(site, method, language).replace(returning::SCRIPT, "(script)")
}

pub(super) fn html(site: &SiteSpec, method: &str, language: &str) -> String {
    let to = request(method, "/", &[("accept-language", language)]);
    let language = to.language(&Language::ALL, site.fallback.language);
    let key = PageKey {
        submission: Submission::of(&to, REFUSED),
        ..PageKey::usual(language)
    };
    Renderer::new(site).unwrap().page(key).unwrap().text
}

/// A site with everything, in one design.
pub(super) fn full(theme: Theme) -> SiteSpec {
    let mut site = site(BrandSpec { theme, ..florist() });
    site.pages.insert(Language::De, own_words());
    site
}

#[test]
fn pages_are_as_reviewed() {
    let plain = site(BrandSpec::default());
    insta::with_settings!({snapshot_path => "../snapshots"}, {
        insta::assert_snapshot!("no_brand_en", reviewed(&plain, "GET", "en"));
        insta::assert_snapshot!("no_brand_de_post", reviewed(&plain, "POST", "de"));
        for (name, theme) in THEMES {
            insta::assert_snapshot!(format!("{name}_de"), reviewed(&full(theme), "GET", "de"));
            insta::assert_snapshot!(format!("{name}_en_post"), reviewed(&full(theme), "POST", "en"));
        }
    });
}

#[test]
fn a_site_without_a_brand_has_no_gaps() {
    let page = html(&site(BrandSpec::default()), "GET", "en");
    for gap in [
        "<img",
        "class=\"brand",
        "<header",
        "<footer",
        "og:title",
        "<section",
        "class=\"more",
        "href=\"tel:",
        "rel=\"icon",
        " · ",
        "<ul",
    ] {
        assert!(!page.contains(gap), "{gap}");
    }
    assert!(page.contains("This site is temporarily unavailable."));
}

#[test]
fn all_that_an_owner_says_is_on_the_page_in_every_theme() {
    for (name, theme) in THEMES {
        let page = html(&full(theme), "GET", "de");
        for said in [
            "Wir gießen kurz die Blumen",
            "Unser Laden im Netz macht eine kleine Pause.",
            "Abholung im Laden",
            "gegen 15 Uhr",
            ">Zum Sommerstrauß</a>",
            ">SOMMER10</code>",
            "tel:+493012345678",
            "mailto:hallo@blumen-krause.example",
            "https://chat.example/blumenkrause",
            "<bdi>Lindenstraße 12</bdi><br><bdi>10969 Berlin</bdi>",
            "<bdi>Mo–Fr 9–18 Uhr</bdi><br><bdi>Sa 9–14 Uhr</bdi>",
            "https://status.blumen-krause.example",
            ">Pinterest</a>",
        ] {
            assert!(page.contains(said), "{name}: {said}");
        }
    }
}

#[test]
fn no_page_says_anything_for_search_engines_or_of_its_status() {
    for (name, theme) in THEMES {
        for method in ["GET", "POST"] {
            let page = html(&full(theme), method, "de");
            for forbidden in [
                "robots",
                "noindex",
                "canonical",
                "ld+json",
                "itemscope",
                "502",
                "503",
                "http-equiv",
            ] {
                assert!(!page.contains(forbidden), "{name} {method}: {forbidden}");
            }
            let title = "<meta property=\"og:title\" content=\"Blumen Krause\">";
            assert!(page.contains(title), "{name} {method}");
            assert_eq!(page.matches("property=\"og:").count(), 1);
        }
    }
}

#[test]
fn the_owners_words_replace_the_built_in_ones_of_their_language_only() {
    let spec = full(Theme::Calm);
    let page = html(&spec, "GET", "de");
    assert!(page.contains("<title>Wir gießen kurz die Blumen · Blumen Krause</title>"));
    assert!(page.contains(
        "<p class=\"text\">Unser Laden im Netz macht eine kleine Pause.</p>\n<p class=\"text\">Wir sind"
    ));
    let english = html(&spec, "GET", "en");
    assert!(english.contains("<h1>We’ll be right back</h1>"));
    for german in ["Blumen</h1>", "gegen 15 Uhr", "Abholung im Laden"] {
        assert!(!english.contains(german), "{german}");
    }
}

#[test]
fn a_voucher_is_offered_in_other_languages_too_and_says_which_one_it_is_in() {
    let mut spec = full(Theme::Calm);
    spec.fallback.language = Language::De;
    let page = html(&spec, "GET", "en");
    assert!(page.contains("<div class=\"action\" lang=\"de\">"));
    assert!(page.contains("<span lang=\"en\">Your voucher code</span>"));
    assert!(html(&spec, "GET", "de").contains("<div class=\"action\">"));
}

#[test]
fn a_logo_for_the_dark_scheme_is_used_there_and_the_other_one_stands_on_white() {
    let light = html(&site(florist()), "GET", "en");
    assert!(light.contains("class=\"brand chip\"") && !light.contains("<picture>"));
    let mut brand = florist();
    brand.logo_dark = Some(LogoSpec {
        media_type: "image/png",
        bytes: Bytes::from_static(b"dark"),
    });
    brand.favicon = brand.logo_dark.clone();
    let page = html(&site(brand), "GET", "en");
    assert!(page.contains(
        "<source media=\"(prefers-color-scheme:dark)\" srcset=\"data:image/png;base64,ZGFyaw==\">"
    ));
    assert!(page.contains("<link rel=\"icon\" href=\"data:image/png;base64,ZGFyaw==\">"));
    assert!(page.contains("class=\"brand\"><picture>"));
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

/// Bytes of an answer with its page, the head included.
fn size(pages: &Pages, failure: Failure, method: &str, language: &str, coding: &str) -> usize {
    let fields = [("accept-encoding", coding), ("accept-language", language)];
    let response = respond(pages, failure, &request(method, "/", &fields));
    let field = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 4;
    let head: usize = response.headers().iter().map(field).sum();
    // The status line, Date, Via and Connection are added later.
    head + 150 + body(response).len()
}

#[test]
fn a_page_with_its_fields_fits_into_the_first_flight() {
    // Nothing compresses less than noise.
    let mut noise = fastrand::Rng::with_seed(7);
    let bytes: Vec<u8> = std::iter::repeat_with(|| noise.u8(..))
        .take(6 * 1024)
        .collect();
    let until = Moment {
        at: Timestamp::UNIX_EPOCH,
        offset: jiff::tz::offset(1),
    };
    let planned = Failure::Maintenance(Window { until: Some(until) });
    for (name, theme) in THEMES {
        let mut site = full(theme);
        site.brand.logo = Some(LogoSpec {
            media_type: "image/webp",
            bytes: bytes.clone().into(),
        });
        let legal = LegalText {
            title: None,
            html: String::new(),
        };
        site.own.imprint.general = Some(legal.clone());
        site.own.privacy.general = Some(legal);
        let pages = Pages::build(&site).unwrap();
        for language in Language::ALL {
            let tag = language.tag();
            for (coding, most) in [("br", 13), ("gzip", 14)] {
                for (failure, method) in [(REFUSED, "GET"), (REFUSED, "POST"), (planned, "POST")] {
                    let size = size(&pages, failure, method, tag, coding);
                    let case = format!("{name} {tag} {coding} {method} {failure:?}: {size}");
                    println!("{case}");
                    assert!(size <= most * 1024, "{case}");
                }
            }
        }
    }
}
