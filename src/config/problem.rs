//! What is wrong with a configuration, and the list of it.
//!
//! A problem says where it is, what it is and what to do. [`Problems`] holds all of them at once;
//! how they look to a person is in [`super::render`], to a program in [`Problems::to_json`].

use std::{fmt, path::PathBuf, sync::Arc};

use serde::Serialize;

use super::{
    find::NoConfig,
    source::{Source, Spot},
};

/// Whether a problem keeps the configuration from being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It does.
    Error,
    /// It does not, but it is hardly what was meant.
    Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone, Serialize)]
pub struct Problem {
    /// The file, relative to the configuration's directory; `None` for a flag.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The column in characters, from 1.
    pub column: Option<usize>,
    /// The key with its tables (`timeouts.connect`), the flag (`--upstream`), or nothing.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub way_out: String,
    /// Whether it is fatal.
    pub severity: Severity,
    /// Where the excerpt is taken from.
    #[serde(skip)]
    pub(super) spot: Option<Spot>,
    /// A second place that belongs to the problem, and what it is.
    #[serde(skip)]
    pub(super) other: Option<(Spot, &'static str)>,
}

impl Problem {
    /// An error of a flag, an environment or anything else that is no file.
    pub(super) fn new(key: &str, problem: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self {
            file: None,
            line: None,
            column: None,
            key: key.to_owned(),
            problem: problem.into(),
            way_out: way_out.into(),
            severity: Severity::Error,
            spot: None,
            other: None,
        }
    }

    /// An error that shows only when a page is made.
    #[must_use]
    pub fn of_page(key: &str, problem: String, way_out: &str) -> Self {
        Self::new(key, problem, way_out)
    }

    /// A warning about a file as a whole.
    #[must_use]
    pub fn warning_of_file(key: &str, problem: String, way_out: &str, file: &str) -> Self {
        Self::new(key, problem, way_out)
            .in_file(file)
            .into_warning()
    }

    /// The same in a line of a file with this text, or in the file where the line is not known.
    #[must_use]
    pub fn in_line(self, file: &str, text: &str, line: Option<usize>) -> Self {
        let Some(line) = line else {
            return self.in_file(file);
        };
        let before = text.split_inclusive('\n').take(line.saturating_sub(1));
        let start = before.map(str::len).sum();
        let length = text.get(start..).and_then(|rest| rest.lines().next());
        let source = Arc::new(Source {
            shown: file.to_owned(),
            directory: PathBuf::new(),
            text: text.to_owned(),
        });
        self.at(Spot::new(
            &source,
            start..start + length.map_or(0, str::len),
        ))
    }

    /// The same in a file as a whole.
    pub(super) fn in_file(mut self, file: &str) -> Self {
        self.file = Some(file.to_owned());
        self
    }

    /// The same at a place in a file.
    pub(super) fn at(mut self, spot: Spot) -> Self {
        let (line, column) = spot.place();
        self.file = Some(spot.source.shown.clone());
        self.line = Some(line);
        self.column = Some(column);
        self.spot = Some(spot);
        self
    }

    /// The same with a second place.
    pub(super) fn beside(mut self, spot: Spot, label: &'static str) -> Self {
        self.other = Some((spot, label));
        self
    }

    /// The same as a warning.
    pub(super) fn into_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }
}

/// Everything that is wrong, in the order of files and lines.
#[derive(Debug, Clone)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Puts problems into the order in which they are shown.
    #[must_use]
    pub fn new(mut list: Vec<Problem>) -> Self {
        list.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        Self(list)
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// How many of them are errors.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.iter()
            .filter(|problem| problem.severity == Severity::Error)
            .count()
    }

    /// How many of them are warnings.
    #[must_use]
    pub fn warnings(&self) -> usize {
        self.0.len() - self.errors()
    }

    /// For a person, with excerpts of the files; `color` adds a terminal's colours.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        super::render::problems(&self.0, color)
    }

    /// For a program: an array of `file, line, column, key, problem, way_out, severity`.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(&self.0).expect("strings and numbers are always JSON")
    }

    pub(super) fn into_list(self) -> Vec<Problem> {
        self.0
    }
}

impl From<&NoConfig> for Problems {
    fn from(none: &NoConfig) -> Self {
        Self(vec![Problem::new(
            "--config",
            none.problem(),
            none.way_out(),
        )])
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}
