//! Load on many kept connections at once, and an origin that bears it. Both cost little themselves,
//! so that what is measured is the proxy.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener as StdListener},
    thread::JoinHandle,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    sync::oneshot,
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};

use super::{
    head::{Head, end_of_head},
    script::response,
};

/// Connections that ask at the same time.
pub(crate) const CONNECTIONS: usize = 64;

/// Enough for all requests of a run through a proxy that is slowed down fifty times.
const LONG: Duration = Duration::from_secs(120);

/// As a browser asks, in five fields.
const REQUEST: &[u8] = b"GET /load HTTP/1.1\r\nHost: shop.test\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) load\r\n\
    Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\n\
    Accept-Language: en-GB,en;q=0.7\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n";

/// Besides `Content-Length`.
const FIELDS: [&str; 8] = [
    "Content-Type: text/html; charset=utf-8",
    "Server: quick",
    "Cache-Control: private, max-age=0",
    "ETag: \"5f3c-61a2b7\"",
    "Last-Modified: Sun, 01 Nov 2026 10:00:00 GMT",
    "Vary: accept-encoding",
    "X-Content-Type-Options: nosniff",
    "Date: Sun, 01 Nov 2026 12:00:00 GMT",
];

/// Answers 1 KiB to whatever asks, on as many kept connections as come. Ends when dropped.
pub(crate) struct QuickOrigin {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl QuickOrigin {
    pub(crate) fn start() -> Self {
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        listener
            .set_nonblocking(true)
            .expect("an option every socket has");
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            runtime().block_on(async {
                tokio::select! {
                    () = accept(listener) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for QuickOrigin {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

async fn accept(listener: StdListener) {
    let listener = TcpListener::from_std(listener).expect("a listener that does not block");
    let answer: &[u8] = Vec::leak(response("200 OK", &FIELDS, &[b'x'; 1024]));
    let mut connections = JoinSet::new();
    while let Ok((mut socket, _)) = listener.accept().await {
        connections.spawn(async move {
            let mut unread = Vec::with_capacity(4096);
            while let Some(end) = next_head(&mut socket, &mut unread).await {
                unread.drain(..end);
                if socket.write_all(answer).await.is_err() {
                    break;
                }
            }
        });
    }
}

/// One answer to the load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    /// From the request to the answer's first byte.
    pub(crate) first_byte: Duration,
}

/// Opens all connections, then asks on all at once: on each, `rounds` requests one after the other,
/// as fast as they are answered.
pub(crate) fn ask_in_rounds(address: SocketAddr, rounds: usize) -> Vec<Answered> {
    ask(address, rounds, Duration::ZERO)
}

/// As [`ask_in_rounds`], with a request on each connection once per period at most: the connections
/// take turns, and no request waits for one before it.
pub(crate) fn ask_in_turns(address: SocketAddr, rounds: usize, period: Duration) -> Vec<Answered> {
    ask(address, rounds, period)
}

fn ask(address: SocketAddr, rounds: usize, period: Duration) -> Vec<Answered> {
    runtime().block_on(async {
        let mut sockets = Vec::new();
        for _ in 0..CONNECTIONS {
            let socket = TcpStream::connect(address)
                .await
                .expect("the proxy accepts");
            socket
                .set_nodelay(true)
                .expect("an option every socket has");
            sockets.push(socket);
        }
        let (begin, apart) = (
            Instant::now(),
            period / u32::try_from(CONNECTIONS).expect("few connections"),
        );
        let asking: JoinSet<_> = (0_u32..)
            .zip(sockets)
            .map(|(at, socket)| ask_on(socket, rounds, (begin + apart * at, period)))
            .collect();
        let answers = timeout(LONG, asking.join_all()).await;
        answers.expect("answers in time").concat()
    })
}

async fn ask_on(
    mut socket: TcpStream,
    rounds: usize,
    (begin, period): (Instant, Duration),
) -> Vec<Answered> {
    let mut answers = Vec::with_capacity(rounds);
    let mut unread = Vec::with_capacity(32 * 1024);
    let mut shape = Shape::default();
    let mut turn = begin;
    for _ in 0..rounds {
        if !period.is_zero() {
            sleep_until(turn).await;
            turn += period;
        }
        let asked = Instant::now();
        socket.write_all(REQUEST).await.expect("an open connection");
        read_some(&mut socket, &mut unread).await;
        let first_byte = asked.elapsed();
        while unread.len() < shape.length {
            read_some(&mut socket, &mut unread).await;
        }
        if !shape.fits(&unread) {
            shape = read_answer(&mut socket, &mut unread).await;
        }
        unread.clear();
        answers.push(Answered {
            status: shape.status,
            first_byte,
        });
    }
    answers
}

async fn read_some(socket: &mut TcpStream, unread: &mut Vec<u8>) {
    let read = socket.read_buf(unread).await;
    assert!(read.is_ok_and(|count| count > 0), "a kept connection");
}

/// What an answer looks like. The next one mostly looks the same: then it need not be taken apart,
/// which would take longer than answering.
#[derive(Default)]
struct Shape {
    first_line: Vec<u8>,
    status: u16,
    head: usize,
    length: usize,
}

impl Shape {
    fn fits(&self, answer: &[u8]) -> bool {
        answer.len() == self.length
            && answer.starts_with(&self.first_line)
            && answer[..self.head].ends_with(b"\r\n\r\n")
    }
}

/// Reads an answer to its end.
async fn read_answer(socket: &mut TcpStream, unread: &mut Vec<u8>) -> Shape {
    let end = next_head(socket, unread).await.expect("a whole head");
    let head = Head::parse(&unread[..end]);
    let body = head.content_length().expect("a declared length");
    let length = end + usize::try_from(body).expect("a length that fits into memory");
    while unread.len() < length {
        read_some(socket, unread).await;
    }
    assert_eq!(unread.len(), length, "nothing but the answer");
    Shape {
        status: head.status(),
        first_line: head.first_line.into_bytes(),
        head: end,
        length,
    }
}

/// Where the next head ends, as soon as it is there. `None`: the connection ended.
async fn next_head(socket: &mut TcpStream, unread: &mut Vec<u8>) -> Option<usize> {
    loop {
        if let Some(end) = end_of_head(unread) {
            return Some(end);
        }
        if socket.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}
