//! Metrics of outages and of endpoints, taken from where they are kept.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use prometheus_client::{
    encoding::{DescriptorEncoder, NoLabelSet},
    metrics::MetricType,
};
use tokio::time::Instant;

use crate::{outage::OutageCounts, runtime::Runtime, site::Site, upstream::HealthCounts};

type Out<'a, 'b> = &'a mut DescriptorEncoder<'b>;

/// All of them.
pub(super) fn encode(runtime: &Runtime, out: Out<'_, '_>) -> fmt::Result {
    outages(runtime, out)?;
    endpoints(runtime, out)?;
    let help = "Times an endpoint was ejected";
    counts(runtime, out, ("ejections", help), |counts| {
        vec![(None, &counts.ejections)]
    })?;
    let help = "Probes of endpoints by result";
    counts(runtime, out, ("probes", help), |counts| {
        vec![
            (Some("passed"), &counts.probes_passed),
            (Some("failed"), &counts.probes_failed),
        ]
    })?;
    let help = "Requests that were held until the origin returned, or long enough";
    counts(runtime, out, ("requests_held", help), |counts| {
        vec![(None, &counts.requests_held)]
    })?;
    let help = "Requests that found no room at once";
    counts(runtime, out, ("requests_queued", help), |counts| {
        vec![(None, &counts.requests_queued)]
    })?;
    let help = "Attempts that were not repeated because the retry budget was used up";
    counts(runtime, out, ("retries_denied", help), |counts| {
        vec![(None, &counts.retries_denied)]
    })
}

fn outages(runtime: &Runtime, out: Out<'_, '_>) -> fmt::Result {
    let all: Vec<(&str, OutageCounts)> = runtime
        .router
        .sites()
        .iter()
        .filter_map(|site| Some((site.name(), site.outage()?.counts())))
        .collect();
    let help = "0 while the site is without its origin";
    let mut family = out.encode_descriptor("upstream_up", help, None, MetricType::Gauge)?;
    for (site, counts) in &all {
        let up = i64::from(!counts.is_down);
        family
            .encode_family(&[("site", *site)])?
            .encode_gauge(&up)?;
    }
    let help = "Outages that began";
    let mut family = out.encode_descriptor("outages", help, None, MetricType::Counter)?;
    for (site, counts) in &all {
        family
            .encode_family(&[("site", *site)])?
            .encode_counter::<NoLabelSet, _, u64>(&counts.outages, None)?;
    }
    let help = "Time without origin";
    let mut family = out.encode_descriptor("outage_seconds", help, None, MetricType::Counter)?;
    for (site, counts) in &all {
        family
            .encode_family(&[("site", *site)])?
            .encode_counter::<NoLabelSet, _, u64>(&counts.time.as_secs_f64(), None)?;
    }
    Ok(())
}

fn endpoints(runtime: &Runtime, out: Out<'_, '_>) -> fmt::Result {
    let now = Instant::now();
    let help = "Endpoints by what they are given";
    let mut family = out.encode_descriptor("endpoints", help, None, MetricType::Gauge)?;
    for site in runtime.router.sites() {
        let Some(upstream) = site.upstream() else {
            continue;
        };
        let endpoints = upstream.endpoints(now);
        for admission in ["full", "ramp", "trial", "ejected"] {
            let of_these = endpoints.iter().filter(|one| one.admission == admission);
            let count = i64::try_from(of_these.count()).unwrap_or(i64::MAX);
            let labels = [("site", site.name()), ("admission", admission)];
            family.encode_family(&labels)?.encode_gauge(&count)?;
        }
    }
    Ok(())
}

/// One family of counters that upstreams keep, by result where there are several.
fn counts(
    runtime: &Runtime,
    out: Out<'_, '_>,
    (name, help): (&str, &str),
    of: impl Fn(&HealthCounts) -> Vec<(Option<&'static str>, &AtomicU64)>,
) -> fmt::Result {
    let mut family = out.encode_descriptor(name, help, None, MetricType::Counter)?;
    let sites = runtime.router.sites().iter();
    let upstream =
        |site: &'_ std::sync::Arc<Site>| Some((site.name().to_owned(), site.upstream()?.clone()));
    for (site, upstream) in sites.filter_map(upstream) {
        for (result, count) in of(upstream.health_counts()) {
            let mut labels = vec![("site", site.as_str())];
            labels.extend(result.map(|result| ("result", result)));
            let count = count.load(Relaxed);
            family
                .encode_family(&labels)?
                .encode_counter::<NoLabelSet, _, u64>(&count, None)?;
        }
    }
    Ok(())
}
