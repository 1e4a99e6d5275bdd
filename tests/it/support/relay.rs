//! Passes bytes on to an address that is known only later: how a proxy becomes its own upstream.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

/// A listening relay. Connections before it is pointed anywhere are closed.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    target: Arc<Mutex<Option<SocketAddr>>>,
}

impl Relay {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let target = Arc::new(Mutex::new(None));
        let aim = Arc::clone(&target);
        // Ends with the test's process: it blocks in accept and holds nothing.
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let target: Option<SocketAddr> = *aim.lock().expect("no holder panics");
                if let Some(server) = target.and_then(|target| TcpStream::connect(target).ok()) {
                    pass_both_ways(client, server);
                }
            }
        });
        Self { address, target }
    }

    pub(crate) fn point_at(&self, target: SocketAddr) {
        *self.target.lock().expect("no holder panics") = Some(target);
    }
}

fn pass_both_ways(client: TcpStream, server: TcpStream) {
    let (to_client, to_server) = (client.try_clone(), server.try_clone());
    let (Ok(to_client), Ok(to_server)) = (to_client, to_server) else {
        return;
    };
    for (mut from, mut to) in [(client, to_server), (server, to_client)] {
        std::thread::spawn(move || {
            drop(std::io::copy(&mut from, &mut to));
            drop(to.shutdown(std::net::Shutdown::Write));
        });
    }
}
