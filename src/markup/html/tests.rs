//! Documents and what is found in them.

use proptest::prelude::*;

use super::*;

/// Each place as the text it covers, and what is there.
fn found(html: &str) -> Vec<(&str, What)> {
    scan(html)
        .into_iter()
        .map(|found| (html.get(found.at).expect("a place in the text"), found.what))
        .collect()
}

fn image(url: &str) -> What {
    What::Image(url.to_owned())
}

#[test]
fn images_are_found_wherever_browsers_load_them_from() {
    let html = "<IMG alt='ü a.png' SRC = 'a.png'><img src=b.png/><link rel=\"icon\" href=\"c.ico\">\
                <svg><image xlink:href=\"d.png\"/></svg><td background=\"e.png\">\
                <img srcset=\"f.png 1x, g.png,h.png 2x , data:image/png;base64,xx 3x\">";
    let seen = found(html);
    let urls = [
        "a.png",
        "b.png/",
        "c.ico",
        "d.png",
        "e.png",
        "f.png",
        "g.png,h.png",
    ];
    for (url, (at, what)) in urls.iter().zip(&seen) {
        assert_eq!((*at, what), (*url, &image(url)));
    }
    assert_eq!(
        seen.last().map(|last| last.0),
        Some("data:image/png;base64,xx")
    );
    assert_eq!(seen.len(), urls.len() + 1);
}

#[test]
fn style_sheets_scripts_and_their_content_have_exact_places() {
    let html = "<link rel=stylesheet media=print href=a.css><style>x{y:url(b.png)}</style>\
                <script src='c.js'>ignored</script><script>1<2</script><p style=\"z:url('d.png')\">";
    assert_eq!(
        found(html),
        [
            (
                "<link rel=stylesheet media=print href=a.css>",
                What::Stylesheet("a.css".to_owned(), Some("print".to_owned()))
            ),
            ("x{y:url(b.png)}", What::Style),
            ("url(b.png)", What::CssUrl("b.png".to_owned())),
            (
                "<script src='c.js'>ignored</script>",
                What::ScriptFile("c.js".to_owned(), None)
            ),
            ("1<2", What::Script),
            (
                "style=\"z:url('d.png')\"",
                What::StyleAttribute("z:url('d.png')".to_owned())
            ),
            ("url('d.png')", What::CssUrl("d.png".to_owned())),
        ]
    );
}

#[test]
fn what_no_page_may_have_is_named() {
    for (html, why) in [
        ("<p onclick='x()'>", Barred::EventHandler),
        ("<iframe src=a>", Barred::Embedded),
        ("<video src=a>", Barred::Embedded),
        ("<base href=/x/>", Barred::Base),
        ("<meta http-equiv=Refresh content=5>", Barred::Refresh),
        ("<link rel='preload' href=a>", Barred::LoadingLink),
        ("<a href=' java\nscript:x'>", Barred::ScriptAddress),
        ("<img src='a&amp;b.png'>", Barred::Unreadable),
    ] {
        let seen = found(html);
        assert_eq!(seen.len(), 1, "{html}");
        assert_eq!(seen[0].1, What::Barred(why), "{html}");
    }
}

#[test]
fn ordinary_pages_have_none_of_it() {
    let html = "<!doctype html><html lang=\"de-AT\"><title><img src=a></title><a href=\"https://x\">x</a>\
                <!-- <img src=b> --><textarea><img src=c></textarea><use href=\"#i\"/>\
                <link rel=canonical href=https://x>";
    assert_eq!(found(html), [("#i", image("#i"))]);
    assert_eq!(language(html).as_deref(), Some("de-AT"));
    assert_eq!(language("<p lang=de>"), None);
}

proptest! {
    #[test]
    fn places_are_within_any_text(html in "(<(img|style|script|link|p|svg) |src=|srcset=|style=|rel=stylesheet |href=|</style>|</script>|>|\"|'|\r\n|url\\(|&amp;|ü|\\PC){0,40}") {
        for found in scan(&html) {
            prop_assert!(html.get(found.at.clone()).is_some(), "{found:?}");
        }
    }
}
