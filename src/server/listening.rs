//! Which addresses clients are served on, and how that changes with a reload: new ones are bound
//! before anything else happens, so that a reload that cannot have them changes nothing.

use std::net::{SocketAddr, TcpListener};

use tokio_util::sync::CancellationToken;

use super::{
    listener::{self, BindError},
    worker::{Accepting, WorkerHandle},
};

/// The addresses in use.
#[derive(Default)]
pub struct Listening {
    open: Vec<Open>,
}

struct Open {
    configured: SocketAddr,
    bound: SocketAddr,
    closed: CancellationToken,
}

/// Sockets that are bound, but not served yet.
pub struct Prepared {
    configured: Vec<SocketAddr>,
    new: Vec<(SocketAddr, SocketAddr, Vec<TcpListener>)>,
}

impl Listening {
    /// Binds what is configured and not in use yet.
    ///
    /// # Errors
    /// When one address cannot be had; then none is kept.
    pub fn prepare(
        &self,
        configured: &[SocketAddr],
        workers: usize,
    ) -> Result<Prepared, BindError> {
        let is_open = |address: &SocketAddr| self.open.iter().any(|o| o.configured == *address);
        let new = configured
            .iter()
            .filter(|address| !is_open(address))
            .map(|address| {
                let (bound, sockets) = listener::bind(*address, workers)?;
                Ok((*address, bound, sockets))
            })
            .collect::<Result<_, _>>()?;
        Ok(Prepared {
            configured: configured.to_vec(),
            new,
        })
    }

    /// Serves the new addresses and closes those that are no longer configured. Connections that
    /// came in through a closed one live on.
    pub fn apply(&mut self, prepared: Prepared, workers: &[WorkerHandle]) {
        let Prepared { configured, new } = prepared;
        self.open.retain(|open| {
            let stays = configured.contains(&open.configured);
            if !stays {
                tracing::info!(role = "clients", address = %open.bound, "no longer listening");
                open.closed.cancel();
            }
            stays
        });
        for (configured, bound, sockets) in new {
            let closed = CancellationToken::new();
            for (worker, socket) in workers.iter().zip(sockets) {
                worker.accept(Accepting {
                    socket,
                    closed: closed.clone(),
                });
            }
            tracing::info!(role = "clients", address = %bound, "listening");
            self.open.push(Open {
                configured,
                bound,
                closed,
            });
        }
    }

    /// The addresses clients can connect to, with real ports.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.open.iter().map(|open| open.bound).collect()
    }
}
