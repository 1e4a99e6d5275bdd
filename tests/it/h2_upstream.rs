//! HTTP/2 to upstreams: one connection for many requests, and what happens when it ends.

use std::net::SocketAddr;

use ::h2::Reason;
use sha2::{Digest as _, Sha256};

use crate::support::{
    at_once,
    clients::{Ask, Protocol},
    eventually,
    h1::End,
    h2_frames::{Liar, frame, goaway, head, settings},
    h2_origin::{Act, Carrier, H2Origin, Seen},
    origin::Origin,
    proxy::{Proxy, Setup},
    script::{Step, pattern, response},
};

/// A site in front of origins that speak HTTP/2 in cleartext.
fn site(origins: &[SocketAddr], more: &str) -> String {
    let mut text = "hosts = [\"*\"]\n".to_owned();
    for origin in origins {
        text += &format!("[[upstream]]\nurl = \"http://{origin}\"\nhttp2 = true\n");
    }
    text + more
}

/// With one worker, so that there is one set of connections.
fn before(origins: &[SocketAddr], more: &str) -> Proxy {
    let setup = Setup::new("workers = 1");
    setup.site("shop", &site(origins, more)).start()
}

fn hello(_: &Seen, _: usize) -> Act {
    Act::Answer(200, vec![("x-origin", "yes".to_owned())], b"hello".to_vec())
}

#[test]
fn requests_of_both_kinds_arrive_as_they_were_sent() {
    let origin = H2Origin::start(hello);
    let proxy = before(&[origin.address], "");
    for protocol in Protocol::BOTH {
        let target = format!("/a%20b/{protocol:?}?c=d&c=%2F");
        let ask = Ask::new("POST", &target).with("x-mine", "1").body("body");
        let response = proxy.ask(&ask, protocol);
        assert_eq!(response.head.status(), 200);
        assert_eq!(response.body, b"hello");
        assert_eq!(response.head.field("x-origin").as_deref(), Some("yes"));
        let seen = origin.request(&target);
        assert_eq!(seen.method, "POST");
        assert_eq!(seen.uri, format!("http://shop.test{target}"));
        assert_eq!(seen.body, b"body");
        assert_eq!(seen.fields["x-mine"], "1");
        assert!(seen.fields.contains_key("x-forwarded-for") && seen.fields.contains_key("via"));
        for foreign in ["host", "connection", "transfer-encoding", "te"] {
            assert!(!seen.fields.contains_key(foreign), "{foreign}");
        }
    }
    assert_eq!(origin.connections(), 1);
}

#[test]
fn a_crowd_shares_one_connection() {
    let origin = H2Origin::start(hello);
    let proxy = before(&[origin.address], "");
    let statuses = at_once(24, |at| proxy.get(&format!("/{at}")).head.status());
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(origin.connections(), 1);
    assert_eq!(origin.requests().len(), 24);
}

#[test]
fn a_full_connection_is_joined_by_others_up_to_the_limit() {
    let origin = H2Origin::with(Carrier::Cleartext, 2, |_, _| Act::Begin(b"begun".to_vec()));
    let proxy = before(&[origin.address], "[limits]\nconnections = 3\n");
    let holding: Vec<_> = (0..6)
        .map(|at| {
            let mut client = proxy.client();
            client.send(format!("GET /{at} HTTP/1.1\r\nHost: shop.test\r\n\r\n"));
            assert_eq!(client.response_head().head.status(), 200);
            client
        })
        .collect();
    assert_eq!(origin.connections(), 3);
    let refused = proxy.get("/more");
    assert_eq!(refused.head.status(), 503);
    let why = refused.head.field("proxy-status").unwrap_or_default();
    assert!(why.contains("connection_limit_reached"), "{why}");
    drop(holding);
    eventually("there is room again", || {
        let mut client = proxy.client();
        client.send("GET /again HTTP/1.1\r\nHost: shop.test\r\n\r\n");
        (client.response_head().head.status() == 200).then_some(())
    });
    assert_eq!(origin.connections(), 3);
}

#[test]
fn what_an_origin_refuses_unseen_goes_to_another_whatever_its_method() {
    let refusing = H2Origin::start(|_, _| Act::Refuse);
    let willing = H2Origin::start(hello);
    let proxy = before(
        &[refusing.address, willing.address],
        "[retry]\nbudget_per_second = 1000\n",
    );
    for at in 0..20 {
        let ask = Ask::new("POST", &format!("/{at}")).body(vec![b'x'; 20_000]);
        let response = proxy.ask(&ask, Protocol::H1);
        assert_eq!(response.head.status(), 200, "{at}");
        assert_eq!(willing.request(&format!("/{at}")).body.len(), 20_000);
    }
    assert!(!refusing.requests().is_empty());
}

#[test]
fn a_connection_that_says_goodbye_loses_no_request() {
    let origin = H2Origin::start(|_, _| Act::Leave);
    let proxy = before(&[origin.address], "");
    for at in 0..20 {
        let ask = Ask::new("POST", &format!("/{at}")).body("once");
        assert_eq!(proxy.ask(&ask, Protocol::H1).head.status(), 200, "{at}");
    }
    assert_eq!(origin.requests().len(), 20, "each was sent once");
    assert!(origin.connections() > 10);
}

#[test]
fn what_a_goodbye_leaves_out_is_sent_again_on_another_connection() {
    let origin = Liar::start(settings(), |stream| match stream {
        1 => ([head(1), frame(0, 1, 1, b"answered")].concat(), false),
        _ => (goaway(1, 0), true),
    });
    let proxy = before(&[origin.address], "");
    for at in 0..6 {
        let ask = Ask::new("POST", &format!("/{at}")).body("a=b");
        let response = proxy.ask(&ask, Protocol::H1);
        assert_eq!(response.head.status(), 200, "{at}");
        assert_eq!(response.body, b"answered");
    }
}

#[test]
fn a_connection_that_breaks_under_a_request_that_only_reads_is_replaced() {
    let origin = Liar::start(settings(), |stream| match stream {
        1 => ([head(1), frame(0, 1, 1, b"answered")].concat(), false),
        _ => (Vec::new(), true),
    });
    let proxy = before(&[origin.address], "");
    for at in 0..6 {
        let response = proxy.get(&format!("/{at}"));
        assert_eq!(response.body, b"answered", "{at}");
    }
    // What may have been acted on is not sent again.
    let ask = Ask::new("POST", "/order").body("a=b");
    let statuses: Vec<_> = (0..2)
        .map(|_| proxy.ask(&ask, Protocol::H1).head.status())
        .collect();
    assert!(statuses.contains(&503), "{statuses:?}");
}

#[test]
fn a_client_that_leaves_ends_its_stream_and_not_the_connection() {
    let origin = H2Origin::start(|seen, _| match seen.uri.ends_with("/hang") {
        true => Act::Hang,
        false if seen.uri.ends_with("/begin") => Act::Begin(b"begun".to_vec()),
        false => Act::Answer(200, vec![], b"well".to_vec()),
    });
    let proxy = before(&[origin.address], "");
    for path in ["/hang", "/begin"] {
        let mut client = proxy.client();
        client.send(format!("GET {path} HTTP/1.1\r\nHost: shop.test\r\n\r\n"));
        origin.request(path);
        if path == "/begin" {
            client.response_head();
        }
        drop(client);
        let cancelled = eventually("the origin is told", || origin.request(path).cancelled);
        assert_eq!(cancelled, Reason::CANCEL, "{path}");
    }
    assert_eq!(proxy.get("/after").body, b"well");
    assert_eq!(origin.connections(), 1);
}

#[test]
fn the_clocks_run_for_each_request_alone() {
    let origin = H2Origin::start(|seen, _| match seen.uri.ends_with("/hang") {
        true => Act::Hang,
        false if seen.uri.ends_with("/stall") => Act::Begin(b"begun".to_vec()),
        false => Act::Answer(200, vec![], b"well".to_vec()),
    });
    let clocks = "[timeouts]\nfirst_byte = \"300ms\"\nbetween_bytes = \"300ms\"\n\
                  [retry]\nattempts = 1\n";
    let proxy = before(&[origin.address], clocks);
    let response = proxy.get("/hang");
    assert_eq!(response.head.status(), 503);
    let why = response.head.field("proxy-status").unwrap_or_default();
    assert!(why.contains("connection_read_timeout"), "{why}");
    eventually("the origin is told", || origin.request("/hang").cancelled);
    let response = proxy.get("/stall");
    assert_eq!(response.head.status(), 200);
    assert_ne!(response.end, End::Complete);
    eventually("the origin is told", || origin.request("/stall").cancelled);
    assert_eq!(proxy.get("/well").body, b"well");
    assert_eq!(origin.connections(), 1);
}

#[test]
fn large_bodies_pass_whole_both_ways() {
    let origin = H2Origin::start(|_, _| Act::Answer(200, vec![], pattern(24 * 1024 * 1024)));
    let proxy = before(&[origin.address], "");
    for protocol in Protocol::BOTH {
        let ask = Ask::new("PUT", "/").body(pattern(8 * 1024 * 1024));
        let response = proxy.ask(&ask, protocol);
        assert_eq!(response.end, End::Complete);
        let whole = Sha256::digest(pattern(24 * 1024 * 1024)).to_vec();
        assert_eq!(response.body_sha256, whole, "{protocol:?}");
    }
    let whole = pattern(8 * 1024 * 1024);
    assert!(origin.requests().iter().all(|seen| seen.body == whole));
}

#[test]
fn a_reader_that_stops_holds_nobody_up() {
    let origin = H2Origin::start(|seen, _| match seen.uri.ends_with("/large") {
        true => Act::Answer(200, vec![], vec![b'x'; 16 * 1024 * 1024]),
        false => Act::Answer(200, vec![], b"well".to_vec()),
    });
    let proxy = before(&[origin.address], "");
    let _stopped: Vec<_> = (0..8)
        .map(|_| {
            let mut client = proxy.client();
            client.send("GET /large HTTP/1.1\r\nHost: shop.test\r\n\r\n");
            assert_eq!(client.response_head().head.status(), 200);
            client
        })
        .collect();
    for at in 0..20 {
        assert_eq!(proxy.get(&format!("/{at}")).body, b"well");
    }
    assert_eq!(origin.connections(), 1);
}

#[test]
fn trailers_pass_to_those_who_can_have_them() {
    let origin = H2Origin::start(|_, _| {
        Act::Trailers(
            b"body".to_vec(),
            vec![("x-checksum", "abc"), ("x-other", "1")],
        )
    });
    let proxy = before(&[origin.address], "");
    let response = proxy.ask(&Ask::get("/"), Protocol::H2);
    assert_eq!(response.body, b"body");
    assert_eq!(
        response.trailers.field("x-checksum").as_deref(),
        Some("abc")
    );
    assert_eq!(proxy.get("/").body, b"body");
}

#[test]
fn an_idle_connection_is_closed_in_time() {
    let origin = H2Origin::start(hello);
    let proxy = before(&[origin.address], "[limits]\nidle_timeout = \"1s\"\n");
    assert_eq!(proxy.get("/").head.status(), 200);
    let open = |state: &str| proxy.metric("intermission_pool_connections", &[state]);
    eventually("it is counted as idle", || {
        (open("idle") > 0.5).then_some(())
    });
    eventually("it is gone", || {
        (open("idle") + open("active") < 0.5).then_some(())
    });
    assert_eq!(proxy.get("/again").head.status(), 200);
    assert_eq!(origin.connections(), 2);
}

#[test]
fn an_http_1_server_on_the_port_is_found_out_before_anything_is_sent() {
    let refusal = response("400 Bad Request", &[], b"what?");
    let origin = Origin::always(vec![Step::ReadSome(24), Step::Send(refusal), Step::Hang]);
    let proxy = before(&[origin.address], "[timeouts]\nconnect = \"2s\"\n");
    let ask = Ask::new("POST", "/order").body("a=b");
    let response = proxy.ask(&ask, Protocol::H1);
    let why = response.head.field("proxy-status").unwrap_or_default();
    assert!(why.contains("http_protocol_error"), "{why}");
    let record = proxy.record("/order");
    assert_eq!(record["http.response.status_code"], 503);
}

#[test]
fn what_speaks_http_2_is_found_out_where_http_1_is_meant() {
    let origin = H2Origin::start(hello);
    let proxy = Proxy::before(&format!("http://{}", origin.address), "");
    assert_eq!(proxy.get("/").head.status(), 503);
    let failure = proxy.record("/")["failure"].clone();
    let known = ["http_protocol_error", "connection_terminated"];
    assert!(known.iter().any(|known| failure == *known), "{failure}");
}

#[test]
fn a_request_that_switches_protocols_goes_over_http_1() {
    let switched = ["Connection: Upgrade", "Upgrade: echo"];
    let switched = crate::support::script::head("101 Switching Protocols", &switched);
    let origin = Origin::always(vec![Step::ReadHead, Step::Send(switched), Step::Echo]);
    let proxy = before(&[origin.address], "");
    let mut client = proxy.client();
    let ask = "GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
    assert_eq!(client.ask(ask).head.status(), 101);
    client.send("hello").expect_bytes(b"hello");
}

#[test]
fn trailers_of_a_request_reach_the_origin() {
    let origin = H2Origin::start(hello);
    let proxy = before(&[origin.address], "");
    let ask = "POST /sum HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\
               Trailer: x-sum\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 294\r\n\r\n";
    assert_eq!(proxy.client().ask(ask).body, b"hello");
    let seen = origin.request("/sum");
    assert_eq!(seen.body, b"abc");
    assert_eq!(seen.trailers["x-sum"], "294");
}

#[test]
fn a_body_that_waits_is_sent_when_the_origin_wants_it() {
    let origin = H2Origin::start(|_, _| Act::Continue);
    let proxy = before(&[origin.address], "");
    let mut client = proxy.client();
    client.send(
        "POST /wanted HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 4\r\n\
         Expect: 100-continue\r\n\r\n",
    );
    client.expect_bytes(b"HTTP/1.1 100 Continue\r\n\r\n");
    let response = client.ask("body");
    assert_eq!(response.head.status(), 200);
    assert_eq!(origin.request("/wanted").body, b"body");
}
