//! A thousand sites at once: how long they take to load, and what they keep in memory.
//!
//! Measured on the optimised program. Other work on the machine can only make it slower, so the
//! best of three runs is what the program itself takes.

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
const RUNS: usize = 3;
/// For the whole start, until the last of its sites can be asked.
const LOAD: Duration = Duration::from_secs(2);
const MEMORY: u64 = 200_000_000;

/// A site of its own name, colour, logo and words.
fn site(at: usize, upstream: &str) -> String {
    let mut text = format!(
        "hosts = [\"shop{at}.test\"]\nupstream = \"{upstream}\"\n\
         [brand]\nname = \"Shop number {at}\"\nlogo = \"logo{at}.svg\"\ncolor = \"#{:06x}\"\n\
         phone = \"+49 30 {at:06}\"\n[fallback]\nlanguage = \"de\"\n",
        at * 16_001
    );
    for language in ["de", "en"] {
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
fn a_thousand_sites_load_in_two_seconds_and_two_hundred_megabytes() {
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
            let took = began.elapsed();
            let memory = proxy.process.resident();
            eprintln!(
                "{SITES} sites load in {took:?} and {} MB",
                memory / 1_000_000
            );
            assert!(page(&proxy, SITES - 1).contains(&format!("Shop {} (de)", SITES - 1)));
            assert!(memory <= MEMORY, "{memory} bytes");
            (took, reload(&proxy, &upstream))
        })
        .reduce(|one, other| (one.0.min(other.0), one.1.min(other.1)));
    let (load, reload) = best.expect("at least one run");
    assert!(load <= LOAD, "{load:?}");
    assert!(
        reload <= load,
        "what has not changed is not made again: {reload:?}, {load:?}"
    );
}

/// Changes one site, and says how long that takes.
fn reload(proxy: &Proxy, upstream: &str) -> Duration {
    let text = site(0, upstream).replace("Number 0.", "Changed.");
    proxy.write("sites/shop0.toml", &text);
    let began = Instant::now();
    proxy.signal(Signal::HUP);
    eventually("the change counts", || {
        page(proxy, 0).contains("Changed.").then_some(())
    });
    let took = began.elapsed();
    eprintln!("one of {SITES} sites changed in {took:?}");
    took
}
