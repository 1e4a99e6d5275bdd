//! What an HTML document refers to, and what it has that none of our pages may have. Reads tags as
//! the HTML standard's tokenizer does; knows nothing of the tree above them.

use std::{collections::BTreeMap, ops::Range};

use html5gum::{DefaultEmitter, HtmlString, SpanBound, Spanned, StartTag, Token, Tokenizer};

use super::css;

/// One place in a document that matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Bytes of the document: what would be replaced.
    pub at: Range<usize>,
    /// What is there.
    pub what: What,
}

/// What is at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A `<link rel=stylesheet>`, the whole tag: address and `media`.
    Stylesheet(String, Option<String>),
    /// A `<script src>`, from its start to its end tag: address and `type`.
    ScriptFile(String, Option<String>),
    /// The address of an image, alone, in an attribute.
    Image(String),
    /// `url(…)` or a string in CSS.
    CssUrl(String),
    /// An `@import` rule: address and conditions.
    CssImport(String, String),
    /// The content of a `<style>`.
    Style,
    /// The content of a `<script>`.
    Script,
    /// The value of a `style` attribute, with character references resolved.
    StyleAttribute(String),
    /// An attribute or tag that no page may have, and why.
    Barred(Barred),
}

/// What no page may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Barred {
    /// `onclick` and the like.
    EventHandler,
    /// A frame, plug-in, video, sound.
    Embedded,
    /// `<base href>`.
    Base,
    /// `<meta http-equiv=refresh>`.
    Refresh,
    /// A `<link>` that makes the browser load or connect.
    LoadingLink,
    /// A `javascript:` address.
    ScriptAddress,
    /// An address written in a way in which it cannot be found in the text.
    Unreadable,
}

impl Barred {
    /// What it is, in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EventHandler => "an event attribute",
            Self::Embedded => "a frame, plug-in, video or sound",
            Self::Base => "a <base>",
            Self::Refresh => "a <meta http-equiv=\"refresh\">",
            Self::LoadingLink => "a <link> that makes browsers load something",
            Self::ScriptAddress => "a javascript: address",
            Self::Unreadable => "an address with character references in it",
        }
    }
}

/// Every place that matters, in the order of the document.
#[must_use]
pub fn scan(html: &str) -> Vec<Found> {
    let mut emitter = DefaultEmitter::<usize>::new_with_span();
    emitter.naively_switch_states(true);
    let mut scan = Scan {
        html,
        found: Vec::new(),
        open: None,
    };
    for token in Tokenizer::new_with_emitter(html, emitter) {
        match token {
            Ok(Token::StartTag(tag)) => scan.start(&tag),
            Ok(Token::EndTag(tag)) => scan.end(&tag.name, tag.span.start..tag.span.end),
            Ok(_) => {}
            Err(never) => match never {},
        }
    }
    scan.end(b"", html.len()..html.len());
    scan.found
}

/// The language of a document: `lang` of its first `<html>`.
#[must_use]
pub fn language(html: &str) -> Option<String> {
    let mut tokens = Tokenizer::new(html);
    let tag = tokens.find_map(|token| match token {
        Ok(Token::StartTag(tag)) => Some(tag),
        _ => None,
    })?;
    let lang = (**tag.name == *b"html").then(|| tag.attributes.get(&b"lang"[..]))??;
    let lang = text(lang);
    let is_tag = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (!lang.is_empty() && lang.len() <= 35 && lang.chars().all(is_tag)).then_some(lang)
}

type Attributes = BTreeMap<HtmlString, Spanned<HtmlString, usize>>;

struct Scan<'a> {
    html: &'a str,
    found: Vec<Found>,
    /// A `<style>` or `<script>` whose end is awaited.
    open: Option<Open>,
}

enum Open {
    Style(usize),
    Script(usize),
    ScriptFile {
        start: usize,
        url: String,
        kind: Option<String>,
    },
}

/// One attribute and where its tag ends.
struct Attribute<'t> {
    name: &'t str,
    value: &'t str,
    at: Range<usize>,
    tag_end: usize,
}

impl Scan<'_> {
    fn push(&mut self, at: Range<usize>, what: What) {
        self.found.push(Found { at, what });
    }

    fn start(&mut self, tag: &StartTag<usize>) {
        let whole = tag.span.start..tag.span.end;
        let name = String::from_utf8_lossy(&tag.name).into_owned();
        let of = |key: &str| tag.attributes.get(key.as_bytes()).map(text);
        match name.as_str() {
            "link" => {
                let rel = of("rel").unwrap_or_default().to_ascii_lowercase();
                if self.link(&rel, &tag.attributes, whole.clone()) {
                    return;
                }
            }
            "style" => self.open = Some(Open::Style(whole.end)),
            "script" => {
                self.open = Some(match of("src") {
                    Some(url) => Open::ScriptFile {
                        start: whole.start,
                        url,
                        kind: of("type"),
                    },
                    None => Open::Script(whole.end),
                });
            }
            "base" if of("href").is_some() => return self.push(whole, What::Barred(Barred::Base)),
            "meta" if of("http-equiv").is_some_and(|it| it.eq_ignore_ascii_case("refresh")) => {
                return self.push(whole, What::Barred(Barred::Refresh));
            }
            _ => {}
        }
        // In the order of the text: the map is in that of names.
        let mut attributes: Vec<_> = tag.attributes.iter().collect();
        attributes.sort_by_key(|(_, value)| value.span.start);
        for (key, value) in attributes {
            let (key, text) = (String::from_utf8_lossy(key), text(value));
            let mut attribute = Attribute {
                name: &key,
                value: &text,
                at: value.span.start..value.span.end,
                tag_end: whole.end,
            };
            if let Some(raw) = self.raw(&attribute) {
                let quoted = self.html.get(raw.end..).unwrap_or_default();
                let quote = usize::from(quoted.starts_with(['"', '\'']));
                attribute.at.end = raw.end + quote;
            }
            self.attribute(&name, &attribute);
        }
    }

    /// Whether the tag is dealt with as a whole.
    fn link(&mut self, rel: &str, attributes: &Attributes, whole: Range<usize>) -> bool {
        const LOADING: [&str; 7] = [
            "preload",
            "prefetch",
            "preconnect",
            "dns-prefetch",
            "modulepreload",
            "prerender",
            "manifest",
        ];
        let of = |key: &str| attributes.get(key.as_bytes()).map(text);
        let is = |word: &str| rel.split_ascii_whitespace().any(|one| one == word);
        if is("stylesheet") && !is("alternate") {
            let url = of("href").unwrap_or_default();
            self.push(whole, What::Stylesheet(url, of("media")));
            return true;
        }
        if is("stylesheet") || LOADING.iter().any(|word| is(word)) {
            self.push(whole, What::Barred(Barred::LoadingLink));
            return true;
        }
        if (is("icon") || is("apple-touch-icon"))
            && let Some(href) = attributes.get(&b"href"[..])
        {
            let attribute = Attribute {
                name: "href",
                value: &text(href),
                at: href.span.start..href.span.end,
                tag_end: whole.end,
            };
            self.image(&attribute);
            return true;
        }
        false
    }

    fn attribute(&mut self, tag: &str, attribute: &Attribute<'_>) {
        let value = attribute.value.trim();
        match (tag, attribute.name) {
            (_, name) if name.starts_with("on") && name.len() > 2 => {
                self.bar(attribute, Barred::EventHandler);
            }
            (_, "style") => self.style(attribute),
            ("img" | "input", "src")
            | ("image" | "feimage" | "use", "href" | "xlink:href")
            | ("video", "poster")
            | ("body" | "table" | "td" | "th" | "tr", "background") => self.image(attribute),
            ("img" | "source", "srcset") | ("link", "imagesrcset") => self.candidates(attribute),
            ("iframe" | "frame" | "embed" | "audio" | "video" | "source" | "track", "src")
            | ("iframe", "srcdoc")
            | ("object", "data")
                if !value.is_empty() =>
            {
                self.bar(attribute, Barred::Embedded);
            }
            (_, "href" | "xlink:href" | "action" | "formaction") => {
                let scheme: String = value
                    .chars()
                    .filter(|c| !c.is_ascii_whitespace() && !c.is_ascii_control())
                    .take("javascript:".len())
                    .collect();
                if scheme.eq_ignore_ascii_case("javascript:") {
                    self.bar(attribute, Barred::ScriptAddress);
                }
            }
            _ => {}
        }
    }

    fn bar(&mut self, attribute: &Attribute<'_>, why: Barred) {
        self.push(attribute.at.clone(), What::Barred(why));
    }

    fn image(&mut self, attribute: &Attribute<'_>) {
        match self.raw(attribute) {
            Some(at) => self.push(at, What::Image(attribute.value.to_owned())),
            None if attribute.value.is_empty() => {}
            None => self.bar(attribute, Barred::Unreadable),
        }
    }

    /// `srcset`: addresses with descriptors, separated by commas that addresses may end in too.
    fn candidates(&mut self, attribute: &Attribute<'_>) {
        let Some(raw) = self.raw(attribute) else {
            return self.bar(attribute, Barred::Unreadable);
        };
        let value = attribute.value;
        let mut at = 0;
        while let Some(rest) = value.get(at..).filter(|rest| !rest.is_empty()) {
            let lead = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r', ',']).len();
            let rest = rest.get(lead..).unwrap_or_default();
            let length = rest.find(|c: char| c.is_ascii_whitespace());
            let word = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
            let url = word.trim_end_matches(',');
            if !url.is_empty() {
                let start = raw.start + at + lead;
                self.push(start..start + url.len(), What::Image(url.to_owned()));
            }
            at += lead + word.len();
            if url.len() == word.len() {
                let rest = value.get(at..).unwrap_or_default();
                at += rest.find(',').unwrap_or(rest.len());
            }
        }
    }

    fn style(&mut self, attribute: &Attribute<'_>) {
        let what = What::StyleAttribute(attribute.value.to_owned());
        self.push(attribute.at.clone(), what);
        if css::references(attribute.value).is_empty() {
            return;
        }
        match self.raw(attribute) {
            Some(raw) => self.css(raw),
            None => self.bar(attribute, Barred::Unreadable),
        }
    }

    /// Where the value of an attribute stands, if it is written without character references.
    fn raw(&self, attribute: &Attribute<'_>) -> Option<Range<usize>> {
        let from = attribute.at.start + attribute.name.len();
        let text = self.html.get(from..attribute.tag_end)?;
        let start = from + text.find(attribute.value)?;
        (!attribute.value.is_empty()).then(|| start..start + attribute.value.len())
    }

    fn css(&mut self, within: Range<usize>) {
        let html = self.html;
        for reference in css::references(html.get(within.clone()).unwrap_or_default()) {
            let at = within.start + reference.at.start..within.start + reference.at.end;
            let what = match reference.import {
                Some(conditions) => What::CssImport(reference.url, conditions),
                None => What::CssUrl(reference.url),
            };
            self.push(at, what);
        }
    }

    fn end(&mut self, name: &[u8], at: Range<usize>) {
        let is_end = at.start == self.html.len();
        match self.open.take() {
            Some(Open::Style(start)) if name == b"style" || is_end => {
                self.push(start..at.start, What::Style);
                self.css(start..at.start);
            }
            Some(Open::Script(start)) if name == b"script" || is_end => {
                self.push(start..at.start, What::Script);
            }
            Some(Open::ScriptFile { start, url, kind }) if name == b"script" || is_end => {
                self.push(start..at.end, What::ScriptFile(url, kind));
            }
            other => self.open = other,
        }
    }
}

fn text<S: SpanBound>(value: &Spanned<HtmlString, S>) -> String {
    String::from_utf8_lossy(&value.value).into_owned()
}

#[cfg(test)]
mod tests;
