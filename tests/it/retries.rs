//! Which requests are sent again, where, and which must not be.

use std::{net::Ipv4Addr, time::Duration};

use tokio::time::Instant;

use crate::support::{
    at_once,
    clients::{Ask, Protocol},
    dns::{NameServer, Told},
    eventually,
    origin::Origin,
    places::Refusing,
    proxy::{Proxy, Setup, catch_all},
    script::{Step, after_request, answer, ok},
};

/// One worker, so that both requests of a test share its pool.
fn one_worker(origin: &Origin) -> Proxy {
    Setup::new("workers = 1\n")
        .site("shop", &catch_all(&origin.url(), ""))
        .start()
}

/// Answers once, then closes instead of answering the next request on that connection.
fn closing_on_reuse() -> Origin {
    Origin::in_turn(vec![
        answer(ok("first")),
        after_request([Step::Close]),
        answer(ok("again")),
    ])
}

fn times_seen(origin: &Origin, path: &str) -> usize {
    origin
        .requests()
        .iter()
        .filter(|seen| seen.path() == path)
        .count()
}

#[test]
fn connections_to_the_origin_are_reused() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = one_worker(&origin);
    for _ in 0..20 {
        assert_eq!(proxy.get("/").head.status(), 200);
    }
    assert_eq!(origin.connections().len(), 1);
}

#[test]
fn a_kept_connection_that_the_origin_closed_is_not_used() {
    let origin = Origin::always(after_request([Step::Send(ok("hello")), Step::Close]));
    let proxy = one_worker(&origin);
    for round in 0..50 {
        let post = Ask::new("POST", "/close").body("x");
        assert_eq!(
            proxy.ask(&post, Protocol::H1).head.status(),
            200,
            "round {round}"
        );
        // Until its end has arrived nobody can know of it, and a POST sent then is lost.
        eventually("the origin has closed", || {
            let connections = origin.connections();
            connections.iter().all(|seen| seen.closed).then_some(())
        });
    }
}

#[test]
fn an_unused_connection_is_closed_when_its_time_is_over() {
    let origin = Origin::always(answer(ok("hello")));
    let site = catch_all(&origin.url(), "[limits]\nidle_timeout = \"100ms\"\n");
    let proxy = Setup::new("").site("shop", &site).start();
    proxy.get("/");
    eventually("the idle connection is closed", || {
        origin.connections()[0].ended
    });
}

#[test]
fn a_get_that_a_reused_connection_lost_is_sent_again() {
    let origin = closing_on_reuse();
    let proxy = one_worker(&origin);
    assert_eq!(proxy.get("/1").body, b"first");
    let second = proxy.get("/2");
    assert_eq!(
        (second.head.status(), second.body.as_slice()),
        (200, &b"again"[..])
    );
    assert_eq!(times_seen(&origin, "/2"), 2);
    let record = proxy.record("/2");
    assert_eq!(record["outcome"], "forwarded");
    assert_eq!(record["attempts"], 2);
}

#[test]
fn a_post_that_a_reused_connection_lost_is_not_sent_again() {
    let origin = closing_on_reuse();
    let proxy = one_worker(&origin);
    assert_eq!(proxy.get("/1").body, b"first");
    let second = proxy.ask(&Ask::new("POST", "/2").body("pay"), Protocol::H1);
    assert_eq!(second.head.status(), 503);
    assert_eq!(times_seen(&origin, "/2"), 1);
    assert_eq!(proxy.record("/2")["failure"], "connection_terminated");
}

#[test]
fn a_get_that_a_fresh_connection_lost_is_not_sent_again_to_the_same_endpoint() {
    let origin = Origin::always(after_request([Step::Close]));
    let proxy = one_worker(&origin);
    assert_eq!(proxy.get("/lost").head.status(), 503);
    assert_eq!(times_seen(&origin, "/lost"), 1);
}

#[test]
fn any_method_goes_to_the_next_address_when_the_first_refuses() {
    let [second, third] = [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)];
    let origin = Origin::at((third, 0).into(), answer(ok("third")));
    let _port = Refusing::at((second, origin.address.port()).into());
    let names = NameServer::start("app.test", Told::Addresses(vec![second, third]));
    let dns = format!("[dns]\nservers = [\"{}\"]\n", names.address);
    let upstream = format!("http://app.test:{}", origin.address.port());
    let proxy = Setup::new(&dns)
        .site("shop", &catch_all(&upstream, ""))
        .start();
    for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
        for protocol in Protocol::BOTH {
            let path = format!("/{method}{}", protocol.version());
            let mut ask = Ask::new(method, &path);
            if method != "GET" {
                ask = ask.body("x");
            }
            let response = proxy.ask(&ask, protocol);
            assert_eq!(
                (response.head.status(), response.body.as_slice()),
                (200, &b"third"[..])
            );
            assert_eq!(times_seen(&origin, &path), 1, "{path}");
            let record = proxy.record(&path);
            assert_eq!(record["upstream"], origin.address.to_string());
        }
    }
}

#[test]
fn an_outage_under_load_does_not_flood_the_name_server() {
    let port = Refusing::at((Ipv4Addr::new(127, 0, 0, 2), 0).into());
    let names = NameServer::start(
        "app.test",
        Told::Addresses(vec![Ipv4Addr::new(127, 0, 0, 2)]),
    );
    let dns = format!("[dns]\nservers = [\"{}\"]\n", names.address);
    let upstream = format!("http://app.test:{}", port.address.port());
    let proxy = Setup::new(&dns)
        .site("shop", &catch_all(&upstream, ""))
        .start();
    let began = Instant::now();
    at_once(4, |_| {
        while began.elapsed() < Duration::from_secs(3) {
            assert_eq!(proxy.get("/").head.status(), 503);
        }
    });
    let seconds = usize::try_from(began.elapsed().as_secs()).expect("not long");
    // Two questions a time, for either kind of address; at the start, and once more at the end.
    let most = 2 * (seconds + 2);
    let asked = names.asked();
    assert!(asked > 2, "it is asked again");
    assert!(asked <= most, "{asked} questions in {seconds} s");
}

#[test]
fn a_name_that_moves_is_followed() {
    let [second, third] = [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)];
    let origin = Origin::at((third, 0).into(), answer(ok("moved")));
    let _port = Refusing::at((second, origin.address.port()).into());
    let names = NameServer::start("app.test", Told::Addresses(vec![second]));
    let dns = format!("[dns]\nservers = [\"{}\"]\n", names.address);
    let upstream = format!("http://app.test:{}", origin.address.port());
    let proxy = Setup::new(&dns)
        .site("shop", &catch_all(&upstream, ""))
        .start();
    assert_eq!(proxy.get("/").head.status(), 503);
    names.tell("app.test", Told::Addresses(vec![third]));
    eventually("the new address is used", || {
        (proxy.get("/").head.status() == 200).then_some(())
    });
    assert!(names.asked() >= 2);
}
