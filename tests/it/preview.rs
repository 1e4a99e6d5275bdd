//! The gallery: every page is there and is the real one, it follows the files, says what is wrong
//! with them, and can be written down.

use std::{net::SocketAddr, path::Path, process::Command};

use crate::{
    browser,
    support::{
        clients::{Ask, Protocol},
        eventually,
        h1::Response,
        process::Process,
        proxy::{BINARY, Setup, catch_all},
    },
};

const SITE: &str = "[brand]\nname = \"Blumen Krause\"\ncolor = \"#ffe600\"\nimprint_file = \"impressum.md\"\n\
                    [page.de]\nheadline = \"Gleich zurück\"\n[fallback]\nlanguages = [\"de\", \"en\"]\n";

fn setup() -> Setup {
    Setup::new("")
        .site("shop", &catch_all("http://127.0.0.1:9", SITE))
        .file("sites/impressum.md", "# Impressum\n")
}

struct Gallery {
    _process: Process,
    address: SocketAddr,
}

impl Gallery {
    fn start(directory: &Path) -> Self {
        let mut command = Command::new(BINARY);
        command
            .args(["preview", "--listen", "127.0.0.1:0", "--config"])
            .arg(directory);
        let mut process = Process::start(&mut command, true);
        let address = eventually("the gallery is served", || {
            if let Some(status) = process.has_ended() {
                panic!("the preview ended with {status}: {:#?}", process.stderr());
            }
            let lines = process.stdout();
            let line = lines.first()?;
            line.split("http://")
                .nth(1)?
                .split('/')
                .next()?
                .parse()
                .ok()
        });
        Self {
            _process: process,
            address,
        }
    }

    fn get(&self, target: &str) -> Response {
        Ask::get(target).ask(self.address, Protocol::H1)
    }

    fn text(&self, target: &str) -> String {
        let answer = self.get(target);
        assert_eq!(answer.head.status(), 200, "{target}");
        String::from_utf8_lossy(&answer.body).into_owned()
    }
}

#[test]
fn every_kind_of_answer_is_there_as_clients_get_it() {
    let setup = setup();
    let gallery = Gallery::start(setup.path());
    for (sample, words) in [
        ("calm/de/page/outage-nothing-usual.html", "Gleich zurück"),
        ("bold/en/page/busy-unknown-usual.html", "very busy"),
        ("plain/de/page/maintenance-nothing-usual.html", "datetime="),
        (
            "calm/de/imprint/outage-nothing-usual.html",
            "<h1>Impressum</h1>",
        ),
        (
            "calm/en/json/outage-nothing-usual.txt",
            "application/problem+json",
        ),
        ("calm/en/grpc/outage-nothing-usual.txt", "grpc-status: 14"),
        ("calm/en/event-stream/outage-nothing-usual.txt", "retry: "),
        ("calm/en/asset/outage-nothing-usual.txt", "HTTP 503"),
        ("calm/en/websocket/outage-nothing-usual.txt", "HTTP 503"),
        ("calm/en/text/busy-nothing-usual.txt", "text/plain"),
    ] {
        let text = gallery.text(&format!("/pages/shop/{sample}"));
        assert!(text.contains(words), "{sample}: {text}");
    }
    let framed = gallery.get("/pages/shop/calm/de/page/outage-nothing-usual.html");
    let policy = framed
        .head
        .field("content-security-policy")
        .unwrap_or_default();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'self'"),
        "{policy}"
    );
    for missing in [
        "shop/calm/fr/page/x.html",
        "blog/calm/de/page/outage-nothing-usual.html",
        "shop/calm/de/privacy/outage-nothing-usual.html",
    ] {
        assert_eq!(
            gallery.get(&format!("/pages/{missing}")).head.status(),
            404,
            "{missing}"
        );
    }
}

#[test]
fn what_could_be_better_is_said() {
    let setup = setup();
    let index = Gallery::start(setup.path()).text("/");
    for words in [
        "contrast: color as links has 1.",
        "no words of yours in en",
        "no privacy notice",
        "size: at most",
        "nothing is loaded from anywhere",
    ] {
        assert!(index.contains(words), "{words}: {index}");
    }
}

#[test]
fn the_gallery_follows_the_files_and_says_what_is_wrong_with_them() {
    let setup = setup();
    let gallery = Gallery::start(setup.path());
    let page = || gallery.text("/pages/shop/calm/de/page/outage-nothing-usual.html");
    let site = |headline: &str| {
        let site = catch_all("http://127.0.0.1:9", SITE).replace("Gleich zurück", headline);
        std::fs::write(setup.path().join("sites/shop.toml"), site).expect("a writable file");
    };
    site("Bald wieder da");
    eventually("the new words", || {
        page().contains("Bald wieder da").then_some(())
    });
    site("\" oh no");
    eventually("the problem", || {
        gallery.text("/").contains("not TOML").then_some(())
    });
    assert!(page().contains("Bald wieder da"));
    site("Wieder gut");
    eventually("the next words", || {
        page().contains("Wieder gut").then_some(())
    });
    assert!(!gallery.text("/").contains("not TOML"));
}

#[test]
fn the_gallery_can_be_written_down() {
    let setup = setup();
    let out = tempfile::tempdir().expect("a directory");
    let status = Command::new(BINARY)
        .args(["preview", "--config"])
        .arg(setup.path())
        .arg("--out")
        .arg(out.path().join("new"))
        .output()
        .expect("the binary runs");
    assert!(status.status.success(), "{status:?}");
    let page = out
        .path()
        .join("new/pages/shop/bold/de/page/maintenance-nothing-usual.html");
    let text = std::fs::read_to_string(page).expect("a page");
    assert!(text.contains("<!doctype html>") && text.contains("Blumen Krause"));
    let index = std::fs::read_to_string(out.path().join("new/index.html")).expect("an index");
    assert!(index.contains("\"live\":false"));
    // 2 languages: 3 designs, 3 causes, 3 things sent; 6 programs, 3 causes; 3 imprints.
    assert!(
        String::from_utf8_lossy(&status.stdout).starts_with("97 files"),
        "{status:?}"
    );
}

#[test]
fn a_configuration_that_is_wrong_is_refused_in_words() {
    let setup = setup().site("shop", "hosts = 1\n");
    let said = Command::new(BINARY)
        .args(["preview", "--config"])
        .arg(setup.path())
        .output();
    let said = said.expect("the binary runs");
    assert!(!said.status.success());
    assert!(
        String::from_utf8_lossy(&said.stderr).contains("upstream: is missing"),
        "{said:?}"
    );
}

#[test]
fn a_browser_shows_pages_in_both_colour_schemes_and_reloads_by_itself() {
    let setup = setup();
    let gallery = Gallery::start(setup.path());
    let (_driver, url) = browser::driver();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let browser = thirtyfour::WebDriver::new(&url, browser::capabilities()).await;
        let browser = browser.expect("a browser");
        let page = format!("http://{}/#cause=outage&width=320", gallery.address);
        browser.goto(&page).await.expect("the gallery loads");
        let frames = browser.find_all(thirtyfour::By::Tag("iframe")).await.expect("an answer");
        assert_eq!(frames.len(), 2);
        let mut dark = Vec::new();
        for frame in frames {
            frame.enter_frame().await.expect("a frame");
            let asked = "return matchMedia('(prefers-color-scheme: dark)').matches + ' ' + document.title";
            let seen = browser.execute(asked, vec![]).await.expect("an answer");
            dark.push(seen.json().as_str().unwrap_or_default().to_owned());
            browser.enter_default_frame().await.expect("the gallery");
        }
        assert_eq!(dark.len(), 2);
        assert!(dark[0].starts_with("false") && dark[1].starts_with("true"), "{dark:?}");
        assert!(dark.iter().all(|seen| seen.contains("Gleich zurück")), "{dark:?}");
        let site = catch_all("http://127.0.0.1:9", SITE).replace("Gleich zurück", "Bald da");
        std::fs::write(setup.path().join("sites/shop.toml"), site).expect("a writable file");
        let mut title = String::new();
        for _ in 0..200 {
            let asked = "const f = document.querySelector('iframe'); return f && f.contentDocument ? f.contentDocument.title : ''";
            if let Ok(seen) = browser.execute(asked, vec![]).await {
                title = seen.json().as_str().unwrap_or_default().to_owned();
            }
            if title.contains("Bald da") {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert!(title.contains("Bald da"), "{title}");
        let console = browser.browser_log().await.expect("the console");
        let console: Vec<_> = console.into_iter().map(|entry| entry.message).collect();
        browser.quit().await.expect("the browser closes");
        assert!(console.is_empty(), "{console:?}");
    });
}
