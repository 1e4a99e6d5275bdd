//! What a reload that changes the upstream does not forget: who is in flight, what was repeated,
//! what was counted.

use rustix::process::Signal;

use crate::support::{
    eventually,
    gate::Gate,
    h1::Client,
    origin::Origin,
    places::Refusing,
    proxy::{Proxy, Setup, catch_all},
    script::{Step, after_request, ok},
};

const RELOADED: &str = "intermission_config_reloads_total";

fn reload(proxy: &Proxy, upstream: &str, site: &str) {
    let before = proxy.metric(RELOADED, &["applied"]);
    proxy.write("sites/shop.toml", &catch_all(upstream, site));
    proxy.signal(Signal::HUP);
    eventually("the reload is applied", || {
        (proxy.metric(RELOADED, &["applied"]) > before).then_some(())
    });
}

fn asking(proxy: &Proxy, target: &str) -> Client {
    let mut client = proxy.client();
    client.send(format!("GET {target} HTTP/1.1\r\nHost: shop.test\r\n\r\n"));
    client
}

#[test]
fn who_is_in_flight_still_takes_a_place() {
    for limit in ["requests = 1", "endpoint_requests = 1"] {
        let gate = Gate::default();
        let script = after_request([Step::WaitFor(gate.clone()), Step::Send(ok("served"))]);
        let origin = Origin::always(script);
        let limits = format!("[limits]\n{limit}\nqueue = 0\n");
        let site = catch_all(&origin.url(), &limits);
        let proxy = Setup::new("").site("shop", &site).start();
        let mut first = asking(&proxy, "/first");
        origin.request("/first");
        reload(
            &proxy,
            &origin.url(),
            &format!("{limits}[timeouts]\nconnect = \"1s\"\n"),
        );
        assert_eq!(proxy.get("/second").head.status(), 503, "{limit}");
        assert_eq!(proxy.record("/second")["failure"], "overloaded");
        let queued = proxy.metric("intermission_requests_queued_total", &["shop"]);
        assert!(queued >= 1.0, "{queued}");
        gate.open();
        assert_eq!(first.read().head.status(), 200);
        eventually("its place is given back", || {
            (proxy.get("/third").head.status() == 200).then_some(())
        });
    }
}

#[test]
fn the_budget_is_used_up_as_before_and_what_it_denied_is_counted() {
    // A kept connection that the origin has closed is no endpoint's fault; an address that
    // refuses is, and the request that was not sent could go there once more after a pause.
    let port = Refusing::start();
    let upstream = format!("http://{}", port.address);
    let budget = "[retry]\nbudget_percent = 0\nbudget_per_second = 0\n[hold]\n";
    let site = catch_all(&upstream, budget);
    let proxy = Setup::new("").site("shop", &site).start();
    let post = "POST /order HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 2\r\n\r\nhi";
    assert_eq!(proxy.client().ask(post).head.status(), 503);
    let denied = || proxy.metric("intermission_retries_denied_total", &["shop"]);
    assert_eq!(denied(), 1.0);
    reload(
        &proxy,
        &upstream,
        &format!("{budget}[timeouts]\nconnect = \"1s\"\n"),
    );
    assert_eq!(denied(), 1.0, "counting goes on");
}

#[test]
fn held_requests_are_counted() {
    let port = Refusing::start();
    let upstream = format!("http://{}", port.address);
    let site = catch_all(&upstream, "[hold]\ntime = \"300ms\"\n");
    let proxy = Setup::new("").site("shop", &site).start();
    assert_eq!(proxy.get("/").head.status(), 503);
    let held = proxy.metric("intermission_requests_held_total", &["shop"]);
    assert_eq!(held, 1.0);
    assert_eq!(proxy.get("/").head.status(), 503, "the outage is too old");
    let held = proxy.metric("intermission_requests_held_total", &["shop"]);
    assert_eq!(held, 1.0);
}
