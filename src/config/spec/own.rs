//! What an owner brings beside words and a brand: a page of their own, legal texts.

use std::{collections::BTreeMap, path::PathBuf};

use super::Language;

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnSpec {
    /// In place of the built-in page.
    pub page: Option<OwnPage>,
    /// `brand.imprint_file`, `page.LANG.imprint_file`.
    pub imprint: LegalSpec,
    /// `brand.privacy_file`, `page.LANG.privacy_file`.
    pub privacy: LegalSpec,
}

/// A page that is not built in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnPage {
    /// `fallback.template`.
    Template(TemplateSpec),
    /// `fallback.snapshot`.
    Snapshot(SnapshotSpec),
}

/// A minijinja template, with all it refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateSpec {
    /// Its file as it is shown in messages.
    pub file: String,
    /// Its text, line by line as in the file. Where it referred to a file, it now prints an entry
    /// of `_files`.
    pub text: String,
    /// The files: style and script elements, `data:` URLs. Trusted as the template is.
    pub files: Vec<String>,
}

/// A page that is fetched from the origin while that is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotSpec {
    /// Path and query, with the leading slash.
    pub path: String,
    /// The last good one is kept here; `None` until the data directory is known, and without one.
    pub file: Option<PathBuf>,
}

/// One legal text in the languages it is there in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LegalSpec {
    /// Without a language of its own: taken for any that has none.
    pub general: Option<LegalText>,
    /// By language.
    pub by_language: BTreeMap<Language, LegalText>,
}

/// Made from Markdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegalText {
    /// The first heading, without markup; `None` without one.
    pub title: Option<String>,
    /// Safe HTML: no raw HTML, no images, links to `http:`, `https:`, `mailto:`, `tel:` and within
    /// the text only.
    pub html: String,
}

impl LegalSpec {
    /// Whether there is any text.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.general.is_some() || !self.by_language.is_empty()
    }
}
