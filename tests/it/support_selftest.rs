//! The tests' own tools, tried against each other without a proxy between them.

use std::net::{Ipv4Addr, TcpStream, UdpSocket};

use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::pem::PemObject};
use sha2::{Digest, Sha256};

use crate::support::{
    clients::{Ask, Protocol},
    dns::{NameServer, Told},
    eventually,
    gate::Gate,
    h1::{Client, End},
    line::Ended,
    origin::Origin,
    places::{Refusing, Swallowing, unroutable},
    relay::Relay,
    script::{Step, after_request, answer, choose, chunk, head, ok, pattern, response},
    tls::Authority,
};

#[test]
fn a_client_reads_what_an_origin_sends_and_an_origin_what_a_client_sends() {
    let origin = Origin::always(answer(ok("hello")));
    let mut client = Client::connect(origin.address);
    let first = client.ask("POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    let second = client.ask("GET /second HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(
        (first.head.status(), first.body.as_slice()),
        (200, &b"hello"[..])
    );
    assert_eq!(second.end, End::Complete);
    let seen = origin.complete_request("/a?b=c");
    assert_eq!(
        (seen.method(), seen.path(), seen.body.as_slice()),
        ("POST", "/a", &b"abc"[..])
    );
    assert_eq!(
        origin.connections().len(),
        1,
        "both requests came on one connection"
    );
    assert_eq!(origin.requests().len(), 2);
}

#[test]
fn chunks_and_trailers_are_read_on_both_sides() {
    let mut bytes = head("200 OK", &["Transfer-Encoding: chunked", "Trailer: x-sum"]);
    bytes.extend(chunk(b"one"));
    bytes.extend(chunk(b"two"));
    bytes.extend_from_slice(b"0\r\nX-Sum: 2\r\n\r\n");
    let origin = Origin::always(answer(bytes));
    let request = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
                   3\r\nabc\r\n0\r\nX-End: 1\r\n\r\n";
    let response = Client::connect(origin.address).ask(request);
    assert_eq!(response.body, b"onetwo");
    assert_eq!(response.trailers.field("x-sum").as_deref(), Some("2"));
    let seen = origin.complete_request("/");
    assert_eq!(seen.trailers.field("x-end").as_deref(), Some("1"));
    assert_eq!(seen.body_sha256, Some(Sha256::digest(b"abc").to_vec()));
}

#[test]
fn every_way_to_end_a_response_is_told_apart() {
    let short = || Step::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".to_vec());
    let no_length = || Step::Send(b"HTTP/1.0 200 OK\r\n\r\nabc".to_vec());
    for (steps, end) in [
        (vec![short(), Step::Close], End::Cut),
        (vec![short(), Step::Reset], End::Reset),
        (vec![no_length(), Step::Close], End::Closed),
        (vec![Step::Close], End::Cut),
        (vec![Step::Reset], End::Reset),
    ] {
        let origin = Origin::always(after_request(steps));
        let response = Client::connect(origin.address).ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(response.end, end);
    }
}

#[test]
fn an_answer_to_head_has_a_length_and_no_body() {
    let origin = Origin::always(answer(head("200 OK", &["Content-Length: 5"])));
    let response = Client::connect(origin.address).ask("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(
        (response.end, response.head.content_length()),
        (End::Complete, Some(5))
    );
    assert!(response.body.is_empty());
}

#[test]
fn an_origin_notes_that_its_client_went_away() {
    let origin = Origin::always(after_request([Step::Hang]));
    let mut client = Client::connect(origin.address);
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    origin.request("/");
    drop(client);
    let ended = eventually("the end is noted", || origin.connections()[0].ended);
    assert_eq!(ended.0, Ended::Closed);
}

#[test]
fn an_origin_stops_where_a_gate_is_shut() {
    let gate = Gate::default();
    let script = after_request([Step::WaitFor(gate.clone()), Step::Send(ok("late"))]);
    let origin = Origin::always(script);
    let mut client = Client::connect(origin.address);
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    origin.request("/");
    assert!(client.line.unread.is_empty());
    gate.open();
    assert_eq!(client.read().body, b"late");
}

#[test]
fn an_origin_can_choose_echo_drip_and_pour() {
    let origin = Origin::always(choose(|request| match request.path() {
        "/drip" => vec![
            Step::Send(head("200 OK", &["Content-Length: 6"])),
            Step::Drip {
                piece: b"ab".to_vec(),
                pause: std::time::Duration::ZERO,
                times: 3,
            },
        ],
        "/pour" => vec![
            Step::Send(head("200 OK", &["Content-Length: 1000000"])),
            Step::Pour(1_000_000),
        ],
        _ => vec![
            Step::Send(response("101 Switching Protocols", &[], b"")),
            Step::Echo,
        ],
    }));
    assert_eq!(
        Ask::get("/drip").ask(origin.address, Protocol::H1).body,
        b"ababab"
    );
    let poured = Ask::get("/pour").ask(origin.address, Protocol::H1);
    assert_eq!(
        poured.body_sha256,
        Sha256::digest(pattern(1_000_000)).to_vec()
    );
    assert_eq!(origin.poured(), 1_000_000);
    let mut client = Client::connect(origin.address);
    client.ask("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    client.send("ping").expect_bytes(b"ping");
}

#[test]
fn encryption_works_between_an_origin_and_a_client_that_trusts_it() {
    let authority = Authority::new();
    let origin = Origin::encrypted(authority.server(), answer(ok("secret")));
    let mut trusted = RootCertStore::empty();
    let pem = authority.pem();
    let der = rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes());
    trusted
        .add(der.expect("a certificate"))
        .expect("a good authority");
    let config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("the default versions")
        .with_root_certificates(trusted)
        .with_no_client_auth();
    let mut client = Client::encrypted(origin.address, config.into());
    assert_eq!(
        client.ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n").body,
        b"secret"
    );
}

#[test]
fn every_place_without_an_origin_fails_in_its_own_way() {
    use std::io::ErrorKind;
    let short = std::time::Duration::from_millis(200);
    let refusing = Refusing::start();
    let swallowing = Swallowing::start();
    for (address, kind) in [
        (refusing.address, ErrorKind::ConnectionRefused),
        (swallowing.address, ErrorKind::TimedOut),
        (unroutable(), ErrorKind::NetworkUnreachable),
    ] {
        let error = TcpStream::connect_timeout(&address, short).expect_err("nobody is there");
        assert_eq!(error.kind(), kind, "{address}");
    }
}

#[test]
fn a_name_server_says_what_it_is_told() {
    let addresses = vec![Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)];
    let names = NameServer::start("app.test", Told::Addresses(addresses));
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    socket
        .set_read_timeout(Some(crate::support::PATIENCE))
        .expect("a socket option");
    let mut query = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    query.extend_from_slice(b"\x03APP\x04test\x00\x00\x01\x00\x01");
    let ask = || {
        let mut reply = [0; 512];
        socket
            .send_to(&query, names.address)
            .expect("the server is there");
        let length = socket.recv(&mut reply).expect("a reply");
        reply[..length].to_vec()
    };
    let reply = ask();
    assert_eq!(
        (&reply[..2], reply[3] & 15, reply[7]),
        (&[0xab, 0xcd][..], 0, 2)
    );
    assert_eq!(reply[reply.len() - 4..], [127, 0, 0, 3]);
    names.tell("app.test", Told::NoSuchName);
    assert_eq!(ask()[3] & 15, 3);
    assert_eq!(names.asked(), 2);
}

#[test]
fn a_relay_passes_on_to_where_it_points() {
    let (origin, relay) = (Origin::always(answer(ok("there"))), Relay::start());
    relay.point_at(origin.address);
    assert_eq!(
        Ask::get("/").ask(relay.address, Protocol::H1).body,
        b"there"
    );
}

#[test]
fn a_refusing_address_can_share_its_port_with_an_origin_elsewhere() {
    let origin = Origin::at((Ipv4Addr::new(127, 0, 0, 3), 0).into(), answer(ok("third")));
    let refusing = Refusing::at((Ipv4Addr::new(127, 0, 0, 2), origin.address.port()).into());
    assert!(TcpStream::connect(refusing.address).is_err());
    assert_eq!(
        Ask::get("/").ask(origin.address, Protocol::H1).body,
        b"third"
    );
}
