//! Outages: what counts as one, and what is told about them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde_json::Value;

use crate::support::{
    eventually,
    origin::Origin,
    places::Refusing,
    proxy::Proxy,
    script::{Step, answer, choose, ok},
};

fn list(proxy: &Proxy, target: &str) -> Vec<Value> {
    let response = proxy.admin(target);
    assert_eq!(response.head.status(), 200);
    let media_type = response.head.field("content-type");
    assert_eq!(media_type.as_deref(), Some("application/json"));
    serde_json::from_slice(&response.body).expect("a list in JSON")
}

#[test]
fn an_outage_is_listed_counted_and_told_from_its_start_to_its_end() {
    let port = Refusing::start();
    let address = port.address;
    let proxy = Proxy::before(&format!("http://{address}"), "");
    assert!(list(&proxy, "/outages").is_empty());
    assert_eq!(proxy.metric("intermission_upstream_up", &["shop"]), 1.0);
    for path in ["/1", "/2", "/3", "/4", "/5"] {
        assert_eq!(proxy.get(path).head.status(), 503);
    }
    let outages = list(&proxy, "/outages");
    let [outage] = &outages[..] else {
        panic!("one outage: {outages:?}")
    };
    assert_eq!(outage["site"], "shop");
    assert_eq!(outage["upstream"], address.to_string());
    assert_eq!(outage["cause"], "connection_refused");
    assert_eq!(outage["main_cause"], "connection_refused");
    assert_eq!(outage["answers"], 5);
    assert_eq!(outage["id"].as_str().map(str::len), Some(12));
    assert!(outage["began"].as_str().is_some_and(|at| at.ends_with('Z')));
    assert!(outage.get("ended").is_none());
    assert_eq!(proxy.metric("intermission_upstream_up", &["shop"]), 0.0);
    let id = outage["id"].as_str().expect("a name").to_owned();
    assert!(proxy.record("/1").get("outage.id").is_none());
    for path in ["/2", "/5"] {
        assert_eq!(proxy.record(path)["outage.id"], id.as_str(), "{path}");
    }
    proxy.logged(&[
        "ERROR",
        "outage: nothing listens",
        &id,
        "connection_refused",
    ]);

    drop(port);
    let _origin = Origin::at(address, answer(ok("back")));
    assert_eq!(proxy.get("/").head.status(), 200);
    let line = proxy.logged(&["INFO", "the outage is over", &id, "seconds"]);
    assert!(line.contains("\"answers\":5"), "{line}");
    let outage = list(&proxy, "/outages").remove(0);
    assert!(outage["ended"].is_string(), "{outage}");
    assert_eq!(outage["returns"], 1);
    assert_eq!(proxy.metric("intermission_upstream_up", &["shop"]), 1.0);
    assert_eq!(proxy.metric("intermission_outages_total", &["shop"]), 1.0);
    assert!(proxy.metric("intermission_outage_seconds_total", &["shop"]) > 0.0);
}

#[test]
fn single_failures_among_answers_are_no_outage() {
    let origin = Origin::always(choose(|request| match request.path() {
        "/broken" => vec![Step::Close],
        _ => vec![Step::Send(ok("well"))],
    }));
    let proxy = Proxy::before(&origin.url(), "[retry]\nattempts = 1\n");
    for _ in 0..20 {
        assert_eq!(proxy.get("/broken").head.status(), 503);
        assert_eq!(proxy.get("/").head.status(), 200);
    }
    assert!(list(&proxy, "/outages").is_empty());
    for _ in 0..3 {
        assert_eq!(proxy.get("/broken").head.status(), 503);
    }
    assert_eq!(list(&proxy, "/outages").len(), 1);
}

#[test]
fn an_origin_that_comes_and_goes_has_one_outage() {
    let is_away = Arc::new(AtomicBool::new(false));
    let away = Arc::clone(&is_away);
    let origin = Origin::always(choose(move |_| {
        if away.load(Ordering::Relaxed) {
            vec![Step::Close]
        } else {
            vec![Step::Send(ok("well"))]
        }
    }));
    let proxy = Proxy::before(&origin.url(), "[retry]\nattempts = 1\n");
    for returns in 1..=3 {
        is_away.store(true, Ordering::Relaxed);
        for _ in 0..3 {
            assert_eq!(proxy.get("/").head.status(), 503);
        }
        is_away.store(false, Ordering::Relaxed);
        assert_eq!(proxy.get("/").head.status(), 200);
        let outages = list(&proxy, "/outages");
        assert_eq!(outages.len(), 1, "{outages:?}");
        assert_eq!(outages[0]["returns"], returns);
        assert_eq!(outages[0]["answers"], 3 * returns);
    }
}

#[test]
fn sites_are_listed_with_their_endpoints() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "[health]\n");
    let site = eventually("a probe has passed", || {
        let site = list(&proxy, "/sites").remove(0);
        (site["endpoints"][0]["probe"] == "passed").then_some(site)
    });
    assert_eq!(site["name"], "shop");
    assert_eq!(site["hosts"], serde_json::json!(["*"]));
    assert_eq!(site["standing"], "up");
    let endpoint = &site["endpoints"][0];
    assert_eq!(endpoint["address"], origin.address.to_string());
    assert_eq!(
        (&endpoint["weight"], &endpoint["backup"]),
        (&1.into(), &false.into())
    );
    assert_eq!(endpoint["admission"], "full");
    assert_eq!(endpoint["breaker"], "closed");
    assert_eq!(endpoint["in_flight"], 0);

    let address = origin.address;
    drop(origin);
    let _port = Refusing::at(address);
    for _ in 0..2 {
        proxy.get("/");
    }
    let site = list(&proxy, "/sites").remove(0);
    assert_eq!(site["standing"], "down");
    assert_eq!(site["endpoints"][0]["last_cause"], "connection_refused");
}
