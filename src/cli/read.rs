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

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn a_certificate_whose_time_is_up_is_a_warning_of_its_site() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["shop.example".to_owned()]).unwrap();
        params.not_after = date_time_ymd(2026, 6, 1);
        let certificate = params.self_signed(&key).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let sites = directory.path().join("sites");
        std::fs::create_dir(&sites).unwrap();
        let bundle = certificate.pem() + &key.serialize_pem();
        std::fs::write(sites.join("shop.pem"), bundle).unwrap();
        let site = "hosts = [\"shop.example\"]\nupstream = \"http://app\"\n\
                    [tls]\ncertificate_file = \"shop.pem\"\n";
        std::fs::write(sites.join("shop.toml"), site).unwrap();
        let config = config::load(directory.path()).unwrap().config;
        let at = |now: &str| expiring(&config, now.parse().unwrap());
        assert!(at("2026-05-01T00:00:00Z").is_empty());
        let warned = at("2026-05-28T00:00:00Z");
        assert_eq!(warned.len(), 1);
        assert_eq!(warned[0].file.as_deref(), Some("sites/shop.toml"));
        assert!(warned[0].problem.contains("within 7 days"));
        assert!(at("2026-06-02T00:00:00Z")[0].problem.contains("expired"));
    }
}
