//! Probes: who is asked, when, and what follows.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rustix::process::Signal;
use serde_json::Value;
use tokio::time::Instant;

use crate::support::{
    clients::{Ask, Protocol},
    eventually,
    h2_origin::{Act, Carrier, H2Origin, Seen},
    let_pass,
    origin::{Origin, RequestSeen},
    proxy::{Proxy, Setup, catch_all},
    script::{Step, answer, choose, ok, response},
    tls::Authority,
};

/// Probes at their quickest, and nothing else that ejects.
const QUICK: &str = "[health]\npath = \"/health\"\ninterval = \"100ms\"\n";

fn is_probe(request: &RequestSeen) -> bool {
    let agent = request.head.field("user-agent").unwrap_or_default();
    agent.starts_with("intermission-probe/")
}

fn probes(origin: &Origin) -> Vec<RequestSeen> {
    origin.requests().into_iter().filter(is_probe).collect()
}

/// The only endpoint of the only site.
fn endpoint(proxy: &Proxy) -> Value {
    let sites: Value = serde_json::from_slice(&proxy.admin("/sites").body).expect("JSON");
    sites[0]["endpoints"][0].clone()
}

/// Waits until the list of sites says this of the endpoint.
fn listed(proxy: &Proxy, key: &str, value: &str) {
    eventually(&format!("{key} is {value}"), || {
        (endpoint(proxy)[key] == value).then_some(())
    });
}

#[test]
fn an_idle_site_is_probed_from_the_start_on_a_connection_each() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), QUICK);
    eventually("three probes", || {
        (probes(&origin).len() >= 3).then_some(())
    });
    for connection in origin.connections() {
        assert!(connection.requests.len() <= 1, "{connection:?}");
    }
    let [first, ..] = &probes(&origin)[..] else {
        panic!("a probe")
    };
    assert_eq!(first.head.first_line, "GET /health HTTP/1.1");
    let host = first.head.field("host");
    assert_eq!(host, Some(origin.address.to_string()));
    let agent = format!("intermission-probe/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(first.head.field("user-agent"), Some(agent));
    listed(&proxy, "probe", "passed");
    assert!(proxy.metric("intermission_probes_total", &["passed"]) >= 3.0);
    assert!(proxy.records().is_empty(), "probes are nobody's requests");
}

#[test]
fn requests_that_succeed_take_the_place_of_probes() {
    let origin = Origin::always(answer(ok("hello")));
    let interval = Duration::from_millis(300);
    let proxy = Proxy::before(&origin.url(), "[health]\ninterval = \"300ms\"\n");
    eventually("the first probe", || {
        (!probes(&origin).is_empty()).then_some(())
    });
    let began = Instant::now();
    let mut client = proxy.client();
    for _ in 0..300 {
        let answer = client.ask("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
        assert_eq!(answer.head.status(), 200);
        let_pass(Duration::from_millis(5));
    }
    let count = probes(&origin).len();
    let usual = began.elapsed().as_millis() / interval.as_millis();
    // One may come before the first request, and a busy machine may make a pause of any length.
    assert!(
        u128::try_from(count).expect("few") <= 1 + usual / 2,
        "{count} probes of a busy site, {usual} intervals"
    );
    eventually("an idle site is probed again", || {
        (probes(&origin).len() > count).then_some(())
    });
}

#[test]
fn no_probe_is_sent_when_they_are_switched_off() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "[health]\nprobe = false\n");
    assert_eq!(proxy.get("/").head.status(), 200);
    let_pass(Duration::from_millis(200));
    assert_eq!(origin.requests().len(), 1);
    assert_eq!(endpoint(&proxy)["probe"], "off");
}

#[test]
fn a_probe_that_fails_never_blocks_requests_that_succeed() {
    let origin = Origin::always(choose(|request| {
        let answer = if request.path() == "/health" {
            response("500 Internal Server Error", &[], b"no such check")
        } else {
            ok("hello")
        };
        vec![Step::Send(answer)]
    }));
    let proxy = Proxy::before(&origin.url(), QUICK);
    listed(&proxy, "probe", "unexpected_status");
    eventually("several probes fail", || {
        (probes(&origin).len() >= 4).then_some(())
    });
    let post = Ask::new("POST", "/cart").body("a");
    assert_eq!(proxy.ask(&post, Protocol::H1).head.status(), 200);
    for _ in 0..50 {
        assert_eq!(proxy.get("/").head.status(), 200);
        let_pass(Duration::from_millis(10));
    }
    proxy.logged(&["WARN", "check health.path", "/health"]);
    let_pass(Duration::from_millis(300));
    assert_eq!(proxy.ask(&post, Protocol::H1).head.status(), 200);
    let lines = proxy.process.stderr();
    let warnings = lines
        .iter()
        .filter(|line| line.contains("check health.path"));
    assert_eq!(warnings.count(), 1);
}

#[test]
fn an_origin_that_accepts_and_hangs_is_found_out_without_a_visitor() {
    let hangs = Arc::new(AtomicBool::new(false));
    let is_hanging = Arc::clone(&hangs);
    let origin = Origin::always(choose(move |_| {
        if is_hanging.load(Ordering::Relaxed) {
            vec![Step::Hang]
        } else {
            vec![Step::Send(ok("hello"))]
        }
    }));
    let more = format!("{QUICK}timeout = \"100ms\"\n");
    let proxy = Proxy::before(&origin.url(), &more);
    listed(&proxy, "probe", "passed");
    hangs.store(true, Ordering::Relaxed);
    listed(&proxy, "admission", "ejected");
    let page = proxy.get("/visitor");
    assert_eq!(page.head.status(), 503);
    let status = page.head.field("proxy-status").unwrap_or_default();
    assert!(
        status.ends_with("error=connection_read_timeout"),
        "{status}"
    );
    assert!(
        origin.requests().iter().all(is_probe),
        "the visitor did not wait"
    );
    hangs.store(false, Ordering::Relaxed);
    eventually("the site is back", || {
        (proxy.get("/").head.status() == 200).then_some(())
    });
}

#[test]
fn a_dead_origin_is_found_out_and_found_back_without_a_visitor() {
    let origin = Origin::always(answer(ok("hello")));
    let (address, url) = (origin.address, origin.url());
    let proxy = Proxy::before(&url, QUICK);
    listed(&proxy, "probe", "passed");
    drop(origin);
    listed(&proxy, "admission", "ejected");
    assert_eq!(proxy.metric("intermission_upstream_up", &["shop"]), 0.0);
    let page = proxy.get("/visitor");
    assert_eq!(page.head.status(), 503);
    let _origin = Origin::at(address, answer(ok("hello")));
    listed(&proxy, "probe", "passed");
    eventually("the site is up", || {
        (proxy.metric("intermission_upstream_up", &["shop"]) > 0.0).then_some(())
    });
    assert_eq!(proxy.get("/").head.status(), 200);
}

#[test]
fn a_probe_wants_its_statuses_and_its_text() {
    let origin = Origin::always(answer(ok("database: ok")));
    for (more, said) in [
        ("statuses = [204]\n", "unexpected_status"),
        ("text = \"database: fine\"\n", "text_missing"),
        ("statuses = [204, 200]\ntext = \"base: ok\"\n", "passed"),
    ] {
        let proxy = Proxy::before(&origin.url(), &format!("{QUICK}{more}"));
        listed(&proxy, "probe", said);
    }
    for status in ["404 Not Found", "401 Unauthorized", "302 Found"] {
        let origin = Origin::always(answer(response(status, &[], b"")));
        let proxy = Proxy::before(&origin.url(), QUICK);
        listed(&proxy, "probe", "passed");
    }
}

#[test]
fn encrypted_origins_are_probed_over_tls() {
    let authority = Authority::new();
    let origin = Origin::encrypted(authority.server(), answer(ok("secret")));
    let site = |file: &str| {
        let url = origin.url();
        format!("hosts = [\"*\"]\n[upstream]\nurl = \"{url}\"\nca_file = \"{file}\"\n{QUICK}")
    };
    let setup = |file: &str| {
        Setup::new("")
            .file("sites/right.pem", &authority.pem())
            .file("sites/wrong.pem", &Authority::new().pem())
            .site("shop", &site(file))
            .start()
    };
    listed(&setup("right.pem"), "probe", "passed");
    let wrong = setup("wrong.pem");
    listed(&wrong, "probe", "tls_certificate_error");
    listed(&wrong, "admission", "ejected");
}

#[test]
fn probes_end_with_the_upstream() {
    let [first, second] = [(); 2].map(|()| Origin::always(answer(ok("hello"))));
    let proxy = Proxy::before(&first.url(), QUICK);
    eventually("a probe", || (!probes(&first).is_empty()).then_some(()));
    proxy.write("sites/shop.toml", &catch_all(&second.url(), QUICK));
    proxy.signal(Signal::HUP);
    proxy.logged(&["configuration reloaded"]);
    eventually("a probe elsewhere", || {
        (!probes(&second).is_empty()).then_some(())
    });
    // One may be on its way.
    let_pass(Duration::from_millis(150));
    let count = probes(&first).len();
    let_pass(Duration::from_millis(500));
    assert_eq!(probes(&first).len(), count);
}

/// The first probe that an origin which speaks HTTP/2 gets.
fn first_probe(origin: &H2Origin) -> Seen {
    eventually("a probe", || origin.requests().into_iter().next())
}

#[test]
fn probes_speak_http_2_where_requests_do() {
    let hello = |_: &Seen, _| Act::Answer(200, vec![], b"all is well".to_vec());
    let probing = format!("{QUICK}text = \"well\"\n");
    let origin = H2Origin::start(hello);
    let upstream = format!(
        "[upstream]\nurl = \"http://{}\"\nhttp2 = true\n",
        origin.address
    );
    let text = format!("hosts = [\"*\"]\n{upstream}{probing}");
    let proxy = Setup::new("").site("shop", &text).start();
    let seen = first_probe(&origin);
    assert_eq!(seen.uri, format!("http://{}/health", origin.address));
    assert_eq!(seen.method, "GET");
    eventually("it passes", || {
        (proxy.metric("intermission_probes_total", &["passed"]) > 0.5).then_some(())
    });
    let authority = Authority::new();
    let mut config = authority.server();
    Arc::make_mut(&mut config).alpn_protocols = vec![b"h2".to_vec()];
    let origin = H2Origin::with(Carrier::Tls(config), 100, hello);
    let entry = "http2 = true\nca_file = \"ca.pem\"\n";
    let upstream = format!("[upstream]\nurl = \"https://{}\"\n{entry}", origin.address);
    let _proxy = Setup::new("")
        .file("sites/ca.pem", &authority.pem())
        .site("shop", &format!("hosts = [\"*\"]\n{upstream}{probing}"))
        .start();
    let seen = first_probe(&origin);
    assert_eq!(seen.uri, format!("https://{}/health", origin.address));
}

#[test]
fn an_outage_of_an_http_2_origin_is_noticed_by_probes_and_so_is_its_end() {
    let is_down = Arc::new(AtomicBool::new(true));
    let down = Arc::clone(&is_down);
    let origin = H2Origin::start(move |_, _| match down.load(Ordering::Relaxed) {
        true => Act::Answer(503, vec![], b"down".to_vec()),
        false => Act::Answer(200, vec![], b"up".to_vec()),
    });
    let upstream = format!(
        "[upstream]\nurl = \"http://{}\"\nhttp2 = true\n",
        origin.address
    );
    let text = format!("hosts = [\"*\"]\n{upstream}{QUICK}");
    let proxy = Setup::new("").site("shop", &text).start();
    eventually("two fail", || {
        (proxy.metric("intermission_probes_total", &["failed"]) > 1.5).then_some(())
    });
    assert_eq!(proxy.get("/").head.status(), 503);
    is_down.store(false, Ordering::Relaxed);
    eventually("it is back", || {
        (proxy.get("/").body == b"up").then_some(())
    });
}

#[test]
fn the_host_of_probes_is_health_host_or_that_of_requests_or_the_upstreams() {
    for (tables, host) in [
        ("", None),
        (
            "[headers]\nhost = \"requests.test\"\n",
            Some("requests.test"),
        ),
        (
            "host = \"probes.test:81\"\n[headers]\nhost = \"requests.test\"\n",
            Some("probes.test:81"),
        ),
    ] {
        let origin = Origin::always(answer(ok("hello")));
        let _proxy = Proxy::before(&origin.url(), &format!("{QUICK}{tables}"));
        let seen = eventually("a probe", || probes(&origin).into_iter().next());
        let own = origin.address.to_string();
        let host = host.unwrap_or(&own);
        assert_eq!(seen.head.field("host").as_deref(), Some(host));
    }
}
