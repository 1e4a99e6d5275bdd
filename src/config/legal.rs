//! `imprint_file` and `privacy_file`: legal texts in Markdown, in `[brand]` for every language and
//! in `[page.LANG]` for one. What is not safe on a page is left out, with a warning.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd, html::push_html};

use super::{
    custom::shown,
    problem::Problem,
    reader::{Table, Value},
    report::Report,
    source::{ReadError, Source, Spot, read_file},
    spec::{Language, LegalSpec, LegalText, OwnSpec},
};

const LIMIT: u64 = 256 * 1024;
/// Where links of a legal text may lead.
const SCHEMES: [&str; 4] = ["https://", "http://", "mailto:", "tel:"];

/// Reads the keys of a site's file.
pub(super) fn texts(brand: &Table<'_>, pages: &Table<'_>) -> OwnSpec {
    OwnSpec {
        page: None,
        imprint: legal(brand, pages, "imprint_file"),
        privacy: legal(brand, pages, "privacy_file"),
    }
}

fn legal(brand: &Table<'_>, pages: &Table<'_>, key: &str) -> LegalSpec {
    let mut legal = LegalSpec {
        general: brand.get(key).and_then(|file| text(&file)),
        ..LegalSpec::default()
    };
    for (tag, page) in tables(pages) {
        if let Some(language) = Language::with_tag(tag)
            && let Some(text) = page.get(key).and_then(|file| text(&file))
        {
            legal.by_language.insert(language, text);
        }
    }
    legal
}

/// The tables of languages. What is none is reported by those who read the words.
fn tables<'r>(pages: &Table<'r>) -> impl Iterator<Item = (&'r str, Table<'r>)> {
    let tables = pages.iter().filter(|(_, page)| page.is_table());
    tables.map(|(tag, page)| (tag, page.table()))
}

/// German law wants an imprint on every page of a business, and these pages stand in for all.
pub(super) fn check_imprint(site: &Table<'_>, pages: &Table<'_>, language: Language) {
    let is_german = language == Language::De || pages.get("de").is_some();
    let brand = site.get("brand").filter(Value::is_table);
    let is_named = brand.is_some_and(|brand| brand.table().get("imprint_file").is_some())
        || tables(pages).any(|(_, page)| page.get("imprint_file").is_some());
    if is_german
        && !is_named
        && let Some(hosts) = site.get("hosts")
    {
        let way_out = "name a Markdown file: imprint_file = \"impressum.md\" in [brand]; it is then \
                       linked from the page and served at /.intermission/imprint";
        let problem = Problem::new(
            "brand.imprint_file",
            "a German site has no imprint",
            way_out,
        );
        site.report().add(problem.at(hosts.spot()).into_warning());
    }
}

fn text(file: &Value<'_>) -> Option<LegalText> {
    let path = file.file()?;
    let text = match read_file(&path, LIMIT).map(String::from_utf8) {
        Ok(Ok(text)) if !text.trim().is_empty() => text,
        Ok(Ok(_)) => {
            file.reject("is empty", "write the text as Markdown");
            return None;
        }
        Ok(Err(_)) => {
            file.reject("is no text: it is not UTF-8", "save the file as UTF-8");
            return None;
        }
        Err(error) => {
            let way_out = match error {
                ReadError::TooLarge => "keep it below 256 KiB",
                _ => "paths start from the directory of this file; put the text there",
            };
            file.reject(&format!("is no text: it {error}"), way_out);
            return None;
        }
    };
    let source = Arc::new(Source {
        shown: shown(file, &path),
        directory: path.parent().map_or_else(PathBuf::new, Path::to_owned),
        text,
    });
    Some(convert(&source, file.path(), file.report()))
}

/// Markdown to HTML that cannot do anything.
fn convert(source: &Arc<Source>, key: &str, report: &Report<'_>) -> LegalText {
    let warn = |at: Range<usize>, problem: &str, way_out: &str| {
        let problem = Problem::new(key, problem, way_out);
        report.add(problem.at(Spot::new(source, at)).into_warning());
    };
    let mut kept = Vec::new();
    // Links that have been left out and not ended yet: they do not nest.
    let mut without_link = false;
    for (event, at) in Parser::new_ext(&source.text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => {
                if !html.trim_start().starts_with("<!--") {
                    warn(
                        at,
                        "HTML is left out of legal texts",
                        "write it as Markdown",
                    );
                }
            }
            Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock | TagEnd::Image) => {}
            Event::Start(Tag::Image { .. }) => {
                let way_out = "describe it in words: of an image, its description stays";
                warn(at, "images are left out of legal texts", way_out);
            }
            Event::Start(Tag::Link {
                link_type,
                ref dest_url,
                ..
            }) if !is_safe(link_type, dest_url) => {
                let way_out = "use https:, http:, mailto:, tel: or a #fragment";
                warn(
                    at,
                    "this link leads nowhere from here; its text stays",
                    way_out,
                );
                without_link = true;
            }
            Event::End(TagEnd::Link) if without_link => without_link = false,
            event => kept.push(event),
        }
    }
    let title = title(&kept);
    let mut html = String::new();
    push_html(&mut html, kept.into_iter());
    LegalText { title, html }
}

fn is_safe(kind: LinkType, url: &str) -> bool {
    let begins = |scheme: &str| {
        url.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    kind == LinkType::Email || url.starts_with('#') || SCHEMES.iter().any(|scheme| begins(scheme))
}

fn title(events: &[Event<'_>]) -> Option<String> {
    let is_start = |event: &Event<'_>| matches!(event, Event::Start(Tag::Heading { .. }));
    let heading = events.iter().skip_while(|event| !is_start(event));
    let words = heading
        .take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))))
        .filter_map(|event| match event {
            Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
            Event::SoftBreak => Some(" "),
            _ => None,
        });
    let title: String = words.collect();
    Some(title.trim().to_owned()).filter(|title| !title.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn converted(text: &str) -> (LegalText, usize) {
        let source = Arc::new(Source {
            shown: "imprint.md".to_owned(),
            directory: PathBuf::new(),
            text: text.to_owned(),
        });
        let report = Report::new(&|_| None);
        let text = convert(&source, "brand.imprint_file", &report);
        (text, report.into_problems().len())
    }

    #[test]
    fn ordinary_markdown_becomes_html() {
        let text = "# Impressum & *mehr*\n\nBlumen Krause\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n\
                    [Mail](mailto:us@shop.example), <us@shop.example>, [Tel](tel:+49301234)\n\
                    <!-- nobody sees this -->\n";
        let (text, warnings) = converted(text);
        assert_eq!(warnings, 0);
        assert_eq!(text.title.as_deref(), Some("Impressum & mehr"));
        for part in [
            "<h1>Impressum &amp; <em>mehr</em></h1>",
            "<table>",
            "href=\"mailto:us@shop.example\"",
            "href=\"tel:+49301234\"",
        ] {
            assert!(text.html.contains(part), "{part}: {}", text.html);
        }
        assert!(!text.html.contains("nobody"), "{}", text.html);
    }

    #[test]
    fn what_could_do_something_is_left_out_with_a_warning() {
        for (markdown, left) in [
            ("<script>alert(1)</script>", ""),
            ("a <b onclick=x>b</b>", "<p>a b</p>"),
            ("![logo](https://cdn.example/a.png)", "<p>logo</p>"),
            ("[x](javascript:alert(1)) y", "<p>x y</p>"),
            ("[x](/shop)", "<p>x</p>"),
            ("[x](//cdn.example)", "<p>x</p>"),
        ] {
            let (text, warnings) = converted(markdown);
            assert_eq!(text.html.trim(), left, "{markdown}");
            assert!(warnings > 0, "{markdown}");
        }
    }

    proptest! {
        #[test]
        fn no_text_gets_a_script_an_image_or_an_attribute_through(
            text in "(<script>|<img src=x>|!\\[a\\]\\(b\\)|\\[a\\]\\(javascript:x\\)|<a onclick=x>|<javascript:x>|[<>\"'`*_&\\[\\]()\n ]|x){0,30}"
        ) {
            let (text, _) = converted(&text);
            let found = crate::markup::html::scan(&text.html);
            prop_assert!(found.is_empty(), "{found:?} in {}", text.html);
        }
    }
}
