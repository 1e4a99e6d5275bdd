//! The admin listener: is the process well, and what does it count.

use std::{net::Ipv4Addr, process::Command};

use crate::support::{
    clients::{Ask, Kind, Protocol},
    dns::{NameServer, Told},
    eventually,
    origin::Origin,
    places::Refusing,
    process::Process,
    proxy::{BINARY, Proxy, Setup, catch_all},
    script::{Step, after_request, answer, choose, ok, response},
};

fn health(address: &str) -> Option<i32> {
    let mut command = Command::new(BINARY);
    command.args(["healthcheck", "--admin", address]);
    Process::start(&mut command, true).wait().code()
}

#[test]
fn a_process_with_a_dead_upstream_is_alive_and_ready() {
    let port = Refusing::start();
    let proxy = Proxy::before(&format!("http://{}", port.address), "");
    assert_eq!(proxy.get("/").head.status(), 503);
    assert_eq!(proxy.admin("/livez").head.status(), 200);
    assert_eq!(proxy.admin("/readyz").head.status(), 200);
    assert_eq!(health(&proxy.admin.to_string()), Some(0));
}

#[test]
fn the_healthcheck_fails_when_nobody_answers() {
    let port = Refusing::start();
    assert_eq!(health(&port.address.to_string()), Some(1));
}

#[test]
fn the_healthcheck_fails_when_the_process_hangs() {
    let origin = Origin::always(after_request([Step::Hang]));
    assert_eq!(health(&origin.address.to_string()), Some(1));
}

#[test]
fn metrics_are_prometheus_text_with_our_prefix() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "");
    for _ in 0..3 {
        proxy.get("/");
    }
    eventually("three records", || {
        (proxy.records().len() == 3).then_some(())
    });
    let response = proxy.admin("/metrics");
    let text = String::from_utf8(response.body).expect("UTF-8");
    let media_type = response.head.field("content-type").unwrap_or_default();
    assert!(media_type.contains("text"), "{media_type}");
    let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(samples.len() > 5, "{text}");
    for line in samples {
        assert!(line.starts_with("intermission_"), "{line}");
    }
    assert!(text.contains("site=\"shop\""), "{text}");
}

#[test]
fn every_metric_is_documented_and_no_other() {
    const DOCUMENT: &str = include_str!("../../docs/observing.md");
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "");
    let text = String::from_utf8(proxy.admin("/metrics").body).expect("UTF-8");
    let told = text.lines().filter_map(|line| {
        let mut words = line.strip_prefix("# TYPE ")?.split(' ');
        let (name, kind) = (words.next()?, words.next()?);
        let suffix = if kind == "counter" { "_total" } else { "" };
        Some(format!("{name}{suffix}"))
    });
    let documented = DOCUMENT.lines().filter_map(|line| {
        let name = line.strip_prefix("| `")?.split('`').next()?;
        name.starts_with("intermission_").then(|| name.to_owned())
    });
    let [mut told, mut documented] = [told.collect::<Vec<_>>(), documented.collect()];
    told.sort();
    documented.sort();
    assert_eq!(told, documented);
}

#[test]
fn labels_come_from_the_configuration_alone() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "");
    let ask = Ask::new("STRANGE", "/path-in-metrics").host("host-in-metrics.test");
    proxy.ask(&ask.with("user-agent", "agent-in-metrics"), Protocol::H1);
    proxy.record("/path-in-metrics");
    let text = String::from_utf8(proxy.admin("/metrics").body).expect("UTF-8");
    assert!(!text.contains("-in-metrics"), "{text}");
    assert!(!text.contains("STRANGE"), "{text}");
}

#[test]
fn failures_are_counted_by_cause() {
    let port = Refusing::start();
    let proxy = Proxy::before(&format!("http://{}", port.address), "");
    for _ in 0..4 {
        proxy.ask(&Ask::get("/").by(Kind::Navigation), Protocol::H1);
    }
    eventually("four failures are counted", || {
        (proxy.metric("intermission_", &["connection_refused"]) >= 4.0).then_some(())
    });
}

#[test]
fn an_attempt_that_another_made_good_is_counted() {
    let [second, third] = [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)];
    let origin = Origin::at((third, 0).into(), answer(ok("third")));
    let _port = Refusing::at((second, origin.address.port()).into());
    let names = NameServer::start("app.test", Told::Addresses(vec![second, third]));
    let dns = format!("[dns]\nservers = [\"{}\"]\n", names.address);
    let upstream = format!("http://app.test:{}", origin.address.port());
    let proxy = Setup::new(&dns)
        .site("shop", &catch_all(&upstream, ""))
        .start();
    let errors = ["site=\"shop\"", "reason=\"connection_refused\""];
    eventually("an attempt fails and another makes it good", || {
        assert_eq!(proxy.get("/").head.status(), 200);
        (proxy.metric("intermission_upstream_connect_errors_total", &errors) > 0.0).then_some(())
    });
    let failures = proxy.metric("intermission_upstream_failures_total", &[]);
    assert!(failures.abs() < f64::EPSILON, "{failures} failures");
}

#[test]
fn answers_of_the_origin_are_counted_by_code() {
    let origin = Origin::always(choose(|request| {
        let status = match request.path() {
            "/200" => "200 OK",
            "/404" => "404 Not Found",
            _ => "503 Service Unavailable",
        };
        vec![Step::Send(response(status, &[], b"x"))]
    }));
    let proxy = Proxy::before(&origin.url(), "");
    for (path, times) in [("/200", 3), ("/404", 2), ("/503", 1)] {
        for _ in 0..times {
            proxy.ask(&Ask::get(path).by(Kind::Navigation), Protocol::H1);
        }
    }
    eventually("six records", || (proxy.records().len() == 6).then_some(()));
    for (code, times) in [("200", 3.0), ("404", 2.0), ("503", 1.0)] {
        let label = format!("code=\"{code}\"");
        let count = proxy.metric("intermission_upstream_requests_total", &[&label]);
        assert!((count - times).abs() < f64::EPSILON, "{code}: {count}");
    }
}

#[test]
fn the_admin_listener_is_not_for_sites_and_sites_not_for_admin() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "");
    assert_eq!(proxy.get("/metrics").body, b"hello");
    assert_eq!(proxy.admin("/").head.status(), 404);
}

#[test]
fn the_admin_listener_can_be_off() {
    let origin = Origin::always(answer(ok("hello")));
    let setup = Setup::new("admin = \"off\"\n").site("shop", &catch_all(&origin.url(), ""));
    let process = Process::start(&mut setup.command(), true);
    eventually("it listens for clients", || {
        process
            .stderr()
            .iter()
            .find(|line| line.contains("\"clients\""))
            .map(|_| ())
    });
    assert!(
        !process
            .stderr()
            .iter()
            .any(|line| line.contains("\"role\":\"admin\""))
    );
}

#[test]
fn no_file_is_needed_to_start() {
    let origin = Origin::always(answer(ok("hello")));
    let mut command = Command::new(BINARY);
    command.args([
        "run",
        "--upstream",
        &origin.url(),
        "--listen",
        "127.0.0.1:0",
    ]);
    command.args(["--admin", "127.0.0.1:0", "--name", "My shop"]);
    let process = Process::start(&mut command, true);
    let address = eventually("it listens", || {
        let line = process
            .stderr()
            .into_iter()
            .find(|line| line.contains("\"clients\""))?;
        let line: serde_json::Value = serde_json::from_str(&line).ok()?;
        line["address"].as_str()?.parse().ok()
    });
    assert_eq!(Ask::get("/").ask(address, Protocol::H1).body, b"hello");
    drop(origin);
    let page = Ask::get("/")
        .by(Kind::Navigation)
        .ask(address, Protocol::H1);
    assert_eq!(page.head.status(), 503);
    assert!(String::from_utf8_lossy(&page.body).contains("My shop"));
}
