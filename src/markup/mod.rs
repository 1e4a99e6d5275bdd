//! HTML and CSS that is not ours: what it refers to, how that is put into it, and the security
//! policy of the result. Pure functions on text, used when pages are read, made and fetched; not on
//! the request's way.
//!
//! Text is never taken apart and put together again: what stays is copied byte for byte, and only
//! the places found by [`html`] and [`css`] are replaced. Both read as browsers do.

pub mod assets;
pub mod css;
pub mod html;
pub mod policy;
pub mod snapshot;

use std::ops::Range;

/// Replaces ranges of a text; each is given once, and ranges inside of others are left out.
#[must_use]
pub fn splice(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(at, _)| at.start);
    let mut spliced = String::with_capacity(text.len());
    let mut done = 0;
    for (at, with) in edits {
        if at.start < done {
            continue;
        }
        spliced.push_str(text.get(done..at.start).unwrap_or_default());
        spliced.push_str(&with);
        done = at.end;
    }
    spliced.push_str(text.get(done..).unwrap_or_default());
    spliced
}

/// Where a reference leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Nowhere else: `data:`, a fragment, nothing at all.
    Inside,
    /// A path from the root, without `..`, without its slash, with its query.
    Local(String),
    /// Another host, or a scheme that loads something.
    External,
}

/// Resolves a reference of a document at `base` (a path from the root, without its slash).
#[must_use]
pub fn resolve(base: &str, reference: &str) -> Target {
    let reference = reference.trim();
    let lower = reference.to_ascii_lowercase();
    if lower.starts_with("data:") || lower == "about:blank" {
        return Target::Inside;
    }
    let reference = reference.split('#').next().unwrap_or_default();
    if reference.is_empty() {
        return Target::Inside;
    }
    if reference.starts_with("//") || reference.starts_with('\\') || has_scheme(reference) {
        return Target::External;
    }
    let (path, query) = reference
        .split_once('?')
        .map_or((reference, None), |(path, query)| (path, Some(query)));
    let folder = base.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = match path.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => folder.split('/').filter(|part| !part.is_empty()).collect(),
    };
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.pop().is_none() => return Target::External,
            ".." => {}
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    Target::Local(query.map_or_else(|| path.clone(), |query| format!("{path}?{query}")))
}

fn has_scheme(reference: &str) -> bool {
    reference.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(path: &str) -> Target {
        Target::Local(path.to_owned())
    }

    #[test]
    fn references_are_resolved_as_browsers_do() {
        assert_eq!(resolve("page.html", "img/a.png"), local("img/a.png"));
        assert_eq!(resolve("css/a.css", "../img/./a.png#x"), local("img/a.png"));
        assert_eq!(
            resolve("css/a.css", "/img/a.png?v=1"),
            local("img/a.png?v=1")
        );
        for inside in ["", " ", "#top", "data:,x", "DATA:,x", "about:blank"] {
            assert_eq!(resolve("page.html", inside), Target::Inside, "{inside}");
        }
        for external in [
            "//cdn.example/a",
            "https://a",
            "HTTP:a",
            "../a.png",
            "file:///x",
            "\\\\a",
        ] {
            assert_eq!(
                resolve("page.html", external),
                Target::External,
                "{external}"
            );
        }
    }

    #[test]
    fn edits_replace_their_ranges_and_nothing_else() {
        let edits = vec![
            (4..5, "E".to_owned()),
            (0..2, String::new()),
            (1..2, "x".to_owned()),
        ];
        assert_eq!(splice("abcdef", edits), "cdEf");
    }
}
