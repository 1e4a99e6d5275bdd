//! The page that brings people back, in a real browser.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use futures_util::FutureExt as _;
use jiff::{Timestamp, ToSpan};
use thirtyfour::{By, WebDriver};
use tokio::time::Instant;

use crate::{
    browser::{capabilities, driver},
    support::{
        PATIENCE, eventually, let_pass,
        origin::{Origin, RequestSeen},
        proxy::Proxy,
        script::{Script, Step, choose, response},
    },
};

/// Pages ask every second at the latest.
const QUICK: &str = "[brand]\nname = \"Blumen Krause\"\n[fallback]\nlanguage = \"en\"\n\
                     [retry_after]\nstart = \"1s\"\n[health]\ninterval = \"1s\"\n";
const FORM: &str = "<!doctype html><title>The origin</title><link rel=icon href='data:,'>\
                    <form method=post action=/order><input name=wish><button>Send</button></form>";

/// A site whose origin can be taken away.
struct Shop {
    proxy: Proxy,
    origin: Origin,
    is_up: Arc<AtomicBool>,
}

impl Shop {
    fn down() -> Self {
        let is_up = Arc::new(AtomicBool::new(false));
        let up = Arc::clone(&is_up);
        let origin = Origin::always(choose(move |_: &RequestSeen| -> Script {
            if up.load(Relaxed) {
                let html = ["Content-Type: text/html; charset=utf-8"];
                vec![Step::Send(response("200 OK", &html, FORM.as_bytes()))]
            } else {
                vec![Step::Reset]
            }
        }));
        let proxy = Proxy::before(&origin.url(), QUICK);
        let shop = Self {
            proxy,
            origin,
            is_up,
        };
        shop.goes_away();
        shop
    }

    /// The origin is back, and the proxy has noticed.
    fn comes_back(&self) {
        self.is_up.store(true, Relaxed);
        eventually("the origin is asked again", || {
            (self.proxy.get("/noticed").head.status() == 200).then_some(())
        });
    }

    /// The origin is gone for so many that it is an outage: one failure alone is none.
    fn goes_away(&self) {
        self.is_up.store(false, Relaxed);
        for _ in 0..3 {
            assert_eq!(self.proxy.get("/noticed").head.status(), 503);
        }
    }

    fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.proxy.address)
    }

    /// How often pages have asked.
    fn questions(&self) -> usize {
        let records = self.proxy.records();
        let is_question = |path: &serde_json::Value| path == "/.intermission/status";
        records
            .iter()
            .filter(|record| is_question(&record["url.path"]))
            .count()
    }
}

/// Runs a browser through a test, and asserts that the page has nothing to complain about.
fn browse<F: Future<Output = ()>>(test: impl FnOnce(WebDriver) -> F) {
    let (_driver, url) = driver();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let browser = WebDriver::new(&url, capabilities()).await.unwrap();
        // A browser that is not told to quit is waited for, for minutes.
        let seen = AssertUnwindSafe(test(browser.clone())).catch_unwind().await;
        let console = browser.browser_log().await.unwrap();
        browser.quit().await.unwrap();
        seen.unwrap_or_else(|panic| resume_unwind(panic));
        // The browser itself notes the status; the page must add nothing to it.
        let complaints: Vec<_> = console
            .iter()
            .map(|entry| &entry.message)
            .filter(|message| !message.contains("503"))
            .collect();
        assert!(complaints.is_empty(), "{complaints:?}");
    });
}

/// Waits until the browser has something to show.
async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(found) = look().await {
            return found;
        }
        let_pass(Duration::from_millis(20));
    }
    panic!("not within {PATIENCE:?}: {what}");
}

async fn until_title(browser: &WebDriver, part: &str) {
    until(&format!("the title says {part}"), || async {
        let title = browser.title().await.ok()?;
        title.contains(part).then_some(())
    })
    .await;
}

/// What the browser shows of an element; empty while it is hidden.
async fn shown(browser: &WebDriver, css: &str) -> String {
    match browser.find(By::Css(css)).await {
        Ok(element) => element.text().await.unwrap_or_default(),
        Err(_) => String::new(),
    }
}

async fn click(browser: &WebDriver, css: &str) {
    // The page may just be opened again.
    until(&format!("{css} can be pressed"), || async {
        let element = browser.find(By::Css(css)).await.ok()?;
        element.click().await.ok()
    })
    .await;
}

const LOOKS_AGAIN: &str = ".return-line:not([role])";
const NEWS: &str = ".return-line[role=status]";
const SWITCH: &str = ".return button.quiet";

#[test]
fn the_page_leaves_by_itself_for_the_same_address_when_the_origin_is_back() {
    let shop = Shop::down();
    browse(async |browser| {
        let target = "/some/page?utm_source=flyer&gclid=a%2Bb";
        let url = shop.url(target) + "#part";
        browser.goto(&url).await.unwrap();
        until_title(&browser, "Blumen Krause").await;
        until("it says when it looks", || async {
            let text = shown(&browser, LOOKS_AGAIN).await;
            (text.starts_with("Next check in ") && text.contains(" second")).then_some(())
        })
        .await;
        assert_eq!(
            shown(&browser, NEWS).await,
            "This page will open by itself as soon as we’re back."
        );
        until("it asks", || async { (shop.questions() > 1).then_some(()) }).await;
        shop.comes_back();
        until_title(&browser, "The origin").await;
        assert_eq!(browser.current_url().await.unwrap().as_str(), url);
    });
    let seen = shop.origin.requests();
    let last = seen.iter().rfind(|seen| seen.path() == "/some/page");
    assert_eq!(
        last.unwrap().target(),
        "/some/page?utm_source=flyer&gclid=a%2Bb"
    );
    // A page that loaded anything else would have asked the proxy for it.
    let others = shop.proxy.records().into_iter().filter(|record| {
        let path = record["url.path"].as_str().unwrap_or_default();
        ![
            "/some/page",
            "/.intermission/status",
            "/noticed",
            "/favicon.ico",
        ]
        .contains(&path)
    });
    assert_eq!(others.count(), 0);
}

#[test]
fn stop_stops_and_look_again_goes_on() {
    let shop = Shop::down();
    browse(async |browser| {
        browser.goto(shop.url("/")).await.unwrap();
        until("it asks", || async { (shop.questions() > 0).then_some(()) }).await;
        click(&browser, SWITCH).await;
        until("it says that it has stopped", || async {
            let text = shown(&browser, NEWS).await;
            (text == "Automatic checking is off.").then_some(())
        })
        .await;
        assert_eq!(shown(&browser, LOOKS_AGAIN).await, "");
        // A question that was on its way is answered by then.
        let_pass(Duration::from_millis(500));
        let before = shop.questions();
        let_pass(Duration::from_secs(3));
        assert_eq!(shop.questions(), before);
        click(&browser, SWITCH).await;
        until("it asks again", || async {
            (shop.questions() > before).then_some(())
        })
        .await;
        click(&browser, SWITCH).await;
        // People decide for themselves all the same.
        shop.comes_back();
        click(&browser, ".return a.button").await;
        until_title(&browser, "The origin").await;
    });
}

#[test]
fn what_was_sent_is_never_sent_again_and_what_was_typed_is_kept() {
    let shop = Shop::down();
    browse(async |browser| {
        shop.comes_back();
        browser.goto(shop.url("/form")).await.unwrap();
        let field = browser.find(By::Css("input")).await.unwrap();
        field.send_keys("two roses").await.unwrap();
        shop.goes_away();
        click(&browser, "form button").await;
        until_title(&browser, "Blumen Krause").await;
        let page = shown(&browser, "main").await;
        assert!(page.contains("We cannot tell whether"), "{page}");
        assert!(
            !page.contains("Try now") && !page.contains("open by itself"),
            "{page}"
        );
        shop.comes_back();
        until("it says that the site is back", || async {
            let text = shown(&browser, NEWS).await;
            text.contains("Go back one step").then_some(())
        })
        .await;
        let before = shop.questions();
        let_pass(Duration::from_secs(3));
        assert_eq!(shop.questions(), before, "there is nothing left to ask");
        click(&browser, ".return button.button:not(.quiet)").await;
        until_title(&browser, "The origin").await;
        let field = browser.find(By::Css("input")).await.unwrap();
        let typed = field.prop("value").await.unwrap();
        assert_eq!(typed.as_deref(), Some("two roses"));
    });
    let seen = shop.origin.requests();
    assert_eq!(
        seen.iter().filter(|seen| seen.method() == "POST").count(),
        1
    );
}

#[test]
fn a_page_that_nobody_sees_does_not_ask() {
    let shop = Shop::down();
    browse(async |browser| {
        browser.goto(shop.url("/")).await.unwrap();
        until("it asks", || async { (shop.questions() > 0).then_some(()) }).await;
        let page = browser.window().await.unwrap();
        let other = browser.new_tab().await.unwrap();
        browser.switch_to_window(other.clone()).await.unwrap();
        browser.goto("about:blank").await.unwrap();
        let_pass(Duration::from_millis(500));
        let before = shop.questions();
        let_pass(Duration::from_secs(3));
        assert_eq!(shop.questions(), before);
        browser.switch_to_window(page).await.unwrap();
        until("it asks again", || async {
            (shop.questions() > before).then_some(())
        })
        .await;
    });
}

#[test]
fn without_scripts_a_link_leads_back_and_nothing_is_promised() {
    let shop = Shop::down();
    browse(async |browser| {
        let tools = browser.cdp();
        let off = serde_json::json!({ "value": true });
        tools
            .send_raw("Emulation.setScriptExecutionDisabled", off)
            .await
            .unwrap();
        let url = shop.url("/some/page?utm_source=flyer");
        browser.goto(&url).await.unwrap();
        let area = shown(&browser, ".return").await;
        assert_eq!(area.trim(), "Try now");
        shop.comes_back();
        click(&browser, ".return a.button").await;
        until_title(&browser, "The origin").await;
        assert_eq!(browser.current_url().await.unwrap().as_str(), url);
    });
    assert_eq!(shop.questions(), 0);
}

#[test]
fn maintenance_shows_its_end_in_the_visitors_own_time_and_counts_down() {
    let origin = Origin::always(choose(|_| vec![Step::Reset]));
    let until_then = Timestamp::now() + 90.minutes();
    let from = Timestamp::now() - 1.hour();
    let site = format!(
        "{QUICK}[[maintenance.window]]\nfrom = \"{from:.0}\"\nuntil = \"{until_then:.0}\"\n"
    );
    let proxy = Proxy::before(&origin.url(), &site);
    browse(async |browser| {
        let tools = browser.cdp();
        let zone = serde_json::json!({ "timezoneId": "Asia/Kathmandu" });
        tools
            .send_raw("Emulation.setTimezoneOverride", zone)
            .await
            .unwrap();
        browser
            .goto(format!("http://{}/", proxy.address))
            .await
            .unwrap();
        until_title(&browser, "Blumen Krause").await;
        // 5 hours and 45 minutes from UTC.
        let there = jiff::tz::TimeZone::fixed(jiff::tz::Offset::from_seconds(20_700).unwrap());
        let wanted = until_then.to_zoned(there).strftime("%-I:%M").to_string();
        let text = shown(&browser, ".until").await;
        assert!(
            text.contains(&wanted) && !text.contains("UTC"),
            "{text}: {wanted}"
        );
        let left = shown(&browser, ".countdown").await;
        assert!(
            left.starts_with("Time left: 1 hour") && left.contains("minutes"),
            "{left}"
        );
    });
}
