//! How long a client waits for the page: in a known outage no time, else no longer than configured.
//!
//! Measured on the optimised program. Other work on the machine can only make it slower, so the
//! best of three runs is what the program itself takes.

use std::time::Duration;

use tokio::time::Instant;

use crate::support::{
    h1::Client,
    load::{Answered, CONNECTIONS, ask_in_rounds, ask_in_turns},
    optimised,
    origin::Origin,
    places::Refusing,
    proxy::{Proxy, Setup, catch_all},
    script::{Step, after_request},
};

const RUNS: usize = 3;

/// The limit for a refused connection, for 99 of 100 requests.
const AT_ONCE: Duration = Duration::from_millis(5);

fn start(program: &str, upstream: &str, site: &str) -> Proxy {
    let setup = Setup::new("[log]\naccess = \"off\"\n").site("shop", &catch_all(upstream, site));
    optimised::start(program, "", setup)
}

/// How long 99 of 100 waited for the first byte.
fn most(answers: &[Answered], how: &str) -> Duration {
    assert!(answers.iter().all(|answer| answer.status == 503));
    let mut waits: Vec<Duration> = answers.iter().map(|answer| answer.first_byte).collect();
    waits.sort();
    let wait = |percent: usize| waits[(waits.len() * percent).div_ceil(100) - 1];
    eprintln!(
        "first byte of the page, {CONNECTIONS} connections {how}: half within {:?}, 99 % within {:?}",
        wait(50),
        wait(99)
    );
    wait(99)
}

/// What the program takes, and not what requests wait for each other: on connections that never
/// pause, that is only as short as the machine's cores are many and quick. It is printed all the
/// same.
#[test]
fn a_refused_connection_is_answered_within_five_milliseconds() {
    let Some(program) = optimised::program() else {
        return;
    };
    let port = Refusing::start();
    let proxy = start(&program, &format!("http://{}", port.address), "");
    let best = (0..RUNS)
        .map(|_| {
            most(&ask_in_rounds(proxy.address, 100), "that never pause");
            let period = Duration::from_millis(20);
            most(&ask_in_turns(proxy.address, 50, period), "that take turns")
        })
        .min();
    let best = best.expect("at least one run");
    assert!(best <= AT_ONCE, "99 % within {best:?}");
}

#[test]
fn a_hanging_origin_is_waited_for_as_long_as_configured_and_no_longer() {
    const FIRST_BYTE: Duration = Duration::from_millis(300);
    let Some(program) = optimised::program() else {
        return;
    };
    let origin = Origin::always(after_request([Step::Hang]));
    let proxy = start(
        &program,
        &origin.url(),
        "[timeouts]\nfirst_byte = \"300ms\"\n",
    );
    let best = (0..RUNS)
        .map(|_| {
            let mut client = Client::connect(proxy.address);
            let asked = Instant::now();
            client.send("GET / HTTP/1.1\r\nHost: shop.test\r\nAccept: text/html\r\n\r\n");
            assert_eq!(client.response_head().head.status(), 503);
            let waited = asked.elapsed();
            assert!(waited >= FIRST_BYTE, "the origin has its time: {waited:?}");
            eprintln!("the page for a hanging origin after {waited:?} of {FIRST_BYTE:?}");
            waited
        })
        .min();
    let best = best.expect("at least one run");
    assert!(best <= FIRST_BYTE + Duration::from_millis(50), "{best:?}");
}
