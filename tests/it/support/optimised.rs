//! The optimised program, for what says nothing about a program that is not: cost and time.

use std::process::Command;

use super::proxy::{Proxy, Setup};

/// Names the program that is measured.
const VARIABLE: &str = "INTERMISSION_OPTIMISED";

/// Where the optimised program is; `None`, and a visible word about it, when nobody says.
pub(crate) fn program() -> Option<String> {
    let Some(path) = std::env::var_os(VARIABLE) else {
        eprintln!("skipped: {VARIABLE} is not set");
        return None;
    };
    let path = path.into_string().expect("a path of readable letters");
    let runs = Command::new(&path).arg("--version").output();
    assert!(
        runs.is_ok_and(|run| run.status.success()),
        "{VARIABLE} is {path}, which does not run: build it with 'deploy/build'"
    );
    Some(path)
}

/// Fails with what to do when a tool is not there.
pub(crate) fn require(tool: &str) {
    let runs = Command::new(tool).arg("--version").output();
    assert!(
        runs.is_ok_and(|run| run.status.success()),
        "{tool} is missing: run 'apt-get install {tool}', or tests/run, which does it"
    );
}

/// Starts the program in place of the usual one; `wrapper` is what comes before it on its command
/// line.
pub(crate) fn start(program: &str, wrapper: &str, setup: Setup) -> Proxy {
    // The first argument is the usual program.
    setup
        .shell(&format!("shift; exec {wrapper} '{program}' \"$@\""))
        .start()
}
