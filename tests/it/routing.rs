//! Which site a request belongs to.

use crate::support::{
    clients::{Ask, Protocol},
    origin::Origin,
    process::Process,
    proxy::{Proxy, Setup},
    script::{answer, ok},
};

/// A site that says its own name.
fn site(name: &str, hosts: &str) -> (Origin, String) {
    let origin = Origin::always(answer(ok(name)));
    let text = format!("hosts = [{hosts}]\nupstream = \"{}\"\n", origin.url());
    (origin, text)
}

fn said(proxy: &Proxy, host: &str, protocol: Protocol) -> String {
    let response = proxy.ask(&Ask::get("/").host(host), protocol);
    assert_eq!(response.head.status(), 200, "{host}");
    String::from_utf8_lossy(&response.body).into_owned()
}

#[test]
fn the_most_exact_host_wins() {
    let (_shop, shop) = site("shop", "\"shop.example\", \"www.shop.example\"");
    let (_wild, wild) = site("wild", "\"*.shop.example\"");
    let (_deep, deep) = site("deep", "\"*.deep.shop.example\"");
    let (_rest, rest) = site("rest", "\"*\"");
    let setup = Setup::new("").site("shop", &shop).site("wild", &wild);
    let proxy = setup.site("deep", &deep).site("rest", &rest).start();
    for (host, expected) in [
        ("shop.example", "shop"),
        ("SHOP.Example", "shop"),
        ("shop.example:8080", "shop"),
        ("shop.example.", "shop"),
        ("www.shop.example", "shop"),
        ("a.shop.example", "wild"),
        ("a.b.shop.example", "wild"),
        ("a.deep.shop.example", "deep"),
        ("deep.shop.example", "wild"),
        ("xshop.example", "rest"),
        ("127.0.0.1", "rest"),
    ] {
        for protocol in Protocol::BOTH {
            assert_eq!(
                said(&proxy, host, protocol),
                expected,
                "{host} over {protocol:?}"
            );
        }
    }
}

#[test]
fn an_unknown_host_never_gets_another_sites_content() {
    let (origin, shop) = site("shop", "\"shop.example\"");
    let proxy = Setup::new("").site("shop", &shop).start();
    for protocol in Protocol::BOTH {
        for host in ["other.example", "sub.shop.example", "127.0.0.1:80"] {
            let response = proxy.ask(&Ask::get("/").host(host), protocol);
            assert!(
                matches!(response.head.status(), 404 | 421),
                "{host}: {:?}",
                response.head
            );
            assert!(!String::from_utf8_lossy(&response.body).contains("shop"));
        }
    }
    assert!(origin.requests().is_empty());
    let record = proxy.record("/");
    assert_eq!(record["outcome"], "refused");
}

#[test]
fn two_files_that_claim_one_host_are_both_named() {
    let (_first, first) = site("first", "\"shop.example\"");
    let (_second, second) = site("second", "\"SHOP.example\"");
    let setup = Setup::new("").site("first", &first).site("second", &second);
    let mut process = Process::start(&mut setup.command(), true);
    assert_eq!(process.wait().code(), Some(1));
    let said = process.stderr().join("\n");
    for word in ["sites/first.toml", "sites/second.toml", "shop.example"] {
        assert!(said.contains(word), "{word} is missing in {said}");
    }
}

#[test]
fn records_name_the_site() {
    let (_shop, shop) = site("shop", "\"shop.example\"");
    let (_rest, rest) = site("rest", "\"*\"");
    let proxy = Setup::new("")
        .site("shop", &shop)
        .site("rest", &rest)
        .start();
    proxy.ask(&Ask::get("/s").host("shop.example"), Protocol::H1);
    proxy.ask(&Ask::get("/r").host("x.example"), Protocol::H1);
    assert_eq!(proxy.record("/s")["site"], "shop");
    assert_eq!(proxy.record("/r")["site"], "rest");
}
