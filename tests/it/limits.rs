//! What a client may take: bodies, requests in a time, connections, requests on one of them.

use std::{net::TcpStream, time::Duration};

use crate::support::{
    clients::{Ask, Kind, Protocol},
    eventually,
    frames::{END_STREAM, Frames, GOAWAY, Outcome, SETTINGS, request},
    h1::Client,
    line::Ended,
    origin::Origin,
    proxy::{Proxy, Setup, catch_all},
    script::{answer, ok},
};

fn with_site(site: &str) -> (Origin, Proxy) {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), site);
    (origin, proxy)
}

fn with_clients(clients: &str) -> (Origin, Proxy) {
    let origin = Origin::always(answer(ok("hello")));
    let setup = Setup::new(&format!("[clients]\n{clients}\n"));
    let proxy = setup.site("shop", &catch_all(&origin.url(), "")).start();
    (origin, proxy)
}

/// Requests whose body the origin has seen to the end.
fn whole(origin: &Origin) -> usize {
    let requests = origin.requests();
    let whole = requests.iter().filter(|seen| seen.body_sha256.is_some());
    whole.count()
}

const TEN: &str = "[limits]\nbody = \"10 B\"\n[brand]\nname = \"Blumen Krause\"\n";

#[test]
fn a_body_that_is_too_large_is_refused_in_the_look_of_the_site() {
    let (origin, proxy) = with_site(TEN);
    for protocol in Protocol::BOTH {
        for (kind, media_type) in [
            (Kind::Navigation, "text/html"),
            (Kind::Json, "application/problem+json"),
            (Kind::Text, "text/plain"),
            (Kind::Image, "image/"),
        ] {
            let ask = Ask::new("POST", "/large").by(kind).body(vec![b'x'; 11]);
            let response = proxy.ask(&ask, protocol);
            let what = format!("{kind:?} over {protocol:?}: {:?}", response.head);
            assert_eq!(response.head.status(), 413, "{what}");
            let own_type = response.head.field("content-type").unwrap_or_default();
            assert!(own_type.starts_with(media_type), "{what}");
            assert_eq!(response.head.field("cache-control").unwrap(), "no-store");
            assert_eq!(response.head.field("retry-after"), None, "{what}");
            let status = response.head.field("proxy-status").unwrap_or_default();
            assert!(status.contains("error=http_request_denied"), "{what}");
            let body = String::from_utf8_lossy(&response.body).into_owned();
            let is_branded = body.contains("Blumen Krause");
            assert_eq!(is_branded, kind == Kind::Navigation, "{what}: {body}");
        }
        let grpc = Ask::new("POST", "/large").by(Kind::Grpc).body(vec![0; 11]);
        let response = proxy.ask(&grpc, protocol);
        assert_eq!(response.head.field("grpc-status").unwrap(), "8");
        let fits = Ask::new("POST", "/fits").body(vec![b'x'; 10]);
        assert_eq!(proxy.ask(&fits, protocol).body, b"hello", "{protocol:?}");
    }
    assert_eq!(whole(&origin), 2, "what is too large reaches no origin");
    let record = proxy.record("/large");
    assert_eq!(record["failure"], "too_large", "{record}");
    assert_eq!(record["outcome"], "refused", "{record}");
    let counted = proxy.metric("intermission_upstream_failures_total", &["too_large"]);
    assert!(counted >= 10.0, "{counted}");
}

#[test]
fn a_body_that_says_how_large_it_is_is_not_read() {
    let (_origin, proxy) = with_site(TEN);
    let mut client = proxy.client();
    let response = client.ask(
        "POST /large HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 1000000\r\n\
         Expect: 100-continue\r\n\r\n",
    );
    assert_eq!(response.head.status(), 413);
    assert!(response.interim.is_empty(), "{:?}", response.interim);
    assert_eq!(response.head.field("connection").unwrap(), "close");
    assert_ne!(client.ended(), Ended::GivenUp);
}

#[test]
fn a_body_that_does_not_say_it_is_cut_where_it_becomes_too_large() {
    let (origin, proxy) = with_site(TEN);
    let mut client = proxy.client();
    let head = "POST /large HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.send(head).send("8\r\n12345678\r\n");
    origin.request("/large");
    client.send("8\r\n12345678\r\n0\r\n\r\n");
    let response = client.read();
    assert_eq!(response.head.status(), 413);
    assert_eq!(response.head.field("connection").unwrap(), "close");
    assert_ne!(client.ended(), Ended::GivenUp);
    let request = Ask::new("POST", "/large").body(vec![b'x'; 11]).to_h2();
    let mut client = crate::support::h2::Client::connect(proxy.address);
    let response = client.ask_without_length(request);
    assert_eq!(response.head.status(), 413);
    assert_eq!(whole(&origin), 0);
    let fits = Ask::new("POST", "/fits").body(vec![b'x'; 10]);
    assert_eq!(
        proxy.ask(&fits, Protocol::H1).body,
        b"hello",
        "the origin is not to blame"
    );
}

const RATE: &str = "[limits.rate]\nrequests = 3\nper = \"1h\"\n";

#[test]
fn who_asks_too_often_is_told_when_to_come_back() {
    let (origin, proxy) = with_site(RATE);
    for round in 0..3 {
        assert_eq!(proxy.get("/page").head.status(), 200, "round {round}");
    }
    for (protocol, kind) in [(Protocol::H1, Kind::Navigation), (Protocol::H2, Kind::Json)] {
        let response = proxy.ask(&Ask::get("/often").by(kind), protocol);
        assert_eq!(response.head.status(), 429, "{kind:?}");
        let wait = response.head.field("retry-after").unwrap();
        let wait: u64 = wait.parse().unwrap();
        assert!((1000..=1201).contains(&wait), "a third of an hour: {wait}");
        let own_type = response.head.field("content-type").unwrap_or_default();
        assert!(own_type.starts_with(kind.media_type()), "{own_type}");
        let text = String::from_utf8_lossy(&response.body).into_owned();
        assert_eq!(
            text.contains("\"status\":429"),
            kind == Kind::Json,
            "{text}"
        );
    }
    assert_eq!(origin.requests().len(), 3);
    let own = proxy.get("/.intermission/status");
    assert_eq!(own.head.status(), 200, "what is ours is not counted");
    let record = proxy.record("/often");
    assert_eq!(record["failure"], "rate_limited", "{record}");
    assert_eq!(record["outcome"], "refused", "{record}");
    proxy.logged(&["rate_limited", "limits.rate"]);
}

#[test]
fn each_client_behind_a_trusted_proxy_has_its_own_rate() {
    let origin = Origin::always(answer(ok("hello")));
    let setup = Setup::new("trusted_proxies = [\"127.0.0.1\"]\n");
    let proxy = setup.site("shop", &catch_all(&origin.url(), RATE)).start();
    let ask = |client: &str| {
        let ask = Ask::get("/page").with("x-forwarded-for", client);
        proxy.ask(&ask, Protocol::H1).head.status()
    };
    for client in ["192.0.2.1", "192.0.2.2", "2001:db8::1"] {
        let asked: Vec<u16> = (0..4).map(|_| ask(client)).collect();
        assert_eq!(asked, [200, 200, 200, 429], "{client}");
    }
    assert_eq!(ask("2001:db8::2"), 429, "one network is one client");
    assert_eq!(ask("2001:db8:0:1::1"), 200);
}

#[test]
fn a_reload_does_not_fill_the_buckets() {
    let (origin, proxy) = with_site(RATE);
    while proxy.get("/page").head.status() == 200 {}
    let site = catch_all(&origin.url(), &format!("{RATE}[brand]\nname = \"Anew\"\n"));
    proxy.write("sites/shop.toml", &site);
    proxy.signal(rustix::process::Signal::HUP);
    eventually("the reload", || {
        (proxy.metric("intermission_config_reloads_total", &["applied"]) > 0.0).then_some(())
    });
    assert_eq!(proxy.get("/page").head.status(), 429);
}

const ONE: &str = "GET /page HTTP/1.1\r\nHost: shop.test\r\n\r\n";

#[test]
fn an_address_has_so_many_connections() {
    let (_origin, proxy) = with_clients("connections_per_address = 2");
    let mut kept: Vec<Client> = (0..2).map(|_| proxy.client()).collect();
    for client in &mut kept {
        assert_eq!(client.ask(ONE).body, b"hello");
    }
    let mut third = proxy.client();
    third.send(ONE);
    assert_ne!(third.ended(), Ended::GivenUp);
    assert_eq!(kept[0].ask(ONE).body, b"hello", "the others live on");
    let refused = proxy.metric("intermission_connections_refused_total", &[]);
    assert!(refused >= 1.0, "{refused}");
    proxy.logged(&["127.0.0.1", "connections_per_address"]);
    drop(kept.pop());
    eventually("there is room again", || {
        (proxy.client().ask(ONE).body == b"hello").then_some(())
    });
}

#[test]
fn a_trusted_proxy_has_as_many_connections_as_it_likes() {
    let origin = Origin::always(answer(ok("hello")));
    let setup =
        Setup::new("trusted_proxies = [\"127.0.0.0/8\"]\n[clients]\nconnections_per_address = 1\n");
    let proxy = setup.site("shop", &catch_all(&origin.url(), "")).start();
    let mut clients: Vec<Client> = (0..5).map(|_| proxy.client()).collect();
    for client in &mut clients {
        assert_eq!(client.ask(ONE).body, b"hello");
    }
}

#[test]
fn a_connection_has_so_many_requests() {
    let (_origin, proxy) = with_clients("requests_per_connection = 3");
    let mut client = proxy.client();
    for round in 1..=3 {
        let response = client.ask(ONE);
        assert_eq!(response.body, b"hello");
        let closes = response
            .head
            .field("connection")
            .is_some_and(|field| field == "close");
        assert_eq!(closes, round == 3, "request {round}");
    }
    assert_eq!(client.ended(), Ended::Closed);
    let mut client = Frames::connect(proxy.address);
    for stream in [1, 3, 5] {
        client.get(stream, "/page");
    }
    let last = client.await_frame(GOAWAY).unwrap();
    assert_eq!(last.payload[4..8], [0; 4], "without an error");
    assert_eq!(client.end(), Outcome::GoneAway(0));
}

#[test]
fn a_body_that_trickles_is_given_up_and_a_steady_one_is_not() {
    let (origin, proxy) = with_clients("body_timeout = \"400ms\"\nbody_rate = 100000");
    let post = "POST /slow HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 1000000\r\n\r\n";
    let mut client = proxy.client();
    client.send(post);
    let mut socket: TcpStream = client.line.writer();
    let trickle = std::thread::spawn(move || {
        use std::io::Write;
        // Until it is given up, at the latest when the test's patience ends.
        for _ in 0..400 {
            if socket.write_all(b"x").is_err() {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
    });
    let response = client.read();
    assert_eq!(response.head.status(), 408, "{:?}", response.head);
    assert_eq!(response.head.field("connection").unwrap(), "close");
    assert_ne!(client.ended(), Ended::GivenUp);
    drop(client);
    drop(trickle.join());
    assert_eq!(whole(&origin), 0);
    // Longer than the time there is at the start, but fast enough.
    let mut client = proxy.client();
    client.send("POST /steady HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 600000\r\n\r\n");
    for _ in 0..20 {
        client.send(vec![b'x'; 30_000]);
        std::thread::park_timeout(Duration::from_millis(50));
    }
    assert_eq!(client.read().body, b"hello");
}

#[test]
fn a_connection_has_so_many_streams() {
    let (_origin, proxy) = with_clients("streams = 2");
    let mut client = Frames::connect(proxy.address);
    let settings = client.await_frame(SETTINGS).unwrap();
    let streams = settings.payload.chunks(6).find(|one| one[..2] == [0, 3]);
    assert_eq!(streams.expect("it is told")[2..], [0, 0, 0, 2]);
    for stream in [1, 3, 5] {
        client.headers(stream, 0, &request("POST", "/page"));
    }
    let refused = client.outcome(5);
    assert!(
        matches!(refused, Outcome::Reset(7) | Outcome::GoneAway(1 | 7)),
        "REFUSED_STREAM (RFC 9113 section 5.1.2): {refused:?}"
    );
    let mut other = Frames::connect(proxy.address);
    let answered = other
        .headers(1, END_STREAM, &request("GET", "/page"))
        .outcome(1);
    assert_eq!(answered, Outcome::Answered(200));
}

#[test]
fn a_stream_whose_client_takes_nothing_is_given_up_alone() {
    let origin = Origin::always(answer(crate::support::script::response(
        "200 OK",
        &[],
        &vec![b'x'; 1024 * 1024],
    )));
    let setup = Setup::new("[clients]\nidle_timeout = \"300ms\"\n");
    let proxy = setup.site("shop", &catch_all(&origin.url(), "")).start();
    // No window for any stream.
    let mut client = Frames::connect_with(proxy.address, &[(4, 0)], Duration::from_secs(10));
    client.get(1, "/stalled");
    assert_eq!(client.outcome(1), Outcome::Answered(200));
    assert_eq!(client.outcome(1), Outcome::Reset(8), "CANCEL");
    // What was done for it has ended.
    assert_eq!(proxy.record("/stalled")["ended"], "client_gone");
    eventually("the connection to the origin is given up", || {
        origin
            .connections()
            .iter()
            .all(|seen| seen.ended.is_some())
            .then_some(())
    });
    assert_eq!(
        client.get(3, "/next").outcome(3),
        Outcome::Answered(200),
        "the others live on"
    );
}
