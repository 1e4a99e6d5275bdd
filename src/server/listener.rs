//! Step 1 of the request's way: sockets, and the loop that accepts.
//!
//! Each worker has a socket of its own on each address (`SO_REUSEPORT`): the kernel spreads
//! connections, and no worker wakes another.

use std::{
    io,
    net::{SocketAddr, TcpListener as StdListener},
    pin::pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use futures_util::FutureExt;
use rustix::io::Errno;
use socket2::{Domain, Socket, TcpKeepalive, Type};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::OwnedSemaphorePermit,
    time::sleep,
};

use super::{
    connection,
    listening::Entrance,
    opening::Accepted,
    worker::{Accepting, Worker},
};

/// Connections the kernel keeps for us until they are accepted.
const BACKLOG: i32 = 4096;

/// How long accepting pauses when there are no descriptors left.
const PAUSE: Duration = Duration::from_millis(20);

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {hint}")]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    hint: &'static str,
    /// What the kernel said.
    #[source]
    pub source: io::Error,
}

impl BindError {
    pub(super) fn new(address: SocketAddr, source: io::Error) -> Self {
        Self {
            address,
            hint: hint(&source),
            source,
        }
    }
}

/// Binds one socket per worker, and says where: port 0 becomes the same free port for all.
///
/// # Errors
/// When the address is taken, not ours or not allowed.
pub fn bind(
    address: SocketAddr,
    workers: usize,
) -> Result<(SocketAddr, Vec<StdListener>), BindError> {
    let explain = |source| BindError::new(address, source);
    // Another process may share a port only by accident: ask without SO_REUSEPORT first.
    let alone = socket(address, false)
        .and_then(|socket| local_address(&socket))
        .map_err(explain)?;
    let sockets = (0..workers)
        .map(|_| {
            let socket = socket(alone, true)?;
            socket.listen(BACKLOG)?;
            Ok(socket.into())
        })
        .collect::<io::Result<Vec<StdListener>>>()
        .map_err(explain)?;
    Ok((alone, sockets))
}

fn socket(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if address.is_ipv6() {
        // `[::]` means IPv6: with IPv4 in it there could be no `0.0.0.0` of the same port beside it.
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    if shared {
        set_up(&socket)?;
    } else {
        // Only a listening socket is in the way of another one.
        socket.listen(1)?;
    }
    Ok(socket)
}

/// What accepted sockets inherit. Keep-alive probes find out about clients that vanished without a
/// word, which matters to tunnels and streams that are silent by nature.
pub(super) fn set_up(socket: &Socket) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(&keepalive())
}

/// First after a minute of silence, then every ten seconds.
pub(crate) fn keepalive() -> TcpKeepalive {
    TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(10))
        .with_retries(5)
}

fn local_address(socket: &Socket) -> io::Result<SocketAddr> {
    socket
        .local_addr()?
        .as_socket()
        .ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "the address is in use; stop the other program or choose another port"
        }
        io::ErrorKind::PermissionDenied => {
            "not allowed; ports below 1024 need the capability CAP_NET_BIND_SERVICE"
        }
        io::ErrorKind::AddrNotAvailable => "this machine does not have that address",
        _ => "the system refused",
    }
}

/// Accepts until the address is closed or draining begins, then takes what the kernel has accepted
/// already.
pub(super) async fn accept(accepting: Accepting, worker: Arc<Worker>) {
    let listener = match TcpListener::from_std(accepting.socket) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "a listener cannot be used");
            return;
        }
    };
    let entrance = accepting.entrance;
    let shared = Arc::clone(&worker.shared);
    let mut draining = pin!(shared.drain.begun.raised());
    let mut closed = pin!(accepting.closed.cancelled());
    let mut late = Vec::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut draining => break,
            () = &mut closed => break,
            accepted = listener.accept() => accepted,
        };
        let connection = match accepted {
            Ok(connection) => connection,
            Err(error) => {
                back_off(&error, &worker).await;
                continue;
            }
        };
        let place = tokio::select! {
            biased;
            place = place(&worker) => place,
            () = &mut draining => None,
            () = &mut closed => None,
        };
        match place {
            Some(place) => start(connection, entrance, place, &worker),
            None => {
                late.push(connection);
                break;
            }
        }
    }
    while let Some(Ok(connection)) = listener.accept().now_or_never() {
        late.push(connection);
    }
    // From here on nobody can connect; who has connected is served.
    drop(listener);
    for connection in late {
        if let Some(place) = place(&worker).await {
            start(connection, entrance, place, &worker);
        }
    }
}

/// A place for one more connection, as soon as there is one. Others wait in the kernel meanwhile.
async fn place(worker: &Worker) -> Option<OwnedSemaphorePermit> {
    // Never closed, so there always comes a place.
    Arc::clone(&worker.shared.places).acquire_owned().await.ok()
}

fn start(
    (stream, peer): (TcpStream, SocketAddr),
    entrance: Entrance,
    place: OwnedSemaphorePermit,
    worker: &Arc<Worker>,
) {
    let accepted = Accepted {
        stream,
        peer,
        entrance,
        place,
    };
    let serving = connection::serve(accepted, Arc::clone(worker));
    worker.shared.tasks.spawn_until_stopped(serving);
}

/// A connection that ended before it was accepted is no problem of ours; a lack of descriptors is,
/// and must not become a busy loop.
async fn back_off(error: &io::Error, worker: &Worker) {
    let ours = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    if ours
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
    {
        let before = worker
            .shared
            .telemetry
            .metrics
            .accept_errors
            .fetch_add(1, Relaxed);
        // Once, then every few seconds while it lasts.
        if before.is_multiple_of(256) {
            tracing::error!(
                %error,
                "no descriptors left for new connections; they wait. Raise the limit of open files"
            );
        }
        sleep(PAUSE).await;
    }
}
