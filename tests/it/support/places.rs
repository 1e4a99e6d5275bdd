//! Addresses where no origin is, each in its own way. All of them are on the loopback.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

use socket2::{Domain, Socket, Type};

use super::eventually;

/// A port that refuses: bound, so that nobody else takes it, and not listening.
pub(crate) struct Refusing {
    pub(crate) address: SocketAddr,
    _socket: Socket,
}

impl Refusing {
    pub(crate) fn start() -> Self {
        Self::at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    pub(crate) fn at(address: SocketAddr) -> Self {
        let socket =
            Socket::new(Domain::for_address(address), Type::STREAM, None).expect("a socket");
        // Connections of an origin that was here may have to end first.
        eventually("a free port", || socket.bind(&address.into()).ok());
        let address = socket
            .local_addr()
            .ok()
            .and_then(|address| address.as_socket());
        Self {
            address: address.expect("a bound socket has an address"),
            _socket: socket,
        }
    }
}

/// A port that swallows: its queue of waiting connections is full, so the kernel drops more.
pub(crate) struct Swallowing {
    pub(crate) address: SocketAddr,
    _listener: TcpListener,
    _waiting: Vec<TcpStream>,
}

impl Swallowing {
    pub(crate) fn start() -> Self {
        Self::at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    pub(crate) fn at(address: SocketAddr) -> Self {
        let socket =
            Socket::new(Domain::for_address(address), Type::STREAM, None).expect("a socket");
        socket.bind(&address.into()).expect("a free port");
        socket.listen(0).expect("a bound socket listens");
        let listener = TcpListener::from(socket);
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let mut waiting = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
            waiting.push(stream);
            assert!(
                waiting.len() < 64,
                "the kernel queues more connections than it was told"
            );
        }
        Self {
            address,
            _listener: listener,
            _waiting: waiting,
        }
    }
}

/// An address the kernel has no way to for TCP: the loopback's broadcast address. Connecting there
/// fails with ENETUNREACH on every Linux, without any right to change routes.
pub(crate) fn unroutable() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::new(127, 255, 255, 255), 80))
}
