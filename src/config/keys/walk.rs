//! Compares a file with the keys there are, and says what was probably meant by those there are
//! not.

use std::{borrow::Cow, sync::Arc};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    super::{
        problem::Problem,
        report::Report,
        source::{Source, Spot},
    },
    Key, PROCESS, SITE, join,
};

/// The files and what may stand in them.
const FILES: [(&str, &[Key]); 2] = [("intermission.toml", PROCESS), ("sites/NAME.toml", SITE)];

/// Reports every key of a file that is not in `known`.
pub(in crate::config) fn check(
    known: &'static [Key],
    root: &DeTable<'_>,
    source: &Arc<Source>,
    report: &Report<'_>,
) {
    let walk = Walk {
        known,
        source,
        report,
    };
    walk.table(root, "", "");
}

struct Walk<'a> {
    known: &'static [Key],
    source: &'a Arc<Source>,
    report: &'a Report<'a>,
}

impl Walk<'_> {
    /// `place` is the table's path in the list of keys, `shown` the one in the file.
    fn table(&self, table: &DeTable<'_>, place: &str, shown: &str) {
        let names = self.names_in(place);
        for (name, value) in table {
            let is = |known: &&&str| **known == name.get_ref();
            let any = |known: &&&str| **known == "LANG" && takes_any(place, value);
            match names.iter().find(is).or_else(|| names.iter().find(any)) {
                Some(known) => {
                    self.value(value, &join(place, known), &join(shown, name.get_ref()));
                }
                None => self.unknown(name, place, shown),
            }
        }
    }

    fn value(&self, value: &Spanned<DeValue<'_>>, place: &str, shown: &str) {
        let place = match place {
            "page.variant[].LANG" => "page.LANG",
            _ => place,
        };
        match value.get_ref() {
            // A table where a plain value belongs has the wrong type: the reader says so.
            DeValue::Table(table) if !self.names_in(place).is_empty() => {
                self.table(table, place, shown);
            }
            // One table is a list of one.
            DeValue::Table(table) if !self.names_in(&format!("{place}[]")).is_empty() => {
                self.table(table, &format!("{place}[]"), shown);
            }
            DeValue::Array(items) if !self.names_in(&format!("{place}[]")).is_empty() => {
                for (at, item) in items.iter().enumerate() {
                    if let DeValue::Table(table) = item.get_ref() {
                        self.table(table, &format!("{place}[]"), &format!("{shown}[{at}]"));
                    }
                }
            }
            _ => {}
        }
    }

    /// The names of the keys and tables directly in a table.
    fn names_in(&self, place: &str) -> Vec<&'static str> {
        let mut names: Vec<_> = self
            .known
            .iter()
            .filter_map(|key| {
                let rest = if place.is_empty() {
                    key.path
                } else {
                    key.path.strip_prefix(place)?.strip_prefix('.')?
                };
                rest.split(['.', '[']).next()
            })
            .collect();
        names.dedup();
        names
    }

    fn unknown(&self, name: &Spanned<Cow<'_, str>>, place: &str, table: &str) {
        let problem = match table {
            "" => "unknown key".to_owned(),
            _ if table.ends_with(']') => format!("unknown key in {table}"),
            _ => format!("unknown key in [{table}]"),
        };
        let way_out = self
            .elsewhere(name.get_ref(), true)
            .or_else(|| self.alike(name.get_ref(), place))
            .or_else(|| self.elsewhere(name.get_ref(), false))
            .unwrap_or_else(|| format!("known here: {}", self.names_in(place).join(", ")));
        let spot = Spot::new(self.source, name.span());
        self.report
            .add(Problem::new(&join(table, name.get_ref()), problem, way_out).at(spot));
    }

    fn alike(&self, name: &str, place: &str) -> Option<String> {
        let names = self.names_in(place);
        let distance = |known: &str| strsim::damerau_levenshtein(known, name);
        let nearest = names.into_iter().min_by_key(|known| distance(known))?;
        let close = distance(nearest) <= (nearest.len() / 3).max(1);
        close.then(|| format!("did you mean `{nearest}`?"))
    }

    /// The same name in another table of this file or in the other file: a key below the wrong
    /// header.
    fn elsewhere(&self, name: &str, in_this_file: bool) -> Option<String> {
        FILES
            .into_iter()
            .filter(|(_, keys)| self.is_home(keys) == in_this_file)
            .find_map(|(file, keys)| {
                let home = keys.iter().find_map(|key| home(key.path, name))?;
                let file = if in_this_file {
                    String::new()
                } else {
                    format!(" of {file}")
                };
                Some(format!("`{name}` belongs {home}{file}"))
            })
    }

    /// Whether these are the keys of the file at hand. No two files begin with the same key.
    fn is_home(&self, keys: &[Key]) -> bool {
        keys.first().map(|key| key.path) == self.known.first().map(|key| key.path)
    }
}

/// Whether any name may stand here for a language. Among a variant's conditions only a table does.
fn takes_any(place: &str, value: &Spanned<DeValue<'_>>) -> bool {
    place == "page" || value.get_ref().is_table()
}

/// Where a name belongs, if it is that of a key or of its table.
fn home(path: &str, name: &str) -> Option<String> {
    match path.rsplit_once('.') {
        None => (path == name).then(|| "at the top, before the first [table]".to_owned()),
        Some((table, last)) if last == name => Some(match table.strip_suffix("[]") {
            Some(list) => format!("into the entries of {list}"),
            None => format!("into [{table}]"),
        }),
        Some((table, _)) => (table == name).then(|| format!("at the top, as [{name}]")),
    }
}
