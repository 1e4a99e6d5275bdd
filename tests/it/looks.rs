//! The page in each of its designs, as a real browser shows it: complete, readable by everyone,
//! and alone in the world.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, resume_unwind},
    path::Path,
    time::Duration,
};

use futures_util::FutureExt as _;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};
use thirtyfour::{ChromiumLikeCapabilities, Key, WebDriver};
use tokio::time::Instant;

use crate::{
    browser::{capabilities, driver},
    support::{
        PATIENCE, let_pass,
        places::Refusing,
        proxy::{Proxy, Setup, catch_all},
    },
};

const THEMES: [&str; 3] = ["calm", "bold", "plain"];
const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 200 40\"><rect width=\"200\" height=\"40\" fill=\"#0a7a5c\"/></svg>";
/// All that an owner can say.
const EVERYTHING: &str = r##"name = "Blumen Krause"
logo = "logo.svg"
favicon = "logo.svg"
color = "#0a7a5c"
phone = "+49 30 1234567"
email = "ein-sehr-langer-name-ohne-umbruch@blumen-krause.example"
chat = "https://chat.example/krause"
address = "Lindenstr. 12\n10969 Berlin"
hours = "Mo–Fr 9–18 Uhr"
status_page = "https://status.example"
links = [{ text = "Katalog", url = "https://katalog.example" }]
social = [{ text = "Instagram", url = "https://social.example/krause" }]
[page.de]
headline = "Grundstücksverkehrsgenehmigungszuständigkeit wird gerade aktualisiert"
message = "Unser Laden macht Pause.\nWir sind gleich wieder da."
still_works = ["Bestellungen am Telefon", "Abholung im Laden"]
eta = "gegen 15 Uhr"
action = { text = "Zum Sommerstrauß", url = "https://sommer.example", code = "SOMMER10" }
"##;
/// A colour that is hard to read, and nothing else.
const PALE: &str = "name = \"Blumen Krause\"\ncolor = \"#ffe600\"\n";

/// The rules of WCAG 2.2, levels A and AA, as a program can check them.
fn rules() -> String {
    const MADE_BY: &str = "tests/run puts it there; or: python3 -m pip install --no-deps --target \
                           target/axe axe-playwright-python";
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("target/axe/axe_playwright_python/axe.min.js");
    std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{} ({error}): {MADE_BY}", path.display()))
}

fn proxy(upstream: &str, theme: &str, brand: &str) -> Proxy {
    let site = format!(
        "[brand]\ntheme = \"{theme}\"\n{brand}[fallback]\nlanguage = \"de\"\nlanguages = [\"de\"]\n"
    );
    Setup::new("")
        .site("shop", &catch_all(upstream, &site))
        .file("sites/logo.svg", LOGO)
        .start()
}

/// One page in one browser.
struct Eyes {
    browser: WebDriver,
    rules: String,
}

impl Eyes {
    async fn devtools(&self, method: &str, parameters: Value) {
        let answer = self.browser.cdp().send_raw(method, parameters).await;
        answer.unwrap_or_else(|error| panic!("{method}: {error}"));
    }

    /// A window of this width whose visitor prefers this scheme.
    async fn open(&self, page: &str, width: u32, scheme: &str) {
        let size = json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", size)
            .await;
        let scheme = json!({"name": "prefers-color-scheme", "value": scheme});
        self.devtools("Emulation.setEmulatedMedia", json!({"features": [scheme]}))
            .await;
        self.leave().await;
        self.browser.goto(page).await.expect("the page loads");
    }

    /// Lets the page before go, and what it said: it still asks for a proxy that has ended.
    async fn leave(&self) {
        let blank = self.browser.goto("about:blank").await;
        blank.expect("the empty page loads");
        self.browser.browser_log().await.expect("the console");
    }

    async fn ask(&self, script: &str) -> Value {
        let answer = self.browser.execute(script, Vec::new()).await;
        answer.expect("the script runs").json().clone()
    }

    /// What breaks a rule: the rule, the element, why.
    async fn violations(&self) -> Vec<Value> {
        self.ask(&self.rules).await;
        let script = "const done = arguments[arguments.length - 1];
            const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
            axe.run({ runOnly: { type: 'tag', values: tags } }).then(({ violations, passes }) =>
                done({ rules: passes.length, found: violations.flatMap(({ id, nodes }) =>
                    nodes.map((node) => [id, node.html, node.failureSummary])) }),
                (error) => done({ rules: 0, found: [String(error)] }));";
        let answer = self.browser.execute_async(script, Vec::new()).await;
        let answer = answer.expect("the rules are checked").json().clone();
        assert!(answer["rules"].as_u64() >= Some(5), "{answer}");
        answer["found"].as_array().expect("a list").clone()
    }

    /// Every element that Tab reaches, with the width and style of its outline.
    async fn focused(&self) -> Vec<Value> {
        let mut reached = Vec::new();
        for _ in 0..40 {
            let keys = self
                .browser
                .action_chain()
                .key_down(Key::Tab)
                .key_up(Key::Tab);
            keys.perform().await.expect("a key is pressed");
            let at = self
                .ask(
                    "const at = document.activeElement, style = getComputedStyle(at);
                     return at === document.body ? null :
                        [at.textContent.trim(), style.outlineStyle, parseFloat(style.outlineWidth)];",
                )
                .await;
            if at.is_null() || reached.contains(&at) {
                break;
            }
            reached.push(at);
        }
        reached
    }
}

fn with_eyes<T>(look: impl AsyncFnOnce(&Eyes) -> T) -> T {
    // First: a browser that nobody tells to quit is waited for, for minutes.
    let rules = rules();
    let (_driver, url) = driver();
    let mut capabilities = capabilities();
    // Whatever is not on this machine is nowhere.
    for argument in [
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--accept-lang=de",
    ] {
        capabilities.add_arg(argument).expect("an argument");
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let browser = WebDriver::new(&url, capabilities).await.expect("a browser");
        let eyes = Eyes { browser, rules };
        let seen = AssertUnwindSafe(look(&eyes)).catch_unwind().await;
        eyes.browser.quit().await.expect("the browser closes");
        seen.unwrap_or_else(|panic| resume_unwind(panic))
    })
}

async fn check_words(eyes: &Eyes, case: &str) {
    let seen = eyes
        .ask("return [document.title, document.body.innerText, document.querySelectorAll('h1').length,
              document.querySelectorAll('main').length, document.documentElement.lang];")
        .await;
    assert!(
        seen[0]
            .as_str()
            .is_some_and(|title| title.contains("Blumen Krause")),
        "{case}: {seen}"
    );
    let logo = eyes
        .ask("return document.images[0]?.complete && document.images[0].naturalWidth")
        .await;
    let is_named = seen[1]
        .as_str()
        .is_some_and(|text| text.contains("Blumen Krause"));
    assert!(
        is_named || logo.as_f64() > Some(0.0),
        "{case}: neither name nor logo"
    );
    assert_eq!(
        (&seen[2], &seen[3], &seen[4]),
        (&json!(1), &json!(1), &json!("de")),
        "{case}"
    );
}

/// Nothing was asked of anybody else, and nobody complained.
async fn check_alone(eyes: &Eyes, case: &str) {
    let asked = eyes
        .ask(
            "return performance.getEntriesByType('resource').map((entry) => entry.name)
              .filter((name) => !name.startsWith(location.origin) && !name.startsWith('data:'));",
        )
        .await;
    assert_eq!(asked, json!([]), "{case}");
    let console = eyes.browser.browser_log().await.expect("the console");
    // The browser itself notes the status; the page must add nothing to it.
    let complaints: Vec<_> = console
        .iter()
        .filter(|entry| !entry.message.contains("status of 503"))
        .collect();
    assert!(complaints.is_empty(), "{case}: {complaints:?}");
}

#[test]
fn every_design_is_complete_and_alone_and_breaks_no_rule_of_wcag() {
    let port = Refusing::start();
    let upstream = format!("http://{}", port.address);
    with_eyes(async |eyes| {
        for theme in THEMES {
            for (brand, name) in [(EVERYTHING, "everything"), (PALE, "pale")] {
                let proxy = proxy(&upstream, theme, brand);
                let page = format!("http://{}/some/page?utm_source=x", proxy.address);
                for (width, scheme) in [(1440, "light"), (768, "dark"), (320, "light")] {
                    let case = format!("{theme}, {name}, {width} wide, {scheme}");
                    eyes.open(&page, width, scheme).await;
                    check_words(eyes, &case).await;
                    check_alone(eyes, &case).await;
                    let fits = "const all = document.documentElement;
                        return all.scrollWidth <= all.clientWidth;";
                    assert_eq!(
                        eyes.ask(fits).await,
                        json!(true),
                        "{case}: it scrolls sideways"
                    );
                    let violations = eyes.violations().await;
                    assert!(violations.is_empty(), "{case}: {violations:#?}");
                }
            }
        }
    });
}

#[test]
fn every_design_is_dark_for_those_who_prefer_it() {
    let port = Refusing::start();
    let upstream = format!("http://{}", port.address);
    let ground = "const parts = getComputedStyle(document.querySelector('.sheet')).backgroundColor
        .match(/[\\d.]+/g).map(Number);
        const [r, g, b, a = 1] = parts;
        const body = getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).map(Number);
        return (a ? r + g + b : body[0] + body[1] + body[2]) / 3;";
    with_eyes(async |eyes| {
        for theme in THEMES {
            let proxy = proxy(&upstream, theme, EVERYTHING);
            let page = format!("http://{}/", proxy.address);
            eyes.open(&page, 768, "light").await;
            let light = eyes.ask(ground).await;
            eyes.open(&page, 768, "dark").await;
            let dark = eyes.ask(ground).await;
            assert!(light.as_f64() > Some(200.0), "{theme}: {light}");
            assert!(dark.as_f64() < Some(60.0), "{theme}: {dark}");
        }
    });
}

#[test]
fn with_the_keyboard_every_link_is_reached_and_seen() {
    let port = Refusing::start();
    let upstream = format!("http://{}", port.address);
    with_eyes(async |eyes| {
        for theme in THEMES {
            let proxy = proxy(&upstream, theme, EVERYTHING);
            eyes.open(&format!("http://{}/", proxy.address), 768, "light")
                .await;
            let reached = eyes.focused().await;
            for at in &reached {
                let is_seen = at[1] == "solid" && at[2].as_f64() >= Some(2.0);
                assert!(is_seen, "{theme}: {at} has no mark of focus");
            }
            let reached: BTreeSet<_> = reached.iter().map(|at| at[0].to_string()).collect();
            let links = eyes
                .ask("return [...document.querySelectorAll('a[href], button')]
                      .filter((link) => link.checkVisibility()).map((link) => link.textContent.trim());")
                .await;
            let links: BTreeSet<_> = links
                .as_array()
                .expect("a list")
                .iter()
                .map(Value::to_string)
                .collect();
            assert!(links.len() >= 7, "{theme}: {links:?}");
            assert_eq!(reached, links, "{theme}");
        }
    });
}

/// A planned absence, told from right to left, with everything below it that the law asks for.
#[test]
fn maintenance_from_right_to_left_breaks_no_rule_and_shows_its_end_and_legal_texts() {
    let from = Timestamp::now() - 1.hour();
    let until = Timestamp::now() + 26.hours();
    with_eyes(async |eyes| {
        for theme in THEMES {
            let legal = "imprint_file = \"legal.md\"\nprivacy_file = \"legal.md\"\n";
            let site = format!(
                "[brand]\ntheme = \"{theme}\"\n{legal}{EVERYTHING}[fallback]\nlanguages = [\"ar\", \"de\"]\n\
                 language = \"ar\"\n[[maintenance.window]]\nfrom = \"{from:.0}\"\nuntil = \"{until:.0}\"\n"
            );
            let proxy = Setup::new("")
                .site("shop", &catch_all("http://127.0.0.1:9", &site))
                .file("sites/logo.svg", LOGO)
                .file("sites/legal.md", "# Legal\n")
                .start();
            let tag = json!({"headers": {"Accept-Language": "ar"}});
            eyes.devtools("Network.enable", json!({})).await;
            eyes.devtools("Network.setExtraHTTPHeaders", tag).await;
            for (width, scheme) in [(1440, "light"), (320, "dark")] {
                let case = format!("{theme}, {width} wide, {scheme}");
                let page = format!("http://{}/", proxy.address);
                eyes.open(&page, width, scheme).await;
                let seen = eyes
                    .ask(
                        "const shown = (css) => [...document.querySelectorAll(css)]
                            .filter((element) => element.checkVisibility() && element.innerText).length;
                         const all = document.documentElement;
                         return [all.lang, getComputedStyle(document.body).direction,
                            all.scrollWidth <= all.clientWidth,
                            shown('.until time'), shown('.countdown b'), shown('footer a')];",
                    )
                    .await;
                assert_eq!(seen, json!(["ar", "rtl", true, 1, 1, 2]), "{case}");
                check_alone(eyes, &case).await;
                let violations = eyes.violations().await;
                assert!(violations.is_empty(), "{case}: {violations:#?}");
            }
            eyes.open(
                &format!("http://{}/.intermission/imprint", proxy.address),
                320,
                "dark",
            )
            .await;
            let violations = eyes.violations().await;
            assert!(violations.is_empty(), "{theme}, imprint: {violations:#?}");
        }
    });
}

#[test]
fn the_answer_to_a_form_breaks_no_rule_in_any_design() {
    let port = Refusing::start();
    let upstream = format!("http://{}", port.address);
    with_eyes(async |eyes| {
        for theme in THEMES {
            let proxy = proxy(&upstream, theme, PALE);
            let page = format!("http://{}/", proxy.address);
            for (width, scheme) in [(768, "light"), (320, "dark")] {
                let case = format!("{theme}, {width} wide, {scheme}");
                eyes.open("data:text/html,<title>A form</title>", width, scheme)
                    .await;
                let send = format!(
                    "const form = document.createElement('form');
                     Object.assign(form, {{ method: 'post', action: '{page}' }});
                     document.body.append(form); form.submit();"
                );
                eyes.ask(&send).await;
                let title = async || eyes.browser.title().await.ok();
                eventually_in_browser("the answer is there", async || {
                    title().await?.contains("Blumen Krause").then_some(())
                })
                .await;
                let notices = "return document.querySelectorAll('.notice').length";
                assert_eq!(eyes.ask(notices).await, json!(1), "{case}");
                check_alone(eyes, &case).await;
                let violations = eyes.violations().await;
                assert!(violations.is_empty(), "{case}: {violations:#?}");
            }
        }
    });
}

/// Waits until the browser has something to show.
async fn eventually_in_browser<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(found) = look().await {
            return found;
        }
        let_pass(Duration::from_millis(20));
    }
    panic!("not within {PATIENCE:?}: {what}");
}
