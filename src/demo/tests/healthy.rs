//! The shop when nobody has broken it.

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::{client_async, tungstenite::Message};

use super::*;

#[tokio::test]
async fn each_page_and_asset_answers_with_the_right_type() {
    let demo = start().await;
    let expected = [
        ("/", "text/html; charset=utf-8", "Heute früh geschnitten"),
        ("/products", "text/html; charset=utf-8", "Kornblume"),
        ("/products/3", "text/html; charset=utf-8", "2,80 €"),
        ("/about", "text/html; charset=utf-8", "Öffnungszeiten"),
        (
            "/contact",
            "text/html; charset=utf-8",
            "<form method=\"post\"",
        ),
        ("/echo.html", "text/html; charset=utf-8", "WebSocket"),
        ("/en/", "text/html; charset=utf-8", "<html lang=\"en\">"),
        ("/shop.css", "text/css; charset=utf-8", "--green"),
        ("/shop.js", "text/javascript; charset=utf-8", "EventSource"),
        ("/logo.svg", "image/svg+xml", "<svg"),
        ("/images/flower-1.svg", "image/svg+xml", "#d64b6a"),
        ("/images/meadow.png", "image/png", "PNG\r\n"),
        ("/favicon.ico", "image/x-icon", "PNG\r\n"),
        (
            "/robots.txt",
            "text/plain; charset=utf-8",
            "Sitemap: http://127.0.0.1:",
        ),
        ("/sitemap.xml", "application/xml", "/products/6</loc>"),
        ("/api/products", "application/json", "\"price_cents\":350"),
        ("/api/products/1", "application/json", "\"id\":1"),
    ];
    for (path, media_type, part) in expected {
        let answer = get(demo.origin(), path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.field("content-type"), Some(media_type), "{path}");
        assert!(answer.text().contains(part), "{path} lacks {part}");
        let length = answer.body.len().to_string();
        assert_eq!(
            answer.field("content-length"),
            Some(length.as_str()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn every_link_of_every_page_leads_somewhere() {
    let demo = start().await;
    let sitemap = get(demo.origin(), "/sitemap.xml").await.text();
    let base = format!("<loc>http://{}", demo.origin());
    let pages: Vec<_> = sitemap
        .split(&base)
        .skip(1)
        .map(|rest| until(rest, '<'))
        .collect();
    assert_eq!(pages.len(), 12);
    for page in pages {
        let html = get(demo.origin(), page).await.text();
        assert!(!html.contains(['{', '}']), "{page} has a placeholder left");
        for link in html
            .split("href=\"")
            .skip(1)
            .chain(html.split("src=\"").skip(1))
        {
            let link = until(link, '"');
            if link.starts_with('/') {
                assert_eq!(
                    get(demo.origin(), link).await.status,
                    200,
                    "{link} on {page}"
                );
            } else {
                assert_eq!(link, format!("http://{}/", demo.control()), "on {page}");
            }
        }
    }
}

fn until(text: &str, end: char) -> &str {
    text.split(end)
        .next()
        .expect("split gives at least one part")
}

#[tokio::test]
async fn robots_and_sitemap_name_the_proxied_shop_once_it_is_known() {
    let demo = start().await;
    demo.set_shop_url("http://shop.example:8080/".to_owned());
    let robots = get(demo.origin(), "/robots.txt").await.text();
    assert!(
        robots.contains("Sitemap: http://shop.example:8080/sitemap.xml\n"),
        "{robots}"
    );
    let sitemap = get(demo.origin(), "/sitemap.xml").await.text();
    assert!(
        sitemap.contains("<loc>http://shop.example:8080/about</loc>"),
        "{sitemap}"
    );
}

#[tokio::test]
async fn head_has_the_fields_of_get_and_no_body() {
    let demo = start().await;
    let (get, head) = (
        get(demo.origin(), "/").await,
        ask(demo.origin(), "HEAD", "/", "").await,
    );
    assert_eq!(head.field("content-length"), get.field("content-length"));
    assert!(head.body.is_empty());
}

#[tokio::test]
async fn an_unknown_address_gets_404_and_a_wrong_method_405() {
    let demo = start().await;
    for path in [
        "/nowhere",
        "/products/7",
        "/api/products/7",
        "/api/products/x",
        "/api/nothing",
    ] {
        assert_eq!(get(demo.origin(), path).await.status, 404, "{path}");
    }
    for (method, path, allow) in [
        ("POST", "/", "GET, HEAD"),
        ("DELETE", "/contact", "GET, HEAD, POST"),
        ("GET", "/api/orders", "POST"),
        ("POST", "/echo", "GET"),
    ] {
        let answer = ask(demo.origin(), method, path, "").await;
        assert_eq!(
            (answer.status, answer.field("allow")),
            (405, Some(allow)),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn the_form_shows_what_was_sent_without_its_markup() {
    let demo = start().await;
    let form = "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n\r\nname=J%C3%BCrgen&wish=%3Cscript%3E";
    let answer = ask(demo.origin(), "POST", "/contact", form).await;
    assert_eq!(answer.status, 200);
    let text = answer.text();
    assert!(text.contains("<dt>name</dt><dd>Jürgen</dd>"), "{text}");
    assert!(
        text.contains("<dt>wish</dt><dd>&lt;script&gt;</dd>"),
        "{text}"
    );
    let other = "Content-Type: text/plain\r\n\r\nname=x";
    assert_eq!(
        ask(demo.origin(), "POST", "/contact", other).await.status,
        415
    );
}

#[tokio::test]
async fn an_order_is_echoed_with_its_number() {
    let demo = start().await;
    for number in 1..=2 {
        let order = "Content-Type: application/json\r\n\r\n{\"product\":1,\"count\":12}";
        let answer = ask(demo.origin(), "POST", "/api/orders", order).await;
        assert_eq!(
            (answer.status, answer.field("content-type")),
            (201, Some("application/json"))
        );
        let echoed: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        let expected =
            serde_json::json!({ "number": number, "order": { "product": 1, "count": 12 } });
        assert_eq!(echoed, expected);
    }
    let answer = ask(demo.origin(), "POST", "/api/orders", "\r\n\r\n{").await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused() {
    let demo = start().await;
    let fits = format!("\r\n\r\n\"{}\"", "x".repeat(64 * 1024 - 2));
    assert_eq!(
        ask(demo.origin(), "POST", "/api/orders", &fits)
            .await
            .status,
        201
    );
    let mut stream = connect(demo.origin()).await;
    let head = "POST /api/orders HTTP/1.1\r\nHost: demo\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream
        .write_all(head.as_bytes())
        .await
        .expect("an open connection");
    read_until(&mut stream, "100 Continue\r\n\r\n").await;
    let chunk = format!("10001\r\n{}\r\n", "x".repeat(0x10001));
    stream
        .write_all(chunk.as_bytes())
        .await
        .expect("an open connection");
    let answer = read_until(&mut stream, "}\n").await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn events_are_streamed_one_by_one() {
    let demo = start().await;
    let mut stream = connect(demo.origin()).await;
    let request = b"GET /events HTTP/1.1\r\nHost: demo\r\nAccept: text/event-stream\r\n\r\n";
    stream.write_all(request).await.expect("an open connection");
    let first = read_until(&mut stream, "data: {\"tick\":1}\n\n").await;
    assert!(
        first
            .to_ascii_lowercase()
            .contains("content-type: text/event-stream\r\n"),
        "{first}"
    );
    assert!(
        !first.contains("\"tick\":2"),
        "the first event waited for the second"
    );
    read_until(&mut stream, "data: {\"tick\":2}\n\n").await;
}

#[tokio::test]
async fn the_web_socket_echoes_and_ends_with_its_mode() {
    let demo = start().await;
    let url = format!("ws://{}/echo", demo.origin());
    let stream = connect(demo.origin()).await;
    let (mut socket, response) = client_async(url, stream).await.expect("a handshake");
    assert_eq!(response.status(), 101);
    for message in [Message::text("Guten Morgen"), Message::binary(vec![0, 255])] {
        socket.send(message.clone()).await.expect("an open tunnel");
        let echo = timeout(DEADLINE, socket.next())
            .await
            .expect("an echo in time");
        assert_eq!(echo.expect("an open tunnel").expect("a message"), message);
    }
    turn(&demo, "refused").await;
    let end = timeout(DEADLINE, socket.next())
        .await
        .expect("an end in time");
    assert!(matches!(end, None | Some(Err(_))), "{end:?}");
}

#[tokio::test]
async fn the_closing_handshake_of_the_web_socket_is_answered() {
    let demo = start().await;
    let url = format!("ws://{}/echo", demo.origin());
    let (mut socket, _) = client_async(url, connect(demo.origin()).await)
        .await
        .expect("a handshake");
    socket.close(None).await.expect("an open tunnel");
    let reply = timeout(DEADLINE, socket.next())
        .await
        .expect("an answer in time");
    assert!(matches!(reply, Some(Ok(Message::Close(_)))), "{reply:?}");
    assert!(
        timeout(DEADLINE, socket.next())
            .await
            .expect("an end in time")
            .is_none()
    );
}

#[tokio::test]
async fn a_plain_request_for_the_web_socket_is_told_to_upgrade() {
    let demo = start().await;
    let answer = get(demo.origin(), "/echo").await;
    assert_eq!(
        (answer.status, answer.field("sec-websocket-version")),
        (426, Some("13"))
    );
}
