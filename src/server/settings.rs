//! What a client connection is served with, as the configuration was when it came.

use std::{net::SocketAddr, time::Duration};

use ipnet::IpNet;

use super::{guard::Limits, worker::Worker};
use crate::config::spec::ProcessSpec;

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
            trusted: process.trusted_proxies.clone(),
            is_announced: listed.any(|range| range.contains(&address)),
            names_clients: runtime.names_clients,
        }
    }
}

/// A target takes at most half of the room for a head. RFC 9112 section 3 asks for at least 8000
/// octets.
pub(super) fn longest_target(process: &ProcessSpec) -> usize {
    (process.clients.head_size / 2).max(8000)
}
