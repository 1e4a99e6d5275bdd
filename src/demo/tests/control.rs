//! The control page: buttons for people, paths for curl, nothing for strangers.

use super::*;
use crate::demo::{form::escape, mode::Mode};

#[tokio::test]
async fn the_page_names_every_mode_and_what_to_expect_of_it() {
    let demo = start().await;
    demo.set_shop_url("http://127.0.0.1:65000".to_owned());
    turn(&demo, "truncated").await;
    let answer = get(demo.control(), "/").await;
    assert_eq!(
        (answer.status, answer.field("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    let page = answer.text();
    for mode in Mode::ALL {
        let name = mode.name();
        assert!(page.contains(&format!("action=\"/mode/{name}\"")), "{name}");
        assert!(page.contains(&format!(
            "curl -X POST http://{}/mode/{name}\n",
            demo.control()
        )));
        assert!(page.contains(&escape(mode.expectation())), "{name}");
    }
    assert!(
        page.contains("The origin is <strong>truncated</strong>"),
        "{page}"
    );
    assert_eq!(page.matches("aria-current").count(), 1);
    assert!(
        page.contains("<a href=\"http://127.0.0.1:65000/\">"),
        "{page}"
    );
    assert!(
        !page.contains("{mode}") && !page.contains("{rows}"),
        "{page}"
    );
}

#[tokio::test]
async fn the_mode_is_told_as_text() {
    let demo = start().await;
    for mode in Mode::ALL {
        turn(&demo, mode.name()).await;
        let answer = get(demo.control(), "/mode").await;
        assert_eq!(
            (answer.status, answer.text()),
            (200, format!("{}\n", mode.name()))
        );
    }
}

#[tokio::test]
async fn a_button_leads_back_to_the_page() {
    let demo = start().await;
    let browser = "Accept: text/html,*/*;q=0.8\r\nSec-Fetch-Site: same-origin";
    let answer = ask(demo.control(), "POST", "/mode/503", browser).await;
    assert_eq!((answer.status, answer.field("location")), (303, Some("/")));
    assert_eq!(get(demo.control(), "/mode").await.text(), "503\n");
}

#[tokio::test]
async fn nothing_but_an_own_post_changes_the_mode() {
    let demo = start().await;
    for (method, path, more, status) in [
        ("GET", "/mode/refused", "", 405),
        ("POST", "/mode", "", 405),
        ("POST", "/", "", 405),
        ("POST", "/mode/broken", "", 404),
        ("POST", "/mode/refused", "Sec-Fetch-Site: cross-site", 403),
        ("POST", "/mode/refused", "Sec-Fetch-Site: same-site", 403),
        ("GET", "/elsewhere", "", 404),
    ] {
        let answer = ask(demo.control(), method, path, more).await;
        assert_eq!(answer.status, status, "{method} {path} {more}");
        assert_eq!(get(demo.control(), "/mode").await.text(), "healthy\n");
    }
}

#[tokio::test]
async fn the_control_page_takes_another_port_when_the_wished_one_is_taken() {
    let first = start().await;
    let second = DemoOrigin::start(first.control().port())
        .await
        .expect("another port");
    assert_ne!(first.control(), second.control());
    assert_eq!(get(second.control(), "/mode").await.text(), "healthy\n");
}
