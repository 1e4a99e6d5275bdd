//! Three endpoints under steady load, each killed, hung, slowed, reset and made to lie in turn:
//! while one of them is well, readers hardly notice.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener as StdListener},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread::JoinHandle,
    time::Duration,
};

use socket2::{Domain, Socket, Type};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::sleep,
};

use crate::support::{
    at_once,
    dns::{NameServer, Told},
    head::end_of_head,
    let_pass,
    proxy::{Proxy, Setup, catch_all},
    script::ok,
};

/// What an endpoint does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Well,
    Killed,
    Hung,
    Slow,
    Reset,
    Lying,
    /// The test is over.
    Gone,
}

const FAULTS: [Mode; 5] = [
    Mode::Killed,
    Mode::Hung,
    Mode::Slow,
    Mode::Reset,
    Mode::Lying,
];

/// A program that changes its mind.
struct Moody {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    thread: Option<JoinHandle<()>>,
}

impl Moody {
    fn start(address: SocketAddr) -> Self {
        let listener = listen(address);
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let (mode, changes) = watch::channel(Mode::Well);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime
                .expect("a runtime")
                .block_on(live(listener, address, changes));
        });
        Self {
            address,
            mode,
            thread: Some(thread),
        }
    }

    fn is(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

impl Drop for Moody {
    fn drop(&mut self) {
        self.is(Mode::Gone);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn listen(address: SocketAddr) -> StdListener {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket
        .set_reuse_address(true)
        .expect("an option of every socket");
    socket
        .set_nonblocking(true)
        .expect("an option of every socket");
    socket.bind(&address.into()).expect("a free port");
    socket.listen(1024).expect("a bound socket listens");
    socket.into()
}

async fn live(first: StdListener, address: SocketAddr, mut mode: watch::Receiver<Mode>) {
    let mut listener = Some(first);
    loop {
        let alive = listener.take().unwrap_or_else(|| listen(address));
        let alive = TcpListener::from_std(alive).expect("a listener that does not block");
        let mut connections = JoinSet::new();
        let (dying, living) = (mode.clone(), mode.clone());
        tokio::select! {
            () = accept(&alive, &mut connections, &living) => {}
            () = until(dying, |mode| matches!(mode, Mode::Killed | Mode::Gone)) => {}
        }
        // As for a process that is gone: the port refuses, all connections break.
        drop(alive);
        connections.shutdown().await;
        until(mode.clone(), |mode| mode != Mode::Killed).await;
        if *mode.borrow_and_update() == Mode::Gone {
            return;
        }
    }
}

async fn until(mut mode: watch::Receiver<Mode>, is: impl Fn(Mode) -> bool) {
    // An error: the test is over.
    drop(mode.wait_for(|mode| is(*mode)).await);
}

async fn accept(
    listener: &TcpListener,
    connections: &mut JoinSet<()>,
    mode: &watch::Receiver<Mode>,
) {
    while let Ok((socket, _)) = listener.accept().await {
        connections.spawn(serve(socket, mode.clone()));
    }
}

async fn serve(mut socket: TcpStream, mode: watch::Receiver<Mode>) {
    let mut unread = Vec::new();
    loop {
        while end_of_head(&unread).is_none() {
            match socket.read_buf(&mut unread).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        let end = end_of_head(&unread).unwrap_or_default();
        unread.drain(..end);
        let now = *mode.borrow();
        match now {
            Mode::Well => {}
            Mode::Slow => sleep(Duration::from_millis(150)).await,
            Mode::Hung => {
                until(mode.clone(), |mode| mode != Mode::Hung).await;
                return;
            }
            Mode::Lying => {
                drop(socket.write_all(b"SSH-2.0-OpenSSH_9.9\r\n").await);
                return;
            }
            Mode::Killed | Mode::Gone => return,
            Mode::Reset => {
                drop(socket.set_zero_linger());
                return;
            }
        }
        if socket.write_all(&ok("hello")).await.is_err() {
            return;
        }
    }
}

const SEED: u64 = 20_261_123;
const CLIENTS: usize = 6;

/// Asks until told otherwise. How many answers, and those that were not the origin's.
fn load(proxy: &Proxy, done: &AtomicBool) -> (usize, Vec<String>) {
    let answers = at_once(CLIENTS, |_| {
        let (mut count, mut bad) = (0_usize, Vec::new());
        let mut client = proxy.client();
        while !done.load(Relaxed) {
            count += 1;
            if count.is_multiple_of(100) {
                client = proxy.client();
            }
            let response = client.ask("GET /steady HTTP/1.1\r\nHost: shop.test\r\n\r\n");
            if response.head.status() != 200 || response.body != b"hello" {
                let cause = response.head.field("proxy-status").unwrap_or_default();
                bad.push(format!("{} {cause}", response.head.status()));
                client = proxy.client();
            }
            std::thread::park_timeout(Duration::from_millis(2));
        }
        (count, bad)
    });
    answers
        .into_iter()
        .fold((0, Vec::new()), |(sum, mut all), (count, bad)| {
            all.extend(bad);
            (sum + count, all)
        })
}

/// Every fault at every endpoint once, in the order the seed says; never two at a time.
fn torment(endpoints: &[Moody]) {
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut plan: Vec<_> = (0..endpoints.len())
        .flat_map(|at| FAULTS.map(|fault| (at, fault)))
        .collect();
    random.shuffle(&mut plan);
    for (at, fault) in plan {
        endpoints[at].is(fault);
        let_pass(Duration::from_millis(random.u64(600..1000)));
        endpoints[at].is(Mode::Well);
        let_pass(Duration::from_millis(random.u64(100..500)));
    }
}

#[test]
fn readers_hardly_notice_what_happens_to_one_endpoint_of_three() {
    let first = Moody::start((Ipv4Addr::new(127, 0, 0, 2), 0).into());
    let port = first.address.port();
    let others = [3, 4].map(|last| Moody::start((Ipv4Addr::new(127, 0, 0, last), port).into()));
    let endpoints: Vec<_> = std::iter::once(first).chain(others).collect();
    let addresses = [2, 3, 4].map(|last| Ipv4Addr::new(127, 0, 0, last));
    let names = NameServer::start("app.test", Told::Addresses(addresses.into()));
    let dns = format!(
        "[dns]\nservers = [\"{}\"]\n[log]\naccess = \"off\"\n",
        names.address
    );
    // All that is on as a rule, with clocks that make faults short.
    let more = "[timeouts]\nconnect = \"300ms\"\nfirst_byte = \"500ms\"\n\
                [health]\ninterval = \"1s\"\ntimeout = \"500ms\"\n[breaker]\n[hold]\n";
    let site = catch_all(&format!("http://app.test:{port}"), more);
    let proxy = Setup::new(&dns).site("shop", &site).start();
    let done = AtomicBool::new(false);
    let (count, bad) = std::thread::scope(|scope| {
        let loading = scope.spawn(|| load(&proxy, &done));
        torment(&endpoints);
        done.store(true, Relaxed);
        loading.join().expect("no client panics")
    });
    eprintln!("{count} answers, {} not the origin's", bad.len());
    assert!(count > 2000, "{count} are too few to tell");
    assert!(
        bad.len() * 1000 < count,
        "{} of {count}: {bad:?}",
        bad.len()
    );
}
