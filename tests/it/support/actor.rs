//! One connection of an origin: plays the script, notes what it sees.

use std::{
    net::TcpStream,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use rustls::{ServerConnection, StreamOwned};
use sha2::{Digest, Sha256};
use socket2::{Domain, Socket, Type};
use tokio::time::Instant;

use super::{
    head::Head,
    line::{Ended, Line, Wire},
    origin::{ConnectionSeen, RequestSeen, Shared},
    script::{Script, Step, pattern},
};

/// How much of a body is kept as it came.
const KEPT: usize = 64 * 1024;

/// Serves one connection to its end.
pub(super) fn serve(socket: TcpStream, shared: &Arc<Shared>) {
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
