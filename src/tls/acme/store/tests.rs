//! Tests of what is kept on disk.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn store(data: &Path) -> Store {
    let store = Store::new(data, "https://ca.example:1/dir");
    store.prepare().unwrap();
    store
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn what_is_kept_is_found_again_and_by_its_own_names_only() {
    let data = tempfile::tempdir().unwrap();
    let store = store(data.path());
    let own = names(&["a.example", "b.example"]);
    assert_eq!(store.certificate(&own).unwrap(), None);
    store.keep_certificate(&own, "one").unwrap();
    store.keep_certificate(&own, "two").unwrap();
    assert_eq!(store.certificate(&own).unwrap().as_deref(), Some("two"));
    assert_eq!(store.certificate(&names(&["a.example"])).unwrap(), None);
    let elsewhere = Store::new(data.path(), "https://ca.example:1/other");
    assert_eq!(elsewhere.certificate(&own).unwrap(), None);
    store.keep_account("a@b", "{}").unwrap();
    assert_eq!(store.account("a@b").unwrap().as_deref(), Some("{}"));
    assert_eq!(store.account("c@d").unwrap(), None);
    store.forget_account("a@b").unwrap();
    assert_eq!(store.account("a@b").unwrap(), None);
}

#[test]
fn only_the_owner_may_read_and_nothing_is_left_over() {
    let data = tempfile::tempdir().unwrap();
    let store = store(data.path());
    store.keep_certificate(&names(&["a.example"]), "x").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data.path().join("acme")), 0o700);
    assert_eq!(mode(&store.folder), 0o700);
    let files: Vec<_> = fs::read_dir(&store.folder).unwrap().flatten().collect();
    assert_eq!(files.len(), 1);
    assert_eq!(mode(&files[0].path()), 0o600);
}

#[test]
fn one_process_at_a_time_orders() {
    let data = tempfile::tempdir().unwrap();
    let store = store(data.path());
    let own = names(&["a.example"]);
    let held = store.lock(&own);
    assert!(held.is_some() && store.lock(&own).is_none());
    assert!(store.lock(&names(&["b.example"])).is_some());
    drop(held);
    assert!(store.lock(&own).is_some());
}

#[test]
fn names_of_files_are_plain_and_short() {
    let long = "x".repeat(253);
    assert!(file_name(&long, &long).len() < 150);
    assert!(file_name("../../etc", "y").starts_with("etc-"));
    assert_ne!(file_name("a", "1"), file_name("a", "2"));
}

#[test]
fn a_place_that_cannot_be_written_to_is_found_out() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("file");
    fs::write(&file, "x").unwrap();
    let store = Store::new(&file, "https://ca.example/");
    assert!(store.prepare().is_err());
    let own = names(&["a.example"]);
    assert!(store.keep_certificate(&own, "x").is_err());
    assert_eq!(store.attempts(&own), Attempts::default());
    assert!(store.lock(&own).is_some(), "it is ordered all the same");
}
