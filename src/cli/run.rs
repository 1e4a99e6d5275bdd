//! `intermission run`: the proxy itself.

use std::{
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::Args;
use tokio::runtime::Runtime;

use super::{complain, explain, read};
use crate::{
    app::{App, Reread, StartError},
    config::{self, Flags, Problem, Problems, spec::Config},
    telemetry::log,
};

/// Run the proxy.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  intermission run --upstream http://127.0.0.1:3000 --name \"My shop\"
  intermission run --config /etc/intermission

Signals: TERM and INT finish what is in flight and exit (a second one exits at once),
HUP reads the configuration again; a bad one changes nothing.")]
pub struct Run {
    /// Directory with intermission.toml and sites/*.toml [default: /etc/intermission, else ./config]
    #[arg(
        long,
        value_name = "DIR",
        env = "INTERMISSION_CONFIG",
        conflicts_with = "upstream"
    )]
    config: Option<PathBuf>,
    /// The site's address, instead of configuration files
    #[arg(long, value_name = "URL", env = "INTERMISSION_UPSTREAM")]
    upstream: Option<String>,
    /// Where clients are served, such as :8080 [default: 0.0.0.0:8080]
    #[arg(long, value_name = "ADDR", env = "INTERMISSION_LISTEN")]
    listen: Option<String>,
    /// Where health and metrics are served, or "off" [default: 127.0.0.1:9090]
    #[arg(long, value_name = "ADDR", env = "INTERMISSION_ADMIN")]
    admin: Option<String>,
    /// The site's name on the page
    #[arg(
        long,
        value_name = "NAME",
        env = "INTERMISSION_NAME",
        requires = "upstream"
    )]
    name: Option<String>,
}

impl Run {
    pub(super) fn run(self) -> ExitCode {
        match self.start() {
            Ok(code) => code,
            Err(code) => code,
        }
    }

    fn start(self) -> Result<ExitCode, ExitCode> {
        let sets_admin = self.admin.is_some();
        let (config, mut warnings, reread) = match self.upstream.clone() {
            Some(upstream) => {
                let flags = Flags {
                    upstream,
                    listen: self.listen,
                    admin: self.admin,
                    name: self.name,
                };
                (
                    config::from_flags(&flags).map_err(|problems| refuse(&problems))?,
                    Vec::new(),
                    None,
                )
            }
            None => {
                let dir = config::find_dir(self.config.as_deref())
                    .map_err(|error| complain(explain(&error)))?;
                let (config, warnings) = read(&dir, self.listen.as_deref(), self.admin.as_deref())
                    .map_err(|problems| refuse(&problems))?;
                (
                    config,
                    warnings,
                    Some(rereader(dir, self.listen, self.admin)),
                )
            }
        };
        if sets_admin {
            warnings.extend(config::warn_of_admin(&config.process));
        }
        let _log = log::start(&config.process.log);
        warn(&warnings);
        let served = control_thread()
            .map_err(StartError::from)
            .and_then(|control| {
                let code = control.block_on(async { Ok(App::start(config)?.run(reread).await) });
                control.shutdown_background();
                code
            });
        served.map_err(|error| complain(explain(&error)))
    }
}

/// The event loop for everything that is no request, on this thread.
///
/// # Errors
/// When the system refuses one.
pub(super) fn control_thread() -> io::Result<Runtime> {
    log_panics();
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

/// A panic is one line in the log, wherever it happens.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("no message");
        let place = panic.location().map(ToString::to_string);
        tracing::error!(
            message,
            place,
            "panic: a defect in this proxy, please report it"
        );
    }));
}

fn read(
    dir: &Path,
    listen: Option<&str>,
    admin: Option<&str>,
) -> Result<(Config, Vec<Problem>), Problems> {
    let mut loaded = read::load(dir)?;
    config::override_addresses(&mut loaded.config, listen, admin)?;
    Ok((loaded.config, loaded.warnings))
}

fn warn(warnings: &[Problem]) {
    for warning in warnings {
        tracing::warn!(
            file = warning.file,
            line = warning.line,
            key = warning.key,
            way_out = warning.way_out,
            "{}",
            warning.problem
        );
    }
}

/// Reads the same files again, as `run` read them.
fn rereader(dir: PathBuf, listen: Option<String>, admin: Option<String>) -> Reread {
    Arc::new(
        move || match read(&dir, listen.as_deref(), admin.as_deref()) {
            Ok((config, warnings)) => {
                warn(&warnings);
                Some(config)
            }
            Err(problems) => {
                for problem in problems.iter() {
                    tracing::error!(
                        file = problem.file,
                        line = problem.line,
                        column = problem.column,
                        key = problem.key,
                        way_out = problem.way_out,
                        "{}",
                        problem.problem
                    );
                }
                None
            }
        },
    )
}

fn refuse(problems: &Problems) -> ExitCode {
    complain(problems.render(io::stderr().is_terminal()))
}
