//! The table of keys against the documentation and the examples.

use std::collections::BTreeSet;

use super::{
    Preset::{Found, Nothing, Required, Written},
    *,
};
use crate::config::{load_with, spec::Language};

const DOCUMENT: &str = include_str!("../../../docs/configuration.md");
const PROCESS_EXAMPLE: &str = include_str!("../../../config/intermission.toml");
const SITE_EXAMPLE: &str = include_str!("../../../config/sites/complete.toml");

/// The example with the keys that are only shown put in force.
fn in_force(example: &str) -> String {
    let shown = |line: &str| line.starts_with('#') && !line.starts_with("# ");
    example
        .lines()
        .map(|line| if shown(line) { &line[1..] } else { line })
        .flat_map(|line| [line, "\n"])
        .collect()
}

/// The paths of all values in a file, as they stand in the list of keys.
fn paths(value: &toml::Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        // The names in it are those of fields.
        toml::Value::Table(_) if at.starts_with("headers.") && at.ends_with(".set") => {
            found.insert(at.to_owned());
        }
        toml::Value::Table(table) => {
            for (name, value) in table {
                if at == "page.variant[]" && value.is_table() {
                    found.insert(join(at, "LANG"));
                    continue;
                }
                let is_language = at == "page" && name != "variant";
                let name = if is_language { "LANG" } else { name };
                paths(value, &join(at, name), found);
            }
        }
        toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
            found.insert(at.to_owned());
            items
                .iter()
                .for_each(|item| paths(item, &format!("{at}[]"), found));
        }
        _ => {
            found.insert(at.to_owned());
        }
    }
}

fn paths_of(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    paths(&toml::Value::Table(text.parse().unwrap()), "", &mut found);
    found
}

fn known(keys: &[Key]) -> BTreeSet<String> {
    keys.iter().map(|key| key.path.to_owned()).collect()
}

/// The cells of the document's tables of keys, key by key.
fn documented() -> Vec<[String; 3]> {
    let row = |line: &str| {
        let line = line.strip_prefix("| `")?;
        let mut cells = line.trim_end_matches(" |").split(" | ").map(str::to_owned);
        let (key, kind, default) = (cells.next()?, cells.next()?, cells.next()?);
        assert_eq!(cells.count(), 2, "meaning and example: {line}");
        Some([key.trim_end_matches('`').to_owned(), kind, default])
    };
    DOCUMENT.lines().filter_map(row).collect()
}

#[test]
fn the_document_names_every_key_with_its_type_and_default() {
    let wanted: Vec<_> = PROCESS
        .iter()
        .chain(SITE)
        .map(|key| {
            let default = match key.default {
                Required => "required".to_owned(),
                Nothing => "none".to_owned(),
                Written(text) => format!("`{text}`"),
                Found(words) => words.to_owned(),
            };
            [key.path.to_owned(), key.kind.to_owned(), default]
        })
        .collect();
    for (documented, wanted) in documented().iter().zip(&wanted) {
        assert_eq!(documented, wanted);
    }
    assert_eq!(documented().len(), wanted.len());
}

#[test]
fn the_document_and_the_example_name_every_language() {
    // Lines are broken anywhere between words.
    let document: String = DOCUMENT
        .split_whitespace()
        .flat_map(|word| [word, " "])
        .collect();
    for tag in Language::ALL.map(Language::tag) {
        assert!(document.contains(&format!("`{tag}` (")), "{tag}");
        let names_it = SITE_EXAMPLE
            .split(|letter: char| !letter.is_alphanumeric() && letter != '-')
            .any(|word| word == tag);
        assert!(names_it, "{tag}");
    }
}

#[test]
fn the_examples_show_every_key_and_no_other() {
    assert_eq!(paths_of(&in_force(PROCESS_EXAMPLE)), known(PROCESS));
    assert_eq!(paths_of(&in_force(SITE_EXAMPLE)), known(SITE));
}

#[test]
fn the_defaults_named_here_are_those_that_hold() {
    let defaults = |keys: &[Key]| -> String {
        let line = |key: &Key| match key.default {
            // Those of a list's entries have a test of their own.
            Written(_) if key.path.contains("[]") => None,
            Written(text) => Some(format!("{} = {text}\n", key.path)),
            Required | Nothing | Found(_) => None,
        };
        keys.iter().filter_map(line).collect()
    };
    let directory = tempfile::tempdir().unwrap();
    let site = "hosts = [\"*\"]\nupstream = \"http://app\"\n";
    std::fs::create_dir(directory.path().join("sites")).unwrap();
    let load = |process: &str, site: &str| {
        std::fs::write(directory.path().join("intermission.toml"), process).unwrap();
        std::fs::write(directory.path().join("sites/shop.toml"), site).unwrap();
        load_with(directory.path(), &|_| None).unwrap_or_else(|problems| panic!("{problems}"))
    };
    let silent = load("", site);
    let spoken = load(&defaults(PROCESS), &format!("{site}{}", defaults(SITE)));
    assert_eq!(silent.config, spoken.config);
    assert!(spoken.warnings.is_empty());
}

#[test]
fn the_defaults_of_an_entry_of_upstream_are_those_that_hold() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("sites")).unwrap();
    let load = |upstream: &str| {
        let site = format!("hosts = [\"*\"]\n{upstream}\n");
        std::fs::write(directory.path().join("sites/shop.toml"), site).unwrap();
        load_with(directory.path(), &|_| None).unwrap_or_else(|problems| panic!("{problems}"))
    };
    let mut spoken = "[[upstream]]\nurl = \"http://app\"\n".to_owned();
    for key in SITE {
        if let (Some(name), Written(text)) = (key.path.strip_prefix("upstream[]."), key.default) {
            spoken = spoken + name + " = " + text + "\n";
        }
    }
    let silent = load("upstream = \"http://app\"");
    let forms = [
        "upstream = [\"http://app\"]",
        "[upstream]\nurl = \"http://app\"",
        &spoken,
    ];
    for form in forms {
        assert_eq!(load(form).config, silent.config, "{form}");
    }
}

#[test]
fn the_process_example_changes_nothing_as_it_is_shipped() {
    let text: toml::Table = PROCESS_EXAMPLE.parse().unwrap();
    let is_empty = |value: &toml::Value| value.as_table().is_some_and(toml::Table::is_empty);
    assert!(text.values().all(is_empty));
}
