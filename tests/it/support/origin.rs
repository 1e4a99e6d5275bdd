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

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use sha2::{Digest, Sha256};
use socket2::{Domain, Socket, Type};
use tokio::time::Instant;

use super::{
    eventually,
    head::Head,
    line::{Ended, Line, Wire},
    script::{Script, Step, pattern},
};

/// How much of a body is kept as it came.
const KEPT: usize = 64 * 1024;

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
struct Shared {
    connections: Mutex<Vec<ConnectionSeen>>,
    scripts: Vec<Script>,
    started: AtomicU64,
    poured: AtomicU64,
    stop: AtomicBool,
    tls: Option<Arc<ServerConfig>>,
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
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
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

fn serve(socket: TcpStream, shared: &Arc<Shared>) {
    let wire = match &shared.tls {
        None => Wire::Plain(socket),
        Some(tls) => {
            let session = ServerConnection::new(Arc::clone(tls)).expect("a usable TLS config");
            Wire::Encrypted(Box::new(StreamOwned::new(session, socket)))
        }
    };
    let stop = Arc::clone(shared);
    let line = Line::new(wire, move || stop.stop.load(Ordering::Relaxed));
    let mut connections = shared.connections.lock().expect("no holder panics");
    let at = connections.len();
    connections.push(ConnectionSeen::default());
    drop(connections);
    let mut actor = Actor {
        line,
        at,
        shared: Arc::clone(shared),
    };
    if let Err(Some(ended)) = actor.perform() {
        actor.note(|seen| seen.ended = Some((ended, Instant::now())));
    }
    actor.leave();
    actor.note(|seen| seen.closed = true);
}

/// Plays the scripts on one connection. `Err(None)`: we ended it; `Err(Some(..))`: it ended.
struct Actor {
    line: Line,
    at: usize,
    shared: Arc<Shared>,
}

type Played = Result<(), Option<Ended>>;

impl Actor {
    fn perform(&mut self) -> Played {
        loop {
            let turn = self.shared.started.fetch_add(1, Ordering::Relaxed);
            let turn = usize::try_from(turn).expect("few requests");
            let script = self.shared.scripts.get(turn).or(self.shared.scripts.last());
            self.play(script.cloned().unwrap_or_default())?;
            // The next script starts with the next request, not with its connection's end.
            if self.line.unread.is_empty() {
                self.line.read_more()?;
            }
        }
    }

    fn play(&mut self, script: Script) -> Played {
        for step in script {
            self.step(step)?;
        }
        Ok(())
    }

    fn step(&mut self, step: Step) -> Played {
        match step {
            Step::ReadHead => self.read_head()?,
            Step::ReadBody => self.read_body()?,
            Step::ReadSome(count) => self.read_some(count)?,
            Step::Send(bytes) => self.line.write(&bytes)?,
            Step::Drip {
                piece,
                pause,
                times,
            } => self.drip(&piece, pause, times)?,
            Step::Pour(count) => self.pour(count)?,
            Step::WaitFor(gate) => {
                self.wait(|| gate.is_open_within(Duration::from_millis(20)))?;
            }
            Step::Ignore => self.wait(|| {
                std::thread::park_timeout(Duration::from_millis(20));
                false
            })?,
            Step::Hang => return Err(Some(self.line.read_to_end(&mut |_| ()))),
            Step::Echo => self.echo()?,
            Step::Close => return Err(None),
            Step::Reset => {
                self.leave().reset();
                return Err(None);
            }
            Step::Choose(choice) => {
                let script = self.last_request().map(|request| choice(&request));
                self.play(script.unwrap_or_default())?;
            }
        }
        Ok(())
    }

    /// Gives the connection away; dropping it closes it.
    fn leave(&mut self) -> Line {
        let unused = Wire::Plain(unused_socket());
        std::mem::replace(&mut self.line, Line::new(unused, || true))
    }

    fn read_head(&mut self) -> Result<(), Ended> {
        let raw_head = self.line.read_head()?;
        let head = Head::parse(&raw_head);
        let request = RequestSeen {
            raw_head,
            head,
            body: Vec::new(),
            body_length: 0,
            body_sha256: None,
            trailers: Head::default(),
        };
        self.note(|seen| seen.requests.push(request));
        Ok(())
    }

    fn read_body(&mut self) -> Result<(), Ended> {
        let Some(request) = self.last_request() else {
            return Ok(());
        };
        let (shared, at) = (Arc::clone(&self.shared), self.at);
        let mut hash = Sha256::new();
        let mut take = |piece: &[u8]| {
            hash.update(piece);
            keep(&shared, at, piece);
        };
        let trailers = if request.head.is_chunked() {
            self.line.read_chunks(&mut take)?
        } else {
            self.line
                .read_exactly(request.head.content_length().unwrap_or(0), &mut take)?;
            Head::default()
        };
        let hash = hash.finalize().to_vec();
        self.note(|seen| {
            if let Some(request) = seen.requests.last_mut() {
                request.body_sha256 = Some(hash);
                request.trailers = trailers;
            }
        });
        Ok(())
    }

    fn read_some(&mut self, count: u64) -> Result<(), Ended> {
        let (shared, at) = (Arc::clone(&self.shared), self.at);
        self.line
            .read_exactly(count, &mut |piece| keep(&shared, at, piece))
    }

    fn drip(&mut self, piece: &[u8], pause: Duration, times: usize) -> Result<(), Ended> {
        for _ in 0..times {
            let until = Instant::now() + pause;
            self.wait(|| {
                std::thread::park_timeout(Duration::from_millis(5).min(pause));
                Instant::now() >= until
            })?;
            self.line.write(piece)?;
        }
        Ok(())
    }

    fn pour(&mut self, count: u64) -> Result<(), Ended> {
        let block = pattern(251 * 256);
        let mut missing = count;
        while missing > 0 {
            let length = usize::try_from(missing)
                .unwrap_or(usize::MAX)
                .min(block.len());
            self.line.write(&block[..length])?;
            let written = u64::try_from(length).expect("a length is a number");
            missing -= written;
            self.shared.poured.fetch_add(written, Ordering::Relaxed);
        }
        Ok(())
    }

    fn echo(&mut self) -> Result<(), Ended> {
        loop {
            let bytes = std::mem::take(&mut self.line.unread);
            self.line.write(&bytes)?;
            if let Err(ended) = self.line.read_more() {
                self.line.finish_writing();
                return Err(ended);
            }
        }
    }

    /// Until `done`, or until the origin is dropped.
    fn wait(&self, mut done: impl FnMut() -> bool) -> Result<(), Ended> {
        while !done() {
            if self.shared.stop.load(Ordering::Relaxed) {
                return Err(Ended::GivenUp);
            }
        }
        Ok(())
    }

    fn last_request(&self) -> Option<RequestSeen> {
        let connections = self.shared.connections.lock().expect("no holder panics");
        connections
            .get(self.at)
            .and_then(|seen| seen.requests.last().cloned())
    }

    fn note(&self, write: impl FnOnce(&mut ConnectionSeen)) {
        let mut connections = self.shared.connections.lock().expect("no holder panics");
        if let Some(seen) = connections.get_mut(self.at) {
            write(seen);
        }
    }
}

/// A piece of the current request's body.
fn keep(shared: &Shared, at: usize, piece: &[u8]) {
    let mut connections = shared.connections.lock().expect("no holder panics");
    let Some(request) = connections
        .get_mut(at)
        .and_then(|seen| seen.requests.last_mut())
    else {
        return;
    };
    request.body_length += u64::try_from(piece.len()).expect("a length is a number");
    let room = KEPT.saturating_sub(request.body.len()).min(piece.len());
    request.body.extend_from_slice(&piece[..room]);
}

/// Stands in for a socket that was just given away.
fn unused_socket() -> TcpStream {
    Socket::new(Domain::IPV4, Type::STREAM, None)
        .expect("a socket")
        .into()
}
