//! Upstreams by name: what name servers say, do not say and say wrongly.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use rustix::process::Signal;
use tokio::time::Instant;

use crate::support::{
    at_once,
    dns::{NameServer, Service, Told},
    eventually,
    origin::Origin,
    places::{Refusing, Swallowing},
    proxy::{Proxy, Setup, catch_all},
    script::{answer, ok},
};

const SECOND: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const THIRD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

fn at(address: impl Into<std::net::IpAddr>, port: u16, says: &str) -> Origin {
    Origin::at(SocketAddr::new(address.into(), port), answer(ok(says)))
}

/// Two origins at one port of different addresses, named by their last number.
fn two() -> (Origin, Origin, u16) {
    let third = at(THIRD, 0, "3");
    let port = third.address.port();
    (at(SECOND, port, "2"), third, port)
}

fn dns(names: &NameServer, timeout: &str) -> String {
    format!(
        "[dns]\nservers = [\"{}\"]\ntimeout = \"{timeout}\"\n",
        names.address
    )
}

fn by_name(names: &NameServer, timeout: &str, port: u16, site: &str) -> Proxy {
    let site = catch_all(&format!("http://app.test:{port}"), site);
    Setup::new(&dns(names, timeout)).site("shop", &site).start()
}

fn body(proxy: &Proxy) -> String {
    String::from_utf8_lossy(&proxy.get("/").body).into_owned()
}

/// Waits until the name server has been asked several times more.
fn asked_again(names: &NameServer) {
    let before = names.asked();
    eventually("the name is looked up again and again", || {
        (names.asked() >= before + 6).then_some(())
    });
}

#[test]
fn a_site_starts_before_its_name_exists() {
    let origin = at(SECOND, 0, "2");
    let names = NameServer::start("app.test", Told::NoSuchName);
    let proxy = by_name(&names, "1s", origin.address.port(), "");
    assert_eq!(proxy.get("/early").head.status(), 503);
    assert_eq!(proxy.record("/early")["failure"], "dns_error");
    names.tell("app.test", Told::Addresses(vec![SECOND]));
    eventually("the name is found", || {
        (proxy.get("/").head.status() == 200).then_some(())
    });
}

#[test]
fn a_name_that_does_not_exist_is_not_looked_up_for_every_request() {
    let names = NameServer::start("app.test", Told::NoSuchName);
    let proxy = by_name(&names, "1s", 80, "");
    let began = Instant::now();
    for _ in 0..200 {
        assert_eq!(proxy.get("/").head.status(), 503);
    }
    let seconds = usize::try_from(began.elapsed().as_secs()).expect("not long");
    let asked = names.asked();
    assert!(
        asked <= 2 * (seconds + 2),
        "{asked} questions in {seconds} s"
    );
}

#[test]
fn the_last_good_addresses_outlive_every_way_a_name_server_can_fail() {
    let origin = at(SECOND, 0, "2");
    let (port, good) = (origin.address.port(), Told::Addresses(vec![SECOND]));
    let names = NameServer::start("app.test", good.clone());
    let proxy = by_name(&names, "200ms", port, "");
    assert_eq!(body(&proxy), "2");
    for told in [
        Told::ServerFailure,
        Told::Refused,
        Told::Silence,
        Told::Garbage,
        Told::Misdirected(THIRD),
    ] {
        names.tell("app.test", told.clone());
        asked_again(&names);
        assert_eq!(body(&proxy), "2", "{told:?}");
        names.tell("app.test", good.clone());
    }
    let address = names.address;
    drop(names);
    proxy.logged(&["name not resolved again"]);
    assert_eq!(body(&proxy), "2", "dead");
    drop(origin);
    let _moved = at(THIRD, port, "3");
    let _names = NameServer::at(address, "app.test", Told::Addresses(vec![THIRD]));
    eventually("the name server is back and believed", || {
        (body(&proxy) == "3").then_some(())
    });
}

#[test]
fn a_real_answer_takes_addresses_away() {
    let origin = at(SECOND, 0, "2");
    for (told, failure) in [
        (Told::NoSuchName, "dns_error"),
        (Told::Empty, "destination_unavailable"),
    ] {
        let names = NameServer::start("app.test", Told::Addresses(vec![SECOND]));
        let proxy = by_name(&names, "1s", origin.address.port(), "");
        assert_eq!(body(&proxy), "2");
        names.tell("app.test", told);
        eventually("the address is dropped", || {
            (proxy.get("/").head.status() == 503).then_some(())
        });
        proxy.get("/gone");
        assert_eq!(proxy.record("/gone")["failure"], failure);
        names.tell("app.test", Told::Addresses(vec![SECOND]));
        eventually("it is back", || (body(&proxy) == "2").then_some(()));
    }
}

#[test]
fn a_change_is_followed_without_a_failure() {
    let (_second, _third, port) = two();
    let names = NameServer::start("app.test", Told::Addresses(vec![SECOND]));
    let proxy = by_name(&names, "1s", port, "");
    assert_eq!(body(&proxy), "2");
    names.tell("app.test", Told::Addresses(vec![THIRD]));
    eventually("the new address alone is used", || {
        let body = body(&proxy);
        assert!(body == "2" || body == "3", "{body}");
        (body == "3").then_some(())
    });
    assert!((0..20).all(|_| body(&proxy) == "3"));
}

#[test]
fn no_request_waits_for_a_name_server() {
    let origin = at(SECOND, 0, "2");
    let names = NameServer::start("app.test", Told::Addresses(vec![SECOND]));
    let proxy = by_name(&names, "10s", origin.address.port(), "");
    assert_eq!(body(&proxy), "2");
    names.tell("app.test", Told::Silence);
    asked_again(&names);
    let began = Instant::now();
    for _ in 0..20 {
        assert_eq!(body(&proxy), "2");
    }
    let took = began.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?} for 20 requests");
}

#[test]
fn a_reload_forgets_no_address() {
    let origin = at(SECOND, 0, "2");
    let port = origin.address.port();
    let names = NameServer::start("app.test", Told::Addresses(vec![SECOND]));
    let proxy = by_name(&names, "10s", port, "");
    assert_eq!(body(&proxy), "2");
    names.tell("app.test", Told::Silence);
    let clocks = "[timeouts]\nfirst_byte = \"14s\"\n";
    let site = catch_all(&format!("http://app.test:{port}"), clocks);
    proxy.write("sites/shop.toml", &site);
    proxy.signal(Signal::HUP);
    proxy.logged(&["configuration reloaded"]);
    let began = Instant::now();
    assert_eq!(body(&proxy), "2");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn every_address_of_a_name_is_an_endpoint() {
    let (_second, _third, port) = two();
    let names = NameServer::start("app.test", Told::Addresses(vec![SECOND, THIRD]));
    let proxy = by_name(&names, "1s", port, "");
    let bodies: Vec<String> = (0..60).map(|_| body(&proxy)).collect();
    for one in ["2", "3"] {
        let count = bodies.iter().filter(|body| *body == one).count();
        assert!(count >= 10, "{count} of 60 for {one}");
    }
}

#[test]
fn an_entry_whose_name_fails_leaves_the_others_alone() {
    let origin = at(SECOND, 0, "2");
    let port = origin.address.port();
    let names = NameServer::start("app.test", Told::Addresses(vec![SECOND]));
    names.tell("other.test", Told::Silence);
    let list = format!("[\"http://other.test:{port}\", \"http://app.test:{port}\"]");
    let site = format!("hosts = [\"*\"]\nupstream = {list}\n");
    let setup = Setup::new(&dns(&names, "10s")).site("shop", &site);
    let proxy = setup.start();
    let began = Instant::now();
    assert!((0..20).all(|_| body(&proxy) == "2"));
    assert!(began.elapsed() < Duration::from_secs(5));
}

fn by_service(names: &NameServer) -> Proxy {
    let site = "hosts = [\"*\"]\n[[upstream]]\nurl = \"http://_http._tcp.app.test\"\nsrv = true\n";
    Setup::new(&dns(names, "1s")).site("shop", site).start()
}

fn service(priority: u16, weight: u16, origin: &Origin, host: &'static str) -> Service {
    Service {
        priority,
        weight,
        port: origin.address.port(),
        host,
    }
}

#[test]
fn services_bring_hosts_ports_and_weights() {
    let (light, heavy) = (at(SECOND, 0, "light"), at(THIRD, 0, "heavy"));
    let told = vec![
        service(1, 10, &light, "b.test"),
        service(1, 90, &heavy, "c.test"),
    ];
    let names = NameServer::start("_http._tcp.app.test", Told::Services(told));
    names.tell("b.test", Told::Addresses(vec![SECOND]));
    names.tell("c.test", Told::Addresses(vec![THIRD]));
    let proxy = by_service(&names);
    let both = || {
        let seen: Vec<String> = (0..20).map(|_| body(&proxy)).collect();
        (seen.contains(&"light".to_owned()) && seen.contains(&"heavy".to_owned())).then_some(())
    };
    eventually("both serve", both);
    // Until chance differences between the first answers have been forgotten.
    eventually("each gets its share", || {
        let count = (0..200).filter(|_| body(&proxy) == "light").count();
        (2..80).contains(&count).then_some(())
    });
}

#[test]
fn a_higher_priority_number_serves_only_while_no_lower_can() {
    let (first, second) = (at(SECOND, 0, "first"), at(THIRD, 0, "second"));
    let told = vec![
        service(20, 1, &second, "c.test"),
        service(10, 1, &first, "b.test"),
    ];
    let names = NameServer::start("_http._tcp.app.test", Told::Services(told));
    names.tell("b.test", Told::Addresses(vec![SECOND]));
    names.tell("c.test", Told::Addresses(vec![THIRD]));
    let proxy = by_service(&names);
    assert!((0..20).all(|_| body(&proxy) == "first"));
    drop(first);
    eventually("the second takes over", || {
        (body(&proxy) == "second").then_some(())
    });
}

#[test]
fn a_name_with_ipv6_alone_is_reached() {
    let origin = at(Ipv6Addr::LOCALHOST, 0, "six");
    let told = Told::Both(Vec::new(), vec![Ipv6Addr::LOCALHOST]);
    let names = NameServer::start("app.test", told);
    let proxy = by_name(&names, "1s", origin.address.port(), "");
    assert_eq!(body(&proxy), "six");
}

/// A name with both kinds of address, and one attempt only.
fn both_kinds(port: u16) -> (NameServer, Proxy) {
    let told = Told::Both(vec![SECOND], vec![Ipv6Addr::LOCALHOST]);
    let names = NameServer::start("app.test", told);
    let once = "[timeouts]\nconnect = \"15s\"\ntotal = \"20s\"\n[retry]\nattempts = 1\n";
    let proxy = by_name(&names, "1s", port, once);
    // Both kinds have to be known.
    eventually("both are asked for", || (names.asked() >= 4).then_some(()));
    (names, proxy)
}

#[test]
fn a_kind_of_address_that_leads_nowhere_costs_a_quarter_of_a_second() {
    let origin = at(SECOND, 0, "four");
    let port = origin.address.port();
    let _nowhere = Swallowing::at(SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port));
    let (_names, proxy) = both_kinds(port);
    // So many at once that some are sent to either.
    let took = at_once(16, |_| {
        let began = Instant::now();
        assert_eq!(body(&proxy), "four");
        began.elapsed()
    });
    let longest = took.iter().max().expect("sixteen");
    assert!(*longest >= Duration::from_millis(250), "nobody met it");
    assert!(*longest < Duration::from_secs(5), "{longest:?}");
}

#[test]
fn a_kind_of_address_that_refuses_is_left_at_once() {
    let origin = at(SECOND, 0, "four");
    let port = origin.address.port();
    let _refusing = Refusing::at(SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port));
    let (_names, proxy) = both_kinds(port);
    let bodies = at_once(16, |_| body(&proxy));
    assert!(bodies.iter().all(|body| body == "four"), "{bodies:?}");
}
