//! TLS with clients that do not mean it, do not know it, or leave in the middle of it.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use rustls::AlertDescription;

use crate::support::{
    PATIENCE,
    clients::{Ask, Protocol},
    encrypted::{Encrypted, alert},
    eventually,
    h1::Client,
    let_pass,
    origin::Origin,
    proxy::{Proxy, Setup},
    script::{answer, ok},
    tls::Authority,
};

const FAILURES: &str = "intermission_tls_handshake_failures_total";

/// A site for `shop.test` with a certificate and this line in `[clients]`.
fn shop(authority: &Authority, upstream: &str, clients: &str) -> Proxy {
    let process = format!("listen_tls = \"127.0.0.1:0\"\n[clients]\n{clients}\n");
    let site = format!(
        "hosts = [\"shop.test\"]\nupstream = \"{upstream}\"\n[tls]\ncertificate_file = \"shop.pem\"\n"
    );
    let pair = authority.pair(&["shop.test"]);
    let setup = Setup::new(&process).site("shop", &site);
    setup.file("sites/shop.pem", &pair.bundle()).start()
}

fn counted(proxy: &Proxy, reason: &str) {
    eventually(&format!("a failure is counted as {reason}"), || {
        (proxy.metric(FAILURES, &[&format!("\"{reason}\"")]) > 0.0).then_some(())
    });
}

/// Sends these bytes and reads what comes until the end.
fn exchange(address: SocketAddr, bytes: &[u8], leaves: bool) -> Vec<u8> {
    let mut socket = TcpStream::connect(address).expect("the proxy accepts");
    socket
        .set_read_timeout(Some(PATIENCE))
        .expect("an open socket");
    socket.write_all(bytes).expect("it is taken");
    if leaves {
        socket.shutdown(Shutdown::Write).expect("an open socket");
    }
    let mut answer = Vec::new();
    // A reset is an end as well.
    drop(socket.read_to_end(&mut answer));
    answer
}

/// How a TLS 1.2 or 1.3 client begins.
fn hello(authority: &Authority) -> Vec<u8> {
    let name = "shop.test".try_into().expect("a name");
    let config = Arc::new(authority.client());
    let mut session = rustls::ClientConnection::new(config, name).expect("a usable config");
    let mut bytes = Vec::new();
    session.write_tls(&mut bytes).expect("memory takes it");
    bytes
}

#[test]
fn a_name_without_a_certificate_is_refused_by_its_alert() {
    let authority = Authority::new();
    let proxy = shop(&authority, "http://127.0.0.1:9", "");
    let config = Arc::new(authority.client());
    for name in ["other.test", "127.0.0.1"] {
        let ended = Encrypted::connect(proxy.tls(), name, &config);
        assert_eq!(
            alert(ended),
            Some(AlertDescription::UnrecognisedName),
            "{name}"
        );
    }
    eventually("both are counted", || {
        let count = proxy.metric(FAILURES, &["\"unknown_name\""]);
        (count > 1.9).then_some(())
    });
}

#[test]
fn plain_http_on_the_tls_port_is_told_where_to_go() {
    let authority = Authority::new();
    let proxy = shop(&authority, "http://127.0.0.1:9", "");
    let mut client = Client::connect(proxy.tls());
    let response = client.ask("GET /a?b HTTP/1.1\r\nHost: shop.test:8443\r\n\r\n");
    assert_eq!(response.head.status(), 400);
    let body = String::from_utf8_lossy(&response.body).into_owned();
    assert!(body.contains("https://shop.test/a?b"), "{body}");
    let record = eventually("a record", || proxy.records().into_iter().next());
    assert_eq!(record["http.response.status_code"], 400);
    counted(&proxy, "plain_http");
    // What cannot be repeated safely is not.
    let odd = exchange(
        proxy.tls(),
        b"GET / HTTP/1.1\r\nHost: <b>\x07\r\n\r\n",
        false,
    );
    assert!(!String::from_utf8_lossy(&odd).contains('\x07'));
    let none = exchange(proxy.tls(), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", false);
    assert!(none.starts_with(b"HTTP/1.1 400"), "{none:?}");
}

#[test]
fn tls_on_the_plain_port_is_closed_and_said_once() {
    let authority = Authority::new();
    let proxy = shop(&authority, "http://127.0.0.1:9", "");
    for _ in 0..3 {
        assert_eq!(exchange(proxy.address, &hello(&authority), false), b"");
    }
    proxy.logged(&["listen_tls"]);
    let count = proxy.metric("intermission_tls_on_plain_port_total", &[]);
    assert!((count - 3.0).abs() < 0.1, "{count}");
    let log = proxy.process.stderr();
    let said = log
        .iter()
        .filter(|line| line.contains("speaks TLS"))
        .count();
    assert_eq!(said, 1);
}

#[test]
fn handshakes_that_come_to_nothing_are_counted_by_their_cause() {
    let authority = Authority::new();
    let proxy = shop(
        &authority,
        "http://127.0.0.1:9",
        "handshake_timeout = \"300ms\"",
    );
    let whole = hello(&authority);
    let half = whole.len() / 2;

    assert_eq!(exchange(proxy.tls(), b"\0\x01garbage", false), b"");
    counted(&proxy, "not_tls");
    exchange(proxy.tls(), &whole[..half], true);
    counted(&proxy, "client_gone");
    exchange(proxy.tls(), &whole[..half], false);
    counted(&proxy, "timeout");
    // The header of a record, and nonsense in it.
    exchange(proxy.tls(), b"\x16\x03\x01\x00\x05hello", false);
    counted(&proxy, "broken");
    // A hello that is answered and never followed up.
    exchange(proxy.tls(), &whole, true);
    let config = Arc::new(Authority::new().client());
    assert!(Encrypted::connect(proxy.tls(), "shop.test", &config).is_err());
    counted(&proxy, "alert");
    let mut config = authority.client();
    config.alpn_protocols = vec![b"smtp".to_vec()];
    let ended = Encrypted::connect(proxy.tls(), "shop.test", &Arc::new(config));
    assert_eq!(alert(ended), Some(AlertDescription::NoApplicationProtocol));
    counted(&proxy, "incompatible");

    let noise: Vec<String> = proxy.process.stderr();
    assert!(
        noise.iter().all(|line| !line.contains("handshake")),
        "{noise:?}"
    );
}

#[test]
fn an_upload_that_is_cut_without_a_good_bye_is_not_taken_for_a_whole_one() {
    let authority = Authority::new();
    let origin = Origin::always(answer(ok("hello")));
    let proxy = shop(&authority, &origin.url(), "");
    let config = Arc::new(authority.client());
    let mut client = Encrypted::connect(proxy.tls(), "shop.test", &config).expect("a handshake");
    client.send("POST /cut HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 10\r\n\r\n12345");
    client.cut();
    let record = proxy.record("/cut");
    assert_eq!(record["outcome"], "refused");
    assert!(
        origin
            .requests()
            .iter()
            .all(|request| request.body_sha256.is_none())
    );
}

#[test]
fn handshakes_that_hang_are_in_nobodys_way() {
    let authority = Authority::new();
    let origin = Origin::always(answer(ok("hello")));
    let proxy = shop(&authority, &origin.url(), "");
    let hanging: Vec<TcpStream> = (0..200)
        .map(|_| TcpStream::connect(proxy.tls()).expect("the proxy accepts"))
        .collect();
    let_pass(Duration::from_millis(50));
    assert_eq!(
        Ask::get("/").ask(proxy.address, Protocol::H1).body,
        b"hello"
    );
    let config = Arc::new(authority.client());
    let mut client = Encrypted::connect(proxy.tls(), "shop.test", &config).expect("a handshake");
    assert!(client.get("shop.test", "/").ends_with("hello"));
    drop(hanging);
}
