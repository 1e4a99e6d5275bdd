//! A thousand sites at once: what it takes to load them, and what they keep in memory.
//!
//! Measured on the optimised program, in time of processors: other work on the machine makes it
//! longer until they are loaded, and hardly changes that.

use std::{fmt::Write as _, time::Duration};

use rustix::process::Signal;
use tokio::time::Instant;

use crate::support::{
    clients::{Ask, Kind, Protocol},
    eventually, optimised,
    places::Refusing,
    proxy::{Proxy, Setup},
};

const SITES: usize = 1000;
const LANGUAGES: [&str; 3] = ["en", "es", "fr"];
const RUNS: usize = 3;
/// Two seconds of two processors.
const LOAD: Duration = Duration::from_secs(4);
/// Half a second of one processor.
const LISTENS: Duration = Duration::from_millis(500);
const MEMORY: u64 = 200_000_000;

/// A site of its own name, colour, logo and words.
fn site(at: usize, upstream: &str) -> String {
    let mut text = format!(
        "hosts = [\"shop{at}.test\"]\nupstream = \"{upstream}\"\n\
         [brand]\nname = \"Shop number {at}\"\nlogo = \"logo{at}.svg\"\ncolor = \"#00{:02x}{:02x}\"\n\
         phone = \"+49 30 {at:06}\"\n[fallback]\nlanguage = \"en\"\n",
        at % 80,
        at / 10 % 80
    );
    for language in LANGUAGES {
        writeln!(
            text,
            "[page.{language}]\nheadline = \"Shop {at} ({language})\"\nmessage = \"Number {at}.\""
        )
        .expect("writing to a string cannot fail");
    }
    text
}

/// 6 KB of curves that compress as drawings do.
fn logo(at: usize) -> String {
    let mut random = fastrand::Rng::with_seed(u64::try_from(at).expect("few sites"));
    let mut path = String::new();
    while path.len() < 6 * 1024 {
        write!(
            path,
            "c{} {} {} {}",
            random.u8(..),
            random.u8(..),
            random.u8(..),
            random.u8(..)
        )
        .expect("writing to a string cannot fail");
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 99 99\"><path d=\"M0 0{path}\"/></svg>"
    )
}

fn setup(upstream: &str) -> Setup {
    let mut setup = Setup::new("[log]\naccess = \"off\"\n");
    for at in 0..SITES {
        setup = setup
            .site(&format!("shop{at}"), &site(at, upstream))
            .file(&format!("sites/logo{at}.svg"), &logo(at));
    }
    setup
}

fn page(proxy: &Proxy, at: usize) -> String {
    let ask = Ask::get("/")
        .host(&format!("shop{at}.test"))
        .by(Kind::Navigation);
    let got = proxy.ask(&ask, Protocol::H1);
    assert_eq!(got.head.status(), 503);
    String::from_utf8(got.body).expect("a page without a coding")
}

#[test]
fn a_thousand_sites_load_in_two_seconds_of_two_processors_and_two_hundred_megabytes() {
    let Some(program) = optimised::program() else {
        return;
    };
    let port = Refusing::start();
    let upstream = format!("http://{}", port.address);
    let best = (0..RUNS)
        .map(|_| {
            let setup = setup(&upstream);
            let began = Instant::now();
            let proxy = optimised::start(&program, "", setup);
            let (took, first) = (began.elapsed(), proxy.process.processor_time());
            assert!(first <= LISTENS, "{first:?}");
            let last = SITES - 1;
            assert!(page(&proxy, last).contains(&format!("Shop {last} (en)")));
            proxy.logged(&["the pages of all sites are made"]);
            let load = proxy.process.processor_time();
            let memory = proxy.process.resident();
            let megabytes = memory / 1_000_000;
            eprintln!(
                "{SITES} sites listen after {took:?} and {first:?} of processors; \
                 all pages are made after {load:?} of processors, {megabytes} MB"
            );
            assert!(memory <= MEMORY, "{memory} bytes");
            (load, reload(&proxy, &upstream))
        })
        .reduce(|one, other| (one.0.min(other.0), one.1.min(other.1)));
    let (load, reload) = best.expect("at least one run");
    assert!(load <= LOAD, "{load:?}");
    let share = load / 4;
    assert!(
        reload <= share,
        "what has not changed is not made again: {reload:?}"
    );
}

/// Changes one site, and says what that takes of processors.
fn reload(proxy: &Proxy, upstream: &str) -> Duration {
    let text = site(0, upstream).replace("Number 0.", "Changed.");
    proxy.write("sites/shop0.toml", &text);
    let before = proxy.process.processor_time();
    proxy.signal(Signal::HUP);
    eventually("the change counts", || {
        page(proxy, 0).contains("Changed.").then_some(())
    });
    let took = proxy.process.processor_time().saturating_sub(before);
    eprintln!("one of {SITES} sites changed in {took:?} of processors");
    took
}
