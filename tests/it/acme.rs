//! Certificates that are fetched from an authority, here a real one: both challenges, several
//! hosts, what is kept on disk, and renewal.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use rustix::process::Signal;

use crate::support::{
    clients::{Ask, Protocol},
    encrypted::Encrypted,
    eventually,
    origin::Origin,
    pebble::{Stage, accepted, shown},
    proxy::Setup,
    script::{answer, ok},
};

/// A site of these hosts that fetches its certificate.
fn site(setup: Setup, name: &str, hosts: &[&str], upstream: &str) -> Setup {
    setup.site(name, &text(hosts, upstream))
}

fn text(hosts: &[&str], upstream: &str) -> String {
    format!("hosts = {hosts:?}\nupstream = \"{upstream}\"\n[tls]\nacme = \"me@shop.example\"\n")
}

/// Every file below, with the modes of all that leads to it.
fn kept(folder: &Path) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let mode = entry.metadata().expect("a file").permissions().mode() & 0o777;
        if entry.path().is_dir() {
            assert_eq!(mode, 0o700, "{entry:?}");
            found.extend(kept(&entry.path()));
        } else {
            found.push((entry.file_name().to_string_lossy().into_owned(), mode));
        }
    }
    found
}

#[test]
fn a_certificate_is_fetched_by_http_01_and_kept_for_the_next_start() {
    let stage = Stage::new(&["shop.example"]);
    let pebble = stage.pebble("", &[]);
    let origin = Origin::always(answer(ok("hello")));
    let setup = || site(stage.setup(), "shop", &["shop.example"], &origin.url());
    let proxy = setup().start();
    let client = pebble.trusting();
    let first = accepted(&proxy, &stage, "shop.example", &client);
    let mut visitor = Encrypted::connect(stage.tls, "shop.example", &client).expect("a visitor");
    let answer = visitor.get("shop.example", "/");
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello"),
        "{answer}"
    );
    let names: Vec<_> = origin
        .requests()
        .iter()
        .map(|seen| seen.target().to_owned())
        .collect();
    assert_eq!(names, ["/"], "authorities do not reach the origin");
    eventually("the order is counted", || {
        let count = proxy.metric("intermission_acme_orders_total", &["shop", "success"]);
        (count == 1.0).then_some(())
    });
    let next = proxy.metric("intermission_acme_next_order_timestamp_seconds", &["shop"]);
    assert!(next > 1.7e9, "{next}");
    let record = eventually("a record of the question", || {
        let records = proxy.records();
        records.into_iter().find(|record| {
            let path = record["url.path"].as_str().unwrap_or_default();
            path.starts_with("/.well-known/acme-challenge/")
        })
    });
    assert_eq!(record["outcome"], "own", "{record}");

    let files = kept(&stage.data().join("acme"));
    assert!(files.iter().all(|(_, mode)| *mode == 0o600), "{files:?}");
    assert!(
        files.iter().any(|(name, _)| name.starts_with("account-")),
        "{files:?}"
    );
    assert!(
        files.iter().any(|(name, _)| name.ends_with(".pem")),
        "{files:?}"
    );
    drop(proxy);

    let _proxy = setup().start();
    let again = shown(stage.tls, "shop.example", &client).expect("the certificate from before");
    assert_eq!(again, first);
    assert_eq!(pebble.orders(), 1);
}

#[test]
fn several_hosts_of_a_site_are_in_one_certificate_and_other_sites_have_their_own() {
    let hosts = ["shop.example", "www.shop.example", "shop.test"];
    let stage = Stage::new(&[
        "shop.example",
        "www.shop.example",
        "shop.test",
        "blog.example",
    ]);
    let pebble = stage.pebble("", &[("PEBBLE_WFE_NONCEREJECT", "10")]);
    let origin = Origin::always(answer(ok("hello")));
    let setup = site(stage.setup(), "shop", &hosts, &origin.url());
    let proxy = site(setup, "blog", &["blog.example"], &origin.url()).start();
    let client = pebble.trusting();
    let first = accepted(&proxy, &stage, "shop.example", &client);
    for host in hosts {
        assert_eq!(accepted(&proxy, &stage, host, &client), first);
    }
    assert_ne!(accepted(&proxy, &stage, "blog.example", &client), first);
    let opened = proxy.log().into_iter();
    let opened = opened.filter(|line| line["message"] == "account opened");
    assert_eq!(opened.count(), 1, "one account for one address");
}

#[test]
fn a_host_that_is_added_at_a_reload_is_ordered_and_the_certificate_before_serves_meanwhile() {
    let stage = Stage::new(&["shop.example", "www.shop.example"]);
    let pebble = stage.pebble("", &[("PEBBLE_AUTHZREUSE", "100")]);
    let origin = Origin::always(answer(ok("hello")));
    let proxy = site(stage.setup(), "shop", &["shop.example"], &origin.url()).start();
    let client = pebble.trusting();
    let first = accepted(&proxy, &stage, "shop.example", &client);
    let both = text(&["shop.example", "www.shop.example"], &origin.url());
    proxy.write("sites/shop.toml", &both);
    proxy.signal(Signal::HUP);
    eventually("both hosts have a certificate", || {
        shown(stage.tls, "shop.example", &client).expect("one of the two at any time");
        shown(stage.tls, "www.shop.example", &client).ok()
    });
    let second = accepted(&proxy, &stage, "www.shop.example", &client);
    assert_ne!(first, second);
    assert_eq!(accepted(&proxy, &stage, "shop.example", &client), second);
}

#[test]
fn without_a_plain_listener_control_is_proved_by_tls_alpn_01() {
    let stage = Stage::new(&["shop.example", "www.shop.example"]);
    let pebble = stage.pebble("", &[]);
    let origin = Origin::always(answer(ok("hello")));
    // Nobody answers where HTTP-01 comes: the proxy's plain listener is on another address.
    let setup = stage.setup_for(stage.directory, "listen = \"127.0.0.1:0\"");
    let hosts = ["shop.example", "www.shop.example"];
    let proxy = site(setup, "shop", &hosts, &origin.url()).start();
    let client = pebble.trusting();
    let first = accepted(&proxy, &stage, "shop.example", &client);
    proxy.logged(&["trying the other challenge", "tls-alpn-01"]);
    assert_eq!(accepted(&proxy, &stage, "www.shop.example", &client), first);
}

#[test]
fn a_certificate_is_renewed_before_it_expires_and_connections_are_not_touched() {
    let stage = Stage::new(&["shop.example"]);
    let pebble = stage.pebble(r#", "certificateValidityPeriod": 12"#, &[]);
    let origin = Origin::always(answer(ok("hello")));
    let proxy = site(stage.setup(), "shop", &["shop.example"], &origin.url()).start();
    let client = pebble.trusting();
    let first = accepted(&proxy, &stage, "shop.example", &client);
    let mut visitor = Encrypted::connect(stage.tls, "shop.example", &client).expect("a visitor");
    eventually("the certificate is renewed", || {
        let now = shown(stage.tls, "shop.example", &client).expect("never an expired one");
        (now != first).then_some(())
    });
    assert!(visitor.get("shop.example", "/").ends_with("hello"));
}

#[test]
fn until_the_first_certificate_has_come_plain_requests_work_and_handshakes_show_a_stand_in() {
    let stage = Stage::new(&["shop.example"]);
    let origin = Origin::always(answer(ok("hello")));
    let proxy = site(stage.setup(), "shop", &["shop.example"], &origin.url()).start();
    proxy.logged(&[
        "no certificate",
        "directory_unreachable",
        "again_in_seconds",
    ]);
    let error = shown(
        stage.tls,
        "shop.example",
        &Arc::new(stage.authority.client()),
    );
    let error = error.expect_err("nobody vouches for it").to_string();
    assert!(error.contains("invalid peer certificate"), "{error}");
    let ask = Ask::get("/").host("shop.example");
    let plain = proxy.ask(&ask, Protocol::H1);
    assert_eq!(plain.head.status(), 200);
    let unknown = "/.well-known/acme-challenge/unknown";
    let ask = Ask::get(unknown).host("shop.example");
    assert_eq!(proxy.ask(&ask, Protocol::H1).head.status(), 200);
    origin.request(unknown);

    let pebble = stage.pebble("", &[]);
    let client = pebble.trusting();
    accepted(&proxy, &stage, "shop.example", &client);
}
