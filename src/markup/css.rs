//! What a style sheet refers to: `url(…)`, `@import` and the strings of `image-set(…)`, by the rules
//! of CSS Syntax Level 3 for comments, strings and escapes.

use std::ops::Range;

/// One reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CssReference {
    /// What is replaced: `url(…)` or the string, or the `@import` rule with its semicolon.
    pub at: Range<usize>,
    /// Where it leads.
    pub url: String,
    /// For an `@import`: the conditions after the address.
    pub import: Option<String>,
}

/// Every reference of a style sheet or of a `style` attribute, in order.
#[must_use]
pub fn references(css: &str) -> Vec<CssReference> {
    let mut scan = Scan {
        css,
        at: 0,
        found: Vec::new(),
    };
    scan.all();
    scan.found
}

struct Scan<'a> {
    css: &'a str,
    at: usize,
    found: Vec<CssReference>,
}

impl Scan<'_> {
    fn rest(&self) -> &str {
        self.css.get(self.at..).unwrap_or_default()
    }

    fn starts_with(&self, word: &str) -> bool {
        let start = self.rest().get(..word.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(word))
    }

    fn step(&mut self) -> Option<char> {
        let next = self.rest().chars().next()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn all(&mut self) {
        // How deep in brackets, from the one of an `image-set(` on.
        let mut set = 0_usize;
        let mut in_name = false;
        while self.at < self.css.len() {
            let begin = self.at;
            if self.comment() {
                in_name = false;
            } else if !in_name && self.starts_with("url(") {
                self.at += "url(".len();
                let url = self.address();
                self.push(begin, url, None);
            } else if !in_name && self.starts_with("@import") {
                self.import(begin);
            } else if !in_name && self.starts_with("@namespace") {
                self.skip_to(';');
            } else if self.starts_with("image-set(") {
                self.at += "image-set(".len();
                set = 1;
            } else {
                match self.step() {
                    Some(quote @ ('"' | '\'')) => {
                        let text = self.string(quote);
                        // `type("image/webp")` is deeper and names a type.
                        if set == 1 {
                            self.push(begin, text, None);
                        }
                        in_name = false;
                    }
                    Some('(') if set > 0 => set += 1,
                    Some(')') => set = set.saturating_sub(1),
                    Some('\\') => {
                        self.step();
                        in_name = true;
                    }
                    Some(other) => {
                        in_name = other.is_alphanumeric() || other == '-' || other == '_';
                    }
                    None => {}
                }
            }
        }
    }

    fn push(&mut self, begin: usize, url: String, import: Option<String>) {
        let at = begin..self.at;
        self.found.push(CssReference { at, url, import });
    }

    fn comment(&mut self) -> bool {
        if !self.starts_with("/*") {
            return false;
        }
        let end = self.rest().get(2..).and_then(|rest| rest.find("*/"));
        self.at = end.map_or(self.css.len(), |end| self.at + 2 + end + 2);
        true
    }

    fn space(&mut self) {
        while self.rest().starts_with(|c: char| c.is_ascii_whitespace()) || self.comment() {
            if self.rest().starts_with(|c: char| c.is_ascii_whitespace()) {
                self.step();
            }
        }
    }

    fn skip_to(&mut self, end: char) {
        while let Some(next) = self.step() {
            match next {
                '"' | '\'' => drop(self.string(next)),
                next if next == end => return,
                _ => {}
            }
        }
    }

    /// What is left of a string, without its quotes.
    fn string(&mut self, quote: char) -> String {
        let mut text = String::new();
        while let Some(next) = self.step() {
            match next {
                '\\' => self.escape(&mut text),
                '\n' => break,
                next if next == quote => break,
                next => text.push(next),
            }
        }
        text
    }

    /// What is left of `url(`, with its bracket.
    fn address(&mut self) -> String {
        while self.rest().starts_with(|c: char| c.is_ascii_whitespace()) {
            self.step();
        }
        let mut text = String::new();
        if let Some(quote @ ('"' | '\'')) = self.rest().chars().next() {
            self.step();
            text = self.string(quote);
            self.skip_to(')');
            return text;
        }
        while let Some(next) = self.step() {
            match next {
                '\\' => self.escape(&mut text),
                ')' => break,
                next => text.push(next),
            }
        }
        text.trim().to_owned()
    }

    fn escape(&mut self, text: &mut String) {
        let hex: String = self
            .rest()
            .chars()
            .take(6)
            .take_while(char::is_ascii_hexdigit)
            .collect();
        if hex.is_empty() {
            text.extend(self.step().filter(|next| *next != '\n'));
            return;
        }
        self.at += hex.len();
        let code = u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32);
        text.push(code.unwrap_or(char::REPLACEMENT_CHARACTER));
        if self.rest().starts_with(|c: char| c.is_ascii_whitespace()) {
            self.step();
        }
    }

    fn import(&mut self, begin: usize) {
        self.at += "@import".len();
        self.space();
        let url = if self.starts_with("url(") {
            self.at += "url(".len();
            self.address()
        } else {
            match self.rest().chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    self.step();
                    self.string(quote)
                }
                _ => return,
            }
        };
        let conditions = self.at;
        self.skip_to(';');
        let conditions = self.css.get(conditions..self.at).unwrap_or_default();
        let conditions = conditions.trim_end_matches(';').trim().to_owned();
        self.push(begin, url, Some(conditions));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn urls(css: &str) -> Vec<String> {
        references(css).into_iter().map(|found| found.url).collect()
    }

    #[test]
    fn addresses_are_found_in_every_form() {
        assert_eq!(
            urls("a{b:url(x.png)}c{d:URL( 'y.png' )}e{f:url(\"a\\62 .png\"),url()}"),
            ["x.png", "y.png", "ab.png", ""]
        );
        assert_eq!(
            urls("a{b:image-set('a.png' type('image/png') 1x,\"b.png\" 2x);content:'c.png'}"),
            ["a.png", "b.png"]
        );
    }

    #[test]
    fn what_only_looks_like_one_is_left_alone() {
        for css in [
            "/* url(a.png) @import 'b'; */",
            "a::before{content:\"url(a.png)\"}",
            "@namespace svg url(http://www.w3.org/2000/svg);",
            ".curl(x){}",
        ] {
            assert!(urls(css).is_empty(), "{css}");
        }
    }

    #[test]
    fn imports_have_their_conditions() {
        let found = references("@import \"a.css\";@import url(b.css) screen and (color);x{}");
        let import = |at: usize| (found[at].url.as_str(), found[at].import.as_deref());
        assert_eq!(import(0), ("a.css", Some("")));
        assert_eq!(import(1), ("b.css", Some("screen and (color)")));
        assert_eq!(found[0].at, 0..16);
    }

    proptest! {
        #[test]
        fn places_are_within_the_text_and_in_order(css in "(url\\(|[)\"'\\\\;(]|@import |/\\*|\\*/|\\PC){0,40}") {
            let mut end = 0;
            for found in references(&css) {
                prop_assert!(found.at.start >= end && css.get(found.at.clone()).is_some());
                end = found.at.end;
            }
        }
    }
}
