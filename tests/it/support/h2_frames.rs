//! An origin that knows just enough of HTTP/2 to lie in it: frames, and no more.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

const HEADERS: u8 = 1;
const PREFACE: usize = 24;

/// A frame of RFC 9113 section 4.1.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a small frame");
    let mut bytes = length.to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The settings of a server that has no wishes.
pub(crate) fn settings() -> Vec<u8> {
    frame(4, 0, 0, &[])
}

/// A 200, and a body to follow.
pub(crate) fn head(stream: u32) -> Vec<u8> {
    frame(HEADERS, 4, stream, &[0x88])
}

/// RST_STREAM for a reason.
pub(crate) fn reset(stream: u32, reason: u32) -> Vec<u8> {
    frame(3, 0, stream, &reason.to_be_bytes())
}

/// GOAWAY: streams up to `last` are looked at.
pub(crate) fn goaway(last: u32, reason: u32) -> Vec<u8> {
    frame(
        7,
        0,
        0,
        &[last.to_be_bytes(), reason.to_be_bytes()].concat(),
    )
}

type Reply = dyn Fn(u32) -> (Vec<u8>, bool) + Send + Sync;

/// Says its greeting, and to the head of each request what `reply` makes of its stream; closes
/// after that if told so.
pub(crate) struct Liar {
    pub(crate) address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Liar {
    pub(crate) fn start(
        greeting: Vec<u8>,
        reply: impl Fn(u32) -> (Vec<u8>, bool) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let stop = Arc::new(AtomicBool::new(false));
        let reply: Arc<Reply> = Arc::new(reply);
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut threads = Vec::new();
            while let Ok((socket, _)) = listener.accept() {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                let (greeting, reply) = (greeting.clone(), Arc::clone(&reply));
                let stopped = Arc::clone(&stopped);
                threads.push(std::thread::spawn(move || {
                    // However it ends, it has ended.
                    let _ = converse(socket, &greeting, &*reply, &stopped);
                }));
            }
            for thread in threads {
                thread.join().expect("the origin does not panic");
            }
        });
        Self {
            address,
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the origin does not panic");
        }
    }
}

fn converse(
    mut socket: TcpStream,
    greeting: &[u8],
    reply: &Reply,
    stopped: &AtomicBool,
) -> std::io::Result<()> {
    socket.set_read_timeout(Some(Duration::from_millis(20)))?;
    socket.write_all(greeting)?;
    read(&mut socket, PREFACE, stopped)?;
    loop {
        let head = read(&mut socket, 9, stopped)?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        read(&mut socket, length, stopped)?;
        if head[3] == HEADERS {
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            let (bytes, closes) = reply(stream);
            socket.write_all(&bytes)?;
            if closes {
                socket.shutdown(Shutdown::Write)?;
                // What is unread at the close would turn it into a reset.
                while read(&mut socket, 1, stopped).is_ok() {}
                return Ok(());
            }
        }
    }
}

/// Exactly so many bytes, unless the origin is to stop.
fn read(socket: &mut TcpStream, count: usize, stopped: &AtomicBool) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    let mut read = 0;
    while read < count {
        match socket.read(&mut bytes[read..]) {
            Ok(0) => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            Ok(more) => read += more,
            Err(error)
                if error.kind() == std::io::ErrorKind::WouldBlock
                    && !stopped.load(Ordering::Relaxed) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}
