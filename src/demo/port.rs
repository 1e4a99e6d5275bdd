//! The demo origin's port, which stays its own while nobody listens there.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener as StdListener},
};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::net::TcpListener;

/// Pending connections that the kernel keeps for a listener.
const BACKLOG: i32 = 256;

/// A port on loopback, held by a socket that is bound and never listens: connections are refused,
/// yet no other program is given the port.
pub(super) struct Port {
    address: SocketAddr,
    _reservation: Socket,
}

impl Port {
    /// Takes a free port.
    pub(super) fn reserve() -> io::Result<Self> {
        let reservation = socket((Ipv4Addr::LOCALHOST, 0).into())?;
        let address = reservation
            .local_addr()?
            .as_socket()
            .ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))?;
        Ok(Self {
            address,
            _reservation: reservation,
        })
    }

    /// The address that is proxied.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Listens beside the reservation until the listener is dropped.
    pub(super) fn listen(&self) -> io::Result<TcpListener> {
        let socket = socket(self.address)?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        TcpListener::from_std(StdListener::from(socket))
    }
}

/// Bound, not yet listening. `SO_REUSEPORT` lets a listener be bound beside the reservation, and
/// beside what is left of closed connections; a socket that does not listen is given no
/// connections. `SO_REUSEADDR` must stay off: with it on a socket that does not listen, Linux would
/// give the port to anyone who sets it too, as nearly every server does.
fn socket(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_port(true)?;
    socket.bind(&SockAddr::from(address))?;
    Ok(socket)
}
