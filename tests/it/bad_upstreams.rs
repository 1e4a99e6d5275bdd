//! Upstreams that are not what they are said to be.

use std::time::Duration;

use crate::support::{
    eventually,
    gate::Gate,
    let_pass,
    origin::Origin,
    proxy::Proxy,
    script::{Step, answer, choose, ok},
    tls::Authority,
};

#[test]
fn plain_requests_to_a_tls_port_get_the_page() {
    let origin = Origin::encrypted(Authority::new().server(), answer(ok("never")));
    let upstream = format!("http://{}", origin.address);
    let proxy = Proxy::before(&upstream, "");
    assert_eq!(proxy.get("/plain").head.status(), 503);
    let failure = proxy.record("/plain")["failure"].clone();
    let known = ["http_protocol_error", "connection_terminated"];
    assert!(known.iter().any(|known| failure == *known), "{failure}");
}

#[test]
fn an_endpoint_that_passes_probes_and_fails_requests_is_left_alone_until_requests_succeed() {
    let healed = Gate::default();
    let is_healed = healed.clone();
    let origin = Origin::always(choose(move |request| {
        let is_well = request.path() == "/healthz" || is_healed.is_open_within(Duration::ZERO);
        vec![if is_well {
            Step::Send(ok("hello"))
        } else {
            Step::Close
        }]
    }));
    let more = "[health]\npath = \"/healthz\"\ninterval = \"100ms\"\n[breaker]\n";
    let proxy = Proxy::before(&origin.url(), more);
    eventually("probes pass", || {
        (proxy.metric("intermission_probes_total", &["passed"]) > 0.0).then_some(())
    });
    for _ in 0..100 {
        assert_eq!(proxy.get("/page").head.status(), 503);
        let_pass(Duration::from_millis(5));
    }
    let requests = origin.requests();
    let asked = requests
        .iter()
        .filter(|seen| seen.path() == "/page")
        .count();
    // Three find out, three more after the first passing probe, then one a pause that doubles.
    assert!((3..25).contains(&asked), "{asked} of 100 were sent");
    healed.open();
    eventually("it is back", || {
        (proxy.get("/page").head.status() == 200).then_some(())
    });
}
