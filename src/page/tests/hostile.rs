//! Owners' text that would like to be something else: markup, attributes, style, links.

use proptest::prelude::*;

use super::{
    fixtures::own_words,
    markup::{THEMES, full, html},
    *,
};
use crate::config::spec::{ActionSpec, CauseTextSpec, FontSpec, LinkSpec, Theme};

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

/// Text that would like to be something else.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "[<>&\"'/= a\u{0}\u{7f}ß]{1,20}",
        "[ -~]{0,20}[<>&\"'/=`]{1,8}",
        Just("</style><script>alert(1)</script>".to_owned()),
        Just("\" onload=\"x".to_owned()),
        Just("--><!--".to_owned()),
        Just("javascript:alert(1)".to_owned()),
        ".{1,30}",
    ]
    .prop_map(|text| {
        let line: String = text.lines().map(str::trim).collect();
        if line.is_empty() {
            "x".to_owned()
        } else {
            line
        }
    })
}

/// The florist's site with each of the owner's texts made anew.
fn rewritten(theme: Theme, mut text: impl FnMut(&str) -> String) -> SiteSpec {
    let (brand, own) = (florist(), own_words());
    let mut some = |old: &Option<String>| old.as_deref().map(&mut text);
    let mut pages = PageTextSpec {
        outage: CauseTextSpec {
            headline: some(&own.outage.headline),
            message: some(&Some("one paragraph".to_owned())),
        },
        eta: some(&own.eta),
        hours: some(&Some("one line".to_owned())),
        ..own.clone()
    };
    let mut site = site(BrandSpec {
        theme,
        phone: some(&brand.phone),
        email: some(&brand.email),
        address: some(&Some("one line".to_owned())),
        chat: some(&brand.chat).map(|path| format!("https://{path}")),
        status_page: some(&brand.status_page).map(|path| format!("https:{path}")),
        ..brand.clone()
    });
    pages.still_works = own.still_works.iter().map(|old| text(old)).collect();
    pages.action = own.action.map(|old| ActionSpec {
        text: text(&old.text),
        url: Some(format!("mailto:{}", text("a"))),
        code: Some(text("a")),
    });
    let link = |old: &LinkSpec, text: &mut dyn FnMut(&str) -> String| LinkSpec {
        text: text(&old.text),
        url: format!("https:{}", text(&old.url)),
    };
    site.brand.links = brand.links.iter().map(|old| link(old, &mut text)).collect();
    site.brand.social = brand
        .social
        .iter()
        .map(|old| link(old, &mut text))
        .collect();
    site.brand.name = text(&brand.name);
    site.brand.font = Some(FontSpec::Families(vec![text("a"), text("b")]));
    site.pages.insert(Language::En, pages);
    site
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_owners_text_cannot_break_out_of_its_place(
        texts in prop::collection::vec(hostile(), 24), theme in 0_usize..3,
    ) {
        let theme = THEMES[theme].1;
        let mut texts = texts.iter().cycle();
        let wild = rewritten(theme, |_| texts.next().unwrap().clone());
        let tame = rewritten(theme, |_| "tame".to_owned());
        let (wild, tame) = (html(&wild, "GET", "en"), html(&tame, "GET", "en"));
        prop_assert_eq!(skeleton(&wild), skeleton(&tame));
        // The style is one element, with as many blocks as ever.
        let style = |page: &str| {
            let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
            [style.matches('{').count(), style.matches('}').count(), style.matches('<').count()]
        };
        prop_assert_eq!(style(&wild), style(&tame));
        let links = wild.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        for url in links {
            let is_safe = ["https:", "tel:", "mailto:"].iter().any(|scheme| url.starts_with(scheme));
            prop_assert!(is_safe || url.is_empty(), "{}", url);
        }
    }

    #[test]
    fn links_that_would_run_something_are_left_out(url in "(javascript|data|vbscript|[a-z]{1,6}):.{0,12}") {
        let is_known = ["http:", "https:", "tel:", "mailto:"].iter().any(|scheme| url.starts_with(scheme));
        prop_assume!(!is_known);
        let mut site = full(Theme::Calm);
        let link = LinkSpec { text: "x".to_owned(), url: url.clone() };
        site.brand.links = vec![link.clone()];
        site.brand.social = vec![link];
        site.brand.chat = Some(url.clone());
        site.brand.status_page = Some(url.clone());
        site.pages.get_mut(&Language::De).unwrap().action.as_mut().unwrap().url = Some(url.clone());
        let page = html(&site, "GET", "de");
        let hrefs: Vec<_> = page.split("href=\"").skip(1).collect();
        prop_assert!(hrefs.iter().all(|rest| ["tel:", "mailto:", "\""].iter().any(|start| rest.starts_with(start))));
    }
}
