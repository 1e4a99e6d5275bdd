//! What the program gives to shells and to `man`: completions that complete, pages that render.

use std::{
    collections::BTreeSet,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use clap::CommandFactory;
use intermission::cli::Cli;

use crate::support::proxy::BINARY;

fn run(arguments: &[&str]) -> Output {
    let output = Command::new(BINARY).args(arguments).output();
    output.expect("the program runs")
}

fn printed(arguments: &[&str]) -> Vec<u8> {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    assert!(output.stderr.is_empty(), "{arguments:?}: {output:?}");
    output.stdout
}

/// What bash offers for the last of these words.
fn offered(words: &[&str]) -> BTreeSet<String> {
    let dir = tempfile::tempdir().expect("a directory");
    let script = dir.path().join("completions");
    std::fs::write(&script, printed(&["completions", "bash"])).expect("a new file");
    let ask = r#"source "$1"; shift
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _intermission intermission "${!#}" "${@:$#-1:1}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let output = Command::new("bash")
        .args(["--norc", "-c", ask, "bash"])
        .arg(&script)
        .args(words)
        .output()
        .expect("bash runs");
    assert!(output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_flags_and_values() {
    let commands = offered(&["intermission", ""]);
    for command in Cli::command().get_subcommands() {
        assert!(commands.contains(command.get_name()), "{commands:?}");
    }
    assert_eq!(
        offered(&["intermission", "heal"]),
        ["healthcheck".to_owned()].into()
    );
    assert_eq!(
        offered(&["intermission", "run", "--ups"]),
        ["--upstream".to_owned()].into()
    );
    let formats = offered(&["intermission", "check", "--format", ""]);
    assert_eq!(formats, ["json".to_owned(), "text".to_owned()].into());
}

#[test]
fn every_shell_gets_completions_that_it_can_read() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&["completions", shell]);
        let text = String::from_utf8(script).expect("text");
        assert!(text.contains("healthcheck"), "{shell}: {text}");
        if !["bash", "zsh", "fish"].contains(&shell) {
            continue;
        }
        let reader = Command::new(shell)
            .arg("-n")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut check) = reader else {
            eprintln!("skipped: there is no {shell} here to read its completions");
            continue;
        };
        let mut input = check.stdin.take().expect("a pipe");
        input.write_all(text.as_bytes()).expect("the shell reads");
        drop(input);
        let output = check.wait_with_output().expect("the shell ends");
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{shell}: {output:?}"
        );
    }
    assert_eq!(run(&["completions", "tcsh"]).status.code(), Some(2));
}

/// The page as a terminal shows it, and what groff complains of.
fn rendered(page: &Path) -> (String, String) {
    let output = Command::new("groff")
        .args(["-man", "-Tutf8", "-ww", "-P-c", "-P-b", "-P-u", "-P-o"])
        .arg(page)
        .output()
        .expect("groff runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn there_is_a_manual_page_for_the_program_and_for_each_command_and_groff_has_no_complaint() {
    let dir = tempfile::tempdir().expect("a directory");
    let pages = dir.path().join("share/man1");
    printed(&["man", "--dir", &pages.to_string_lossy()]);
    let mut expected = BTreeSet::from(["intermission.1".to_owned()]);
    let program = Cli::command();
    expected.extend(
        program
            .get_subcommands()
            .map(|command| format!("intermission-{}.1", command.get_name())),
    );
    let written = std::fs::read_dir(&pages).expect("a directory of pages");
    let written: BTreeSet<_> = written
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    assert_eq!(written, expected);
    for name in &written {
        let (shown, complaints) = rendered(&pages.join(name));
        assert_eq!(complaints, "", "{name}");
        assert!(
            shown.contains("SYNOPSIS") && shown.contains("Example"),
            "{name}: {shown}"
        );
    }
    let (shown, _) = rendered(&pages.join("intermission-run.1"));
    for words in ["--upstream", "INTERMISSION_UPSTREAM", "HUP reads"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
}

#[test]
fn the_page_of_the_program_is_printed_too() {
    let printed = printed(&["man"]);
    let text = String::from_utf8(printed).expect("text");
    assert!(text.contains(".TH intermission 1") && text.contains("healthcheck"));
}

#[test]
fn pages_that_cannot_be_written_are_an_error_that_names_the_place() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let below = file.path().join("man1").to_string_lossy().into_owned();
    let output = run(&["man", "--dir", &below]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains(&below) && said.lines().count() == 1, "{said}");
}
