//! Metrics of encryption: handshakes, and how long certificates are good for.

use std::{fmt, sync::atomic::Ordering::Relaxed};

use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeLabelSet, NoLabelSet},
    metrics::MetricType,
};

use crate::{telemetry::handshakes::Handshakes, tls::Certificates};

type Out<'a, 'b> = &'a mut DescriptorEncoder<'b>;

/// All of it.
pub(super) fn encode(
    certificates: &Certificates,
    counters: &Handshakes,
    out: Out<'_, '_>,
) -> fmt::Result {
    let help = "TLS handshakes with clients";
    let done = counters.each_done().map(|(version, is_resumed, count)| {
        let kind = if is_resumed { "resumed" } else { "full" };
        ([("version", version.label()), ("kind", kind)], count)
    });
    counts(out, ("tls_handshakes", help), done)?;
    let help = "TLS handshakes with clients that came to nothing";
    let failed = counters.each_failed();
    let failed = failed.map(|(why, count)| ([("reason", why.label())], count));
    counts(out, ("tls_handshake_failures", help), failed)?;
    let help = "Connections that began with TLS where we do not encrypt";
    let count = counters.on_plain_port.load(Relaxed);
    counts(
        out,
        ("tls_on_plain_port", help),
        [(NO_LABELS, count)].into_iter(),
    )?;
    expiry(certificates, out)
}

const NO_LABELS: [(&str, &str); 0] = [];

fn counts<L: EncodeLabelSet>(
    out: Out<'_, '_>,
    (name, help): (&str, &str),
    counts: impl Iterator<Item = (L, u64)>,
) -> fmt::Result {
    let mut family = out.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, count) in counts {
        family
            .encode_family(&labels)?
            .encode_counter::<NoLabelSet, _, u64>(&count, None)?;
    }
    Ok(())
}

fn expiry(certificates: &Certificates, out: Out<'_, '_>) -> fmt::Result {
    let help = "When the certificate expires, in seconds since 1970; no site: the process's";
    let name = "certificate_expires_seconds";
    let mut family = out.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for entry in certificates.entries() {
        if let Some(expires) = entry.expires() {
            let labels = [("site", entry.site.as_deref().unwrap_or_default())];
            family
                .encode_family(&labels)?
                .encode_gauge(&expires.as_second())?;
        }
    }
    Ok(())
}
