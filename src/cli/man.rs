//! `intermission man`: the manual pages, one for the program and one for each command. Their
//! words are those of `--help`.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man as Page;

use super::{Cli, complain, explain, pour, say};

/// Print or write manual pages.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  intermission man | man -l -
  intermission man --dir /usr/local/share/man/man1")]
pub struct Man {
    /// Write a page for the program and one for each command here, instead of printing the first
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Why a page cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", path.display())]
struct WriteError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

impl Man {
    pub(super) fn run(&self) -> ExitCode {
        let mut program = Cli::command().disable_help_subcommand(true);
        program.build();
        match &self.dir {
            None => pour(&render(&program)),
            Some(dir) => match write_all(&program, dir) {
                Ok(count) => {
                    say(format!("{count} manual pages in {}", dir.display()));
                    ExitCode::SUCCESS
                }
                Err(error) => complain(explain(&error)),
            },
        }
    }
}

/// Makes the directory and everything in it. Returns how many pages there are.
fn write_all(program: &Command, dir: &Path) -> Result<usize, WriteError> {
    let failed = |path: &Path, source| WriteError {
        path: path.to_owned(),
        source,
    };
    fs::create_dir_all(dir).map_err(|source| failed(dir, source))?;
    let commands = std::iter::once(program).chain(program.get_subcommands());
    let mut count = 0;
    for command in commands {
        let path = dir.join(page(command).get_filename());
        fs::write(&path, render(command)).map_err(|source| failed(&path, source))?;
        count += 1;
    }
    Ok(count)
}

fn page(command: &Command) -> Page {
    Page::new(command.clone())
        .source(concat!("intermission ", env!("CARGO_PKG_VERSION")))
        .manual("Intermission")
}

fn render(command: &Command) -> Vec<u8> {
    let mut text = Vec::new();
    page(command)
        .render(&mut text)
        .expect("memory takes everything");
    text
}
