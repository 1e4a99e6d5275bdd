//! Tells an origin who the client is before anything else is said: the PROXY header that each
//! connection to a target with `proxy_protocol = true` begins with, TLS included.
//!
//! Such a connection serves one request: the next may come from another client.

use std::net::SocketAddr;

use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{connect::Connector, forward::Sender, target::Target};
use crate::message::proxy_protocol::{Ends, write};

impl Connector {
    /// One that names the client of a request to targets that want to know.
    pub(super) fn naming(&self, sender: &Sender<'_>) -> Self {
        let mut connector = self.clone();
        connector.client = Some(ends(sender));
        connector
    }

    /// Sends the header, if the target wants one. Without a client the connection is our own.
    pub(super) async fn announce(
        &self,
        to: &Target,
        stream: &mut TcpStream,
    ) -> std::io::Result<()> {
        if to.spec.proxy_protocol {
            stream.write_all(&write(self.client)).await?;
        }
        Ok(())
    }
}

/// The ends of the client's own connection, as far as they are known.
fn ends(sender: &Sender<'_>) -> Ends {
    let (client, peer) = (sender.record.client(), sender.forwarder.peer());
    // Nobody names the port of a client behind a trusted proxy.
    let port = if client == peer.ip() { peer.port() } else { 0 };
    let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
    Ends {
        source: SocketAddr::new(client, port),
        destination: sender.record.connection().local().unwrap_or(unknown),
    }
}
