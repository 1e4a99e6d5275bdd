//! `intermission completions`: what a shell needs to complete commands and flags.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::{Cli, pour};

/// Print completions for a shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  intermission completions bash > /etc/bash_completion.d/intermission
  intermission completions zsh > /usr/local/share/zsh/site-functions/_intermission
  intermission completions fish > ~/.config/fish/completions/intermission.fish")]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self) -> ExitCode {
        let mut script = Vec::new();
        generate(self.shell, &mut Cli::command(), "intermission", &mut script);
        pour(&script)
    }
}
