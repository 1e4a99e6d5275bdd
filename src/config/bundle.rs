//! The files of a template: read, and made part of it.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use minijinja::{Environment, ErrorKind};

use super::{
    custom::{EXPRESSION, masked, shown},
    problem::Problem,
    reader::Value,
    source::{ReadError, Source, Spot, read_file},
};
use crate::markup::{
    Target,
    assets::{data_url, media_type, script_element, style_element},
    css,
    html::{Barred, Found, What, scan},
    resolve, splice,
};

/// Of all files that become part of one page.
const FILES_LIMIT: usize = 1536 * 1024;
/// Style sheets that import style sheets.
const DEEPEST: usize = 5;

/// A template that takes in its files.
pub(super) struct Bundle<'a> {
    key: &'a str,
    file: &'a Value<'a>,
    source: &'a Arc<Source>,
    files: Vec<String>,
    /// Expressions that print a file, by what they print.
    known: HashMap<String, String>,
    size: usize,
}

/// A document that refers to others: the template or one of its style sheets.
struct Document<'a> {
    /// From the directory of the template.
    path: &'a str,
    depth: usize,
}

impl<'a> Bundle<'a> {
    pub(super) fn new(file: &'a Value<'a>, source: &'a Arc<Source>) -> Self {
        Self {
            key: file.path(),
            file,
            source,
            files: Vec::new(),
            known: HashMap::new(),
            size: 0,
        }
    }

    /// The template, and the files that it prints now. Reports all that is wrong with them.
    pub(super) fn make(mut self) -> (String, Vec<String>) {
        self.check_syntax();
        let text = self.html();
        (text, self.files)
    }

    fn reject(&self, spot: Spot, problem: impl Into<String>, way_out: impl Into<String>) {
        let problem = Problem::new(self.key, problem, way_out);
        self.file.report().add(problem.at(spot));
    }

    fn check_syntax(&self) {
        let environment = Environment::new();
        let Err(error) = environment.template_from_str(&self.source.text) else {
            return;
        };
        let before = |lines: usize| {
            let lines = self.source.text.split_inclusive('\n').take(lines);
            lines.map(str::len).sum::<usize>()
        };
        let line = error.line().unwrap_or(1);
        let start = before(line.saturating_sub(1));
        let span = start..before(line).saturating_sub(1).max(start);
        let detail = error.detail().unwrap_or("it cannot be read");
        let way_out = match error.kind() {
            ErrorKind::SyntaxError => {
                "see docs/pages.md; where `{{`, `{%` or `{#` is meant as it stands, as in CSS, put a \
                 space behind the `{`"
            }
            _ => "see docs/pages.md for what a template can do",
        };
        let problem = format!("the template is not valid: {detail}");
        self.reject(Spot::new(self.source, span), problem, way_out);
    }

    /// The template with its files in it.
    fn html(&mut self) -> String {
        let masked = masked(&self.source.text);
        let source = Arc::clone(self.source);
        let document = Document { path: "", depth: 0 };
        let mut edits = Vec::new();
        for Found { at, what } in scan(&masked) {
            let spot = Spot::new(&source, at.clone());
            let with = match what {
                What::Stylesheet(url, media) => self
                    .sheet(&document, &url, &spot)
                    .map(|css| style_element(&css, media.as_deref())),
                What::ScriptFile(url, kind) => self.script(&document, &url, &kind, &spot),
                What::Image(url) => self.embed(&document, &url, &spot),
                What::CssUrl(url) => {
                    let file = self.embed(&document, &url, &spot);
                    file.map(|file| format!("url({file})"))
                }
                What::CssImport(url, conditions) => {
                    self.import(&document, (&url, &conditions), &spot)
                }
                What::Barred(why) => {
                    self.bar(why, spot);
                    None
                }
                What::Style | What::Script | What::StyleAttribute(_) => None,
            };
            if let Some(with) = with {
                // So that later lines keep their numbers.
                let text = source.text.get(at.clone()).unwrap_or_default();
                let lines = "\n".repeat(text.matches('\n').count());
                edits.push((at, self.expression(&with) + lines.as_str()));
            }
        }
        splice(&source.text, edits)
    }

    fn expression(&mut self, file: &str) -> String {
        let files = &mut self.files;
        let add = || {
            files.push(file.to_owned());
            format!("{{{{ _files[{}] }}}}", files.len() - 1)
        };
        self.known
            .entry(file.to_owned())
            .or_insert_with(add)
            .clone()
    }

    fn bar(&self, why: Barred, spot: Spot) {
        let way_out = match why {
            Barred::EventHandler => "add a listener in a <script> instead: addEventListener(…)",
            Barred::Embedded => "use an image, or leave it out: the page has to stand alone",
            Barred::Base | Barred::LoadingLink => "leave it out: the page loads nothing",
            Barred::Refresh => {
                "leave it out and print {{ return_bar }}: the page returns by itself"
            }
            Barred::ScriptAddress => "use a <button> with a listener in a <script>",
            Barred::Unreadable => "write the address plainly: rename the file if need be",
        };
        let problem = format!("a page may not have {}", why.name());
        self.reject(spot, problem, way_out);
    }

    fn embed(&mut self, from: &Document<'_>, url: &str, spot: &Spot) -> Option<String> {
        let path = self.path(from, url, spot)?;
        let Some(media_type) = media_type(&path) else {
            let problem = format!("`{path}` is neither an image nor a font by its ending");
            let way_out = "use png, jpg, gif, webp, avif, svg, ico, woff2, woff, ttf or otf";
            self.reject(spot.clone(), problem, way_out);
            return None;
        };
        let bytes = self.read(&path, spot)?;
        Some(data_url(media_type, &bytes))
    }

    fn script(
        &mut self,
        from: &Document<'_>,
        url: &str,
        kind: &Option<String>,
        spot: &Spot,
    ) -> Option<String> {
        let path = self.path(from, url, spot)?;
        let text = self.text(&path, spot)?;
        let element = script_element(&text, kind.as_deref());
        if element.is_none() {
            let problem =
                format!("`{path}` cannot stand in a page: it has `<!--` or `</script` in it");
            self.reject(spot.clone(), problem, "write it as '<' + '!--'");
        }
        element
    }

    /// A style sheet with all it refers to.
    fn sheet(&mut self, from: &Document<'_>, url: &str, spot: &Spot) -> Option<String> {
        let path = self.path(from, url, spot)?;
        if from.depth >= DEEPEST {
            let way_out = "import it from fewer style sheets in between";
            self.reject(
                spot.clone(),
                "style sheets import each other too deeply",
                way_out,
            );
            return None;
        }
        let text = self.text(&path, spot)?;
        let source = Arc::new(Source {
            shown: shown(self.file, &self.source.directory.join(&path)),
            directory: PathBuf::new(),
            text,
        });
        let document = Document {
            path: &path,
            depth: from.depth + 1,
        };
        let mut edits = Vec::new();
        for reference in css::references(&source.text) {
            let spot = Spot::new(&source, reference.at.clone());
            let with = match &reference.import {
                Some(conditions) => self.import(&document, (&reference.url, conditions), &spot),
                None => {
                    let file = self.embed(&document, &reference.url, &spot);
                    file.map(|file| format!("url({file})"))
                }
            };
            edits.extend(with.map(|with| (reference.at, with)));
        }
        Some(splice(&source.text, edits))
    }

    fn import(
        &mut self,
        from: &Document<'_>,
        (url, conditions): (&str, &str),
        spot: &Spot,
    ) -> Option<String> {
        if conditions.starts_with("layer") || conditions.starts_with("supports") {
            let way_out = "put the rules into @layer { … } or @supports { … }";
            self.reject(
                spot.clone(),
                "@import with a layer or a condition of support",
                way_out,
            );
            return None;
        }
        let css = self.sheet(from, url, spot)?;
        Some(match conditions {
            "" => css,
            conditions => format!("@media {conditions}{{{css}}}"),
        })
    }

    /// Where a reference leads, from the directory of the template; `None` when nowhere.
    fn path(&self, from: &Document<'_>, url: &str, spot: &Spot) -> Option<String> {
        if url.contains(EXPRESSION) {
            // What an expression prints is looked at when the page is made.
            if !url.trim().chars().all(|c| c == EXPRESSION) {
                let way_out = "write the path out; choose between several with {% if … %}";
                self.reject(
                    spot.clone(),
                    "an address is put together by an expression",
                    way_out,
                );
            }
            return None;
        }
        match resolve(from.path, url) {
            Target::Inside => None,
            Target::External => {
                let problem = format!("`{url}` is outside of the template's directory");
                let way_out = "put a copy beside the template and refer to that: the page loads \
                               nothing from elsewhere";
                self.reject(spot.clone(), problem, way_out);
                None
            }
            Target::Local(path) => Some(path.split('?').next().unwrap_or_default().to_owned()),
        }
    }

    fn text(&mut self, path: &str, spot: &Spot) -> Option<String> {
        let text = String::from_utf8(self.read(path, spot)?);
        if text.is_err() {
            let problem = format!("`{path}` is not UTF-8");
            self.reject(spot.clone(), problem, "save the file as UTF-8");
        }
        text.ok().map(|text| text.replace("\r\n", "\n"))
    }

    fn read(&mut self, path: &str, spot: &Spot) -> Option<Vec<u8>> {
        let file = self.source.directory.join(path);
        self.file.report().mark_used(file.clone());
        let left = FILES_LIMIT.saturating_sub(self.size);
        match read_file(&file, u64::try_from(left).unwrap_or(0)) {
            Ok(bytes) => {
                self.size += bytes.len();
                Some(bytes)
            }
            Err(ReadError::TooLarge) => {
                let problem = format!("with `{path}`, the page's files have more than 1.5 MiB");
                let way_out = "use smaller images and fonts: every visitor loads all of it";
                self.reject(spot.clone(), problem, way_out);
                None
            }
            Err(error) => {
                let problem = format!("`{path}` {error}");
                let way_out = "addresses start from the directory of the template";
                self.reject(spot.clone(), problem, way_out);
                None
            }
        }
    }
}
