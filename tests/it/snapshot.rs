//! A page of the site itself in place of the built-in one: fetched while the origin is well, shown
//! when it is not, kept on disk, and never given up for anything worse.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use rustix::process::Signal;

use crate::support::{
    clients::{Ask, Protocol},
    eventually,
    origin::{Origin, RequestSeen},
    places::Refusing,
    proxy::{Proxy, Setup, catch_all},
    script::{Script, Step, choose, head, response},
};

const PAGE: &str = "<!doctype html><html lang=\"de\"><link rel=stylesheet href=/a.css>\
                    <img src=\"https://cdn.example/x.png\"><script src=/a.js></script><p>eigene Seite</p>";
const SNAPSHOT: &str = "[fallback]\nsnapshot = \"/maintenance.html\"\nlanguage = \"en\"\n";

fn send(bytes: Vec<u8>) -> Script {
    vec![Step::Send(bytes)]
}

fn html(body: &str) -> Script {
    send(response(
        "200 OK",
        &["Content-Type: text/html"],
        body.as_bytes(),
    ))
}

/// A site that is down but for what this says of the page that is fetched.
fn origin(page: impl Fn(&RequestSeen) -> Script + Send + Sync + 'static) -> Origin {
    Origin::always(choose(move |request| match request.path() {
        "/maintenance.html" => page(request),
        "/a.css" => send(response(
            "200 OK",
            &["Content-Type: text/css"],
            b"p{color:teal}",
        )),
        _ => send(response("503 Service Unavailable", &[], b"")),
    }))
}

fn setup(upstream: &str, data: &Path) -> Setup {
    Setup::new(&format!("data = \"{}\"\n", data.display()))
        .site("shop", &catch_all(upstream, SNAPSHOT))
}

fn page(proxy: &Proxy) -> String {
    let answer = proxy.ask(&Ask::get("/x").with("accept", "text/html"), Protocol::H1);
    assert_eq!(answer.head.status(), 503);
    assert!(answer.head.field("retry-after").is_some());
    String::from_utf8_lossy(&answer.body).into_owned()
}

fn shows_own_page(proxy: &Proxy) {
    eventually("the site's own page", || {
        page(proxy).contains("eigene Seite").then_some(())
    });
}

#[test]
fn the_sites_own_page_is_fetched_with_its_files_and_shown() {
    let data = tempfile::tempdir().expect("a directory");
    let origin = origin(|_| html(PAGE));
    let proxy = setup(&origin.url(), data.path()).start();
    shows_own_page(&proxy);
    let answer = proxy.ask(&Ask::get("/x").with("accept", "text/html"), Protocol::H1);
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(body.contains("<style>p{color:teal}</style>"), "{body}");
    assert!(
        !body.contains("cdn.example") && !body.contains("a.js"),
        "{body}"
    );
    assert_eq!(answer.head.field("content-language").as_deref(), Some("de"));
    let policy = answer
        .head
        .field("content-security-policy")
        .unwrap_or_default();
    assert!(
        policy.starts_with("default-src 'none'") && !policy.contains("script-src"),
        "{policy}"
    );
    proxy.logged(&["the snapshot does without these", "cdn.example", "scripts"]);
    let seen = origin.request("/maintenance.html");
    assert!(
        seen.head
            .field("user-agent")
            .unwrap_or_default()
            .starts_with("intermission-snapshot/")
    );
}

#[test]
fn somebody_who_sent_something_gets_the_page_that_says_what_became_of_it() {
    let data = tempfile::tempdir().expect("a directory");
    let origin = origin(|_| html(PAGE));
    let proxy = setup(&origin.url(), data.path()).start();
    shows_own_page(&proxy);
    let post = Ask::new("POST", "/x").with("accept", "text/html").body("x");
    let answer = proxy.ask(&post, Protocol::H1);
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(
        !body.contains("eigene Seite") && body.contains("check whether"),
        "{body}"
    );
}

#[test]
fn a_page_that_cannot_be_had_is_a_warning_and_the_built_in_page_answers() {
    let mut huge = head(
        "200 OK",
        &["Content-Type: text/html", "Content-Length: 209715200"],
    );
    huge.resize(huge.len() + 1024 * 1024, b'x');
    let cases: [(&str, Script); 5] = [
        (
            "404",
            send(response(
                "404 Not Found",
                &["Content-Type: text/html"],
                b"<p>eigene Seite",
            )),
        ),
        ("larger than 524288 bytes", send(huge)),
        (
            "not HTML but image/png",
            send(response("200 OK", &["Content-Type: image/png"], b"x")),
        ),
        (
            "301",
            send(response("301 Moved", &["Location: https://x/"], b"")),
        ),
        (
            "is empty",
            send(response("200 OK", &["Content-Type: text/html"], b" ")),
        ),
    ];
    for (words, script) in cases {
        let data = tempfile::tempdir().expect("a directory");
        let origin = origin(move |_| script.clone());
        let proxy = setup(&origin.url(), data.path()).start();
        proxy.logged(&["\"WARN\"", "no snapshot", "/maintenance.html", words]);
        assert!(page(&proxy).contains("right back"));
    }
}

#[test]
fn a_reload_fetches_again_and_keeps_the_page_when_that_fails() {
    let data = tempfile::tempdir().expect("a directory");
    let times = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&times);
    let origin = origin(move |_| match counted.fetch_add(1, SeqCst) {
        0 => html("<p>eigene Seite"),
        1 => send(response("404 Not Found", &[], b"")),
        _ => html("<p>neue Seite"),
    });
    let proxy = setup(&origin.url(), data.path()).start();
    shows_own_page(&proxy);
    proxy.signal(Signal::HUP);
    proxy.logged(&["no snapshot", "404"]);
    assert!(page(&proxy).contains("eigene Seite"));
    proxy.signal(Signal::HUP);
    eventually("the new page", || {
        page(&proxy).contains("neue Seite").then_some(())
    });
}

#[test]
fn the_last_good_page_outlives_the_process_and_the_origin() {
    let data = tempfile::tempdir().expect("a directory");
    {
        let origin = origin(|_| html(PAGE));
        let mut proxy = setup(&origin.url(), data.path()).start();
        shows_own_page(&proxy);
        eventually("the page is on disk", || {
            data.path()
                .join("snapshots/shop.html")
                .exists()
                .then_some(())
        });
        proxy.signal(Signal::TERM);
        assert!(proxy.wait().success());
    }
    let dead = Refusing::start();
    let proxy = setup(&format!("http://{}", dead.address), data.path()).start();
    // At once: nothing has to be fetched for it.
    assert!(page(&proxy).contains("eigene Seite"));
    proxy.logged(&["no snapshot", "connection_refused"]);
}

#[test]
fn without_a_disk_to_write_to_the_page_is_kept_in_memory() {
    let data = tempfile::tempdir().expect("a directory");
    // A directory cannot be made below a file, whoever asks.
    let file = data.path().join("file");
    std::fs::write(&file, "x").expect("a file");
    let origin = origin(|_| html(PAGE));
    let proxy = setup(&origin.url(), &file.join("data")).start();
    shows_own_page(&proxy);
    proxy.logged(&["\"WARN\"", "the snapshot is kept in memory only", "data"]);
}

#[test]
fn what_is_broken_on_disk_is_said_and_not_shown() {
    let data = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(data.path().join("snapshots")).expect("a directory");
    let broken = "<p>eigene Seite<script src=https://evil.example/x.js></script>";
    std::fs::write(data.path().join("snapshots/shop.html"), broken).expect("a file");
    let dead = Refusing::start();
    let proxy = setup(&format!("http://{}", dead.address), data.path()).start();
    proxy.logged(&["the page kept on disk cannot be used", "evil.example"]);
    assert!(page(&proxy).contains("right back"));
}
