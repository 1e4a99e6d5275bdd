//! A legal text.

use std::{cell::OnceCell, sync::Arc};

use http::{HeaderMap, Method, Uri};
use intermission::{
    markup::{
        html::{What, scan},
        policy::policy,
    },
    message::preferences::Preferences,
    page::legal::{Legal, LegalPages},
};

use super::{
    input::Files,
    page::{document, text_of},
};

const SITE: &str = "hosts = [\"*\"]\nupstream = \"http://127.0.0.1:9\"\n\
                    [brand]\nimprint_file = \"imprint.md\"\n[fallback]\nlanguage = \"en\"\n";
/// Everything that a legal text may become.
const TAGS: [&str; 25] = [
    "a",
    "blockquote",
    "br",
    "code",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "img",
    "li",
    "ol",
    "p",
    "pre",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];

thread_local! {
    static FILES: OnceCell<Files> = const { OnceCell::new() };
}

/// Whatever is written, it becomes text in a known set of elements, and a page that loads nothing.
pub fn check(data: &[u8]) {
    FILES.with(|files| {
        let files = files.get_or_init(|| {
            let files = Files::new();
            files.write("sites/shop.toml", SITE);
            files
        });
        files.write("sites/imprint.md", data);
        let Some(site) = files.site() else {
            return;
        };
        let Some(text) = &site.own.imprint.general else {
            return;
        };
        assert_tame(&text.html);
        let pages = LegalPages::build(&Arc::clone(&site)).expect("a text that loads has a page");
        let to = Preferences::capture(&Method::GET, &Uri::from_static("/"), &HeaderMap::new());
        let answer = pages
            .respond(Legal::Imprint, &to)
            .expect("there is an imprint");
        let html = text_of(answer);
        document(&html);
        assert!(
            html.contains(&text.html),
            "the text is on the page as it is"
        );
    });
}

fn assert_tame(html: &str) {
    for found in scan(html) {
        // Tables are aligned so.
        let is_aligned =
            matches!(&found.what, What::StyleAttribute(style) if style.starts_with("text-align: "));
        assert!(is_aligned, "{found:?} in {html}");
    }
    policy(html).expect("it stands alone");
    for tag in html.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag ends");
        let name = tag.trim_start_matches('/');
        let name = name.split([' ', '/']).next().unwrap_or_default();
        assert!(TAGS.contains(&name) && name != "img", "<{tag}> in {html}");
        let mut parts = tag.split('"');
        while let (Some(before), Some(value)) = (parts.next(), parts.next()) {
            let attribute = before.rsplit(' ').next().unwrap_or_default();
            let is_known = ["href=", "title=", "class=", "start=", "style="].contains(&attribute);
            assert!(is_known, "<{tag}> in {html}");
            let runs = attribute == "href=" && value.to_ascii_lowercase().starts_with("javascript");
            assert!(!runs, "<{tag}>");
        }
    }
}
