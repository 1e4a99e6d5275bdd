//! The `intermission` binary: a command line in front of the library.

use std::process::ExitCode;

use clap::Parser;
use intermission::cli::Cli;

/// Least memory per idle connection of those measured, at equal speed.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    Cli::parse().execute()
}
