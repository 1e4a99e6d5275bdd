//! The start without files: flags → specs.

use std::{net::SocketAddr, sync::Arc};

use super::{
    address, brand,
    fault::Fault,
    names,
    problem::{Problem, Problems},
    process, site,
    spec::{Config, ProcessSpec},
};

/// What the command line says in place of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flags {
    /// `--upstream`: where the origin is.
    pub upstream: String,
    /// `--listen`: the address for clients.
    pub listen: Option<String>,
    /// `--admin`: the address for administration, or "off".
    pub admin: Option<String>,
    /// `--name`: the site's name on the page.
    pub name: Option<String>,
}

/// The name of the only site.
const SITE: &str = "default";

/// One site for every host, everything else as by default.
///
/// # Errors
///
/// Every flag that is wrong, by its name.
pub fn from_flags(flags: &Flags) -> Result<Config, Problems> {
    let mut problems = Vec::new();
    let upstream = read(
        "--upstream",
        &flags.upstream,
        names::upstream,
        &mut problems,
    );
    let name = flags.name.as_deref().and_then(|name| {
        read(
            "--name",
            name,
            |text| brand::words(text, brand::LONGEST_NAME),
            &mut problems,
        )
    });
    let mut process = process::defaults();
    let addresses = (flags.listen.as_deref(), flags.admin.as_deref());
    replace_addresses(&mut process, addresses, &mut problems);
    if let Some((_, authority)) = &upstream
        && problems.is_empty()
        && names::local_address(authority).is_some_and(|at| process::listens(&process, at))
    {
        problems.push(Problem::new(
            "--upstream",
            format!("`{}` is this proxy's own address", flags.upstream),
            "name the address of the application; a request would come back for ever",
        ));
    }
    match upstream {
        Some((scheme, authority)) if problems.is_empty() => {
            let mut site = site::bare(SITE, scheme, authority);
            site.brand.name = name.unwrap_or_default();
            Ok(Config {
                process,
                sites: vec![Arc::new(site)],
            })
        }
        _ => Err(Problems::new(problems)),
    }
}

/// Puts the addresses of flags in place of those of files.
///
/// # Errors
///
/// Every flag that is wrong, by its name; the configuration is then as it was.
pub fn override_addresses(
    config: &mut Config,
    listen: Option<&str>,
    admin: Option<&str>,
) -> Result<(), Problems> {
    let mut problems = Vec::new();
    let mut process = config.process.clone();
    replace_addresses(&mut process, (listen, admin), &mut problems);
    if !problems.is_empty() {
        return Err(Problems::new(problems));
    }
    config.process = process;
    Ok(())
}

/// What is hardly meant about the address of administration, where a flag has set it.
#[must_use]
pub fn warn_of_admin(process: &ProcessSpec) -> Option<Problem> {
    let admin = process.admin?;
    let is_exposed = process::is_exposed(Some(admin), process.admin_token.as_ref());
    is_exposed.then(|| {
        let (problem, way_out) = process::EXPOSED;
        Problem::new("--admin", format!("`{admin}` {problem}"), way_out).into_warning()
    })
}

fn replace_addresses(
    process: &mut ProcessSpec,
    (listen, admin): (Option<&str>, Option<&str>),
    problems: &mut Vec<Problem>,
) {
    if let Some(text) = listen
        && let Some(address) = read("--listen", text, address::listen, problems)
    {
        process.listen = vec![address];
    }
    if let Some(text) = admin
        && let Some(address) = read("--admin", text, address::listen_or_off, problems)
    {
        process.admin = address;
    }
    let clash = |admin: SocketAddr| process.listen.iter().any(|a| process::overlap(*a, admin));
    if problems.is_empty()
        && (listen.is_some() || admin.is_some())
        && process.admin.is_some_and(clash)
    {
        problems.push(Problem::new(
            if admin.is_some() {
                "--admin"
            } else {
                "--listen"
            },
            "leaves one address to clients and administration",
            "give each its own port: --listen :8080 --admin 127.0.0.1:9090",
        ));
    }
}

fn read<T>(
    flag: &str,
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, Fault>,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let problem = |fault: Fault| {
        let problem = format!("`{text}` {}", fault.problem);
        let better = fault
            .better
            .as_ref()
            .map(|better| format!("write {flag} {better}"));
        let way_out = better.unwrap_or_else(|| fault.way_out.into_owned());
        Problem::new(flag, problem, way_out)
    };
    parse(text)
        .map_err(|fault| problems.push(problem(fault)))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::spec::{HostPattern, Scheme};

    fn flags(upstream: &str) -> Flags {
        Flags {
            upstream: upstream.to_owned(),
            listen: None,
            admin: None,
            name: None,
        }
    }

    #[test]
    fn an_upstream_alone_makes_one_site_for_every_host() {
        let config = from_flags(&flags("http://127.0.0.1:3000")).unwrap();
        let [site] = config.sites.as_slice() else {
            panic!("one site")
        };
        assert_eq!(site.name, "default");
        assert_eq!(site.hosts, [HostPattern::Any]);
        assert_eq!(site.upstream.scheme, Scheme::Http);
        assert_eq!(site.upstream.to_string(), "127.0.0.1:3000");
        assert_eq!(config.process, process::defaults());
    }

    #[test]
    fn every_flag_is_heard() {
        let config = from_flags(&Flags {
            listen: Some(":0".to_owned()),
            admin: Some("off".to_owned()),
            name: Some("My shop".to_owned()),
            ..flags("https://app")
        })
        .unwrap();
        assert_eq!(config.process.listen, ["0.0.0.0:0".parse().unwrap()]);
        assert_eq!(config.process.admin, None);
        assert_eq!(config.sites[0].brand.name, "My shop");
    }

    #[test]
    fn every_wrong_flag_is_named_at_once() {
        let problems = from_flags(&Flags {
            listen: Some("8080".to_owned()),
            admin: Some("x".to_owned()),
            name: Some(" ".to_owned()),
            ..flags("app:3000")
        })
        .unwrap_err();
        let keys: Vec<_> = problems
            .iter()
            .map(|problem| problem.key.as_str())
            .collect();
        assert_eq!(keys, ["--upstream", "--name", "--listen", "--admin"]);
    }

    #[test]
    fn a_proxy_is_not_its_own_upstream() {
        let own = |upstream: &str, listen: &str| {
            from_flags(&Flags {
                listen: Some(listen.to_owned()),
                ..flags(upstream)
            })
        };
        for upstream in ["http://127.0.0.1:3000", "http://localhost:3000"] {
            let problems = own(upstream, ":3000").unwrap_err().to_string();
            assert!(problems.contains("own address"), "{problems}");
        }
        own("http://[::1]:3000", "[::]:3000").unwrap_err();
        own("http://127.0.0.1:3000", ":3001").unwrap();
        own("http://app:3000", ":3000").unwrap();
    }

    #[test]
    fn flags_replace_the_addresses_of_files_or_change_nothing() {
        let mut config = from_flags(&flags("http://app")).unwrap();
        override_addresses(&mut config, Some("[::1]:1"), None).unwrap();
        assert_eq!(config.process.listen, ["[::1]:1".parse().unwrap()]);
        let before = config.clone();
        override_addresses(&mut config, Some(":9090"), None).unwrap_err();
        override_addresses(&mut config, Some(":9091"), Some("?")).unwrap_err();
        assert_eq!(config, before);
    }
}
