//! How certificates that are fetched are told to Prometheus.

use std::fmt;

use prometheus_client::{
    encoding::{DescriptorEncoder, NoLabelSet},
    metrics::MetricType,
};

use crate::telemetry::acme::AcmeMetrics;

/// Orders by result, and when each certificate is ordered next.
pub(super) fn encode(metrics: &AcmeMetrics, out: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let help = "Certificates asked of an authority by result";
    let mut family = out.encode_descriptor("acme_orders", help, None, MetricType::Counter)?;
    metrics.each_order_count(|site, result, count| {
        let labels = [("site", site), ("result", result)];
        family
            .encode_family(&labels)?
            .encode_counter::<NoLabelSet, _, u64>(&count, None)
    })?;
    let help = "When the certificate is asked for next, in seconds since 1970";
    let name = "acme_next_order_timestamp_seconds";
    let mut family = out.encode_descriptor(name, help, None, MetricType::Gauge)?;
    metrics.each_renewal(|site, at| {
        let labels = [("site", site)];
        family.encode_family(&labels)?.encode_gauge(&at.as_second())
    })
}
