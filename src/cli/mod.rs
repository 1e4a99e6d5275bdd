//! The command line: one file a command.

pub mod check;
pub mod completions;
pub mod demo;
pub mod healthcheck;
pub mod man;
pub mod preview;
mod read;
pub mod run;

use std::{io::Write, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::failure::chain;

/// A reverse proxy that answers for your site when it cannot: a branded page with 503 and
/// Retry-After, never a bare 502.
#[derive(Debug, Parser)]
#[command(
    version,
    propagate_version = true,
    after_help = "Example: see it at work with nothing else at hand\n  intermission demo"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the proxy
    Run(run::Run),
    /// Check the configuration and print every problem with its place and a way out
    Check(check::Check),
    /// Start a small shop behind the proxy and break it in any way you like
    Demo(demo::Demo),
    /// Show every page before an outage does, in a browser or as files
    Preview(preview::Preview),
    /// Ask the running process whether it is well; exit code 0 or 1
    Healthcheck(healthcheck::Healthcheck),
    /// Print what a shell needs to complete commands and flags
    Completions(completions::Completions),
    /// Print the manual page, or write one for each command
    Man(man::Man),
}

impl Cli {
    /// Does what was asked.
    #[must_use]
    pub fn execute(self) -> ExitCode {
        match self.command {
            Command::Run(command) => command.run(),
            Command::Check(command) => command.run(),
            Command::Demo(command) => command.run(),
            Command::Preview(command) => command.run(),
            Command::Healthcheck(command) => command.run(),
            Command::Completions(command) => command.run(),
            Command::Man(command) => command.run(),
        }
    }
}

/// Says why a command failed. Nothing more can be done if that fails too.
fn complain(text: impl std::fmt::Display) -> ExitCode {
    drop(writeln!(std::io::stderr().lock(), "{text}"));
    ExitCode::FAILURE
}

/// Prints for the user; a closed pipe is the reader's choice.
fn say(text: impl std::fmt::Display) {
    drop(writeln!(std::io::stdout().lock(), "{text}"));
}

/// Prints what a program is to read. A reader that leaves early has had enough.
fn pour(bytes: &[u8]) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => complain(explain(&error)),
        Ok(()) | Err(_) => ExitCode::SUCCESS,
    }
}

/// An error and all that caused it, on one line.
fn explain(error: &(dyn std::error::Error + 'static)) -> String {
    format!("error: {}", chain(error))
}
