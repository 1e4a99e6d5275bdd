//! What the admin listener lists as JSON: outages, and the sites as they stand.

use serde::Serialize;
use tokio::time::Instant;

use crate::{
    config::spec::HostPattern,
    outage::{
        Standing,
        history::{KEPT, OutageView},
    },
    runtime::Runtime,
    site::Site,
    upstream::view::EndpointView,
};

/// One site as it stands.
#[derive(Serialize)]
struct SiteView {
    name: String,
    hosts: Vec<String>,
    upstream: String,
    /// `up`, `down`, or `returned` a moment ago.
    standing: &'static str,
    /// For how long it has been down, or back.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    endpoints: Vec<EndpointView>,
}

/// The last outages of all sites, the newest first.
pub(super) fn outages(runtime: &Runtime) -> serde_json::Result<String> {
    let sites = runtime.router.sites().iter();
    let mut outages: Vec<OutageView> = sites
        .filter_map(|site| site.outage())
        .flat_map(|outage| outage.views())
        .collect();
    // Names are in the order of the starts.
    outages.sort_by(|one, other| other.id.cmp(&one.id));
    outages.truncate(KEPT);
    serde_json::to_string(&outages)
}

/// All sites.
pub(super) fn sites(runtime: &Runtime) -> serde_json::Result<String> {
    let now = Instant::now();
    let sites = runtime.router.sites().iter();
    let views: Vec<SiteView> = sites.filter_map(|site| view(site, now)).collect();
    serde_json::to_string(&views)
}

fn view(site: &Site, now: Instant) -> Option<SiteView> {
    let (upstream, outage) = (site.upstream()?, site.outage()?);
    let (standing, since) = match outage.standing() {
        Standing::Up => ("up", None),
        Standing::Down { since } => ("down", Some(since)),
        Standing::Returned { at, .. } => ("returned", Some(at)),
    };
    Some(SiteView {
        name: site.name().to_owned(),
        hosts: site.hosts().iter().map(host).collect(),
        upstream: upstream.spec().to_string(),
        standing,
        seconds: since.map(|since| now.saturating_duration_since(since).as_secs_f64()),
        endpoints: upstream.endpoints(now),
    })
}

fn host(pattern: &HostPattern) -> String {
    match pattern {
        HostPattern::Exact(name) => name.clone(),
        HostPattern::Wildcard(suffix) => format!("*{suffix}"),
        HostPattern::Any => "*".to_owned(),
    }
}
