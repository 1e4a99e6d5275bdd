//! A page as a site serves it, made into one that stands alone: what it refers to on the same site
//! becomes part of it, and what is left could do nothing without the site, so it is left out.
//!
//! It is called again and again with more files, until none is missing.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use super::{
    Target,
    assets::{data_url, style_element},
    css,
    html::{Found, What, scan},
    resolve, splice,
};

/// Style sheets that import style sheets.
const DEEPEST: usize = 5;
/// A page that needs more than this is made to outwit us, and has no policy then.
const MOST_PASSES: usize = 30;
/// Once there is no more room: an honest page is complete by then.
const PASSES_WHEN_FULL: usize = 1;
/// Bytes that files may add to a page, as they are written in it. A style sheet that imports itself
/// twice would double the page with each pass.
const MOST_ADDED: usize = 4 * 1024 * 1024;
/// In place of an image that is left out: one transparent pixel.
const NOTHING: &str = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";

/// A file of the site.
#[derive(Debug, Clone)]
pub struct File {
    /// Of images and fonts; `None` for other files, which only style sheets may be.
    pub media_type: Option<String>,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// What is known of the site: files by path and query, without the leading slash. `None`: it could
/// not be had.
pub type Files = BTreeMap<String, Option<File>>;

/// A page, as far as its files are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundled {
    /// The page, without what is missing.
    pub html: String,
    /// Files it needs that are not known of.
    pub missing: BTreeSet<String>,
    /// What was left out, in words.
    pub left_out: BTreeSet<String>,
}

/// Makes a page of `host` at `path` stand alone.
#[must_use]
pub fn bundle(html: &str, (host, path): (&str, &str), files: &Files) -> Bundled {
    let mut bundle = Bundle {
        host,
        files,
        room: MOST_ADDED,
        is_full: false,
        missing: BTreeSet::new(),
        left_out: BTreeSet::new(),
    };
    let path = path.split('?').next().unwrap_or_default();
    let path = path.trim_start_matches('/');
    let mut html = html.to_owned();
    // What is taken out can leave something new behind: the second of two equal attributes.
    let mut passes = MOST_PASSES;
    while passes > 0 {
        let edits = bundle.edits(&html, path);
        if edits.is_empty() {
            break;
        }
        html = splice(&html, edits);
        passes -= 1;
        if bundle.is_full {
            passes = passes.min(PASSES_WHEN_FULL);
        }
    }
    Bundled {
        html,
        missing: bundle.missing,
        left_out: bundle.left_out,
    }
}

struct Bundle<'a> {
    host: &'a str,
    files: &'a Files,
    /// Bytes that may still be added.
    room: usize,
    /// Whether something has not fitted.
    is_full: bool,
    missing: BTreeSet<String>,
    left_out: BTreeSet<String>,
}

enum Embedded {
    /// It is part of the page already.
    Kept,
    /// Now it is.
    As(String),
}

impl<'a> Bundle<'a> {
    fn edits(&mut self, html: &str, path: &str) -> Vec<(Range<usize>, String)> {
        let mut edits = Vec::new();
        for Found { at, what } in scan(html) {
            let with = match what {
                What::Stylesheet(url, media) => {
                    let sheet = self.sheet(path, &url, 0);
                    sheet.map_or_else(String::new, |css| style_element(&css, media.as_deref()))
                }
                What::Image(url) => match self.embed(path, &url) {
                    Embedded::Kept => continue,
                    Embedded::As(url) => url,
                },
                What::CssUrl(url) => match self.embed(path, &url) {
                    Embedded::Kept => continue,
                    Embedded::As(url) => format!("url({url})"),
                },
                What::CssImport(url, conditions) => self.import(path, (&url, &conditions), 0),
                What::ScriptFile(..) => self.leave_out("scripts"),
                What::Script if at.is_empty() => continue,
                What::Script => self.leave_out("scripts"),
                What::Barred(why) => self.leave_out(why.name()),
                What::Style | What::StyleAttribute(_) => continue,
            };
            edits.push((at, with));
        }
        edits
    }

    fn leave_out(&mut self, what: impl Into<String>) -> String {
        self.left_out.insert(what.into());
        String::new()
    }

    fn embed(&mut self, base: &str, url: &str) -> Embedded {
        let Some(path) = self.path(base, url) else {
            return Embedded::Kept;
        };
        let file = path.and_then(|path| self.file(path));
        let embedded = file.and_then(|file| Some((file.media_type.as_deref()?, &file.bytes)));
        match embedded {
            // As Base64 writes them: four letters for three bytes.
            Some((media_type, bytes)) if self.fits(bytes.len().div_ceil(3) * 4) => {
                Embedded::As(data_url(media_type, bytes))
            }
            _ => Embedded::As(NOTHING.to_owned()),
        }
    }

    /// Takes room for so many bytes, if there is as much left.
    fn fits(&mut self, bytes: usize) -> bool {
        let left = self.room.checked_sub(bytes);
        match left {
            Some(left) => self.room = left,
            None => {
                self.is_full = true;
                self.left_out
                    .insert("what would add more than 4 MiB to the page".to_owned());
            }
        }
        left.is_some()
    }

    fn sheet(&mut self, base: &str, url: &str, depth: usize) -> Option<String> {
        if depth >= DEEPEST {
            self.leave_out("style sheets that import each other");
            return None;
        }
        let path = self.path(base, url)??;
        let file = self.file(path.clone())?;
        if !self.fits(file.bytes.len()) {
            return None;
        }
        let text = String::from_utf8_lossy(&file.bytes).into_owned();
        let base = path.split('?').next().unwrap_or_default();
        let mut edits = Vec::new();
        for reference in css::references(&text) {
            let with = match &reference.import {
                Some(conditions) => self.import(base, (&reference.url, conditions), depth + 1),
                None => match self.embed(base, &reference.url) {
                    Embedded::Kept => continue,
                    Embedded::As(url) => format!("url({url})"),
                },
            };
            edits.push((reference.at, with));
        }
        Some(splice(&text, edits))
    }

    fn import(&mut self, base: &str, (url, conditions): (&str, &str), depth: usize) -> String {
        if conditions.starts_with("layer") || conditions.starts_with("supports") {
            return self.leave_out(format!("@import {conditions}"));
        }
        let css = self.sheet(base, url, depth).unwrap_or_default();
        match conditions {
            "" => css,
            conditions => format!("@media {conditions}{{{css}}}"),
        }
    }

    /// Where a reference leads: `None` nowhere, `Some(None)` elsewhere.
    fn path(&mut self, base: &str, url: &str) -> Option<Option<String>> {
        let url = url.trim();
        let own = ["https://", "http://", "//"]
            .iter()
            .filter_map(|scheme| url.strip_prefix(scheme)?.strip_prefix(self.host))
            .find(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']));
        match resolve(
            base,
            own.map_or(url, |rest| if rest.is_empty() { "/" } else { rest }),
        ) {
            Target::Inside => None,
            Target::Local(path) => Some(Some(path)),
            Target::External => {
                self.leave_out(url.chars().take(100).collect::<String>());
                Some(None)
            }
        }
    }

    fn file(&mut self, path: String) -> Option<&'a File> {
        match self.files.get(&path) {
            Some(Some(file)) => Some(file),
            Some(None) => {
                self.leave_out(format!("/{path}"));
                None
            }
            None => {
                self.missing.insert(path);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::markup::policy::policy;

    const AT: (&str, &str) = ("shop.example", "/info/maintenance.html?x=1");

    fn file(media_type: Option<&str>, text: &str) -> Option<File> {
        Some(File {
            media_type: media_type.map(str::to_owned),
            bytes: text.as_bytes().to_vec(),
        })
    }

    /// With an `x` for each image that is left out.
    fn short(html: &str) -> String {
        html.replace(NOTHING, "x")
    }

    #[test]
    fn files_of_the_same_site_are_asked_for_until_all_are_there() {
        let html = "<link rel=stylesheet href=/css/a.css?v=3><img src='https://shop.example/b.png'>\
                    <img src=c.png>";
        let mut files = Files::new();
        let first = bundle(html, AT, &files);
        let missing: Vec<_> = first.missing.iter().map(String::as_str).collect();
        assert_eq!(missing, ["b.png", "css/a.css?v=3", "info/c.png"]);
        files.insert("b.png".to_owned(), file(Some("image/png"), "b"));
        files.insert("info/c.png".to_owned(), None);
        let css = file(None, "@import 'd.css' print;e{f:url(../g.woff2)}");
        files.insert("css/a.css?v=3".to_owned(), css);
        let second = bundle(html, AT, &files);
        let missing: Vec<_> = second.missing.iter().map(String::as_str).collect();
        assert_eq!(missing, ["css/d.css", "g.woff2"]);
        files.insert("css/d.css".to_owned(), file(None, "h{}"));
        files.insert("g.woff2".to_owned(), file(Some("font/woff2"), "g"));
        let last = bundle(html, AT, &files);
        assert!(last.missing.is_empty());
        assert_eq!(
            short(&last.html),
            "<style>@media print{h{}}e{f:url(data:font/woff2;base64,Zw==)}</style>\
             <img src='data:image/png;base64,Yg=='><img src=x>"
        );
        assert_eq!(last.left_out, BTreeSet::from(["/info/c.png".to_owned()]));
    }

    #[test]
    fn what_needs_the_site_or_others_is_left_out() {
        let html = "<base href=/x/><p onclick=go() id=a><p onload='x'><script src=a.js></script><script>1</script>\
                    <link rel=preconnect href=/><img src=https://cdn.example/a.png>\
                    <img src=//shop.example.evil/b.png><iframe src=https://x></iframe>";
        let bundled = bundle(html, AT, &Files::new());
        assert_eq!(
            short(&bundled.html),
            "<p  id=a><p ><script></script><img src=x><img src=x><iframe ></iframe>"
        );
        assert_eq!(bundled.left_out.len(), 7, "{:?}", bundled.left_out);
        assert!(bundled.missing.is_empty());
    }

    #[test]
    fn files_that_refer_to_themselves_or_often_to_one_do_not_grow_without_end() {
        let sheet = "@import url(a.css);".repeat(40);
        // The second half is a text until there is another quote.
        let unclosed = "@import 'b.css'; a{b:\"} @import 'b.css'; @import 'b.css' screen;";
        let files = Files::from([
            ("a.css".to_owned(), file(None, &sheet)),
            ("b.css".to_owned(), file(None, unclosed)),
            (
                "c.png".to_owned(),
                file(Some("image/png"), &"c".repeat(1 << 20)),
            ),
        ]);
        let images = "<img src=c.png>".repeat(100);
        for page in [
            "<link rel=stylesheet href=a.css>",
            "<link rel=stylesheet href=b.css>",
            &images,
        ] {
            let bundled = bundle(page, ("shop.example", "/"), &files);
            assert!(
                bundled.html.len() < 2 * MOST_ADDED,
                "{}",
                bundled.html.len()
            );
            assert!(!bundled.left_out.is_empty(), "{page:.40}");
        }
    }

    proptest! {
        #[test]
        fn every_page_has_a_policy_once_it_is_bundled(
            html in "(<img src=|<img srcset='a.png 1x, |<p style=\"a:url\\(|<link rel=stylesheet href=|<style>|</style>|@import 'b';|<script>|</script>|<script src=c>|<p onclick=|url\\(d\\)|https://x |&amp;|['\"> )\n]|\\PC){0,25}"
        ) {
            let mut files = Files::new();
            for _ in 0..8 {
                let bundled = bundle(&html, AT, &files);
                files.extend(bundled.missing.into_iter().map(|path| (path, None)));
            }
            let bundled = bundle(&html, AT, &files);
            prop_assert!(bundled.missing.is_empty());
            let policy = policy(&bundled.html);
            prop_assert!(policy.is_ok(), "{policy:?} of {}", bundled.html);
        }
    }
}
