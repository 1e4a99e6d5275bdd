//! TLS to upstreams: which protocol is agreed on, whose certificate counts, and who we are.

use std::sync::Arc;

use rustix::process::Signal;
use rustls::ServerConfig;

use crate::support::{
    eventually,
    h2_origin::{Act, Carrier, H2Origin},
    origin::Origin,
    proxy::{Proxy, Setup},
    script::{answer, ok},
    tls::{Authority, Identity},
};

/// A site in front of this address, with these lines in its entry.
fn site(address: std::net::SocketAddr, entry: &str) -> String {
    format!("hosts = [\"*\"]\n[[upstream]]\nurl = \"https://{address}\"\n{entry}\n")
}

fn start(authority: &Authority, address: std::net::SocketAddr, entry: &str) -> Proxy {
    Setup::new("workers = 1")
        .file("sites/ca.pem", &authority.pem())
        .site(
            "shop",
            &site(address, &format!("ca_file = \"ca.pem\"\n{entry}")),
        )
        .start()
}

fn offering(mut config: Arc<ServerConfig>, protocols: &[&[u8]]) -> Arc<ServerConfig> {
    let config_mut = Arc::make_mut(&mut config);
    config_mut.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    config
}

fn cause(proxy: &Proxy, path: &str) -> String {
    let response = proxy.get(path);
    assert_eq!(response.head.status(), 503);
    response.head.field("proxy-status").unwrap_or_default()
}

#[test]
fn http_2_is_spoken_where_both_agree() {
    let authority = Authority::new();
    let carrier = Carrier::Tls(offering(authority.server(), &[b"h2", b"http/1.1"]));
    let origin = H2Origin::with(carrier, 100, |_, _| {
        Act::Answer(200, vec![], b"two".to_vec())
    });
    let proxy = start(&authority, origin.address, "http2 = true");
    for at in 0..5 {
        assert_eq!(proxy.get(&format!("/{at}")).body, b"two");
    }
    assert_eq!(origin.connections(), 1);
    assert_eq!(origin.request("/0").uri, "https://shop.test/0");
}

#[test]
fn http_1_is_spoken_where_the_origin_offers_no_more() {
    let authority = Authority::new();
    for protocols in [&[][..], &[&b"http/1.1"[..]][..]] {
        let config = offering(authority.server(), protocols);
        let origin = Origin::encrypted(config, answer(ok("one")));
        let proxy = start(&authority, origin.address, "http2 = true");
        for at in 0..5 {
            assert_eq!(proxy.get(&format!("/{at}")).body, b"one");
        }
        assert_eq!(origin.connections().len(), 1, "it is kept");
    }
}

#[test]
fn http_2_is_not_offered_unless_asked_for() {
    let authority = Authority::new();
    let config = offering(authority.server(), &[b"h2", b"http/1.1"]);
    let origin = Origin::encrypted(config, answer(ok("one")));
    let proxy = start(&authority, origin.address, "");
    assert_eq!(proxy.get("/").body, b"one");
}

#[test]
fn the_name_of_the_certificate_is_chosen_apart_from_the_host() {
    let authority = Authority::new();
    let origin = Origin::encrypted(authority.server_for("app.test"), answer(ok("named")));
    let named = start(&authority, origin.address, "server_name = \"app.test\"");
    assert_eq!(named.get("/named").body, b"named");
    let seen = origin.request("/named").head;
    assert_eq!(seen.field("host").as_deref(), Some("shop.test"));
    let other = start(&authority, origin.address, "server_name = \"other.test\"");
    assert!(cause(&other, "/").contains("tls_certificate_error"));
}

#[test]
fn a_client_certificate_is_shown_from_one_file_or_two() {
    let authority = Authority::new();
    let origin = Origin::encrypted(
        authority.server_asking_for_a_certificate(),
        answer(ok("known")),
    );
    let Identity { certificate, key } = authority.identity("proxy.test");
    for (entry, first, second) in [
        ("", format!("{key}{certificate}"), String::new()),
        (
            "client_key_file = \"key.pem\"",
            certificate.clone(),
            key.clone(),
        ),
    ] {
        let entry = format!("ca_file = \"ca.pem\"\nclient_certificate_file = \"own.pem\"\n{entry}");
        let proxy = Setup::new("")
            .file("sites/ca.pem", &authority.pem())
            .file("sites/own.pem", &first)
            .file("sites/key.pem", &second)
            .site("shop", &site(origin.address, &entry))
            .start();
        assert_eq!(proxy.get("/").body, b"known");
    }
    let nobody = start(&authority, origin.address, "");
    assert!(cause(&nobody, "/").contains("tls_alert_received"));
}

#[test]
fn over_http_2_a_missing_client_certificate_is_known_for_what_it_is() {
    let authority = Authority::new();
    let config = offering(authority.server_asking_for_a_certificate(), &[b"h2"]);
    let origin = H2Origin::with(Carrier::Tls(config), 100, |_, _| Act::Hang);
    let proxy = start(&authority, origin.address, "http2 = true");
    let cause = cause(&proxy, "/");
    assert!(cause.contains("tls_alert_received"), "{cause}");
}

#[test]
fn insecure_takes_any_certificate_and_shouts_at_each_start_and_reload() {
    let authority = Authority::new();
    let origin = Origin::encrypted(authority.expired_server(), answer(ok("whoever")));
    let text = site(origin.address, "insecure = true");
    let proxy = Setup::new("").site("shop", &text).start();
    assert_eq!(proxy.get("/").body, b"whoever");
    let shouts = || {
        let log = proxy.log();
        let shouts = log
            .iter()
            .filter(|line| line["key"] == "upstream[0].insecure");
        shouts.filter(|line| line["level"] == "WARN").count()
    };
    assert_eq!(shouts(), 1);
    proxy.write("sites/shop.toml", &(text + "[brand]\nname = \"Changed\"\n"));
    proxy.signal(Signal::HUP);
    eventually("it shouts again", || (shouts() == 2).then_some(()));
}

#[test]
fn a_bad_identity_is_refused_and_what_ran_goes_on() {
    let authority = Authority::new();
    let origin = Origin::encrypted(authority.server(), answer(ok("well")));
    let good = site(origin.address, "ca_file = \"ca.pem\"");
    let (own, other) = (authority.identity("a.test"), authority.identity("b.test"));
    let proxy = Setup::new("")
        .file("sites/ca.pem", &authority.pem())
        .file(
            "sites/own.pem",
            &format!("{}{}", own.certificate, other.key),
        )
        .site("shop", &good)
        .start();
    let bad = "ca_file = \"ca.pem\"\nclient_certificate_file = \"own.pem\"";
    proxy.write("sites/shop.toml", &site(origin.address, bad));
    proxy.signal(Signal::HUP);
    proxy.logged(&["client_certificate_file", "another private key"]);
    assert_eq!(proxy.get("/").body, b"well");
}
