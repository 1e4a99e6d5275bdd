//! Requests that another endpoint answers in place of one that cannot, and how many of them.

use std::{any::Any, net::Ipv4Addr};

use crate::support::{
    clients::{Ask, Kind, Protocol},
    dns::{NameServer, Told},
    origin::Origin,
    places::Refusing,
    proxy::{Proxy, Setup, catch_all},
    script::{Script, Step, after_request, answer, ok, response},
};

const SECOND: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const THIRD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// Two endpoints of one name.
struct Pair {
    proxy: Proxy,
    origins: Vec<Origin>,
    _keep: Box<dyn Any>,
}

impl Pair {
    /// The first plays this script, the second that; without one it refuses.
    fn start(first: Script, second: Option<Script>, site: &str) -> Self {
        let first = Origin::at((SECOND, 0).into(), first);
        let port = first.address.port();
        let other = (THIRD, port).into();
        let refusing = second.is_none().then(|| Refusing::at(other));
        let second = second.map(|script| Origin::at(other, script));
        let names = NameServer::start("app.test", Told::Addresses(vec![SECOND, THIRD]));
        let dns = format!("[dns]\nservers = [\"{}\"]\n", names.address);
        let site = catch_all(&format!("http://app.test:{port}"), site);
        let proxy = Setup::new(&dns).site("shop", &site).start();
        Self {
            proxy,
            origins: std::iter::once(first).chain(second).collect(),
            _keep: Box::new((names, refusing)),
        }
    }

    /// How often an endpoint saw this path, one after the other.
    fn seen(&self, path: &str) -> Vec<usize> {
        let count = |origin: &Origin| {
            let requests = origin.requests();
            requests.iter().filter(|seen| seen.path() == path).count()
        };
        self.origins.iter().map(count).collect()
    }
}

fn busy(status: &str) -> Script {
    answer(response(
        status,
        &["Content-Type: application/json"],
        b"{\"busy\":true}",
    ))
}

#[test]
fn a_reader_gets_the_answer_of_an_endpoint_that_can() {
    for status in [
        "502 Bad Gateway",
        "503 Service Unavailable",
        "504 Gateway Timeout",
    ] {
        let pair = Pair::start(busy(status), Some(answer(ok("hello"))), "");
        for round in 0..20 {
            let response = pair.proxy.get(&format!("/{round}"));
            assert_eq!(
                (response.head.status(), response.body.as_slice()),
                (200, &b"hello"[..])
            );
        }
        let tried = pair.origins[0].requests().len();
        assert!((1..=20).contains(&tried), "{status}: {tried}");
    }
}

#[test]
fn what_may_have_acted_is_not_sent_elsewhere() {
    let pair = Pair::start(
        busy("503 Service Unavailable"),
        Some(busy("503 Service Unavailable")),
        "",
    );
    for (method, body, expected) in [
        ("POST", "x", 1),
        ("PUT", "x", 1),
        ("PATCH", "", 1),
        ("GET", "", 2),
        ("DELETE", "", 2),
    ] {
        let path = format!("/{method}");
        let ask = Ask::new(method, &path).by(Kind::Json).body(body);
        let response = pair.proxy.ask(&ask, Protocol::H1);
        assert_eq!(response.head.status(), 503);
        assert_eq!(response.body, b"{\"busy\":true}", "the application's own");
        assert_eq!(pair.seen(&path).iter().sum::<usize>(), expected, "{method}");
    }
}

#[test]
fn any_other_status_is_an_answer() {
    for status in [
        "500 Internal Server Error",
        "501 Not Implemented",
        "429 Too Many Requests",
    ] {
        let pair = Pair::start(busy(status), Some(busy(status)), "");
        pair.proxy
            .ask(&Ask::get("/once").by(Kind::Json), Protocol::H1);
        assert_eq!(pair.seen("/once").iter().sum::<usize>(), 1, "{status}");
    }
}

#[test]
fn an_answer_is_not_given_up_for_an_endpoint_that_has_none() {
    let pair = Pair::start(busy("503 Service Unavailable"), None, "");
    for round in 0..10 {
        let ask = Ask::get(&format!("/{round}")).by(Kind::Json);
        let response = pair.proxy.ask(&ask, Protocol::H1);
        assert_eq!(response.body, b"{\"busy\":true}", "round {round}");
    }
}

#[test]
fn one_attempt_means_one() {
    let pair = Pair::start(
        busy("503 Service Unavailable"),
        Some(busy("503 Service Unavailable")),
        "[retry]\nattempts = 1\n",
    );
    pair.proxy.get("/once");
    assert_eq!(pair.seen("/once").iter().sum::<usize>(), 1);
}

#[test]
fn without_a_budget_only_a_closed_connection_is_repeated() {
    let none = "[retry]\nbudget_percent = 0\nbudget_per_second = 0\n";
    let pair = Pair::start(
        busy("503 Service Unavailable"),
        Some(busy("503 Service Unavailable")),
        none,
    );
    for round in 0..20 {
        let path = format!("/{round}");
        pair.proxy.get(&path);
        assert_eq!(pair.seen(&path).iter().sum::<usize>(), 1, "round {round}");
    }
    let origin = Origin::in_turn(vec![
        answer(ok("first")),
        after_request([Step::Close]),
        answer(ok("again")),
    ]);
    let site = catch_all(&origin.url(), none);
    let proxy = Setup::new("workers = 1\n").site("shop", &site).start();
    proxy.get("/1");
    assert_eq!(proxy.get("/2").body, b"again");
}

#[test]
fn no_more_is_repeated_than_the_budget_has() {
    let pair = Pair::start(
        busy("503 Service Unavailable"),
        Some(busy("503 Service Unavailable")),
        "[retry]\nbudget_percent = 20\nbudget_per_second = 2\n",
    );
    for _ in 0..100 {
        pair.proxy.get("/load");
    }
    let repeated = pair.seen("/load").iter().sum::<usize>() - 100;
    // A fifth of a hundred and two for each of ten seconds.
    assert!((20..=42).contains(&repeated), "{repeated} repeated");
}
