//! How the counters are told to Prometheus.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, MetricEncoder, NoLabelSet, text},
    metrics::MetricType,
    registry::Registry,
};

use super::{acme, health, tls};
use crate::{
    runtime::RuntimeHandle,
    telemetry::{
        histogram::Histogram,
        metrics::{Metrics, SiteMetrics},
        record::Telemetry,
    },
};

/// Everything that is exposed, gathered anew at each scrape.
pub(super) struct Exposition(Registry);

impl Exposition {
    /// Of a process.
    pub(super) fn new(telemetry: Arc<Telemetry>, runtime: Arc<RuntimeHandle>) -> Self {
        let mut registry = Registry::with_prefix("intermission");
        registry.register_collector(Box::new(Source { telemetry, runtime }));
        Self(registry)
    }

    /// The text a scraper gets.
    ///
    /// # Errors
    /// Never in practice: the buffer is memory.
    pub(super) fn text(&self) -> Result<String, fmt::Error> {
        let mut out = String::new();
        text::encode(&mut out, &self.0)?;
        Ok(out)
    }
}

struct Source {
    telemetry: Arc<Telemetry>,
    runtime: Arc<RuntimeHandle>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

impl Collector for Source {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let metrics = &self.telemetry.metrics;
        requests(metrics, &mut encoder)?;
        upstreams(metrics, &mut encoder)?;
        self.pools(&mut encoder)?;
        health::encode(&self.runtime.load(), &mut encoder)?;
        let certificates = self.runtime.certificates().load();
        tls::encode(&certificates, &metrics.handshakes, &mut encoder)?;
        process(metrics, &mut encoder)?;
        acme::encode(&metrics.acme, &mut encoder)?;
        self.access_log(&mut encoder)
    }
}

type Out<'a, 'b> = &'a mut DescriptorEncoder<'b>;

fn requests(metrics: &Metrics, out: Out<'_, '_>) -> fmt::Result {
    let mut family = counter(out, "http_requests", "Requests by who answered them")?;
    metrics.each_site(|site, counts| {
        counts.each_request_count(|method, outcome, code, count| {
            let code = code.to_string();
            let labels = [
                ("site", site),
                ("method", method),
                ("code", &code),
                ("outcome", outcome.label()),
            ];
            family
                .encode_family(&labels)?
                .encode_counter::<NoLabelSet, _, u64>(&count, None)
        })
    })?;
    let help = "From the request head to the end of the response";
    histograms(
        metrics,
        out,
        ("http_request_duration_seconds", help),
        |site| &site.durations,
    )?;
    gauge(
        out,
        "http_requests_in_flight",
        "Requests being answered",
        metrics.in_flight.get(),
    )
}

fn upstreams(metrics: &Metrics, out: Out<'_, '_>) -> fmt::Result {
    let mut family = counter(out, "upstream_requests", "Answers of the origin by status")?;
    metrics.each_site(|site, counts| {
        counts.each_answer_count(|code, count| {
            let labels = [("site", site), ("code", &code.to_string())];
            count_if_any(&mut family, &labels, count)
        })
    })?;
    let help = "From the request head to the response head or the failure";
    let name = "upstream_request_duration_seconds";
    histograms(metrics, out, (name, help), |site| &site.upstream_durations)?;
    failures(metrics, out)?;
    let mut family = counter(out, "retries", "Requests that took more than one attempt")?;
    metrics.each_site(|site, counts| {
        for (result, count) in [
            ("success", &counts.retried_well),
            ("failure", &counts.retried_in_vain),
        ] {
            let labels = [("site", site), ("result", result)];
            count_if_any(&mut family, &labels, count.load(Relaxed))?;
        }
        Ok(())
    })
}

fn failures(metrics: &Metrics, out: Out<'_, '_>) -> fmt::Result {
    let mut family = counter(out, "upstream_failures", "Requests without origin response")?;
    metrics.each_site(|site, counts| {
        for (cause, count) in counts.failure_counts() {
            count_if_any(
                &mut family,
                &[("site", site), ("reason", cause.label())],
                count,
            )?;
        }
        let ours = [
            ("overloaded", &counts.overloaded),
            ("rate_limited", &counts.rate_limited),
            ("too_large", &counts.too_large),
            ("proxy_internal_error", &counts.internal),
        ];
        for (reason, count) in ours {
            let labels = [("site", site), ("reason", reason)];
            count_if_any(&mut family, &labels, count.load(Relaxed))?;
        }
        Ok(())
    })?;
    let help = "Attempts that came to no connection";
    let mut family = counter(out, "upstream_connect_errors", help)?;
    metrics.each_site(|site, counts| {
        for (cause, count) in counts.connect_error_counts() {
            count_if_any(
                &mut family,
                &[("site", site), ("reason", cause.label())],
                count,
            )?;
        }
        Ok(())
    })
}

fn process(metrics: &Metrics, out: Out<'_, '_>) -> fmt::Result {
    gauge(
        out,
        "connections_open",
        "Client connections",
        metrics.connections.get(),
    )?;
    let help = "Times accepting had to pause for want of descriptors";
    single(
        out,
        "accept_errors",
        help,
        metrics.accept_errors.load(Relaxed),
    )?;
    let help = "Connections whose PROXY header was wrong or not asked for";
    let mut family = counter(out, "proxy_protocol_errors", help)?;
    for (reason, count) in [
        ("refused", &metrics.proxy_headers_refused),
        ("unasked", &metrics.proxy_headers_unasked),
    ] {
        count_if_any(&mut family, &[("reason", reason)], count.load(Relaxed))?;
    }
    let help = "Client connections closed because their address had too many";
    single(
        out,
        "connections_refused",
        help,
        metrics.connections_refused.load(Relaxed),
    )?;
    let mut family = counter(out, "config_reloads", "Reloads by result")?;
    for (result, count) in [
        ("applied", &metrics.reloads_applied),
        ("refused", &metrics.reloads_refused),
    ] {
        let labels = [("result", result)];
        let count = count.load(Relaxed);
        family
            .encode_family(&labels)?
            .encode_counter::<NoLabelSet, _, u64>(&count, None)?;
    }
    let worked = i64::from(!metrics.last_reload_failed.load(Relaxed));
    let help = "1 unless the last reload was refused and the old configuration kept";
    gauge(out, "config_last_reload_successful", help, worked)?;
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    let mut info = out.encode_descriptor("build_info", "What runs", None, MetricType::Gauge)?;
    info.encode_family(&version)?.encode_gauge(&1_i64)
}

impl Source {
    fn pools(&self, out: Out<'_, '_>) -> fmt::Result {
        let help = "Connections to the upstream";
        let mut family =
            out.encode_descriptor("pool_connections", help, None, MetricType::Gauge)?;
        for site in self.runtime.load().router.sites() {
            let Some(upstream) = site.upstream() else {
                continue;
            };
            let connections = upstream.connections();
            for (state, count) in [("idle", connections.idle), ("active", connections.active)] {
                let labels = [("site", site.name()), ("state", state)];
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                family.encode_family(&labels)?.encode_gauge(&count)?;
            }
        }
        Ok(())
    }

    fn access_log(&self, out: Out<'_, '_>) -> fmt::Result {
        let Some(log) = &self.telemetry.access_log else {
            return Ok(());
        };
        let (queue_full, write_failed) = log.lost();
        let mut family = counter(out, "access_log_lost", "Access log lines not written")?;
        for (reason, count) in [("queue_full", queue_full), ("write_failed", write_failed)] {
            let labels = [("reason", reason)];
            family
                .encode_family(&labels)?
                .encode_counter::<NoLabelSet, _, u64>(&count, None)?;
        }
        Ok(())
    }
}

fn counter<'a>(
    out: &'a mut DescriptorEncoder<'_>,
    name: &'a str,
    help: &str,
) -> Result<MetricEncoder<'a>, fmt::Error> {
    out.encode_descriptor(name, help, None, MetricType::Counter)
}

fn single(out: Out<'_, '_>, name: &str, help: &str, count: u64) -> fmt::Result {
    counter(out, name, help)?.encode_counter::<NoLabelSet, _, u64>(&count, None)
}

fn gauge(out: Out<'_, '_>, name: &str, help: &str, value: i64) -> fmt::Result {
    out.encode_descriptor(name, help, None, MetricType::Gauge)?
        .encode_gauge(&value)
}

fn count_if_any(
    family: &mut MetricEncoder<'_>,
    labels: &impl EncodeLabelSet,
    count: u64,
) -> fmt::Result {
    if count == 0 {
        return Ok(());
    }
    family
        .encode_family(labels)?
        .encode_counter::<NoLabelSet, _, u64>(&count, None)
}

fn histograms(
    metrics: &Metrics,
    out: Out<'_, '_>,
    (name, help): (&str, &str),
    of: impl Fn(&SiteMetrics) -> &Histogram,
) -> fmt::Result {
    let mut family = out.encode_descriptor(name, help, None, MetricType::Histogram)?;
    metrics.each_site(|site, counts| {
        let all = of(counts).snapshot();
        if all.count == 0 {
            return Ok(());
        }
        let labels = [("site", site)];
        family
            .encode_family(&labels)?
            .encode_histogram::<NoLabelSet>(all.sum, all.count, &all.buckets, None)
    })
}
