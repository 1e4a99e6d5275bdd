//! `[redirect]` and `[hsts]`: the one address of a site, and that browsers remember it.

use std::{num::NonZeroU16, ops::RangeInclusive, time::Duration};

use super::{
    fault::Fault,
    names,
    reader::{Table, Value},
    spec::{HostPattern, HstsSpec, RedirectSpec},
};

const HTTPS: NonZeroU16 = NonZeroU16::new(443).expect("443 is not zero");
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
const AGES: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(10 * 365 * 24 * 3600);

/// Reads `[redirect]` of a site with these hosts.
pub(super) fn redirect(table: &Table<'_>, hosts: &[HostPattern]) -> RedirectSpec {
    let https = table.get("https").and_then(|value| value.boolean());
    let https = https.unwrap_or(false);
    let value = table.get("https_port");
    let port = value
        .as_ref()
        .and_then(|value| value.whole(&(1..=65535)))
        .and_then(|port| u16::try_from(port).ok())
        .and_then(NonZeroU16::new)
        .unwrap_or(HTTPS);
    if let Some(value) = value.filter(|_| !https && port != HTTPS) {
        let problem = "has no effect: requests that are not encrypted are served";
        let way_out = "write https = true, or leave it out";
        table
            .report()
            .add(value.problem(problem, way_out).into_warning());
    }
    RedirectSpec {
        https: https.then_some(port),
        host: table.get("host").and_then(|value| host(&value, hosts)),
    }
}

fn host(value: &Value<'_>, hosts: &[HostPattern]) -> Option<String> {
    const WAY_OUT: &str = "write one name without a star, for example \"shop.example\"";
    value.read("a host", |text| {
        let HostPattern::Exact(name) = names::host_pattern(text)? else {
            return Err(Fault::new("stands for more than one host", WAY_OUT));
        };
        if hosts.iter().any(|pattern| claim(pattern, &name).is_some()) {
            return Ok(name);
        }
        let way_out = "add it to `hosts`, or name one that is there";
        Err(Fault::new("is none of the site's hosts", way_out))
    })
}

/// How exactly a pattern claims a host, by the rules that requests find their site by; `None` if
/// not at all.
fn claim(pattern: &HostPattern, host: &str) -> Option<usize> {
    match pattern {
        HostPattern::Exact(name) => (name == host).then_some(usize::MAX),
        // The star stands for at least one label.
        HostPattern::Wildcard(suffix) => host
            .strip_suffix(suffix.as_str())
            .is_some_and(|rest| !rest.is_empty())
            .then_some(suffix.len()),
        HostPattern::Any => Some(0),
    }
}

/// Whether requests for a host find the site with these hosts, and not one with others.
pub(super) fn leads_here<'a>(
    host: &str,
    own: impl Iterator<Item = &'a HostPattern>,
    others: impl Iterator<Item = &'a HostPattern>,
) -> bool {
    strongest(host, own) >= strongest(host, others)
}

fn strongest<'a>(host: &str, patterns: impl Iterator<Item = &'a HostPattern>) -> Option<usize> {
    patterns.filter_map(|pattern| claim(pattern, host)).max()
}

/// Reads `[hsts]`.
pub(super) fn hsts(table: &Table<'_>) -> Option<HstsSpec> {
    let boolean = |key: &str| table.get(key).and_then(|value| value.boolean());
    let [include_subdomains, preload] =
        ["include_subdomains", "preload"].map(|key| boolean(key) == Some(true));
    if include_subdomains || preload {
        table.require("max_age", "write max_age = \"365d\"");
    }
    let max_age = table.get("max_age")?.duration(&AGES)?;
    // What those who keep the list ask for: https://hstspreload.org
    if let Some(value) = table.get("preload").filter(|_| preload)
        && (!include_subdomains || max_age < YEAR)
    {
        value.reject(
            "needs include_subdomains = true and a max_age of at least a year",
            "write both; browsers' lists take no less, and are slow to forget",
        );
    }
    Some(HstsSpec {
        max_age,
        include_subdomains,
        preload,
    })
}
