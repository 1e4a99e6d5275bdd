//! The demo's origin: one port, served in one mode at a time.
//!
//! A change of mode is like a restart of the program: all connections of the old mode end, idle or
//! not, so none of them can outlive it.

use std::{
    convert::Infallible,
    future::{pending, ready},
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hyper::service::service_fn;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::sleep,
};

use super::{
    echo, lies,
    mode::{Manner, Mode},
    port::Port,
    serve,
    shop::{self, Shop, Upgrade},
};

/// The origin's port, and what is served there.
pub(super) struct Origin {
    port: Port,
    listener: Option<TcpListener>,
    shop: Arc<Shop>,
    delay: Duration,
    mode: watch::Sender<Mode>,
}

/// The wish to change the mode, answered once the new mode is in effect.
pub(super) struct Order {
    mode: Mode,
    done: oneshot::Sender<io::Result<()>>,
}

/// The control page's hand on the origin.
pub(super) struct Switch {
    orders: mpsc::Sender<Order>,
    mode: watch::Receiver<Mode>,
}

impl Origin {
    /// Listens on the port, healthy. `delay` is how late "slow" is.
    pub(super) fn open(port: Port, shop: Shop, delay: Duration) -> io::Result<Self> {
        let listener = Some(port.listen()?);
        let (mode, _) = watch::channel(Mode::Healthy);
        Ok(Self {
            port,
            listener,
            shop: Arc::new(shop),
            delay,
            mode,
        })
    }

    /// The address that is proxied.
    pub(super) fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Watches the mode that is in effect.
    pub(super) fn watch(&self) -> watch::Receiver<Mode> {
        self.mode.subscribe()
    }

    /// Serves, and changes its mode on order, until nobody can give orders any more.
    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        loop {
            let mut connections = JoinSet::new();
            let order = tokio::select! {
                order = orders.recv() => order,
                never = self.serve(&mut connections) => match never {},
            };
            let Some(Order { mode, done }) = order else {
                return;
            };
            self.listener = None;
            connections.shutdown().await;
            // Nobody waits any more when the asker has gone; the mode has changed all the same.
            let _ = done.send(self.turn(mode));
        }
    }

    async fn serve(&self, connections: &mut JoinSet<()>) -> Infallible {
        let Some(listener) = &self.listener else {
            return pending().await;
        };
        let mode = *self.mode.borrow();
        serve::accept_all(listener, connections, |stream| {
            handle(mode, self.delay, Arc::clone(&self.shop), stream)
        })
        .await
    }

    /// Enters a mode. When the port cannot be opened, the truth is that it refuses.
    fn turn(&mut self, mode: Mode) -> io::Result<()> {
        let opened = match mode.manner() {
            Manner::Closed => Ok(None),
            Manner::Shop { .. } | Manner::Status(_) | Manner::Lie(_) => {
                self.port.listen().map(Some)
            }
        };
        let (listener, mode, result) = match opened {
            Ok(listener) => (listener, mode, Ok(())),
            Err(error) => (None, Mode::Refused, Err(error)),
        };
        self.listener = listener;
        self.mode.send_replace(mode);
        result
    }
}

/// Serves one connection, all its life in one mode.
async fn handle(mode: Mode, delay: Duration, shop: Arc<Shop>, stream: TcpStream) {
    match mode.manner() {
        Manner::Closed => {}
        Manner::Lie(lie) => lies::tell(lie, stream, shop.home()).await,
        Manner::Status(status) => {
            let service = service_fn(move |request| ready(Ok(shop::bare_error(status, &request))));
            serve::http(stream, service).await;
        }
        Manner::Shop { late } => {
            let delay = if late { delay } else { Duration::ZERO };
            serve_shop(delay, &shop, stream).await;
        }
    }
}

async fn serve_shop(delay: Duration, shop: &Arc<Shop>, stream: TcpStream) {
    // The tunnel runs here and not in a task of its own: it ends with its connection's mode.
    let upgrade: Upgrade = Arc::new(Mutex::new(None));
    let service = service_fn(|request| {
        let (shop, upgrade) = (Arc::clone(shop), Arc::clone(&upgrade));
        async move {
            if !delay.is_zero() {
                sleep(delay).await;
            }
            Ok(shop.answer(request, &upgrade).await)
        }
    });
    serve::http(stream, service).await;
    let tunnel = upgrade
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    if let Some(tunnel) = tunnel {
        echo::run(tunnel).await;
    }
}

impl Switch {
    /// A hand on an origin, and the orders it will give.
    pub(super) fn new(mode: watch::Receiver<Mode>) -> (Self, mpsc::Receiver<Order>) {
        let (orders, receiver) = mpsc::channel(1);
        (Self { orders, mode }, receiver)
    }

    /// The mode that is in effect.
    pub(super) fn mode(&self) -> Mode {
        *self.mode.borrow()
    }

    /// Changes the mode; returns when the change is done, or could not be.
    pub(super) async fn turn(&self, mode: Mode) -> io::Result<()> {
        if mode == self.mode() {
            return Ok(());
        }
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        let (done, result) = oneshot::channel();
        self.orders
            .send(Order { mode, done })
            .await
            .map_err(|_| gone())?;
        result.await.map_err(|_| gone())?
    }
}
