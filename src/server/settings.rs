//! What a client connection is served with, as the configuration was when it came, and whether it
//! is served at all.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroUsize,
    sync::atomic::Ordering::Relaxed,
    time::Duration,
};

use ipnet::IpNet;
use tokio::sync::OwnedSemaphorePermit;

use super::{guard::Limits, worker::Worker};
use crate::{
    config::spec::{ClientsSpec, ProcessSpec},
    telemetry::connection::{Bounds, Place},
};

/// After so long without a request an HTTP/1 connection is put to rest: hyper and its buffers are
/// let go, only the socket stays.
const REST: Duration = Duration::from_millis(500);

/// For one connection.
pub(super) struct Settings {
    pub(super) limits: Limits,
    pub(super) handshake: Duration,
    pub(super) head_size: usize,
    pub(super) head_fields: usize,
    pub(super) longest_target: usize,
    /// Streams at once on an HTTP/2 connection.
    pub(super) streams: u32,
    per_address: Option<NonZeroUsize>,
    bounds: Bounds,
    pub(super) trusted: Vec<IpNet>,
    /// Whether it begins with a PROXY header.
    pub(super) is_announced: bool,
    /// Whether an upstream is told who its clients are, and where they connected to.
    pub(super) names_clients: bool,
}

impl Settings {
    /// For a connection of this peer.
    pub(super) fn of(worker: &Worker, peer: SocketAddr) -> Self {
        let runtime = worker.shared.runtime.load();
        let process = &runtime.config.process;
        let address = peer.ip().to_canonical();
        let mut listed = process.proxy_protocol.iter();
        Self {
            limits: Limits {
                head: process.clients.head_timeout,
                idle: process.clients.idle_timeout,
                rest: Some(REST),
            },
            handshake: process.clients.handshake_timeout,
            head_size: process.clients.head_size,
            head_fields: process.clients.head_fields,
            longest_target: longest_target(process),
            streams: process.clients.streams,
            per_address: process.clients.connections_per_address,
            bounds: bounds(&process.clients),
            trusted: process.trusted_proxies.clone(),
            is_announced: listed.any(|range| range.contains(&address)),
            names_clients: runtime.names_clients,
        }
    }

    /// The place of a connection, unless its address has too many. A proxy we trust speaks for
    /// many.
    pub(super) fn admit(
        &self,
        peer: SocketAddr,
        among_all: OwnedSemaphorePermit,
        worker: &Worker,
    ) -> Option<Place> {
        let address = peer.ip().to_canonical();
        let is_trusted = self.trusted.iter().any(|net| net.contains(&address));
        let among_its_own = if is_trusted {
            None
        } else {
            let seat = worker.shared.addresses.enter(address, self.per_address);
            if seat.is_none() {
                turned_away(address, worker);
            }
            Some(seat?)
        };
        Some(Place {
            among_all,
            among_its_own,
            bounds: self.bounds,
        })
    }
}

fn bounds(clients: &ClientsSpec) -> Bounds {
    let requests = clients.requests_per_connection;
    let requests = requests.and_then(|most| u64::try_from(most.get()).ok());
    Bounds {
        requests: requests.unwrap_or(u64::MAX),
        body_timeout: clients.body_timeout,
        body_rate: clients.body_rate,
    }
}

/// A connection is closed unheard: what speaks there would only ask again if it were told why.
fn turned_away(address: IpAddr, worker: &Worker) {
    let refused = &worker.shared.telemetry.metrics.connections_refused;
    // Once, then now and then while it lasts.
    if refused.fetch_add(1, Relaxed).is_multiple_of(256) {
        tracing::warn!(
            %address,
            "one address has too many connections; more are closed. If it is a proxy of yours, \
             name it in trusted_proxies, else see connections_per_address in [clients]"
        );
    }
}

/// A target takes at most half of the room for a head. RFC 9112 section 3 asks for at least 8000
/// octets.
pub(super) fn longest_target(process: &ProcessSpec) -> usize {
    (process.clients.head_size / 2).max(8000)
}
