//! What an operator gets wrong at the start: each says what is wrong and what to do, and ends with
//! the right code. What takes another user or an engine is tried in the image: `image_wrong`.

use std::process::Command;

use rustix::process::Signal;

use crate::support::{
    clients::{Ask, Kind, Protocol},
    origin::Origin,
    process::Process,
    proxy::{BINARY, Setup, catch_all},
    script::{answer, head},
};

/// Starts the program in an empty directory and waits for its end: its exit code and its log.
fn ends(arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let directory = tempfile::tempdir().expect("a directory");
    let mut command = Command::new(BINARY);
    command
        .args(arguments)
        .envs(variables.iter().copied())
        .current_dir(directory.path());
    let mut process = Process::start(&mut command, true);
    let status = process.wait();
    (status.code(), process.stderr().join("\n"))
}

#[track_caller]
fn refused(arguments: &[&str], variables: &[(&str, &str)], words: &[&str]) {
    let (code, said) = ends(arguments, variables);
    assert_eq!(code, Some(1), "{said}");
    for word in words {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!said.contains("panic"), "{said}");
    assert!(said.lines().count() <= 6, "{said}");
}

#[test]
fn a_named_directory_that_is_not_there_is_said() {
    let words = ["there is no directory /nowhere/at/all"];
    refused(&["run", "--config", "/nowhere/at/all"], &[], &words);
    let named = [("INTERMISSION_CONFIG", "/nowhere/at/all")];
    refused(&["run"], &named, &words);
}

#[test]
fn an_empty_directory_is_said_to_have_no_site_and_both_ways_out_are_named() {
    let empty = tempfile::tempdir().expect("a directory");
    let path = empty.path().to_str().expect("a readable path");
    let words = [
        "there is no site",
        "sites/shop.toml",
        "INTERMISSION_UPSTREAM",
    ];
    refused(&["run", "--config", path], &[], &words);
}

#[test]
fn being_ones_own_upstream_is_refused() {
    for (upstream, listen) in [
        ("http://127.0.0.1:8080", ":8080"),
        ("http://localhost:8080", "127.0.0.1:8080"),
        ("http://[::1]:8080", "[::]:8080"),
    ] {
        let variables = [
            ("INTERMISSION_UPSTREAM", upstream),
            ("INTERMISSION_LISTEN", listen),
            ("INTERMISSION_ADMIN", "off"),
        ];
        let words = [
            "--upstream",
            upstream,
            "own address",
            "address of the application",
        ];
        refused(&["run"], &variables, &words);
    }
}

#[test]
fn a_wrong_variable_is_named_with_a_better_value() {
    let variables = [("INTERMISSION_UPSTREAM", "app:3000")];
    refused(
        &["run"],
        &variables,
        &["--upstream", "app:3000", "http://app:3000"],
    );
    let variables = [
        ("INTERMISSION_UPSTREAM", "http://app:3000"),
        ("INTERMISSION_LISTEN", "80"),
    ];
    refused(&["run"], &variables, &["--listen", "80"]);
}

#[test]
fn an_address_that_this_machine_does_not_have_is_said() {
    // Of the addresses that are for documentation: nobody has one (RFC 5737).
    let arguments = ["run", "--upstream", "http://127.0.0.1:9", "--admin", "off"];
    let arguments = [&arguments[..], &["--listen", "192.0.2.1:8080"]].concat();
    refused(
        &arguments,
        &[],
        &["192.0.2.1:8080", "does not have that address"],
    );
}

#[test]
fn an_unknown_flag_is_a_mistake_of_usage() {
    let (code, said) = ends(&["run", "--upstraem", "http://app"], &[]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("--upstream"), "{said}");
}

#[test]
fn a_data_directory_that_cannot_be_written_is_said_once_and_keeps_nobody_from_starting() {
    let page = "<!doctype html><html lang=\"en\"><head><title>Away</title></head>\
                <body><h1>Away for a while</h1></body></html>";
    let fields = format!("Content-Length: {}", page.len());
    let whole = [
        head("200 OK", &["Content-Type: text/html", &fields]),
        page.as_bytes().to_vec(),
    ];
    let origin = Origin::always(answer(whole.concat()));
    // Below a file nobody can write, whoever they are.
    let setup = Setup::new("data = \"/dev/null/data\"\n").site(
        "shop",
        &catch_all(&origin.url(), "[fallback]\nsnapshot = \"/away\"\n"),
    );
    let mut proxy = setup.start();
    proxy.logged(&[
        "WARN",
        "data directory cannot be written",
        "/dev/null/data",
        "way_out",
    ]);
    proxy.logged(&["INFO", "snapshot taken"]);
    drop(origin);
    let away = proxy.ask(&Ask::get("/").by(Kind::Navigation), Protocol::H1);
    assert_eq!(away.head.status(), 503);
    assert!(String::from_utf8_lossy(&away.body).contains("Away for a while"));
    proxy.signal(Signal::TERM);
    assert_eq!(proxy.wait().code(), Some(0));
    let said = proxy.process.stderr();
    let said = said.iter().filter(|line| line.contains("data directory"));
    assert_eq!(said.count(), 1);
}
