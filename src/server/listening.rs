//! Which addresses clients are served on, and how that changes with a reload: new ones are bound
//! before anything else happens, so that a reload that cannot have them changes nothing.

use std::net::{SocketAddr, TcpListener};

use tokio_util::sync::CancellationToken;

use super::{
    inherited::{InheritError, Inherited},
    listener::BindError,
    worker::{Accepting, WorkerHandle},
};
use crate::config::spec::ProcessSpec;

/// How clients come in at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entrance {
    /// As they are.
    Plain,
    /// Encrypted.
    Tls,
}

impl Entrance {
    /// Every address of a configuration, with how clients come in there.
    fn all(process: &ProcessSpec) -> Vec<(Self, SocketAddr)> {
        let plain = process.listen.iter().map(|at| (Self::Plain, *at));
        let tls = process.listen_tls.iter().map(|at| (Self::Tls, *at));
        plain.chain(tls).collect()
    }

    /// The name in the log.
    const fn role(self) -> &'static str {
        match self {
            Self::Plain => "clients",
            Self::Tls => "clients_tls",
        }
    }
}

/// The addresses in use.
pub struct Listening {
    inherited: Inherited,
    open: Vec<Open>,
}

struct Open {
    configured: (Entrance, SocketAddr),
    bound: SocketAddr,
    closed: CancellationToken,
}

/// Sockets that are bound, but not served yet.
pub struct Prepared {
    configured: Vec<(Entrance, SocketAddr)>,
    new: Vec<((Entrance, SocketAddr), SocketAddr, Vec<TcpListener>)>,
}

impl Listening {
    /// No address yet; those handed over are taken where they are configured.
    #[must_use]
    pub const fn new(inherited: Inherited) -> Self {
        Self {
            inherited,
            open: Vec::new(),
        }
    }

    /// Binds one address that is no client's.
    ///
    /// # Errors
    /// When it cannot be had.
    pub fn bind_aside(
        &self,
        address: SocketAddr,
    ) -> Result<(SocketAddr, Vec<TcpListener>), BindError> {
        self.inherited.bind(address, 1)
    }

    /// See [`Inherited::all_claimed`].
    ///
    /// # Errors
    /// When there is a socket that nothing asked for.
    pub fn all_claimed(&self) -> Result<(), InheritError> {
        self.inherited.all_claimed()
    }

    /// Binds what is configured and not in use yet.
    ///
    /// # Errors
    /// When one address cannot be had; then none is kept.
    pub fn prepare(&self, process: &ProcessSpec, workers: usize) -> Result<Prepared, BindError> {
        let configured = Entrance::all(process);
        let is_open = |one: &(Entrance, SocketAddr)| self.open.iter().any(|o| o.configured == *one);
        let new = configured
            .iter()
            .filter(|one| !is_open(one))
            .map(|one| {
                let (bound, sockets) = self.inherited.bind(one.1, workers)?;
                Ok((*one, bound, sockets))
            })
            .collect::<Result<_, _>>()?;
        Ok(Prepared { configured, new })
    }

    /// Serves the new addresses and closes those that are no longer configured. Connections that
    /// came in through a closed one live on.
    pub fn apply(&mut self, prepared: Prepared, workers: &[WorkerHandle]) {
        let Prepared { configured, new } = prepared;
        self.open.retain(|open| {
            let stays = configured.contains(&open.configured);
            if !stays {
                let role = open.configured.0.role();
                tracing::info!(role, address = %open.bound, "no longer listening");
                if self.inherited.has(open.bound) {
                    tracing::warn!(
                        address = %open.bound,
                        "the service manager still holds this address: who connects there waits; \
                         stop its socket unit"
                    );
                }
                open.closed.cancel();
            }
            stays
        });
        for (configured, bound, sockets) in new {
            let closed = CancellationToken::new();
            for (worker, socket) in workers.iter().zip(sockets) {
                worker.accept(Accepting {
                    socket,
                    entrance: configured.0,
                    closed: closed.clone(),
                });
            }
            let role = configured.0.role();
            tracing::info!(role, address = %bound, "listening");
            self.open.push(Open {
                configured,
                bound,
                closed,
            });
        }
    }

    /// The addresses clients can connect to without encryption, with real ports.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let plain = |open: &&Open| open.configured.0 == Entrance::Plain;
        let open = self.open.iter().filter(plain);
        open.map(|open| open.bound).collect()
    }
}
