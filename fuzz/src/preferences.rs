//! Method, target, then the request's fields.

use std::{cell::OnceCell, sync::Arc};

use http::{HeaderMap, Method, StatusCode, header};
use intermission::{
    config::spec::Language,
    message::preferences::{Coding, Preferences},
    page::Pages,
};

use super::{
    input::{Files, fields, is_clean, lines, target},
    page::{answer, failures, text_of},
};

const SITE: &str = "hosts = [\"*\"]\nupstream = \"http://127.0.0.1:9\"\n\
                    [brand]\nname = \"Shop\"\n[fallback]\nlanguages = [\"en\", \"de\"]\nlanguage = \"en\"\n";

thread_local! {
    static PAGES: OnceCell<Arc<Pages>> = const { OnceCell::new() };
}

/// Whatever a client prefers, it gets an answer that is honest about the outage and no cache keeps.
pub fn check(data: &[u8]) {
    let mut lines = lines(data);
    let Some(method) = lines.next().and_then(|line| Method::from_bytes(line).ok()) else {
        return;
    };
    let Some(uri) = lines.next().and_then(target) else {
        return;
    };
    let head = fields(lines);
    let to = Preferences::capture(&method, &uri, &head);
    let (some, default) = ([Language::De, Language::Fr], Language::En);
    let language = to.language(&some, default);
    assert!(language == default || some.contains(&language));
    if !head.contains_key(header::ACCEPT_LANGUAGE) {
        assert_eq!(language, default);
    }
    assert_coding(&head, to.coding());
    let pages = PAGES.with(|pages| Arc::clone(pages.get_or_init(pages_of_a_shop)));
    for failed in failures() {
        let answer = answer(&pages, &failed, &to);
        let head = answer.headers();
        let is_200 = answer.status() == StatusCode::OK;
        let media_type = head
            .get(header::CONTENT_TYPE)
            .map_or(&b""[..], |value| value.as_bytes());
        let may_be_200 = [&b"application/grpc"[..], b"text/event-stream"];
        let lower = media_type.to_ascii_lowercase();
        assert!(!is_200 || may_be_200.iter().any(|start| lower.starts_with(start)));
        assert!(is_200 || answer.status() == StatusCode::SERVICE_UNAVAILABLE);
        assert!(is_200 || head.contains_key(header::RETRY_AFTER));
        assert_eq!(head[header::CACHE_CONTROL], "no-store");
        for name in ["set-cookie", "location", "refresh", "etag", "x-robots-tag"] {
            assert!(!head.contains_key(name), "{name}");
        }
        assert!(head.values().all(is_clean));
        assert_body(&method, answer);
    }
}

fn pages_of_a_shop() -> Arc<Pages> {
    let files = Files::new();
    files.write("sites/shop.toml", SITE);
    let site = files.site().expect("a right site");
    Arc::new(Pages::new(&site, &Arc::default()).expect("a site that loads has pages"))
}

/// Nobody gets what they have not asked for.
fn assert_coding(head: &HeaderMap, coding: Coding) {
    let asked = head
        .get(header::ACCEPT_ENCODING)
        .map_or(&b""[..], |value| value.as_bytes());
    let asked = String::from_utf8_lossy(asked).to_ascii_lowercase();
    let named = |name: &str| asked.contains(name) || asked.contains('*');
    match coding {
        Coding::Br => assert!(named("br")),
        Coding::Gzip => assert!(named("gzip")),
        Coding::Identity => {}
    }
}

fn assert_body(method: &Method, answer: http::Response<intermission::message::body::Fixed>) {
    let head = answer.headers();
    let length = head.get(header::CONTENT_LENGTH);
    let length: Option<usize> = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let is_encoded = head.contains_key(header::CONTENT_ENCODING);
    let is_json = head
        .get(header::CONTENT_TYPE)
        .is_some_and(|it| it == "application/problem+json");
    if is_encoded {
        return;
    }
    let text = text_of(answer);
    if *method == Method::HEAD {
        assert!(text.is_empty());
    } else {
        assert!(length.is_none_or(|length| length == text.len()));
        assert!(!is_json || serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }
}
