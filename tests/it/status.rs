//! What waiting pages ask, `/.intermission/status`: answered here, in every state.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use serde_json::Value;

use crate::support::{
    clients::{Ask, Protocol},
    h1::Response,
    origin::Origin,
    proxy::Proxy,
    script::{Step, answer, choose, ok},
};

const STATUS: &str = "/.intermission/status";

fn json(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap()
}

#[test]
fn it_is_short_never_kept_and_never_the_origins() {
    let origin = Origin::always(answer(ok("the origin")));
    let proxy = Proxy::before(&origin.url(), "");
    for protocol in Protocol::BOTH {
        let got = proxy.ask(&Ask::get(STATUS), protocol);
        assert_eq!(got.head.status(), 200);
        let wait = json(&got)["wait"].as_f64().unwrap();
        assert!(wait <= 0.1, "nobody waits before: {wait}");
        assert!(
            got.raw_head.len() + got.body.len() <= 600,
            "a few hundred bytes"
        );
        assert_eq!(got.head.field("content-type").unwrap(), "application/json");
        assert_eq!(got.head.field("cache-control").unwrap(), "no-store");
        assert!(got.head.field("set-cookie").is_none());
        let head = proxy.ask(
            &Ask {
                method: "HEAD",
                ..Ask::get(STATUS)
            },
            protocol,
        );
        assert_eq!((head.head.status(), head.body.len()), (200, 0));
        let post = proxy.ask(
            &Ask {
                method: "POST",
                ..Ask::get(STATUS)
            },
            protocol,
        );
        assert_eq!(post.head.status(), 405);
        assert_eq!(post.head.field("allow").unwrap(), "GET, HEAD");
        let below = proxy.ask(&Ask::get("/.intermission/status/x"), protocol);
        assert_eq!(below.head.status(), 404);
    }
    assert!(origin.requests().is_empty());
    assert_eq!(proxy.record(STATUS)["outcome"], "own");
}

#[test]
fn pages_learn_of_an_outage_and_of_its_end() {
    let is_up = Arc::new(AtomicBool::new(false));
    let up = Arc::clone(&is_up);
    let origin = Origin::always(choose(move |_| {
        if up.load(Relaxed) {
            vec![Step::Send(ok("the origin"))]
        } else {
            vec![Step::Reset]
        }
    }));
    let proxy = Proxy::before(&origin.url(), "[retry_after]\nstart = \"12s\"\n");
    for _ in 0..3 {
        assert_eq!(proxy.get("/").head.status(), 503);
    }
    // Where nobody probes, the first is sent to see.
    let states: Vec<_> = (0..2).map(|_| json(&proxy.get(STATUS))).collect();
    let last = states.last().unwrap();
    assert_eq!(
        (&last["state"], &last["wait"]),
        (&Value::from("down"), &Value::from(2.0))
    );
    is_up.store(true, Relaxed);
    assert_eq!(proxy.get("/").head.status(), 200);
    let waits: Vec<_> = (0..20).map(|_| json(&proxy.get(STATUS))).collect();
    assert!(
        waits.iter().all(|answer| answer["state"] == "returning"),
        "{waits:?}"
    );
    assert_eq!(waits[0]["wait"], 0.0, "the first has its turn at once");
    let seconds = |answer: &Value| answer["wait"].as_f64().unwrap();
    let late = seconds(&waits[19]);
    assert!(
        (0.5..=2.0).contains(&late),
        "the twentieth waits for the others: {late}"
    );
}
