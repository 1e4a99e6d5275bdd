//! The breaker: endpoints that fail are left alone, and tried again without anybody's harm.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use rustix::process::Signal;
use tokio::time::Instant;

use crate::support::{
    at_once,
    clients::{Ask, Kind, Protocol},
    dns::{NameServer, Told},
    eventually,
    gate::Gate,
    h1::Response,
    let_pass,
    origin::Origin,
    places::Refusing,
    proxy::{Proxy, Setup, catch_all},
    script::{Step, after_request, answer, choose, ok, response},
};

/// Without probes, for good once it is open.
const LONG: &str = "[breaker]\nshortest = \"1h\"\nlongest = \"1h\"\n";
/// Without probes, tried again soon.
const SHORT: &str = "[breaker]\nshortest = \"50ms\"\nlongest = \"50ms\"\n";

fn cause(response: &Response) -> String {
    let status = response.head.field("proxy-status").unwrap_or_default();
    let (_, cause) = status.split_once("error=").unwrap_or_default();
    cause.to_owned()
}

/// The proxy before a refusing port, after the two requests that find out.
fn ejected(more: &str) -> (Proxy, SocketAddr) {
    let port = Refusing::start();
    let proxy = Proxy::before(&format!("http://{}", port.address), more);
    for _ in 0..2 {
        assert_eq!(cause(&proxy.get("/first")), "connection_refused");
    }
    (proxy, port.address)
}

fn ask(proxy: &Proxy, method: &'static str) -> u16 {
    let ask = Ask::new(method, "/asked");
    let ask = if method == "POST" { ask.body("a") } else { ask };
    proxy.ask(&ask, Protocol::H1).head.status()
}

#[test]
fn a_known_outage_is_answered_without_a_connection_and_with_its_true_cause() {
    let (proxy, address) = ejected(LONG);
    let origin = Origin::at(address, answer(ok("back")));
    for _ in 0..20 {
        let page = proxy.get("/later");
        assert_eq!(page.head.status(), 503);
        assert_eq!(cause(&page), "connection_refused");
    }
    proxy.get("/last");
    assert_eq!(proxy.record("/last")["attempts"], 0);
    assert!(origin.connections().is_empty());
    assert_eq!(proxy.metric("intermission_endpoints", &["ejected"]), 1.0);
    assert_eq!(proxy.metric("intermission_ejections_total", &["shop"]), 1.0);
}

#[test]
fn traffic_is_back_soon_after_a_young_outage() {
    let best = (0..3).map(|_| {
        let (proxy, address) = ejected("[health]\n[breaker]\n");
        let_pass(Duration::from_millis(300));
        assert_eq!(proxy.get("/").head.status(), 503);
        let _origin = Origin::at(address, answer(ok("back")));
        let returned = Instant::now();
        eventually("the origin answers", || {
            (proxy.get("/").head.status() == 200).then_some(())
        });
        returned.elapsed()
    });
    let best = best.min().expect("three tries");
    assert!(
        best <= Duration::from_millis(150),
        "back after {best:?} at best"
    );
}

#[test]
fn nobodys_post_is_the_trial() {
    let (proxy, address) = ejected(SHORT);
    let origin = Origin::at(address, answer(ok("back")));
    for _ in 0..20 {
        assert_eq!(ask(&proxy, "POST"), 503);
        let_pass(Duration::from_millis(10));
    }
    assert!(origin.connections().is_empty());
    assert_eq!(ask(&proxy, "GET"), 200);
    assert_eq!(ask(&proxy, "POST"), 200);
}

#[test]
fn one_request_at_a_time_tries_and_the_others_do_not_wait() {
    let (proxy, address) = ejected(SHORT);
    let gate = Gate::default();
    let script = after_request([Step::WaitFor(gate.clone()), Step::Send(ok("back"))]);
    let origin = Origin::at(address, script);
    let_pass(Duration::from_millis(60));
    let mut trial = proxy.client();
    trial.send("GET /trial HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    origin.request("/trial");
    let answers = at_once(8, |_| ask(&proxy, "GET"));
    assert_eq!(answers, [503; 8]);
    assert_eq!(origin.requests().len(), 1);
    gate.open();
    assert_eq!(trial.read().head.status(), 200);
    assert_eq!(ask(&proxy, "POST"), 200);
}

#[test]
fn a_client_that_leaves_during_the_trial_leaves_it_to_the_next() {
    let (proxy, address) = ejected(SHORT);
    let origin = Origin::at(
        address,
        choose(|request| match request.path() {
            "/trial" => vec![Step::Hang],
            _ => vec![Step::Send(ok("back"))],
        }),
    );
    let_pass(Duration::from_millis(60));
    let mut trial = proxy.client();
    trial.send("GET /trial HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    origin.request("/trial");
    assert_eq!(ask(&proxy, "GET"), 503);
    trial.line.abandon();
    drop(trial);
    eventually("another tries", || {
        (ask(&proxy, "GET") == 200).then_some(())
    });
}

#[test]
fn the_applications_own_errors_never_eject_the_only_endpoint() {
    let fields = ["Content-Type: application/json"];
    let busy = response("503 Service Unavailable", &fields, b"{\"busy\":true}");
    let origin = Origin::always(answer(busy));
    let proxy = Proxy::before(&origin.url(), LONG);
    for _ in 0..40 {
        let said = proxy.ask(&Ask::get("/api").by(Kind::Json), Protocol::H1);
        assert_eq!(said.body, b"{\"busy\":true}");
    }
    assert_eq!(origin.requests().len(), 40);
}

#[test]
fn three_broken_answers_in_a_row_eject_and_two_do_not() {
    let origin = Origin::always(choose(|request| match request.path() {
        "/broken" => vec![Step::Close],
        _ => vec![Step::Send(ok("well"))],
    }));
    let proxy = Proxy::before(&origin.url(), &format!("{LONG}[retry]\nattempts = 1\n"));
    for _ in 0..5 {
        assert_eq!(cause(&proxy.get("/broken")), "connection_terminated");
        assert_eq!(cause(&proxy.get("/broken")), "connection_terminated");
        assert_eq!(proxy.get("/").head.status(), 200);
    }
    for _ in 0..3 {
        proxy.get("/broken");
    }
    let count = origin.requests().len();
    let page = proxy.get("/");
    assert_eq!(
        (page.head.status(), cause(&page)),
        (503, "connection_terminated".to_owned())
    );
    assert_eq!(origin.requests().len(), count);
}

#[test]
fn a_small_share_of_successes_ejects() {
    let origin = Origin::always(choose(|request| match request.path() {
        "/broken" => vec![Step::Close],
        _ => vec![Step::Send(ok("well"))],
    }));
    let proxy = Proxy::before(&origin.url(), &format!("{LONG}[retry]\nattempts = 1\n"));
    let rounds = (1..=20).find(|_| {
        proxy.get("/broken");
        proxy.get("/").head.status() == 503
    });
    // Half of them fail, twenty are needed to tell, and a failure is when it is asked.
    assert_eq!(rounds, Some(11));
}

#[test]
fn a_breaker_that_is_off_lets_every_request_try() {
    let (proxy, address) = ejected("[breaker]\nenabled = false\n");
    let _origin = Origin::at(address, answer(ok("back")));
    assert_eq!(ask(&proxy, "POST"), 200);
}

#[test]
fn a_reload_forgets_nothing() {
    let (proxy, address) = ejected(LONG);
    let origin = Origin::at(address, answer(ok("back")));
    let renamed = format!("{LONG}[brand]\nname = \"Renamed\"\n");
    let upstream = format!("http://{address}");
    proxy.write("sites/shop.toml", &catch_all(&upstream, &renamed));
    proxy.signal(Signal::HUP);
    let page = eventually("the new name", || {
        let page = proxy.get("/");
        String::from_utf8_lossy(&page.body)
            .contains("Renamed")
            .then_some(page)
    });
    assert_eq!(cause(&page), "connection_refused");
    assert!(origin.connections().is_empty());
}

/// The proxy before a name with two addresses, on one port, and the name server.
fn before_two(addresses: [SocketAddr; 2], more: &str) -> (Proxy, NameServer) {
    let told = addresses.map(|address| match address.ip() {
        IpAddr::V4(ip) => ip,
        IpAddr::V6(_) => panic!("an IPv4 address"),
    });
    let names = NameServer::start("app.test", Told::Addresses(told.to_vec()));
    let dns = format!("[dns]\nservers = [\"{}\"]\n", names.address);
    let upstream = format!("http://app.test:{}", addresses[0].port());
    let setup = Setup::new(&dns).site("shop", &catch_all(&upstream, more));
    (setup.start(), names)
}

const SECOND: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const THIRD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

#[test]
fn a_dead_endpoint_beside_a_living_one_is_ejected_and_is_no_outage() {
    let origin = Origin::at((THIRD, 0).into(), answer(ok("well")));
    let port = Refusing::at((SECOND, origin.address.port()).into());
    let (proxy, _names) = before_two([port.address, origin.address], LONG);
    eventually("the dead one is ejected", || {
        assert_eq!(proxy.get("/").head.status(), 200);
        (proxy.metric("intermission_endpoints", &["ejected"]) > 0.0).then_some(())
    });
    proxy.logged(&[
        "WARN",
        "endpoint ejected; others serve",
        "connection_refused",
    ]);
    for at in 0..10 {
        let path = format!("/{at}");
        assert_eq!(proxy.get(&path).head.status(), 200);
        assert_eq!(proxy.record(&path)["attempts"], 1);
    }
    assert_eq!(proxy.admin("/outages").body, b"[]");
}

#[test]
fn an_endpoint_that_reports_errors_is_ejected_while_another_serves() {
    let gate = Gate::default();
    let held = |bytes: Vec<u8>| after_request([Step::WaitFor(gate.clone()), Step::Send(bytes)]);
    let well = Origin::at((THIRD, 0).into(), held(ok("well")));
    let unwell = response("503 Service Unavailable", &[], b"no database");
    let unwell = Origin::at((SECOND, well.address.port()).into(), held(unwell));
    let (proxy, _names) = before_two([unwell.address, well.address], LONG);
    // All wait for their answers, so that each endpoint gets its half: more than the 20 that are
    // enough to tell.
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| at_once(60, |_| proxy.get("/").head.status()));
        eventually("both are asked", || {
            let counts = [unwell.requests().len(), well.requests().len()];
            (counts.iter().sum::<usize>() >= 60 && counts[0] >= 20).then_some(())
        });
        gate.open();
        let statuses = asking.join().expect("answers");
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    });
    assert_eq!(proxy.metric("intermission_endpoints", &["ejected"]), 1.0);
    let count = unwell.requests().len();
    for _ in 0..20 {
        assert_eq!(proxy.get("/").head.status(), 200);
    }
    assert_eq!(unwell.requests().len(), count);
}
