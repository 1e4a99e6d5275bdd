//! Origins that close a connection just when the next request is sent on it.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr, TcpListener as StdListener},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::timeout,
};

use crate::support::{
    at_once,
    head::{Head, end_of_head},
    proxy::{Proxy, Setup, catch_all},
    script::ok,
};

/// How often each request was acted on.
type Acted = Arc<Mutex<HashMap<String, usize>>>;

/// Acts on what it has read whole, and closes each connection after a pause of up to two
/// milliseconds, now before and now after the next request has come.
struct Impatient {
    address: SocketAddr,
    acted: Acted,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Impatient {
    fn start(seed: u64) -> Self {
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        listener
            .set_nonblocking(true)
            .expect("an option of every socket");
        let (stop, stopped) = oneshot::channel();
        let acted = Acted::default();
        let seen = Arc::clone(&acted);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(async {
                tokio::select! {
                    () = accept(listener, seed, seen) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address,
            acted,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    fn acted(&self) -> HashMap<String, usize> {
        self.acted.lock().expect("no holder panics").clone()
    }
}

impl Drop for Impatient {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

async fn accept(listener: StdListener, seed: u64, acted: Acted) {
    let listener = TcpListener::from_std(listener).expect("a listener that does not block");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        connections.spawn(serve(socket, random.fork(), Arc::clone(&acted)));
    }
}

async fn serve(mut socket: TcpStream, mut random: fastrand::Rng, acted: Acted) {
    let mut unread = Vec::new();
    let mut patience = Duration::from_secs(20);
    loop {
        match timeout(patience, read_request(&mut socket, &mut unread)).await {
            Ok(Some(target)) => {
                let mut acted = acted.lock().expect("no holder panics");
                *acted.entry(target).or_default() += 1;
            }
            Ok(None) | Err(_) => return,
        }
        if socket.write_all(&ok("done")).await.is_err() {
            return;
        }
        patience = Duration::from_micros(random.u64(..2000));
    }
}

/// The method and target of a request that has come with all of its body.
async fn read_request(socket: &mut TcpStream, unread: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = end_of_head(unread) {
            let head = Head::parse(&unread[..end]);
            let length = usize::try_from(head.content_length().unwrap_or(0)).ok()?;
            if unread.len() >= end + length {
                unread.drain(..end + length);
                let mut words = head.first_line.split(' ');
                return Some(format!("{} {}", words.next()?, words.next()?));
            }
        }
        if socket.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    }
}

const CLIENTS: usize = 8;
const ROUNDS: usize = 250;
/// Requests on one connection to the proxy.
const TOGETHER: usize = 25;

fn before(origin: &Impatient) -> Proxy {
    let site = catch_all(&format!("http://{}", origin.address), "");
    Setup::new("[log]\naccess = \"off\"\n")
        .site("shop", &site)
        .start()
}

/// Asks on a few connections, one request after the other. The statuses, by target.
fn ask(proxy: &Proxy, request: impl Fn(&str) -> String + Sync) -> Vec<(String, u16)> {
    let answers = at_once(CLIENTS, |client| {
        let mut connection = proxy.client();
        let mut random = fastrand::Rng::with_seed(u64::try_from(client).expect("few clients"));
        let mut answers = Vec::new();
        for round in 0..ROUNDS {
            let target = format!("/{client}/{round}");
            if round % TOGETHER == 0 {
                connection = proxy.client();
            }
            std::thread::park_timeout(Duration::from_micros(random.u64(..1500)));
            let response = connection.ask(request(&target));
            answers.push((target, response.head.status()));
        }
        answers
    });
    answers.concat()
}

#[test]
fn no_reader_ever_sees_that_a_connection_was_closed() {
    let origin = Impatient::start(7);
    let proxy = before(&origin);
    let answers = ask(&proxy, |target| {
        format!("GET {target} HTTP/1.1\r\nHost: shop.test\r\n\r\n")
    });
    let lost: Vec<_> = answers
        .iter()
        .filter(|(_, status)| *status != 200)
        .collect();
    let seen = origin.acted();
    let twice = seen.values().filter(|count| **count > 1).count();
    eprintln!(
        "{} readers, {} lost, {twice} read twice",
        answers.len(),
        lost.len()
    );
    assert_eq!(answers.len(), CLIENTS * ROUNDS);
    assert!(lost.is_empty(), "the first: {:?}", lost.first());
}

#[test]
fn nothing_that_acts_is_ever_acted_on_twice() {
    let origin = Impatient::start(11);
    let proxy = before(&origin);
    let answers = ask(&proxy, |target| {
        format!("POST {target} HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 5\r\n\r\norder")
    });
    let acted = origin.acted();
    let twice: Vec<_> = acted.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    let lost = answers.iter().filter(|(_, status)| *status != 200).count();
    eprintln!(
        "{} orders, {lost} lost to closed connections",
        answers.len()
    );
    for (target, status) in &answers {
        match status {
            200 => assert!(acted.contains_key(&format!("POST {target}")), "{target}"),
            503 => {}
            other => panic!("{target}: {other}"),
        }
    }
    assert!(
        lost * 2 < answers.len(),
        "most orders get through: {lost} lost"
    );
}
