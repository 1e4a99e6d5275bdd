//! The PROXY protocol: who a load balancer says the client is, and what origins are told.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use crate::support::{
    PATIENCE,
    clients::{Ask, Protocol},
    eventually,
    h1::Client,
    h2,
    line::Ended,
    origin::Origin,
    proxy::{Proxy, Setup, catch_all},
    script::{answer, ok},
};

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
const LISTED: &str = "[proxy_protocol]\nfrom = [\"127.0.0.0/8\"]\n";
const TEXT: &[u8] = b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n";

/// A header of version 2.
fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let mut header = SIGNATURE.to_vec();
    header.extend([command, family]);
    header.extend(u16::try_from(rest.len()).unwrap().to_be_bytes());
    header.extend(rest);
    header
}

/// Of 192.0.2.7:4711, with whatever is added.
fn named(more: &[u8]) -> Vec<u8> {
    let ends = [192, 0, 2, 7, 198, 51, 100, 1, 0x12, 0x67, 1, 0xbb];
    binary(0x21, 0x11, &[&ends[..], more].concat())
}

fn listed(process: &str) -> (Origin, Proxy) {
    let origin = Origin::always(answer(ok("hello")));
    let setup = Setup::new(&format!("{process}{LISTED}"));
    let proxy = setup.site("shop", &catch_all(&origin.url(), "")).start();
    (origin, proxy)
}

fn get(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: shop.test\r\n\r\n").into_bytes()
}

/// Sends these bytes, then reads an answer of the origin.
fn served(proxy: &Proxy, pieces: &[&[u8]]) {
    let mut client = Client::connect(proxy.address);
    for piece in pieces {
        client.send(piece);
    }
    let answer = client.read();
    assert_eq!(answer.body, b"hello", "{:?}", answer.head);
}

#[test]
fn the_named_client_is_the_peer_everywhere() {
    let (origin, proxy) = listed("");
    let v6 = b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n";
    // A checksum, a host name, and one that nobody knows.
    let added = [3, 0, 4, 1, 2, 3, 4, 2, 0, 1, b'x', 0xEA, 0, 2, 0, 0];
    for (target, header, client) in [
        ("/text", TEXT.to_vec(), "192.0.2.7"),
        ("/text-v6", v6.to_vec(), "2001:db8::7"),
        ("/binary", named(&[]), "192.0.2.7"),
        ("/added", named(&added), "192.0.2.7"),
        ("/much", named(&[4, 0x0f, 0, 0].repeat(900)), "192.0.2.7"),
        ("/unknown", b"PROXY UNKNOWN\r\n".to_vec(), "127.0.0.1"),
        ("/local", binary(0x20, 0, &[]), "127.0.0.1"),
        ("/unix", binary(0x21, 0x31, &[0; 216]), "127.0.0.1"),
    ] {
        served(&proxy, &[&[header, get(target)].concat()]);
        let head = origin.request(target).head;
        assert_eq!(head.field("x-forwarded-for").unwrap(), client, "{target}");
        assert_eq!(proxy.record(target)["client.address"], client, "{target}");
    }
}

#[test]
fn a_header_in_pieces_is_read_to_its_end_and_no_further() {
    let (origin, proxy) = listed("");
    for (at, header) in [TEXT.to_vec(), named(&[4, 0, 2, 0, 0])].iter().enumerate() {
        for cut in [1, 5, 12, 15, 16, header.len() - 1] {
            let target = format!("/{at}/{cut}");
            let (begin, rest) = header.split_at(cut);
            let rest = [rest, &get(&target)].concat();
            let mut client = Client::connect(proxy.address);
            client.send(begin);
            crate::support::let_pass(Duration::from_millis(10));
            client.send(rest);
            assert_eq!(client.read().body, b"hello", "{target}");
            let head = origin.request(&target).head;
            assert_eq!(head.field("x-forwarded-for").unwrap(), "192.0.2.7");
        }
        let bytes = [&header[..], &get("/bytewise")].concat();
        let pieces: Vec<_> = bytes.chunks(1).collect();
        served(&proxy, &pieces);
    }
}

#[test]
fn http_2_may_follow_the_header() {
    let (origin, proxy) = listed("");
    let relay = TcpListener::bind("127.0.0.1:0").unwrap();
    let (between, address) = (relay.local_addr().unwrap(), proxy.address);
    // Between the client and the proxy, as a load balancer would be.
    std::thread::spawn(move || {
        let Ok((client, _)) = relay.accept() else {
            return;
        };
        let mut server = TcpStream::connect(address).expect("the proxy accepts");
        server.write_all(&named(&[])).expect("the proxy reads");
        let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || drop(std::io::copy(&mut from, &mut to)));
        let mut client = client;
        drop(std::io::copy(&mut server, &mut client));
    });
    let answer = h2::Client::connect(between).ask(Ask::get("/h2").to_h2());
    assert_eq!(answer.body, b"hello");
    let head = origin.request("/h2").head;
    assert_eq!(head.field("x-forwarded-for").unwrap(), "192.0.2.7");
}

#[test]
fn what_the_named_client_says_is_believed_as_far_as_it_is_trusted() {
    let (origin, proxy) = listed("trusted_proxies = [\"10.0.0.0/8\"]\n");
    for (target, client, seen) in [
        ("/trusted", "10.1.1.1", "203.0.113.9, 10.1.1.1"),
        ("/stranger", "192.0.2.7", "192.0.2.7"),
    ] {
        let header = format!("PROXY TCP4 {client} 198.51.100.1 4711 443\r\n");
        let request =
            format!("GET {target} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n");
        served(&proxy, &[header.as_bytes(), request.as_bytes()]);
        let head = origin.request(target).head;
        assert_eq!(head.field("x-forwarded-for").unwrap(), seen);
    }
}

/// A record of a connection that brought no request.
fn nameless(proxy: &Proxy) -> usize {
    let records = proxy.records();
    let without =
        |record: &&serde_json::Value| record.get("url.path").is_none_or(|path| path == "/");
    records.iter().filter(without).count()
}

#[test]
fn a_listed_peer_that_does_not_name_its_client_is_not_served() {
    let (origin, proxy) = listed("[clients]\nhead_timeout = \"500ms\"\n");
    let long = [b"PROXY UNKNOWN ".to_vec(), vec![b'x'; 200]].concat();
    let wrong: [(&str, Vec<u8>); 9] = [
        ("none", get("/none")),
        ("noise", vec![0x16, 3, 1, 0, 5]),
        (
            "a wrong address",
            b"PROXY TCP4 1.2.3.400 1.2.3.4 1 2\r\n".to_vec(),
        ),
        ("a bare line feed", b"PROXY UNKNOWN\n".to_vec()),
        ("an endless line", long),
        ("a wrong version", binary(0x31, 0x11, &[0; 12])),
        ("addresses that are too short", binary(0x21, 0x21, &[0; 12])),
        (
            "a huge one",
            [&SIGNATURE[..], &[0x21, 0x11, 0xff, 0xff]].concat(),
        ),
        ("a part of one", TEXT[..20].to_vec()),
    ];
    let count = wrong.len();
    for (what, bytes) in wrong {
        let mut client = Client::connect(proxy.address);
        let answer = client.ask(bytes);
        assert_eq!(answer.head.status(), 0, "{what}: {:?}", answer.head);
        assert_ne!(client.ended(), Ended::GivenUp, "{what}");
    }
    eventually("each has its record", || {
        (nameless(&proxy) == count).then_some(())
    });
    assert!(origin.requests().is_empty());
    proxy.logged(&["proxy_protocol.from", "no valid PROXY header", "127.0.0.1"]);
    let log = proxy.log();
    let told = log
        .iter()
        .filter(|line| line.to_string().contains("no valid PROXY"));
    assert_eq!(told.count(), 1, "once is enough: {log:#?}");
    let counted = proxy.metric(
        "intermission_proxy_protocol_errors_total",
        &["reason=\"refused\""],
    );
    assert!((counted - 9.0).abs() < 0.5, "{counted}");
}

#[test]
fn a_look_whether_we_are_there_leaves_no_trace() {
    let (_origin, proxy) = listed("[clients]\nhead_timeout = \"200ms\"\n");
    drop(TcpStream::connect(proxy.address).unwrap());
    let mut silent = Client::connect(proxy.address);
    assert_eq!(silent.ended(), Ended::Closed, "in time");
    served(&proxy, &[TEXT, &get("/after")]);
    proxy.record("/after");
    assert_eq!(proxy.records().len(), 1);
    assert!(
        !proxy
            .log()
            .iter()
            .any(|line| line.to_string().contains("PROXY"))
    );
}

#[test]
fn a_peer_that_is_not_listed_cannot_name_anybody() {
    let origin = Origin::always(answer(ok("hello")));
    let setup = Setup::new("[proxy_protocol]\nfrom = [\"192.0.2.0/24\"]\n");
    let proxy = setup.site("shop", &catch_all(&origin.url(), "")).start();
    for header in [TEXT.to_vec(), named(&[]), TEXT.to_vec()] {
        let mut client = Client::connect(proxy.address);
        let answer = client.ask([header, get("/x")].concat());
        assert_eq!(answer.head.status(), 400, "{:?}", answer.head);
        assert_ne!(client.ended(), Ended::GivenUp);
    }
    eventually("each has its record", || {
        let records = proxy.records();
        let of = |status: u16| {
            move |record: &&serde_json::Value| record["http.response.status_code"] == status
        };
        (records.iter().filter(of(400)).count() == 3).then_some(())
    });
    assert!(origin.requests().is_empty());
    assert_eq!(proxy.get("/").body, b"hello", "others need no header");
    proxy.logged(&["not listed in `proxy_protocol.from`", "127.0.0.1"]);
    let log = proxy.log();
    let told = log
        .iter()
        .filter(|line| line.to_string().contains("not listed"));
    assert_eq!(told.count(), 1, "{log:#?}");
}

/// An origin that reads a header before each request, and hands on what it saw: the header, and
/// what came behind it up to the end of a request's head.
fn listening_for_headers(keeps_open: bool) -> (SocketAddr, Receiver<(Vec<u8>, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, seen) = channel();
    std::thread::spawn(move || {
        for socket in listener.incoming().take(20) {
            let Ok(mut socket) = socket else { return };
            let tell = tell.clone();
            std::thread::spawn(move || {
                socket.set_read_timeout(Some(PATIENCE)).unwrap();
                let mut header = vec![0; 16];
                if socket.read_exact(&mut header).is_err() {
                    return;
                }
                let mut rest = vec![0; usize::from(u16::from_be_bytes([header[14], header[15]]))];
                drop(socket.read_exact(&mut rest));
                header.extend(rest);
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") && head.len() < 8192 {
                    let mut byte = [0];
                    match socket.read(&mut byte) {
                        Ok(1..) => head.extend(byte),
                        _ => break,
                    }
                }
                drop(tell.send((header, String::from_utf8_lossy(&head).into_owned())));
                drop(socket.write_all(&ok("hello")));
                // Kept until the other side closes: it must not be used again.
                let mut more = Vec::new();
                if keeps_open && socket.read_to_end(&mut more).is_ok() && !more.is_empty() {
                    drop(tell.send((Vec::new(), "used again".to_owned())));
                }
            });
        }
    });
    (address, seen)
}

fn before_one_that_listens(address: SocketAddr, process: &str, more: &str) -> Proxy {
    let site = format!(
        "hosts = [\"*\"]\n[[upstream]]\nurl = \"http://{address}\"\nproxy_protocol = true\n{more}"
    );
    Setup::new(process).site("shop", &site).start()
}

#[test]
fn an_origin_is_told_of_each_client_on_a_connection_of_its_own() {
    let (address, seen) = listening_for_headers(true);
    let proxy = before_one_that_listens(address, "workers = 1\n", "");
    let mut client = Client::connect(proxy.address);
    let own = client.line.local_address();
    for target in ["/1", "/2"] {
        assert_eq!(client.ask(get(target)).body, b"hello");
        let (header, head) = seen.recv_timeout(PATIENCE).unwrap();
        assert!(head.starts_with(&format!("GET {target} ")), "{head}");
        let (from, to) = (own.port().to_be_bytes(), proxy.address.port().to_be_bytes());
        let ends = [&[127, 0, 0, 1, 127, 0, 0, 1][..], &from, &to].concat();
        assert_eq!(header, binary(0x21, 0x11, &ends));
    }
    eventually("no connection is kept", || {
        let open = proxy.metric("intermission_pool_connections", &[]);
        (open < 0.5).then_some(())
    });
    assert!(seen.try_recv().is_err(), "each served one request");
}

#[test]
fn an_origin_is_told_whom_trusted_proxies_name() {
    let (address, seen) = listening_for_headers(false);
    let proxy = before_one_that_listens(address, "trusted_proxies = [\"127.0.0.1\"]\n", "");
    let ask = Ask::get("/x").with("x-forwarded-for", "2001:db8::7");
    assert_eq!(proxy.ask(&ask, Protocol::H1).body, b"hello");
    let (header, _) = seen.recv_timeout(PATIENCE).unwrap();
    assert_eq!(header[..16], binary(0x21, 0x21, &[0; 36])[..16]);
    assert_eq!(
        header[16..32],
        "2001:db8::7"
            .parse::<std::net::Ipv6Addr>()
            .unwrap()
            .octets()
    );
}

#[test]
fn probes_are_our_own() {
    let (address, seen) = listening_for_headers(false);
    let proxy = before_one_that_listens(address, "", "[health]\ninterval = \"100ms\"\n");
    let (header, head) = seen.recv_timeout(PATIENCE).unwrap();
    assert_eq!(header, binary(0x20, 0, &[]));
    assert!(head.contains("intermission-probe/"), "{head}");
    drop(proxy);
}

#[test]
fn the_header_comes_before_the_handshake() {
    let (address, seen) = listening_for_headers(false);
    let site = format!(
        "hosts = [\"*\"]\n[upstream]\nurl = \"https://{address}\"\nproxy_protocol = true\n\
         [timeouts]\nconnect = \"300ms\"\n"
    );
    let proxy = Setup::new("").site("shop", &site).start();
    assert_eq!(proxy.get("/x").head.status(), 503, "it speaks no TLS");
    let (header, hello) = seen.recv_timeout(PATIENCE).unwrap();
    assert_eq!(header[..14], binary(0x21, 0x11, &[])[..14]);
    assert!(
        hello.starts_with('\u{16}'),
        "then the client's hello: {hello:?}"
    );
}

#[test]
fn one_instance_tells_the_next() {
    let (origin, inner) = listed("");
    let outer = before_one_that_listens(inner.address, LISTED, "");
    served(&outer, &[&[TEXT, &get("/x")].concat()]);
    let head = origin.request("/x").head;
    assert_eq!(head.field("x-forwarded-for").unwrap(), "192.0.2.7");
    assert_eq!(inner.record("/x")["client.address"], "192.0.2.7");
}
