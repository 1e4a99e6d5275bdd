//! Typed reading of a spanned TOML tree that reports every problem and goes on.
//!
//! Each reading gives `None` after a problem has been reported, so that callers may go on with
//! anything: a configuration with an error in it is never used.

use std::{num::NonZeroUsize, ops::RangeInclusive, path::PathBuf, sync::Arc, time::Duration};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    brand,
    fault::Fault,
    keys::join,
    problem::Problem,
    report::Report,
    source::{Source, Spot},
    units,
    variables::{self, Expanded},
};

/// A table of a file, or an empty one where there is none.
#[derive(Clone)]
pub(super) struct Table<'r> {
    report: &'r Report<'r>,
    source: &'r Arc<Source>,
    path: String,
    entries: Option<&'r DeTable<'r>>,
    spot: Spot,
}

impl<'r> Table<'r> {
    /// The whole file.
    pub(super) fn root(
        report: &'r Report<'r>,
        source: &'r Arc<Source>,
        entries: &'r DeTable<'r>,
    ) -> Self {
        let spot = Spot::new(source, 0..0);
        Self {
            report,
            source,
            path: String::new(),
            entries: Some(entries),
            spot,
        }
    }

    /// A table in this one.
    pub(super) fn table(&self, name: &str) -> Self {
        match self.get(name) {
            Some(value) => value.table(),
            None => self.empty(name),
        }
    }

    /// A value in this table.
    pub(super) fn get(&self, name: &str) -> Option<Value<'r>> {
        self.entries?.get(name).map(|node| self.value(name, node))
    }

    /// Every value in this table, with its name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'r str, Value<'r>)> {
        self.entries
            .into_iter()
            .flatten()
            .map(|(name, node)| (&**name.get_ref(), self.value(name.get_ref(), node)))
    }

    /// A value that has to be there.
    pub(super) fn require(&self, name: &str, way_out: &str) -> Option<Value<'r>> {
        let value = self.get(name);
        if value.is_none() {
            let problem = Problem::new(&join(&self.path, name), "is missing", way_out);
            self.report.add(problem.at(self.spot.clone()));
        }
        value
    }

    /// A duration in this table, or its default.
    pub(super) fn duration(
        &self,
        name: &str,
        allowed: RangeInclusive<Duration>,
        default: Duration,
    ) -> Duration {
        self.get(name)
            .and_then(|value| value.duration(&allowed))
            .unwrap_or(default)
    }

    pub(super) fn report(&self) -> &'r Report<'r> {
        self.report
    }

    fn value(&self, name: &str, node: &'r Spanned<DeValue<'r>>) -> Value<'r> {
        let path = join(&self.path, name);
        Value {
            report: self.report,
            source: self.source,
            path,
            node,
        }
    }

    fn empty(&self, name: &str) -> Self {
        let path = join(&self.path, name);
        Self {
            path,
            entries: None,
            ..self.clone()
        }
    }
}

/// A value of a file.
#[derive(Clone)]
pub(super) struct Value<'r> {
    report: &'r Report<'r>,
    source: &'r Arc<Source>,
    path: String,
    node: &'r Spanned<DeValue<'r>>,
}

impl<'r> Value<'r> {
    /// Where it stands. A table is shown by its header alone.
    pub(super) fn spot(&self) -> Spot {
        Spot::new(self.source, self.node.span())
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn report(&self) -> &'r Report<'r> {
        self.report
    }

    /// As it is written, for messages.
    pub(super) fn written(&self) -> String {
        self.source.written(&self.node.span())
    }

    pub(super) fn is_table(&self) -> bool {
        self.node.get_ref().is_table()
    }

    pub(super) fn is_list(&self) -> bool {
        self.node.get_ref().is_array()
    }

    /// A table, empty if it is none.
    pub(super) fn table(&self) -> Table<'r> {
        let way_out = format!("write a header: [{}]", self.path);
        self.table_or("a table", &way_out)
            .unwrap_or_else(|| self.as_table(None))
    }

    /// A table.
    pub(super) fn table_or(&self, expected: &str, way_out: &str) -> Option<Table<'r>> {
        if let DeValue::Table(entries) = self.node.get_ref() {
            return Some(self.as_table(Some(entries)));
        }
        self.wrong_type(expected, way_out);
        None
    }

    fn as_table(&self, entries: Option<&'r DeTable<'r>>) -> Table<'r> {
        let (report, source, path) = (self.report, self.source, self.path.clone());
        Table {
            report,
            source,
            path,
            entries,
            spot: self.spot(),
        }
    }

    /// The path of a file. Relative ones start from the directory of the file it is named in.
    pub(super) fn file(&self) -> Option<PathBuf> {
        let path = self.read("a path", |text| {
            if text.trim().is_empty() {
                return Err(Fault::new(
                    "names no file",
                    "write a path, or leave the key out",
                ));
            }
            Ok(self.source.directory.join(text))
        })?;
        self.report.mark_used(path.clone());
        Some(path)
    }

    /// The entries of a list.
    pub(super) fn list(&self) -> Option<Vec<Self>> {
        let DeValue::Array(items) = self.node.get_ref() else {
            let way_out = match self.node.get_ref() {
                DeValue::Table(_) => "write a list in [ ]".to_owned(),
                _ => format!("put it in brackets: [{}]", self.written()),
            };
            self.wrong_type("a list", &way_out);
            return None;
        };
        let entry = |(at, node)| Self {
            path: format!("{}[{at}]", self.path),
            node,
            ..self.clone()
        };
        Some(items.iter().enumerate().map(entry).collect())
    }

    /// The entries of a list, or a single text as a list of one.
    pub(super) fn list_or_one(&self, expected: &str) -> Option<Vec<Self>> {
        match self.node.get_ref() {
            DeValue::String(_) => Some(vec![self.clone()]),
            DeValue::Array(_) => self.list(),
            _ => {
                self.wrong_type(expected, &format!("write {expected}, in quotes"));
                None
            }
        }
    }

    /// A text for people.
    pub(super) fn words(&self, longest: usize) -> Option<String> {
        self.read("text", |text| brand::words(text, longest))
    }

    /// A text that `parse` understands; `expected` names what belongs here.
    pub(super) fn read<T>(
        &self,
        expected: &str,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let Expanded { text, is_private } = self.expanded(expected)?;
        parse(&text)
            .map_err(|fault| self.fault(fault, !is_private))
            .ok()
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Option<T> {
        let quoted: Vec<_> = choices
            .iter()
            .map(|(name, _)| format!("\"{name}\""))
            .collect();
        let known = quoted.join(", ");
        self.read(&format!("one of {known}"), |text| {
            let found = choices.iter().find(|(name, _)| *name == text);
            found.map(|(_, choice)| *choice).ok_or_else(|| {
                let fault = Fault::new("is not known here", format!("write one of {known}"));
                let near = |name: &str| strsim::damerau_levenshtein(name, &text.to_lowercase());
                let meant = choices
                    .iter()
                    .map(|(name, _)| *name)
                    .find(|name| near(name) <= 1);
                meant.into_iter().fold(fault, Fault::or_rather)
            })
        })
    }

    pub(super) fn duration(&self, allowed: &RangeInclusive<Duration>) -> Option<Duration> {
        let duration = match self.bare_number() {
            Some(number) => self.parsed(units::duration(&number)),
            None => self.read("a duration such as \"3s\"", units::duration),
        }?;
        let [least, most] =
            [allowed.start(), allowed.end()].map(|end| units::written_duration(*end));
        self.within(
            &duration,
            allowed,
            &format!("something between \"{least}\" and \"{most}\""),
        )
    }

    pub(super) fn size(&self, allowed: &RangeInclusive<u64>) -> Option<u64> {
        let size = match self.bare_number() {
            Some(number) => self.parsed(units::size(&number)),
            None => self.read("a size such as \"64 KiB\"", units::size),
        }?;
        let [least, most] = [allowed.start(), allowed.end()].map(|end| units::written_size(*end));
        self.within(
            &size,
            allowed,
            &format!("something between \"{least}\" and \"{most}\""),
        )
    }

    pub(super) fn whole(&self, allowed: &RangeInclusive<usize>) -> Option<usize> {
        let words = format!("a number between {} and {}", allowed.start(), allowed.end());
        let DeValue::Integer(integer) = self.node.get_ref() else {
            self.wrong_type("a whole number", &format!("write {words}, without quotes"));
            return None;
        };
        // Numbers that do not fit (negative, huge) are out of any range.
        match usize::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) => self.within(&number, allowed, &words),
            Err(_) => {
                self.reject("is out of range", &format!("write {words}"));
                None
            }
        }
    }

    /// A whole number that is not zero.
    pub(super) fn count(&self, allowed: &RangeInclusive<usize>) -> Option<NonZeroUsize> {
        self.whole(allowed).and_then(NonZeroUsize::new)
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        let found = self.node.get_ref().as_bool();
        if found.is_none() {
            self.wrong_type("true or false", "write true or false, without quotes");
        }
        found
    }

    /// As TOML has it, for what the methods here do not know.
    pub(super) fn node(&self) -> &'r DeValue<'r> {
        self.node.get_ref()
    }

    /// Reports a problem with this value: the rest of a sentence that begins with it.
    pub(super) fn reject(&self, problem: &str, way_out: &str) {
        self.report.add(self.problem(problem, way_out));
    }

    /// A problem with this value, to be reported by the caller.
    pub(super) fn problem(&self, problem: &str, way_out: &str) -> Problem {
        let problem = match self.node.get_ref() {
            DeValue::Table(_) | DeValue::Array(_) => problem.to_owned(),
            _ => format!("`{}` {problem}", self.written()),
        };
        Problem::new(&self.path, problem, way_out).at(self.spot())
    }

    fn expanded(&self, expected: &str) -> Option<Expanded> {
        let Some(written) = self.node.get_ref().as_str() else {
            let quotes = if expected.contains('"') {
                ""
            } else {
                " in quotes"
            };
            self.wrong_type(expected, &format!("write {expected}{quotes}"));
            return None;
        };
        self.parsed(variables::expand(written, |name| {
            self.report.variable(name)
        }))
    }

    fn parsed<T>(&self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.fault(fault, true)).ok()
    }

    fn fault(&self, fault: Fault, may_show_value: bool) {
        let problem = fault.problem.clone();
        self.reject(&problem, &fault.advice(may_show_value));
    }

    fn within<T: Copy + PartialOrd>(
        &self,
        value: &T,
        allowed: &RangeInclusive<T>,
        words: &str,
    ) -> Option<T> {
        if allowed.contains(value) {
            return Some(*value);
        }
        self.reject("is out of range", &format!("write {words}"));
        None
    }

    /// A number without quotes, as it is written.
    fn bare_number(&self) -> Option<String> {
        match self.node.get_ref() {
            DeValue::Integer(integer) => Some(integer.to_string()),
            DeValue::Float(float) => Some(float.to_string()),
            _ => None,
        }
    }

    fn wrong_type(&self, expected: &str, way_out: &str) {
        let found = match self.node.get_ref() {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let problem = format!("expected {expected}, found {found}");
        self.report
            .add(Problem::new(&self.path, problem, way_out).at(self.spot()));
    }
}
