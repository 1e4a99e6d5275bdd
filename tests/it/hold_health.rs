//! Requests that wait, with probes and the breaker on: what those know, waiting ones know, too.

use std::time::Duration;

use rustix::process::Signal;
use tokio::time::Instant;

use crate::support::{
    at_once,
    clients::{Ask, Protocol},
    eventually, let_pass,
    origin::Origin,
    places::Refusing,
    proxy::{Proxy, catch_all},
    script::{answer, ok},
};

const PROBED: &str = "[health]\ninterval = \"100ms\"\n[breaker]\n";

fn all_on(port: &Refusing, hold: &str) -> Proxy {
    let more = format!("{PROBED}[hold]\ntime = \"{hold}\"\n");
    Proxy::before(&format!("http://{}", port.address), &more)
}

/// By probes alone.
fn found_out(proxy: &Proxy) {
    eventually("it is ejected", || {
        (proxy.metric("intermission_endpoints", &["ejected"]) > 0.0).then_some(())
    });
}

/// The page comes without a wait. The best of some, as the machine has more to do.
fn at_once_the_page(proxy: &Proxy) {
    let waits = (0..5).map(|_| {
        let asked = Instant::now();
        let page = proxy.get("/later");
        assert_eq!(page.head.status(), 503);
        let cause = page.head.field("proxy-status").unwrap_or_default();
        assert!(cause.contains("connection_refused"), "{cause}");
        asked.elapsed()
    });
    let longest = waits.max().unwrap_or_default();
    assert!(longest < Duration::from_millis(900), "{longest:?}");
    assert_eq!(proxy.record("/later")["attempts"], 0);
}

#[test]
fn an_outage_that_probes_have_found_is_no_younger_for_its_first_visitor() {
    let port = Refusing::start();
    let proxy = all_on(&port, "1s");
    found_out(&proxy);
    let_pass(Duration::from_millis(1100));
    at_once_the_page(&proxy);
}

#[test]
fn an_outage_is_no_younger_after_a_reload() {
    let port = Refusing::start();
    let proxy = all_on(&port, "1s");
    found_out(&proxy);
    let_pass(Duration::from_millis(1100));
    let upstream = format!("http://{}", port.address);
    let more = format!(
        "{PROBED}[hold]\ntime = \"1100ms\"\n[timeouts]\nconnect = \"2s\"\n\
         [brand]\nname = \"Renamed\"\n"
    );
    proxy.write("sites/shop.toml", &catch_all(&upstream, &more));
    proxy.signal(Signal::HUP);
    // A page that comes at all before the reload is of the old name.
    eventually("the new name", || {
        let page = proxy.get("/reloaded");
        String::from_utf8_lossy(&page.body)
            .contains("Renamed")
            .then_some(())
    });
    at_once_the_page(&proxy);
}

#[test]
fn those_who_wait_before_an_ejected_endpoint_go_on_as_soon_as_a_probe_passes() {
    let best = (0..4).map(|_| {
        let port = Refusing::start();
        let proxy = all_on(&port, "20s");
        let address = port.address;
        found_out(&proxy);
        let (origin, returned) = std::thread::scope(|scope| {
            let back = scope.spawn(|| {
                let_pass(Duration::from_millis(400));
                drop(port);
                let origin = Origin::at(address, answer(ok("back")));
                (origin, Instant::now())
            });
            let answered = at_once(8, |_| {
                let ask = Ask::get("/waiting");
                assert_eq!(proxy.ask(&ask, Protocol::H1).head.status(), 200);
                Instant::now()
            });
            let (origin, at) = back.join().expect("an origin");
            let last = answered.into_iter().max().expect("answers");
            (origin, last.saturating_duration_since(at))
        });
        assert_eq!(
            origin
                .requests()
                .iter()
                .filter(|one| one.path() == "/waiting")
                .count(),
            8
        );
        returned
    });
    let best = best.min().expect("some tries");
    eprintln!("eight that wait are answered {best:?} after the return at best");
    assert!(best <= Duration::from_millis(150), "{best:?} at best");
}

#[test]
fn the_total_time_ends_the_wait_where_nobody_could_be_asked() {
    let port = Refusing::start();
    let more = format!(
        "{PROBED}[hold]\ntime = \"5s\"\n[timeouts]\nconnect = \"500ms\"\ntotal = \"700ms\"\n"
    );
    let proxy = Proxy::before(&format!("http://{}", port.address), &more);
    found_out(&proxy);
    let asked = Instant::now();
    assert_eq!(proxy.get("/").head.status(), 503);
    let waited = asked.elapsed();
    assert!(waited >= Duration::from_millis(650), "{waited:?}");
    assert!(waited < Duration::from_secs(4), "{waited:?}");
}

#[test]
fn what_acts_gets_the_page_at_once_where_nobody_can_be_asked() {
    let port = Refusing::start();
    let proxy = all_on(&port, "10s");
    found_out(&proxy);
    let asked = Instant::now();
    let response = proxy.ask(&Ask::new("POST", "/pay").body("x"), Protocol::H1);
    assert_eq!(response.head.status(), 503);
    let waited = asked.elapsed();
    assert!(waited < Duration::from_secs(3), "{waited:?}");
    assert_eq!(proxy.record("/pay")["attempts"], 0);
}
