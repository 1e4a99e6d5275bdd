//! What goes wrong while certificates are fetched: each is said in plain words, none takes away
//! what there was.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use jiff::Timestamp;
use rustix::process::Signal;

use crate::support::{
    check::checked,
    clients::{Ask, Protocol},
    dns::Told,
    eventually,
    front::{Front, json, problem},
    let_pass,
    origin::{Origin, RequestSeen},
    pebble::{Stage, accepted, address, shown},
    proxy::{Proxy, Setup},
    script::{Script, Step, answer, ok},
};

/// Where pebble takes orders.
const ORDERS: &str = "/order-plz";

fn shop(setup: Setup, hosts: &[&str]) -> Setup {
    setup.site(
        "shop",
        &format!(
            "hosts = {hosts:?}\nupstream = \"http://127.0.0.1:9\"\n\
             [tls]\nacme = \"me@shop.example\"\n"
        ),
    )
}

/// A directory that also suggests renewal (RFC 9773): of everything, at once.
fn always_renew(directory: &Front, request: &RequestSeen) -> Option<Script> {
    let base = format!("https://{}", directory.origin.address);
    match request.path() {
        "/dir" => Some(json(
            "200 OK",
            &format!(
                r#"{{"newNonce":"{base}/nonce-plz","newAccount":"{base}/sign-me-up",
                "newOrder":"{base}{ORDERS}","renewalInfo":"{base}/ari"}}"#
            ),
            "",
        )),
        path if path.starts_with("/ari/") => Some(json(
            "200 OK",
            r#"{"suggestedWindow":{"start":"2020-01-01T00:00:00Z","end":"2020-01-02T00:00:00Z"}}"#,
            "retry-after: 21600\r\n",
        )),
        _ => None,
    }
}

/// A rule that suggests renewal always and leaves the rest to another.
fn renewing(
    front: &Arc<Front>,
    rest: impl Fn(&RequestSeen) -> Option<Script> + Send + Sync + 'static,
) {
    let weak = Arc::downgrade(front);
    front.rule(move |request| {
        let suggested = weak
            .upgrade()
            .and_then(|front| always_renew(&front, request));
        suggested.or_else(|| rest(request))
    });
}

fn orders(proxy: &Proxy, result: &str) -> f64 {
    proxy.metric(
        "intermission_acme_orders_total",
        &[&format!("\"{result}\"")],
    )
}

#[test]
fn a_suggested_renewal_is_followed_at_once_and_never_more_than_a_handful_of_times_an_hour() {
    let stage = Stage::new(&["shop.example"]);
    let pebble = stage.pebble("", &[]);
    let front = Arc::new(Front::start(&stage));
    renewing(&front, |_| None);
    let proxy = shop(stage.setup_for(front.origin.address, ""), &["shop.example"]).start();
    let client = pebble.trusting();
    let first = accepted(&proxy, &stage, "shop.example", &client);
    eventually("it is renewed", || {
        let now = shown(stage.tls, "shop.example", &client).expect("never none");
        (now != first).then_some(())
    });
    eventually("the handful is used up", || {
        (orders(&proxy, "success") >= 4.0).then_some(())
    });
    eventually("the next is planned", || {
        let next = proxy.metric("intermission_acme_next_order_timestamp_seconds", &["shop"]);
        let wait = next - Timestamp::now().as_duration().as_secs_f64();
        (1800.0..=3600.0).contains(&wait).then_some(())
    });
    assert_eq!(orders(&proxy, "success"), 4.0);

    let asked = front.asked(ORDERS);
    assert!(asked[0].get("replaces").is_none(), "{:?}", asked[0]);
    let replaced = asked[1]["replaces"]
        .as_str()
        .expect("it says what it replaces");
    let questions = front.origin.requests();
    assert!(
        questions
            .iter()
            .any(|seen| seen.path() == format!("/ari/{replaced}")),
        "the certificate has the same name in both"
    );
}

#[test]
fn a_renewal_that_is_refused_leaves_the_certificate_before_and_waits_as_long_as_it_is_told() {
    let stage = Stage::new(&["shop.example"]);
    let pebble = stage.pebble("", &[]);
    let front = Arc::new(Front::start(&stage));
    let placed = AtomicUsize::new(0);
    renewing(&front, move |request| {
        let is_second = request.path() == ORDERS && placed.fetch_add(1, SeqCst) > 0;
        is_second.then(|| {
            problem(
                "429 Too Many Requests",
                "rateLimited",
                "retry-after: 7200\r\n",
            )
        })
    });
    let proxy = shop(stage.setup_for(front.origin.address, ""), &["shop.example"]).start();
    let client = pebble.trusting();
    let first = accepted(&proxy, &stage, "shop.example", &client);
    let said = proxy.logged(&["no certificate", "rate_limited", "the certificate before"]);
    let said: serde_json::Value = serde_json::from_str(&said).expect("a line of JSON");
    let again = said["again_in_seconds"].as_u64().unwrap_or_default();
    assert!((7190..=7200).contains(&again), "{said}");
    assert_eq!(
        shown(stage.tls, "shop.example", &client).expect("the first"),
        first
    );
    assert_eq!(orders(&proxy, "rate_limited"), 1.0);

    proxy.signal(Signal::HUP);
    proxy.logged(&["configuration reloaded"]);
    let next = proxy.metric("intermission_acme_next_order_timestamp_seconds", &["shop"]);
    let wait = next - Timestamp::now().as_duration().as_secs_f64();
    assert!(
        wait > 7000.0,
        "a reload does not overrule the authority: {wait}"
    );
}

#[test]
fn an_authority_that_dies_takes_no_certificate_away() {
    let stage = Stage::new(&["shop.example", "www.shop.example"]);
    let pebble = stage.pebble("", &[]);
    let proxy = shop(stage.setup(), &["shop.example"]).start();
    let client = pebble.trusting();
    let first = accepted(&proxy, &stage, "shop.example", &client);
    drop(pebble);
    let site = "hosts = [\"shop.example\", \"www.shop.example\"]\n\
                upstream = \"http://127.0.0.1:9\"\n[tls]\nacme = \"me@shop.example\"\n";
    proxy.write("sites/shop.toml", site);
    proxy.signal(Signal::HUP);
    proxy.logged(&["no certificate", "directory_unreachable", "refused"]);
    assert_eq!(
        shown(stage.tls, "shop.example", &client).expect("the first"),
        first
    );

    // It comes back, and has forgotten everything, our account too.
    let pebble = stage.pebble("", &[]);
    let client = pebble.trusting();
    accepted(&proxy, &stage, "www.shop.example", &client);
}

#[test]
fn a_directory_that_says_something_else_is_told_from_one_that_is_away() {
    let stage = Stage::new(&["shop.example"]);
    let pebble = stage.pebble("", &[]);
    let front = Front::start(&stage);
    let page = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nbusy";
    front.rule(move |_| Some(vec![Step::Send(page.into())]));
    let setup = stage.setup_for(front.origin.address, "");
    let proxy = shop(setup, &["shop.example"]).start();
    proxy.logged(&["directory_unreachable", "503 Service Unavailable"]);

    // No order was placed: what is asked again is asked within seconds.
    front.rule(|_| Some(json("200 OK", "[]", "")));
    proxy.logged(&["no certificate", "directory_error"]);
    front.rule(|_| None);
    proxy.signal(Signal::HUP);
    accepted(&proxy, &stage, "shop.example", &pebble.trusting());
    assert_eq!(pebble.orders(), 1);
}

#[test]
fn a_name_that_leads_elsewhere_is_said_so() {
    let stage = Stage::new(&[]);
    let other = address();
    stage
        .names
        .tell("shop.example", Told::Addresses(vec![other]));
    let stranger = Origin::at((other, stage.plain.port()).into(), answer(ok("a stranger")));
    let pebble = stage.pebble("", &[]);
    let proxy = shop(stage.setup(), &["shop.example"]).start();
    let said = proxy.logged(&["no certificate", "elsewhere"]);
    assert!(
        said.contains("DNS points elsewhere") && said.contains("shop.example"),
        "{said}"
    );
    assert!(
        stranger.requests()[0]
            .path()
            .starts_with("/.well-known/acme-challenge/")
    );
    assert_eq!(pebble.orders(), 2, "each challenge was tried once");
    assert_eq!(orders(&proxy, "elsewhere"), 1.0);
}

#[test]
fn a_name_without_an_address_and_one_that_is_refused_are_told_apart() {
    let stage = Stage::new(&[]);
    let _pebble = stage.pebble(r#", "domainBlocklist": ["blocked.example"]"#, &[]);
    let setup = shop(stage.setup(), &["nowhere.example"]);
    let proxy = setup
        .site(
            "blocked",
            "hosts = [\"blocked.example\"]\nupstream = \"http://127.0.0.1:9\"\n\
             [tls]\nacme = \"me@shop.example\"\n",
        )
        .start();
    let said = proxy.logged(&["no certificate", "\"site\":\"blocked\""]);
    assert!(said.contains("name_refused"), "{said}");
    let said = proxy.logged(&["no certificate", "\"site\":\"shop\""]);
    assert!(said.contains("nowhere.example"), "{said}");
}

#[test]
fn without_a_place_to_keep_them_certificates_are_fetched_all_the_same_with_a_warning() {
    let stage = Stage::new(&["shop.example"]);
    fs::write(stage.data(), "not a directory").expect("a writable directory");
    let pebble = stage.pebble("", &[]);
    let proxy = shop(stage.setup(), &["shop.example"]).start();
    let client = pebble.trusting();
    let first = accepted(&proxy, &stage, "shop.example", &client);
    proxy.logged(&[
        "kept in memory only",
        "each start orders them anew",
        "way_out",
    ]);
    proxy.signal(Signal::HUP);
    proxy.logged(&["configuration reloaded"]);
    assert_eq!(
        shown(stage.tls, "shop.example", &client).expect("the first"),
        first
    );
    assert_eq!(pebble.orders(), 1, "a reload orders nothing anew");
}

#[test]
fn what_one_process_has_fetched_others_on_the_same_volume_use() {
    let stage = Stage::new(&["shop.example"]);
    let pebble = stage.pebble("", &[]);
    let first_proxy = shop(stage.setup(), &["shop.example"]).start();
    let client = pebble.trusting();
    let first = accepted(&first_proxy, &stage, "shop.example", &client);
    let other = stage.beside();
    let proxy = shop(other.setup_for(stage.directory, ""), &["shop.example"]).start();
    assert_eq!(accepted(&proxy, &other, "shop.example", &client), first);
    assert_eq!(pebble.orders(), 1);
}

#[test]
fn an_authority_that_does_not_answer_holds_up_neither_requests_nor_the_end() {
    let stage = Stage::new(&["shop.example"]);
    let _pebble = stage.pebble("", &[]);
    let front = Front::start(&stage);
    front.rule(|request| (request.path() == ORDERS).then(|| vec![Step::Ignore]));
    let mut proxy = shop(stage.setup_for(front.origin.address, ""), &["shop.example"]).start();
    eventually("an order is placed", || {
        (!front.asked(ORDERS).is_empty()).then_some(())
    });
    let ask = Ask::get("/.well-known/acme-challenge/unknown");
    let answer = proxy.ask(&ask.host("shop.example"), Protocol::H1);
    assert_eq!(answer.head.status(), 503, "the origin's, which is down");
    let_pass(std::time::Duration::from_millis(100));
    proxy.signal(Signal::TERM);
    assert!(proxy.wait().success());
}

#[test]
fn names_that_cannot_be_proved_one_by_one_are_an_error_with_a_way_out() {
    for (host, words) in [
        ("*.shop.example", "list the hosts"),
        ("*", "list the hosts"),
        ("192.0.2.1", "it is an address"),
        ("intranet", "no name of the internet"),
        ("shop.test", "no name of the internet"),
    ] {
        let setup = shop(Setup::new(""), &[host]);
        let said = checked(setup.path());
        assert!(said.contains(words) && said.contains("tls.acme"), "{said}");
    }
}
