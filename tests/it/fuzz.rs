//! What fuzzing checks, with the inputs it has found: those that broke something once, too.

use std::{
    fs,
    path::{Path, PathBuf},
};

#[path = "../../fuzz/src/lib.rs"]
#[allow(
    unreachable_pub,
    reason = "it is the root of a package of its own, too: fuzz/"
)]
mod checks;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn names(folder: &str, ending: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).expect("a readable folder");
    let names = entries.map(|entry| entry.expect("a readable entry").file_name());
    let mut names: Vec<String> = names
        .filter_map(|name| Some(name.to_str()?.strip_suffix(ending)?.to_owned()))
        .collect();
    names.sort();
    names
}

/// Every input of a target's corpus.
fn replay(target: &str) {
    let mut inputs: Vec<_> = fs::read_dir(root().join("corpus").join(target))
        .expect("a corpus")
        .map(|entry| entry.expect("a readable entry").path())
        .collect();
    inputs.sort();
    assert!(inputs.len() > 3, "a corpus that says something");
    for input in inputs {
        // The one that fails is the last one shown.
        eprintln!("{}", input.display());
        checks::check(target, &fs::read(&input).expect("a readable input"));
    }
}

#[test]
fn every_check_has_its_target_its_corpus_and_its_row_in_the_documentation() {
    let checks: Vec<&str> = checks::TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names("targets", ".rs"), checks);
    assert_eq!(names("corpus", ""), checks);
    let document = fs::read_to_string(root().join("../docs/security.md")).expect("a document");
    for check in checks {
        assert!(document.contains(&format!("| `{check}` |")), "{check}");
    }
}

#[test]
fn the_corpus_of_configuration_holds() {
    replay("config");
}

#[test]
fn the_corpus_of_http_1_connections_holds() {
    replay("connection_h1");
}

#[test]
fn the_corpus_of_http_2_connections_holds() {
    replay("connection_h2");
}

#[test]
fn the_corpora_of_fields_hold() {
    for target in ["forwarded", "host", "preferences"] {
        replay(target);
    }
}

#[test]
fn the_corpora_of_pages_hold() {
    for target in ["markdown", "markup", "page", "template"] {
        replay(target);
    }
}
