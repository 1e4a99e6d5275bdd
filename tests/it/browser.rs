//! The page of a dead site as a real browser shows it.

use std::{path::Path, process::Command};

use thirtyfour::{
    By, ChromeCapabilities, ChromiumLikeCapabilities, DesiredCapabilities, WebDriver,
};

use crate::support::{eventually, places::Refusing, process::Process, proxy::Proxy};

/// Debian's driver on a free port of its own choosing.
pub(crate) fn driver() -> (Process, String) {
    let process = Process::start(Command::new("chromedriver").arg("--port=0"), true);
    let port = eventually("the driver listens", || {
        let lines = process.stdout();
        let line = lines
            .iter()
            .find(|line| line.contains("started successfully on port"))?;
        line.rsplit(' ')
            .next()?
            .trim_end_matches('.')
            .parse::<u16>()
            .ok()
    });
    (process, format!("http://127.0.0.1:{port}"))
}

pub(crate) fn capabilities() -> ChromeCapabilities {
    let mut capabilities = DesiredCapabilities::chrome();
    for argument in [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
    ] {
        capabilities.add_arg(argument).expect("an argument");
    }
    let level = thirtyfour::LoggingPrefsLogLevel::All;
    capabilities.set_browser_log_level(level).expect("a level");
    capabilities
}

#[test]
fn the_page_of_a_dead_site_shows_its_brand_and_no_complaint() {
    let port = Refusing::start();
    let brand = "[brand]\nname = \"Blumen Krause\"\ncolor = \"#0a7a5c\"\nphone = \"+49 30 1234\"\n\
                 [fallback]\nlanguage = \"en\"\n";
    let proxy = Proxy::before(&format!("http://{}", port.address), brand);
    let (_driver, url) = driver();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let browser = WebDriver::new(&url, capabilities())
            .await
            .expect("a browser");
        let page = format!("http://{}/some/page?utm_source=x", proxy.address);
        let seen = look(&browser, &page).await;
        browser.quit().await.expect("the browser closes");
        assert!(seen.title.contains("Blumen Krause"), "{}", seen.title);
        assert!(seen.text.contains("Blumen Krause"), "{}", seen.text);
        assert_eq!((seen.headings, seen.mains), (1, 1));
        // The browser itself notes the status; the page must add nothing to it.
        let complaints: Vec<_> = seen
            .console
            .iter()
            .filter(|line| !line.contains("503"))
            .collect();
        assert!(complaints.is_empty(), "{complaints:?}");
    });
    // A page that loaded anything else would have asked the proxy for it.
    let mut paths: Vec<String> = proxy
        .records()
        .iter()
        .map(|record| record["url.path"].to_string())
        .collect();
    paths.retain(|path| path != "\"/favicon.ico\"");
    assert_eq!(paths, ["\"/some/page\""]);
}

pub(crate) struct Seen {
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) headings: usize,
    pub(crate) mains: usize,
    pub(crate) console: Vec<String>,
}

pub(crate) async fn look(browser: &WebDriver, page: &str) -> Seen {
    browser.goto(page).await.expect("the page loads");
    let body = browser.find(By::Tag("body")).await.expect("a body");
    let shot = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/page-of-a-dead-site.png");
    browser.screenshot(&shot).await.expect("a screenshot");
    let console = browser.browser_log().await.expect("the console");
    Seen {
        title: browser.title().await.expect("a title"),
        text: body.text().await.expect("a text"),
        headings: browser
            .find_all(By::Tag("h1"))
            .await
            .expect("an answer")
            .len(),
        mains: browser
            .find_all(By::Tag("main"))
            .await
            .expect("an answer")
            .len(),
        console: console.into_iter().map(|entry| entry.message).collect(),
    }
}
