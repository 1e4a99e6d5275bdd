//! What the configuration wants of ACME, and what that needs of the process.

use std::{net::SocketAddr, sync::Arc};

use super::Surroundings;
use crate::{
    config::spec::TlsSpec,
    runtime::Runtime,
    server::worker::Shared,
    tls::acme::{Acme, Around, LookUp, Want, Wants},
};

/// Serves the certificates that are on disk, and starts to look after all of them.
pub(super) fn start(shared: &Shared, around: &Surroundings) -> Acme {
    let names = around.names.clone();
    let look_up: LookUp = Arc::new(move |host| {
        let names = names.clone();
        Box::pin(async move { names.find(&host).await })
    });
    let runtime = shared.runtime.load_full();
    let around = Around {
        look_up,
        challenges: Arc::clone(shared.runtime.certificates().challenges()),
        telemetry: Arc::clone(&shared.telemetry),
    };
    Acme::start(wants(&runtime), around, &shared.tasks)
}

/// All that a snapshot wants.
pub(super) fn wants(runtime: &Runtime) -> Wants {
    let process = &runtime.config.process;
    let list = runtime.config.sites.iter().filter_map(|site| {
        let Some(TlsSpec::Acme(spec)) = &site.tls else {
            return None;
        };
        Some(Want {
            site: site.name.clone(),
            spec: spec.clone(),
            slot: runtime.certificates.fetched(&site.name)?,
        })
    });
    Wants {
        directory: process.acme.clone(),
        data: process.data.clone(),
        prefers_http: prefers_http(&process.listen, &process.listen_tls),
        list: list.collect(),
    }
}

/// What maps ports is not seen from here: only where we are at port 443 ourselves, and not at port
/// 80, that is where authorities find us.
fn prefers_http(listen: &[SocketAddr], listen_tls: &[SocketAddr]) -> bool {
    let has = |addresses: &[SocketAddr], port| addresses.iter().any(|at| at.port() == port);
    has(listen, 80) || !has(listen_tls, 443)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_expected_where_we_are() {
        let at = |port| [SocketAddr::from(([0, 0, 0, 0], port))];
        assert!(prefers_http(&at(80), &at(443)));
        assert!(prefers_http(&at(80), &at(8443)));
        assert!(prefers_http(&at(8080), &at(8443)));
        assert!(!prefers_http(&at(8080), &at(443)));
        assert!(!prefers_http(&[], &at(443)));
    }
}
