//! `intermission check`: is the configuration right?

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use clap::{Args, ValueEnum};

use super::read;
use crate::config::{
    self, Loaded, Problems,
    spec::{Config, SiteSpec, TlsSpec},
};

/// Check the configuration and show everything that is wrong with it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  intermission check
  intermission check --config ./config
  intermission check --config ./config --format json

Exit code: 0 when the configuration can be used (there may be warnings), 1 when it cannot.")]
pub struct Check {
    /// The directory with intermission.toml and sites/ [default: /etc/intermission, else ./config]
    #[arg(long, value_name = "DIR", env = "INTERMISSION_CONFIG")]
    pub config: Option<PathBuf>,

    /// How problems are shown
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// How problems are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Excerpts of the files, for people
    Text,
    /// An array of objects on standard output, for programs
    Json,
}

impl Check {
    /// Runs the command.
    #[must_use]
    pub fn run(&self) -> ExitCode {
        let Outcome {
            is_usable,
            out,
            err,
        } = self.outcome();
        // Nobody is left to be told when the output is closed.
        let _ = io::stdout().lock().write_all(out.as_bytes());
        let _ = io::stderr().lock().write_all(err.as_bytes());
        if is_usable {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    fn outcome(&self) -> Outcome {
        let found = config::find_dir(self.config.as_deref());
        let result = found.map(|dir| read::load(&dir).map_err(|problems| (dir, problems)));
        let is_usable = matches!(result, Ok(Ok(_)));
        let (out, err) = match (result, self.format) {
            (Err(none), Format::Text) => (String::new(), format!("error: {none}\n")),
            (Err(none), Format::Json) => (json(&Problems::from(&none)), String::new()),
            (Ok(Err((_, problems))), Format::Json) => (json(&problems), String::new()),
            (Ok(Err((dir, problems))), Format::Text) => {
                let summary = format!("{} in {}\n", count(&problems), dir.display());
                (
                    String::new(),
                    problems.render(wants_color()) + summary.as_str(),
                )
            }
            (Ok(Ok(loaded)), Format::Json) => {
                (json(&Problems::new(loaded.warnings)), String::new())
            }
            (Ok(Ok(loaded)), Format::Text) => good_news(loaded),
        };
        Outcome {
            is_usable,
            out,
            err,
        }
    }
}

/// What the command says, and where.
struct Outcome {
    is_usable: bool,
    out: String,
    err: String,
}

fn good_news(Loaded { config, warnings }: Loaded) -> (String, String) {
    let warnings = Problems::new(warnings);
    let sites = number(config.sites.len(), "site");
    let mut out = format!("OK: {sites}, {}\n", number(warnings.warnings(), "warning"));
    if wants_a_mapping(&config) {
        out.push_str(MAPPING);
    }
    (out, warnings.render(wants_color()))
}

/// Not a warning: what maps the ports, containers for example, is not seen from here.
const MAPPING: &str = "Certificates are fetched for some sites: see that port 80 of their hosts \
                       leads to `listen`, or port 443 to `listen_tls`.\n";

/// Whether authorities look at ports that none of our own listeners has.
fn wants_a_mapping(config: &Config) -> bool {
    let is_fetched = |site: &Arc<SiteSpec>| matches!(site.tls, Some(TlsSpec::Acme(_)));
    let process = &config.process;
    config.sites.iter().any(is_fetched)
        && !process.listen.iter().any(|at| at.port() == 80)
        && !process.listen_tls.iter().any(|at| at.port() == 443)
}

fn json(problems: &Problems) -> String {
    problems.to_json() + "\n"
}

/// "2 errors, 1 warning", without the warnings where there are none.
fn count(problems: &Problems) -> String {
    let errors = number(problems.errors(), "error");
    match problems.warnings() {
        0 => errors,
        warnings => format!("{errors}, {}", number(warnings, "warning")),
    }
}

fn number(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

fn wants_color() -> bool {
    let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal() && !is_refused
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::{CommandFactory as _, Parser as _};

    use super::*;

    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        check: Check,
    }

    fn check(dir: &Path, format: &str) -> Outcome {
        let dir = dir.to_str().unwrap();
        Cli::parse_from(["check", "--config", dir, "--format", format])
            .check
            .outcome()
    }

    fn directory(site: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("sites")).unwrap();
        std::fs::write(directory.path().join("sites/shop.toml"), site).unwrap();
        directory
    }

    #[test]
    fn a_right_configuration_is_said_to_be_so_on_standard_output() {
        let good = directory("hosts = [\"*\"]\nupstream = \"http://app\"\n");
        let Outcome {
            is_usable,
            out,
            err,
        } = check(good.path(), "text");
        assert!(is_usable);
        assert_eq!(
            (out.as_str(), err.as_str()),
            ("OK: 1 site, 0 warnings\n", "")
        );
        assert_eq!(check(good.path(), "json").out, "[]\n");
    }

    #[test]
    fn where_certificates_are_fetched_the_ports_that_authorities_look_at_are_named() {
        let site =
            "hosts = [\"shop.test\"]\nupstream = \"http://app\"\n[tls]\nacme = \"a@b.test\"\n";
        let fetching = directory(site);
        let out = check(fetching.path(), "text").out;
        assert!(out.ends_with("port 443 to `listen_tls`.\n"), "{out}");
        std::fs::write(
            fetching.path().join("intermission.toml"),
            "listen = \":80\"\n",
        )
        .unwrap();
        let out = check(fetching.path(), "text").out;
        assert!(
            out.starts_with("OK: 1 site") && !out.contains("listen"),
            "{out}"
        );
    }

    #[test]
    fn problems_go_to_standard_error_with_a_summary_or_as_json_to_standard_output() {
        let bad = directory("hosts = [\"*\"]\n");
        let Outcome {
            is_usable,
            out,
            err,
        } = check(bad.path(), "text");
        assert!(!is_usable && out.is_empty());
        assert!(err.contains("error: upstream: is missing\n"), "{err}");
        assert!(
            err.ends_with(&format!("\n1 error in {}\n", bad.path().display())),
            "{err}"
        );
        let Outcome {
            is_usable,
            out,
            err,
        } = check(bad.path(), "json");
        assert!(!is_usable && err.is_empty());
        assert!(out.contains("\"key\": \"upstream\""), "{out}");
    }

    #[test]
    fn a_missing_directory_is_a_problem_too() {
        let directory = directory("");
        let missing = directory.path().join("missing");
        assert!(
            check(&missing, "text")
                .err
                .starts_with("error: there is no directory")
        );
        assert!(
            check(&missing, "json")
                .out
                .contains("\"key\": \"--config\"")
        );
    }

    #[test]
    fn the_command_line_is_well_formed_and_its_help_has_an_example() {
        let mut command = Cli::command();
        command.clone().debug_assert();
        assert!(
            command
                .render_long_help()
                .to_string()
                .contains("intermission check --config")
        );
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!(number(0, "site"), "0 sites");
        assert_eq!(number(1, "site"), "1 site");
        assert_eq!(number(2, "site"), "2 sites");
    }
}
