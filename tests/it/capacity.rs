//! No more connections at once than is allowed, and nobody who may connect is forgotten.

use std::time::Duration;

use crate::support::{
    at_once,
    h1::{Client, End},
    origin::Origin,
    proxy::{Proxy, Setup, catch_all},
    script::{Step, answer, choose, head, ok},
    within,
};

fn limited(workers: usize, connections: usize, upstream: &str) -> Proxy {
    let text = format!("workers = {workers}\n[clients]\nconnections = {connections}\n");
    Setup::new(&text)
        .site("shop", &catch_all(upstream, ""))
        .start()
}

fn last_request(proxy: &Proxy) -> (u16, End) {
    let last = "GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n";
    let response = proxy.client().ask(last);
    (response.head.status(), response.end)
}

#[test]
fn fewer_places_than_workers_starve_nobody() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = limited(4, 2, &origin.url());
    for round in 0..12 {
        assert_eq!(last_request(&proxy), (200, End::Complete), "round {round}");
    }
    let answered = at_once(30, |_| last_request(&proxy));
    assert_eq!(answered, [(200, End::Complete); 30]);
}

const ASK: &str = "GET /chat HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\n\
                   Upgrade: websocket\r\n\r\n";

/// Echoes in tunnels, answers everything else.
fn echoing() -> Origin {
    Origin::always(choose(|request| match request.path() {
        "/chat" => {
            let fields = ["Connection: Upgrade", "Upgrade: websocket"];
            let switched = head("101 Switching Protocols", &fields);
            vec![Step::Send(switched), Step::Echo]
        }
        _ => vec![Step::Send(ok("hello"))],
    }))
}

#[test]
fn a_tunnel_keeps_its_place() {
    let origin = echoing();
    let proxy = limited(1, 4, &origin.url());
    let mut tunnels: Vec<Client> = (0..4).map(|_| proxy.client()).collect();
    for tunnel in &mut tunnels {
        assert_eq!(tunnel.ask(ASK).head.status(), 101);
        tunnel.send("ping").expect_bytes(b"ping");
    }
    let mut fifth = proxy.client();
    fifth.send("GET /fifth HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    let early = within(Duration::from_millis(500), || proxy.find_record("/fifth"));
    assert!(early.is_none(), "there are four places: {early:?}");
    drop(tunnels.pop());
    let response = fifth.read();
    assert_eq!((response.head.status(), response.end), (200, End::Complete));
    for tunnel in &mut tunnels {
        tunnel.send("pong").expect_bytes(b"pong");
    }
}
