//! The program behind the proxy: does what its script says and remembers what it saw.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use rustls::ServerConfig;
use socket2::{Domain, Socket, Type};
use tokio::time::Instant;

use super::{actor::serve, eventually, head::Head, line::Ended, script::Script};

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct RequestSeen {
    pub(crate) raw_head: Vec<u8>,
    pub(crate) head: Head,
    /// The beginning of the body.
    pub(crate) body: Vec<u8>,
    pub(crate) body_length: u64,
    /// Of the whole body, once it is complete.
    pub(crate) body_sha256: Option<Vec<u8>>,
    pub(crate) trailers: Head,
}

impl RequestSeen {
    pub(crate) fn method(&self) -> &str {
        self.head.first_line.split(' ').next().unwrap_or_default()
    }

    pub(crate) fn target(&self) -> &str {
        self.head.first_line.split(' ').nth(1).unwrap_or_default()
    }

    pub(crate) fn path(&self) -> &str {
        self.target().split('?').next().unwrap_or_default()
    }
}

/// One connection as it went.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConnectionSeen {
    pub(crate) requests: Vec<RequestSeen>,
    /// How the peer ended it, and when; `None` while it is open or when we ended it.
    pub(crate) ended: Option<(Ended, Instant)>,
    /// Whether it is gone on our side too, socket and all.
    pub(crate) closed: bool,
}

/// What all connections share.
pub(super) struct Shared {
    pub(super) connections: Mutex<Vec<ConnectionSeen>>,
    pub(super) scripts: Vec<Script>,
    pub(super) started: AtomicU64,
    pub(super) poured: AtomicU64,
    pub(super) stop: AtomicBool,
    pub(super) tls: Option<Arc<ServerConfig>>,
}

/// A listening origin; dropping it ends all its connections.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl Origin {
    /// Does the same for every request.
    pub(crate) fn always(script: Script) -> Self {
        Self::in_turn(vec![script])
    }

    /// Does one script after the other, over all connections; the last one from then on.
    pub(crate) fn in_turn(scripts: Vec<Script>) -> Self {
        Self::build(loopback(), scripts, None)
    }

    /// Listens at this address.
    pub(crate) fn at(address: SocketAddr, script: Script) -> Self {
        Self::build(address, vec![script], None)
    }

    /// Behind TLS.
    pub(crate) fn encrypted(tls: Arc<ServerConfig>, script: Script) -> Self {
        Self::build(loopback(), vec![script], Some(tls))
    }

    fn build(address: SocketAddr, scripts: Vec<Script>, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = listen(address);
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let shared = Arc::new(Shared {
            connections: Mutex::default(),
            scripts,
            started: AtomicU64::new(0),
            poured: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            tls,
        });
        let seen = Arc::clone(&shared);
        let acceptor = std::thread::spawn(move || accept(&listener, &seen));
        Self {
            address,
            shared,
            acceptor: Some(acceptor),
        }
    }

    /// As an upstream is configured.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.shared.tls.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}", self.address)
    }

    pub(crate) fn connections(&self) -> Vec<ConnectionSeen> {
        self.shared
            .connections
            .lock()
            .expect("no holder panics")
            .clone()
    }

    /// Every request on any connection, by connection and then by time.
    pub(crate) fn requests(&self) -> Vec<RequestSeen> {
        self.connections()
            .into_iter()
            .flat_map(|connection| connection.requests)
            .collect()
    }

    /// The first request for this target, as soon as its head is there.
    pub(crate) fn request(&self, target: &str) -> RequestSeen {
        eventually(&format!("the origin sees {target}"), || {
            self.requests()
                .into_iter()
                .find(|request| request.target() == target)
        })
    }

    /// The first request for this target, once its body is complete.
    pub(crate) fn complete_request(&self, target: &str) -> RequestSeen {
        eventually(&format!("the origin sees all of {target}"), || {
            let mut requests = self.requests().into_iter();
            requests.find(|seen| seen.target() == target && seen.body_sha256.is_some())
        })
    }

    /// How many bytes all `Pour` steps have got rid of.
    pub(crate) fn poured(&self) -> u64 {
        self.shared.poured.load(Ordering::Relaxed)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Wakes the acceptor; if that fails, the listener is gone already.
        drop(TcpStream::connect_timeout(
            &self.address,
            Duration::from_secs(1),
        ));
        if let Some(acceptor) = self.acceptor.take() {
            drop(acceptor.join());
        }
    }
}

fn loopback() -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)
}

/// Small receive buffers, so that an origin that does not read is felt soon.
fn listen(address: SocketAddr) -> TcpListener {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).expect("a socket");
    socket
        .set_reuse_address(true)
        .expect("an option every socket has");
    socket
        .set_recv_buffer_size(64 * 1024)
        .expect("an option every socket has");
    socket.bind(&address.into()).expect("a free port");
    socket.listen(1024).expect("a bound socket listens");
    socket.into()
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut serving = Vec::new();
    for socket in listener.incoming() {
        if shared.stop.load(Ordering::Relaxed) {
            break;
        }
        let Ok(socket) = socket else { continue };
        let shared = Arc::clone(shared);
        serving.push(std::thread::spawn(move || serve(socket, &shared)));
    }
    for thread in serving {
        drop(thread.join());
    }
}
