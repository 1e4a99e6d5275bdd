//! Which client is of which kind.

use http::Request;

use super::{AssetType::*, ClientKind::*, *};
use crate::message::preferences::Preferences;

const CHROME: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7";
const FIREFOX: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const IMAGES: &str = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";

fn kind(method: &str, path: &str, fields: &[(&str, &str)]) -> ClientKind {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let request = request.body(()).unwrap();
    Preferences::capture(request.method(), request.uri(), request.headers()).client_kind()
}

fn get(path: &str, fields: &[(&str, &str)]) -> ClientKind {
    kind("GET", path, fields)
}

#[test]
fn browsers_on_their_way_to_a_page_navigate() {
    for (accept, mode) in [(CHROME, "navigate"), (FIREFOX, "navigate")] {
        let fields = [
            ("accept", accept),
            ("sec-fetch-mode", mode),
            ("sec-fetch-dest", "document"),
        ];
        assert_eq!(get("/", &fields), Navigation);
        assert_eq!(kind("POST", "/cart", &fields), Navigation);
        assert_eq!(
            get("/photo.jpg", &fields),
            Navigation,
            "a person opens the image itself"
        );
    }
    let framed = [
        ("accept", CHROME),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "iframe"),
    ];
    assert_eq!(get("/map", &framed), Navigation);
}

#[test]
fn clients_without_fetch_metadata_are_told_by_what_they_accept() {
    let cases = [
        ("/", FIREFOX, Navigation, "Safari before 16.4, Googlebot"),
        ("/", "*/*", Navigation, "curl, link previews"),
        ("/", "text/*;q=0.3", Navigation, "any text"),
        (
            "/",
            "text/html, */*; q=0.01",
            Navigation,
            "a fragment of a page",
        ),
        ("/a", "application/json", Json, "an API client"),
        ("/a", "application/json, text/plain, */*", Json, "axios"),
        (
            "/a",
            "application/json, text/javascript, */*; q=0.01",
            Json,
            "jQuery",
        ),
        ("/a", "application/vnd.api+json", Json, "JSON:API"),
        ("/a", "application/problem+json", Json, "RFC 9457"),
        (
            "/a",
            "text/html, application/json",
            Navigation,
            "the first of equals",
        ),
        (
            "/a",
            "text/html;q=0.5, application/json",
            Json,
            "the heaviest",
        ),
        ("/a", "APPLICATION/JSON", Json, "case does not matter"),
        ("/a", "text/plain", Text, "a script in a shell"),
        ("/a", "application/pdf", Text, "what we cannot serve"),
        (
            "/a",
            "application/pdf, */*;q=0.1",
            Navigation,
            "what we cannot serve, or anything",
        ),
        ("/a", "text/event-stream", EventStream, "EventSource"),
        ("/a", IMAGES, Asset(Avif), "an image without a name"),
        ("/a.png?v=1", IMAGES, Asset(Png), "an image with a name"),
        ("/a", "image/*", Asset(Png), "any image"),
        ("/a.css", "text/css,*/*;q=0.1", Asset(Css), "a style sheet"),
        ("/a.js", "*/*", Asset(JavaScript), "a script by its name"),
        ("/a.woff2", "*/*", Asset(Woff2), "a font by its name"),
        ("/a.PNG", "*/*", Asset(Png), "an ending in capitals"),
        ("/a.json", "*/*", Json, "a file by its name"),
        ("/a.txt", "*/*", Text, "a file by its name"),
        ("/a.png/b", "*/*", Navigation, "a dot in a folder"),
        ("/", "", Navigation, "an empty field"),
        ("/", "q=;;,", Navigation, "an unreadable field"),
        ("/", "text/html;q=0", Text, "only a refusal"),
    ];
    for (path, accept, wanted, why) in cases {
        assert_eq!(
            get(path, &[("accept", accept)]),
            wanted,
            "{why}: {path} {accept}"
        );
    }
    assert_eq!(get("/", &[]), Navigation, "no field at all");
    assert_eq!(get("/a.webp", &[]), Asset(Webp), "no field at all");
}

#[test]
fn parts_of_a_page_are_told_by_what_the_browser_wants_them_for() {
    let cases = [
        ("/a", "image", Asset(Png)),
        ("/a.gif", "image", Asset(Gif)),
        ("/a.php", "image", Asset(Png)),
        ("/a.js", "image", Asset(Png)),
        ("/a", "style", Asset(Css)),
        ("/a", "script", Asset(JavaScript)),
        ("/a", "serviceworker", Asset(JavaScript)),
        ("/a.otf", "font", Asset(Otf)),
        ("/a", "font", Asset(Woff2)),
        ("/a", "video", Asset(Mp4)),
        ("/a.webm", "video", Asset(Webm)),
        ("/a", "audio", Asset(Mp3)),
        ("/a", "manifest", Json),
        ("/a", "empty", Json),
        ("/a.css", "empty", Json),
    ];
    for (path, destination, wanted) in cases {
        let fields = [
            ("accept", "*/*"),
            ("sec-fetch-mode", "no-cors"),
            ("sec-fetch-dest", destination),
        ];
        assert_eq!(get(path, &fields), wanted, "{path} {destination}");
    }
}

#[test]
fn a_script_that_says_what_it_wants_gets_it() {
    for (accept, wanted) in [
        ("*/*", Json),
        ("application/json", Json),
        ("text/html, application/xhtml+xml", Navigation),
        ("text/plain", Text),
        ("text/event-stream", EventStream),
    ] {
        let fields = [
            ("accept", accept),
            ("sec-fetch-mode", "cors"),
            ("sec-fetch-dest", "empty"),
        ];
        assert_eq!(get("/a", &fields), wanted, "{accept}");
    }
}

#[test]
fn what_is_sent_tells_programs_too() {
    let body = |content_type| kind("POST", "/a.js", &[("content-type", content_type)]);
    assert_eq!(body("application/json"), Json);
    assert_eq!(body("Application/JSON; charset=utf-8"), Json);
    assert_eq!(body("application/activity+json"), Json);
    assert_eq!(body("application/x-www-form-urlencoded"), Navigation);
    assert_eq!(kind("POST", "/a.js", &[]), Navigation);
}

#[test]
fn grpc_is_told_by_its_content_type() {
    for content_type in [
        "application/grpc",
        "application/grpc+proto",
        "application/grpc; charset=x",
        "application/grpc-web+proto",
        "application/grpc-web-text",
        "Application/GRPC",
    ] {
        let fields = [("content-type", content_type), ("te", "trailers")];
        assert_eq!(
            kind("POST", "/shop.Cart/Add", &fields),
            Grpc,
            "{content_type}"
        );
    }
    assert_eq!(
        kind("POST", "/", &[("content-type", "application/grpcish")]),
        Navigation
    );
}

#[test]
fn leaving_http_is_a_handshake_but_an_offer_of_http2_is_not() {
    for protocol in ["websocket", "WebSocket", "h2c, websocket", "tcp"] {
        let fields = [
            ("upgrade", protocol),
            ("connection", "upgrade"),
            ("accept", CHROME),
        ];
        assert_eq!(get("/live", &fields), WebSocket, "{protocol}");
    }
    for protocol in ["h2c", "h2c,HTTP/2.0", "TLS/1.0", ""] {
        assert_eq!(get("/", &[("upgrade", protocol)]), Navigation, "{protocol}");
    }
    assert_eq!(kind("CONNECT", "shop.example:443", &[]), WebSocket);
}

#[test]
fn an_event_stream_that_sends_something_is_not_told_200() {
    assert_eq!(
        kind("POST", "/chat", &[("accept", "text/event-stream")]),
        Json
    );
    assert_eq!(
        kind("HEAD", "/chat", &[("accept", "text/event-stream")]),
        EventStream
    );
}

#[test]
fn files_with_a_fixed_meaning_are_never_pages() {
    let browser = [("accept", CHROME), ("sec-fetch-mode", "navigate")];
    for path in [
        "/robots.txt",
        "/sitemap.xml",
        "/sitemap_index.xml",
        "/wp-sitemap-posts-post-1.xml",
        "/de/sitemap.xml.gz",
        "/sitemap.txt",
        "/feed",
        "/blog/feed/",
        "/rss.xml",
        "/atom.xml",
        "/news.rss",
        "/news.atom",
        "/index.xml",
    ] {
        assert_eq!(get(path, &browser), Asset(Crawled), "{path}");
        assert_eq!(get(path, &[]), Asset(Crawled), "{path}");
    }
    for (path, wanted) in [
        ("/favicon.ico", Asset(Icon)),
        ("/favicon.svg", Asset(Svg)),
        ("/apple-touch-icon.png", Asset(Png)),
        ("/apple-touch-icon-precomposed.png", Asset(Png)),
    ] {
        assert_eq!(get(path, &browser), wanted, "{path}");
    }
    for path in [
        "/blog/robots.txt.html",
        "/feeds",
        "/sitemap",
        "/sitemap.html",
    ] {
        assert_eq!(get(path, &browser), Navigation, "{path}");
    }
    let reader = [(
        "accept",
        "application/rss+xml, application/xml;q=0.9, */*;q=0.1",
    )];
    assert_eq!(get("/blog", &reader), Asset(Crawled), "a feed reader");
}
