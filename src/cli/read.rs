//! The configuration as every command reads it: the files, then the owner's templates tried with
//! every page there can be. What fails then is an error like any other.

use std::path::Path;

use jiff::Timestamp;

use crate::{
    config::{
        self, Loaded, Problem, Problems,
        spec::{Config, IdentitySpec, OwnPage, TlsSpec, expiry},
    },
    page::custom::complaints,
    tasks::clock::{Clock, WallClock},
    tls::Remaining,
};

/// Reads a directory.
///
/// # Errors
/// Everything that is wrong in it, warnings included.
pub(super) fn load(dir: &Path) -> Result<Loaded, Problems> {
    let mut loaded = config::load(dir)?;
    let expiring = expiring(&loaded.config, WallClock.timestamp());
    loaded.warnings.extend(expiring);
    let mut found = Vec::new();
    for site in &loaded.config.sites {
        let Some(OwnPage::Template(template)) = &site.own.page else {
            continue;
        };
        found.extend(complaints(site).into_iter().map(|complaint| {
            Problem::of_page("fallback.template", complaint.problem, complaint.way_out).in_line(
                &template.file,
                &template.text,
                complaint.line,
            )
        }));
    }
    if found.is_empty() {
        return Ok(loaded);
    }
    Err(Problems::new(
        found.into_iter().chain(loaded.warnings).collect(),
    ))
}

/// Certificates whose time is up, or nearly so: a warning each.
fn expiring(config: &Config, now: Timestamp) -> Vec<Problem> {
    let given = |spec: &'_ Option<TlsSpec>| match spec {
        Some(TlsSpec::Given(identity)) => Some(identity.clone()),
        Some(TlsSpec::Acme(_)) | None => None,
    };
    let process = config.process.tls.clone().map(|identity| (None, identity));
    let sites = config.sites.iter().filter_map(|site| {
        let file = format!("sites/{}.toml", site.name);
        Some((Some(file), given(&site.tls)?))
    });
    let problem = |(file, identity): (Option<String>, IdentitySpec)| {
        let expires = expiry(identity.chain.first()?)?;
        let complaint = Remaining::of(expires, now).complaint()?;
        let file = file.unwrap_or_else(|| "intermission.toml".to_owned());
        let problem = format!("{complaint} ({expires})");
        Some(Problem::warning_of_file("tls", problem, "renew it", &file))
    };
    process
        .into_iter()
        .chain(sites)
        .filter_map(problem)
        .collect()
}
