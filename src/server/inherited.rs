//! Sockets that a service manager has opened for us and handed over (socket activation,
//! `sd_listen_fds(3)`): each is taken where its address would have been bound.
//!
//! They go by address, not by name, so that the configuration reads the same with and without
//! them. The service manager keeps each open over a restart: who connects in between waits.

use std::{
    cell::Cell,
    io,
    net::{SocketAddr, TcpListener as StdListener},
    os::fd::OwnedFd,
};

use socket2::{Socket, Type};

use super::listener::{self, BindError};

/// Why what was handed over is of no use.
#[derive(Debug, thiserror::Error)]
pub enum InheritError {
    /// `LISTEN_FDS` or `LISTEN_PID` is wrong, or a descriptor is not open.
    #[error("LISTEN_FDS and what the service manager handed over do not fit together")]
    Descriptors(#[source] io::Error),
    /// Not a listening TCP socket.
    #[error("socket {position} that the service manager handed over does not listen for TCP")]
    Kind {
        /// Counted from 1, as in the socket unit.
        position: usize,
    },
    /// Nothing would accept there, and clients would wait for ever.
    #[error(
        "the service manager handed over a socket for {0}, an address that no key names; \
         configure it, or take it out of the socket unit"
    )]
    Unclaimed(SocketAddr),
}

/// The sockets, by their address.
#[derive(Debug, Default)]
pub struct Inherited {
    sockets: Vec<Handed>,
}

#[derive(Debug)]
struct Handed {
    address: SocketAddr,
    socket: Socket,
    claimed: Cell<bool>,
}

impl Inherited {
    /// What was handed to this process; nothing in most cases. To be called once.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn from_environment() -> Result<Self, InheritError> {
        // Looks at each descriptor and keeps it from child processes.
        drop(sd_notify::listen_fds().map_err(InheritError::Descriptors)?);
        let handed = sd_listen_fds::get()
            .map_err(|error| InheritError::Descriptors(io::Error::other(error)))?;
        let sockets = (1..)
            .zip(handed)
            .map(|(position, (_, descriptor))| {
                accepted(descriptor.into_std()).ok_or(InheritError::Kind { position })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { sockets })
    }

    /// One socket per worker for this address: the one that was handed over, else bound as in
    /// [`listener::bind`].
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn bind(
        &self,
        address: SocketAddr,
        workers: usize,
    ) -> Result<(SocketAddr, Vec<StdListener>), BindError> {
        let Some(handed) = self.sockets.iter().find(|one| one.address == address) else {
            return listener::bind(address, workers);
        };
        handed.claimed.set(true);
        let sockets = (0..workers)
            .map(|_| handed.socket.try_clone().map(StdListener::from))
            .collect::<io::Result<_>>()
            .map_err(|source| BindError::new(address, source))?;
        Ok((address, sockets))
    }

    /// Whether it was handed over.
    #[must_use]
    pub fn has(&self, address: SocketAddr) -> bool {
        self.sockets.iter().any(|one| one.address == address)
    }

    /// To be asked once everything that is configured has been bound.
    ///
    /// # Errors
    /// When there is a socket that nothing asked for.
    pub fn all_claimed(&self) -> Result<(), InheritError> {
        match self.sockets.iter().find(|one| !one.claimed.get()) {
            None => Ok(()),
            Some(one) => Err(InheritError::Unclaimed(one.address)),
        }
    }
}

/// A listening TCP socket, set up as our own are.
fn accepted(descriptor: OwnedFd) -> Option<Handed> {
    let socket = Socket::from(descriptor);
    let listens = socket.r#type().ok()? == Type::STREAM && socket.is_listener().ok()?;
    let address = socket.local_addr().ok()?.as_socket()?;
    listener::set_up(&socket).ok()?;
    socket.set_nonblocking(true).ok()?;
    listens.then_some(Handed {
        address,
        socket,
        claimed: Cell::new(false),
    })
}
