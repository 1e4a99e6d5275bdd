//! The shop that can be broken at will: the origin behind `intermission demo`.
//!
//! It stands outside the request's way, where an owner's application would: [`DemoOrigin`] serves
//! the shop "Blumen Krause" on one port, and on another a control page that puts the first port
//! into each state a failing application can be in. The proxy in front of it is the real one and
//! is started by the command, not here. Everything listens on loopback only.

mod catalog;
mod control;
mod echo;
mod events;
mod form;
mod lies;
mod links;
mod mode;
mod origin;
mod pages;
mod port;
mod serve;
mod shop;
#[cfg(test)]
mod tests;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{net::TcpListener, task::JoinSet};

use self::{
    control::Control,
    links::Links,
    origin::{Origin, Switch},
    pages::Pages,
    port::Port,
    shop::Shop,
};

/// The control page's port when it is free.
pub const CONTROL_PORT: u16 = 8081;
/// How many ports from the wished one on are tried before any free one is taken.
const PORTS_TRIED: u16 = 10;
/// How late the mode "slow" answers.
const SLOW: Duration = Duration::from_secs(2);

/// The running demo origin and its control page. Both end when it is dropped.
#[derive(Debug)]
pub struct DemoOrigin {
    origin: SocketAddr,
    control: SocketAddr,
    links: Arc<Links>,
    _tasks: JoinSet<()>,
}

impl DemoOrigin {
    /// Starts a healthy shop on a free port and its control page on `control_port` or one near
    /// it; 0 takes any free port. Runs on the current tokio runtime.
    ///
    /// # Errors
    /// When no socket can be had on loopback.
    pub async fn start(control_port: u16) -> io::Result<Self> {
        Self::start_with(control_port, SLOW).await
    }

    async fn start_with(control_port: u16, slow: Duration) -> io::Result<Self> {
        let listener = bind_control(control_port).await?;
        let control = listener.local_addr()?;
        let port = Port::reserve()?;
        let links = Arc::new(Links::new(port.address()));
        let shop = Shop::new(Pages::new(control), Arc::clone(&links));
        let origin = Origin::open(port, shop, slow)?;
        let address = origin.address();
        let (switch, orders) = Switch::new(origin.watch());
        let page = Control::new(switch, Arc::clone(&links), format!("http://{control}"));
        let mut tasks = JoinSet::new();
        tasks.spawn(origin.run(orders));
        tasks.spawn(page.run(listener));
        Ok(Self {
            origin: address,
            control,
            links,
            _tasks: tasks,
        })
    }

    /// Where the shop itself listens: the address to proxy.
    #[must_use]
    pub fn origin(&self) -> SocketAddr {
        self.origin
    }

    /// Where the control page listens.
    #[must_use]
    pub fn control(&self) -> SocketAddr {
        self.control
    }

    /// Tells where visitors reach the shop through the proxy, such as `http://127.0.0.1:8080`:
    /// the control page, robots.txt and the sitemap name it.
    pub fn set_shop_url(&self, url: String) {
        self.links.set_shop(url);
    }
}

/// The wished port or one of the next; when all are taken, any.
async fn bind_control(wished: u16) -> io::Result<TcpListener> {
    for port in (wished..=u16::MAX).take(usize::from(PORTS_TRIED)) {
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            return Ok(listener);
        }
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
}
