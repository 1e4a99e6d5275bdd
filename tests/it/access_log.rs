//! One record per request, whatever happens to it.

use serde_json::Value;

use crate::support::{
    clients::{Ask, Kind, Protocol},
    eventually,
    origin::Origin,
    places::Refusing,
    proxy::{Proxy, Setup, catch_all},
    script::{Step, after_request, answer, head, ok},
};

fn healthy() -> (Origin, Proxy) {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "");
    (origin, proxy)
}

#[test]
fn a_forwarded_request_is_described_in_full() {
    let (origin, proxy) = healthy();
    for protocol in Protocol::BOTH {
        let path = format!("/full{}", protocol.version());
        let ask = Ask::new("POST", &path)
            .with("user-agent", "tester/1")
            .body("abc");
        let response = proxy.ask(&ask, protocol);
        let record = proxy.record(&path);
        for (key, value) in [
            ("site", Value::from("shop")),
            ("outcome", Value::from("forwarded")),
            ("ended", Value::from("complete")),
            ("http.request.method", Value::from("POST")),
            ("http.response.status_code", Value::from(200)),
            ("server.address", Value::from("shop.test")),
            ("client.address", Value::from("127.0.0.1")),
            ("network.protocol.version", Value::from(protocol.version())),
            ("user_agent.original", Value::from("tester/1")),
            ("http.request.body.size", Value::from(3)),
            ("http.response.body.size", Value::from(5)),
            ("attempts", Value::from(1)),
            ("upstream", Value::from(origin.address.to_string())),
        ] {
            assert_eq!(record[key], value, "{key} in {record}");
        }
        assert!(record.get("failure").is_none(), "{record}");
        assert!(
            record["duration_ms"].as_f64() >= record["upstream_ms"].as_f64(),
            "{record}"
        );
        assert!(
            record["timestamp"]
                .as_str()
                .is_some_and(|time| time.contains('T')),
            "{record}"
        );
        let request_id = record["request_id"].as_str().expect("an id");
        let given = response.head.field("x-request-id");
        assert!(given.is_none_or(|given| given == request_id), "{record}");
        let seen = origin.complete_request(&path).head;
        assert_eq!(seen.field("x-request-id").as_deref(), Some(request_id));
    }
}

#[test]
fn values_of_the_query_and_credentials_stay_out() {
    let (_origin, proxy) = healthy();
    let ask = Ask::get("/q?token=secret1&b=secret2&flag").with("cookie", "sid=secret3");
    proxy.ask(&ask.with("authorization", "Bearer secret4"), Protocol::H1);
    let record = proxy.record("/q");
    assert_eq!(record["url.query"], "token=*&b=*&flag");
    let everything = [proxy.process.stdout(), proxy.process.stderr()]
        .concat()
        .join("");
    assert!(!everything.contains("secret"), "{everything}");
}

#[test]
fn every_request_of_a_mixed_crowd_has_one_record() {
    let (_origin, proxy) = healthy();
    let each = 25;
    crate::support::at_once(8, |thread| {
        for round in 0..each {
            let protocol = if thread % 2 == 0 {
                Protocol::H1
            } else {
                Protocol::H2
            };
            proxy.ask(&Ask::get(&format!("/{thread}-{round}")), protocol);
        }
    });
    eventually("all records", || {
        (proxy.records().len() >= 8 * each).then_some(())
    });
    let mut paths: Vec<String> = proxy
        .records()
        .iter()
        .map(|record| record["url.path"].to_string())
        .collect();
    paths.sort();
    let all = paths.len();
    paths.dedup();
    assert_eq!((paths.len(), all), (8 * each, 8 * each));
}

#[test]
fn refused_requests_have_a_record() {
    let (_origin, proxy) = healthy();
    proxy
        .client()
        .ask("TRACE /trace HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    let record = proxy.record("/trace");
    assert_eq!(record["outcome"], "refused");
    assert_eq!(record["http.response.status_code"], 405);
}

#[test]
fn a_client_that_leaves_has_a_record_that_says_so() {
    let origin = Origin::always(after_request([Step::Hang]));
    let proxy = Proxy::before(&origin.url(), "");
    let mut client = proxy.client();
    client.send("GET /gone HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    origin.request("/gone");
    drop(client);
    let record = proxy.record("/gone");
    assert_eq!(record["ended"], "client_gone");
    assert_eq!(record["outcome"], "forwarded", "nobody else answered");
    assert_eq!(record["attempts"], 1);
    assert!(record.get("http.response.status_code").is_none());
}

#[test]
fn a_response_with_trailers_is_complete_and_its_connection_kept() {
    let mut bytes = head("200 OK", &["Transfer-Encoding: chunked", "Trailer: X-Sum"]);
    bytes.extend_from_slice(b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n");
    let origin = Origin::always(answer(bytes));
    let setup = Setup::new("workers = 1\n");
    let proxy = setup.site("shop", &catch_all(&origin.url(), "")).start();
    for round in 0..4 {
        for protocol in Protocol::BOTH {
            let path = format!("/{round}-{}", protocol.version());
            let response = proxy.ask(&Ask::get(&path), protocol);
            assert_eq!(response.body, b"hello");
            let record = proxy.record(&path);
            assert_eq!(record["ended"], "complete", "{record}");
            assert_eq!(record["http.response.body.size"], 5, "{record}");
        }
    }
    assert_eq!(origin.connections().len(), 1);
}

#[test]
fn a_cut_response_has_a_record_of_what_was_sent() {
    let begun = [head("200 OK", &["Content-Length: 9"]), b"abc".to_vec()].concat();
    let origin = Origin::always(after_request([Step::Send(begun), Step::Close]));
    let proxy = Proxy::before(&origin.url(), "");
    proxy.get("/cut");
    let record = proxy.record("/cut");
    assert_eq!(record["http.response.body.size"], 3);
    assert_eq!(record["failure"], "http_response_incomplete");
}

#[test]
fn a_page_is_recorded_with_its_cause() {
    let port = Refusing::start();
    let proxy = Proxy::before(&format!("http://{}", port.address), "");
    let response = proxy.ask(&Ask::get("/page").by(Kind::Navigation), Protocol::H2);
    let record = proxy.record("/page");
    assert_eq!(record["outcome"], "page");
    assert_eq!(record["failure"], "connection_refused");
    assert_eq!(record["upstream"], port.address.to_string());
    assert_eq!(
        record["request_id"].as_str(),
        response.head.field("x-request-id").as_deref()
    );
}

#[test]
fn a_failure_is_named_once_in_plain_words() {
    let port = Refusing::start();
    let proxy = Proxy::before(&format!("http://{}", port.address), "");
    proxy.get("/x");
    let line = proxy.logged(&["connection_refused", &port.address.to_string()]);
    assert!(line.contains("nothing listens"), "{line}");
    let log = proxy.log();
    let named = log
        .iter()
        .filter(|line| line["cause"] == "connection_refused")
        .count();
    assert_eq!(named, 1, "{log:#?}");
}

#[test]
fn the_log_can_be_text_or_off() {
    for (format, lines) in [("text", 1), ("off", 0)] {
        let origin = Origin::always(answer(ok("hello")));
        let setup = Setup::new(&format!("[log]\naccess = \"{format}\"\n"));
        let mut proxy = setup.site("shop", &catch_all(&origin.url(), "")).start();
        proxy.get("/listed?a=secret");
        proxy.signal(rustix::process::Signal::TERM);
        proxy.wait();
        let out = proxy.process.stdout();
        assert_eq!(out.len(), lines, "{out:?}");
        assert!(
            out.iter()
                .all(|line| line.contains("/listed") && !line.contains("secret"))
        );
        assert!(proxy.records().is_empty(), "not JSON: {out:?}");
    }
}

#[test]
fn an_inbound_request_id_counts_only_from_trusted_peers() {
    let origin = Origin::always(answer(ok("hello")));
    let ask = |path| Ask::get(path).with("x-request-id", "from-outside-1");
    let stranger = Proxy::before(&origin.url(), "");
    stranger.ask(&ask("/stranger"), Protocol::H1);
    assert_ne!(stranger.record("/stranger")["request_id"], "from-outside-1");
    let setup = Setup::new("trusted_proxies = [\"127.0.0.1\"]\n");
    let friend = setup.site("shop", &catch_all(&origin.url(), "")).start();
    friend.ask(&ask("/friend"), Protocol::H1);
    assert_eq!(friend.record("/friend")["request_id"], "from-outside-1");
}
