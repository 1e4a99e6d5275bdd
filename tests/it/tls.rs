//! TLS with clients that mean well: which certificate they are shown, and what they get.

use std::{process::Command, sync::Arc};

use rustix::process::Signal;
use rustls::{NamedGroup, version};

use crate::support::{
    encrypted::Encrypted,
    eventually, let_pass,
    origin::Origin,
    proxy::{Proxy, Setup},
    script::{answer, ok},
    tls::{Authority, Pair},
};

const PROCESS: &str = "listen_tls = \"127.0.0.1:0\"\n";

/// A site for `hosts` with this certificate in files of its own.
fn site(setup: Setup, name: &str, hosts: &str, (upstream, pair): (&str, &Pair)) -> Setup {
    let text = format!(
        "hosts = [{hosts}]\nupstream = \"{upstream}\"\n[tls]\n\
         certificate_file = \"{name}.pem\"\nkey_file = \"{name}.key.pem\"\n"
    );
    setup
        .site(name, &text)
        .file(&format!("sites/{name}.pem"), &pair.certificate)
        .file(&format!("sites/{name}.key.pem"), &pair.key)
}

/// One site, `shop.test`, with a certificate for it.
fn shop(authority: &Authority, upstream: &str) -> (Proxy, Pair) {
    let pair = authority.pair(&["shop.test"]);
    let setup = Setup::new(PROCESS);
    let setup = site(setup, "shop", "\"shop.test\"", (upstream, &pair));
    (setup.start(), pair)
}

fn curl(proxy: &Proxy, authority: &Authority, options: &[&str]) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let trusted = directory.path().join("ca.pem");
    std::fs::write(&trusted, authority.pem()).expect("a file");
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "20", "--cacert"])
        .arg(&trusted)
        .args(["--connect-to", &format!("shop.test:443:{}", proxy.tls())])
        .args(["--write-out", "\n%{http_version} %{ssl_verify_result}"])
        .args(options)
        .output()
        .expect("curl runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn curl_speaks_both_protocols_and_the_scheme_is_told() {
    let authority = Authority::new();
    let origin = Origin::always(answer(ok("hello")));
    let (proxy, _) = shop(&authority, &origin.url());
    for (option, version, path) in [("--http1.1", "1.1", "/one"), ("--http2", "2", "/two")] {
        let url = format!("https://shop.test{path}");
        let seen = curl(&proxy, &authority, &[option, &url]);
        assert_eq!(seen, format!("hello\n{version} 0"));
        let record = proxy.record(path);
        assert_eq!(record["network.protocol.version"], version);
        assert_eq!(record["tls.protocol.version"], "1.3");
        assert_eq!(record["url.scheme"], "https");
    }
    for request in origin.requests() {
        assert_eq!(
            request.head.field("x-forwarded-proto").as_deref(),
            Some("https")
        );
        let forwarded = request.head.field("forwarded").unwrap_or_default();
        assert!(forwarded.ends_with(";proto=https"), "{forwarded}");
    }
    let done = proxy.metric("intermission_tls_handshakes_total", &["1.3", "full"]);
    assert!((done - 2.0).abs() < 0.1, "{done}");
}

#[test]
fn openssl_finds_both_versions_and_a_chain_that_it_trusts() {
    let authority = Authority::new();
    let (proxy, _) = shop(&authority, "http://127.0.0.1:9");
    let directory = tempfile::tempdir().expect("a directory");
    let trusted = directory.path().join("ca.pem");
    std::fs::write(&trusted, authority.pem()).expect("a file");
    for (option, version) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let output = Command::new("openssl")
            .args(["s_client", option, "-servername", "shop.test", "-CAfile"])
            .arg(&trusted)
            .args(["-verify_hostname", "shop.test", "-verify_return_error"])
            .args(["-alpn", "h2", "-connect", &proxy.tls().to_string()])
            .stdin(std::process::Stdio::null())
            .output()
            .expect("openssl runs");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("Verify return code: 0 (ok)"), "{text}");
        assert!(text.contains("ALPN protocol: h2"), "{text}");
        assert!(text.contains(version), "{text}");
    }
    let old = Command::new("openssl")
        .args(["s_client", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"])
        .args(["-connect", &proxy.tls().to_string()])
        .stdin(std::process::Stdio::null())
        .output()
        .expect("openssl runs");
    assert!(!old.status.success(), "TLS 1.1 is over");
}

#[test]
fn the_name_that_is_asked_for_decides_which_certificate_is_shown() {
    let authority = Authority::new();
    let origin = Origin::always(answer(ok("hello")));
    let url = origin.url();
    let [shop, wild, other] =
        [["shop.test"], ["*.wild.test"], ["other.test"]].map(|names| authority.pair(&names));
    let process = format!("{PROCESS}[tls]\ncertificate_file = \"other.pem\"\n");
    let setup = Setup::new(&process).file("other.pem", &other.bundle());
    let setup = site(setup, "shop", "\"shop.test\"", (&url, &shop));
    let setup = site(setup, "wild", "\"*.wild.test\"", (&url, &wild));
    let proxy = setup.start();
    let config = Arc::new(authority.client());
    let shown = |name: &str| {
        let connected = Encrypted::connect(proxy.tls(), name, &config);
        connected.expect("a handshake").certificate()
    };
    assert_eq!(shown("shop.test"), shop.der);
    assert_eq!(shown("SHOP.test"), shop.der);
    assert_eq!(shown("a.wild.test"), wild.der);
    assert_eq!(shown("other.test"), other.der);
    // Asked for nothing, it is the process's; this client does not like it.
    let refused = Encrypted::connect(proxy.tls(), "127.0.0.1", &config);
    let error = refused
        .err()
        .expect("no certificate for an address")
        .to_string();
    assert!(error.contains("other.test"), "{error}");
}

#[test]
fn the_hybrid_key_exchange_is_taken_where_a_client_offers_it() {
    let authority = Authority::new();
    let (proxy, _) = shop(&authority, "http://127.0.0.1:9");
    let config = Arc::new(authority.client());
    let client = Encrypted::connect(proxy.tls(), "shop.test", &config).expect("a handshake");
    let group = client.session().negotiated_key_exchange_group();
    assert_eq!(group.expect("a group").name(), NamedGroup::X25519MLKEM768);
}

#[test]
fn sessions_are_resumed_at_every_worker_and_after_a_reload() {
    let authority = Authority::new();
    let origin = Origin::always(answer(ok("hello")));
    for version in [&version::TLS12, &version::TLS13] {
        let (proxy, _) = shop(&authority, &origin.url());
        let mut config = authority.client_of(&[version]);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let config = Arc::new(config);
        let connect = || {
            let client = Encrypted::connect(proxy.tls(), "shop.test", &config);
            let mut client = client.expect("a handshake");
            // The ticket of TLS 1.3 comes after the handshake.
            assert!(client.get("shop.test", "/").ends_with("hello"));
            client.is_resumed()
        };
        assert!(!connect());
        // The kernel spreads them over both workers.
        for _ in 0..10 {
            assert!(connect(), "{version:?}");
        }
        proxy.signal(Signal::HUP);
        proxy.logged(&["configuration reloaded"]);
        assert!(connect());
    }
}

#[test]
fn a_reload_changes_the_certificate_and_no_connection_hears_of_it() {
    let authority = Authority::new();
    let origin = Origin::always(answer(ok("hello")));
    let (proxy, before) = shop(&authority, &origin.url());
    let config = Arc::new(authority.client());
    let connect = || Encrypted::connect(proxy.tls(), "shop.test", &config).expect("a handshake");
    let mut old = connect();
    assert_eq!(old.certificate(), before.der);
    assert!(old.get("shop.test", "/1").ends_with("hello"));

    let after = authority.pair(&["shop.test"]);
    proxy.replace("sites/shop.pem", &after.certificate);
    proxy.signal(Signal::HUP);
    proxy.logged(&["reload refused"]);
    assert_eq!(connect().certificate(), before.der);

    proxy.replace("sites/shop.key.pem", &after.key);
    proxy.signal(Signal::HUP);
    proxy.logged(&["configuration reloaded"]);
    assert_eq!(fresh(&proxy, &authority).certificate(), after.der);
    assert!(old.get("shop.test", "/2").ends_with("hello"));
}

/// A client that has no session to resume.
fn fresh(proxy: &Proxy, authority: &Authority) -> Encrypted {
    let config = Arc::new(authority.client());
    Encrypted::connect(proxy.tls(), "shop.test", &config).expect("a handshake")
}

#[test]
fn a_connection_at_rest_wakes_up() {
    let authority = Authority::new();
    let origin = Origin::always(answer(ok("hello")));
    let (proxy, _) = shop(&authority, &origin.url());
    let mut client = fresh(&proxy, &authority);
    for round in 0..3 {
        assert!(
            client
                .get("shop.test", &format!("/{round}"))
                .ends_with("hello")
        );
        // Longer than it takes until parser and buffers are let go.
        let_pass(std::time::Duration::from_millis(700));
    }
    // Two at once: the second has been decrypted when the first is answered.
    client.send(
        "GET /a HTTP/1.1\r\nHost: shop.test\r\n\r\nGET /b HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    );
    let mut both = client.response();
    while both.matches("hello").count() < 2 {
        both += &client.response();
    }
}

#[test]
fn large_bodies_pass_whole_in_both_directions() {
    const LENGTH: usize = 3 * 1024 * 1024;
    let authority = Authority::new();
    let large = "x".repeat(LENGTH);
    let origin = Origin::always(answer(ok(&large)));
    let (proxy, _) = shop(&authority, &origin.url());
    let directory = tempfile::tempdir().expect("a directory");
    let upload = directory.path().join("upload");
    std::fs::write(&upload, vec![b'y'; LENGTH]).expect("a file");
    let data = format!("@{}", upload.display());
    for option in ["--http1.1", "--http2"] {
        let url = "https://shop.test/";
        let seen = curl(&proxy, &authority, &[option, "--data-binary", &data, url]);
        assert!(seen.starts_with(&large), "{} bytes", seen.len());
    }
    for request in origin.requests() {
        assert_eq!(
            request.body_length,
            u64::try_from(LENGTH).expect("a number")
        );
    }
}

#[test]
fn an_end_is_said_to_the_client() {
    let authority = Authority::new();
    let origin = Origin::always(answer(ok("hello")));
    let (proxy, _) = shop(&authority, &origin.url());
    let mut client = fresh(&proxy, &authority);
    client.send("GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n");
    let text = client.read_to_end();
    assert!(text.ends_with(b"hello"));
}

#[test]
fn an_expired_certificate_is_shown_all_the_same_and_said_loudly() {
    let authority = Authority::new();
    let pair = authority.expired_pair(&["shop.test"]);
    let setup = Setup::new(PROCESS);
    let setup = site(
        setup,
        "shop",
        "\"shop.test\"",
        ("http://127.0.0.1:9", &pair),
    );
    let proxy = setup.start();
    proxy.logged(&["ERROR", "the certificate has expired"]);
    let config = Arc::new(authority.client());
    let refused = Encrypted::connect(proxy.tls(), "shop.test", &config);
    let error = refused.err().expect("an expired certificate").to_string();
    assert!(error.contains("expired"), "{error}");
    eventually("the client's alert is counted", || {
        let name = "intermission_tls_handshake_failures_total";
        (proxy.metric(name, &["alert"]) > 0.0).then_some(())
    });
    let expires = proxy.metric("intermission_certificate_expires_seconds", &["shop"]);
    assert!((expires - 1_609_459_200.0).abs() < 1.0, "{expires}");
}
