//! What the pages must be, whoever the client is.

use http::Request;
use http_body_util::BodyExt;

use self::fixtures::{florist, site};
use super::*;
use crate::{
    config::spec::{BrandSpec, PageTextSpec},
    failure::Window,
};

mod fixtures;
mod hostile;
mod language;
mod markup;
mod store;

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const REFUSED: Failure = Failure::Upstream(UpstreamFailure::Refused);

fn request(method: &str, path: &str, fields: &[(&str, &str)]) -> Preferences {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let request = request.body(()).unwrap();
    Preferences::capture(request.method(), request.uri(), request.headers())
}

fn respond(pages: &Pages, failure: Failure, to: &Preferences) -> Response<Fixed> {
    let answer = Answer {
        retry_after: Duration::from_secs(30),
        request_id: &HeaderValue::from_static("0195-abc"),
        proxy_status: HeaderValue::from_static("intermission; error=connection_refused"),
        host: None,
        now: Timestamp::UNIX_EPOCH,
        snapshot: None,
    };
    pages.respond(&failure.into(), to, &answer)
}

fn body(response: Response<Fixed>) -> Bytes {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut collect = std::pin::pin!(response.into_body().collect());
    match collect.as_mut().poll(&mut context) {
        std::task::Poll::Ready(Ok(body)) => body.to_bytes(),
        std::task::Poll::Pending => panic!("a fixed body never waits"),
    }
}

fn text(response: Response<Fixed>) -> String {
    String::from_utf8(body(response).into()).unwrap()
}

type Fields = &'static [(&'static str, &'static str)];

/// A request of each kind: its name, path and fields.
const KINDS: [(&str, &str, Fields); 10] = [
    (
        "navigation",
        "/",
        &[("accept", "text/html"), ("accept-encoding", "gzip, br")],
    ),
    (
        "json",
        "/api",
        &[("accept", "application/json"), ("accept-language", "de")],
    ),
    ("text", "/a", &[("accept", "text/plain")]),
    ("image", "/a.png", &[("accept", "image/*")]),
    ("script", "/a.js", &[("sec-fetch-dest", "script")]),
    ("robots", "/robots.txt", &[("accept", "*/*")]),
    ("favicon", "/favicon.ico", &[("accept", "*/*")]),
    (
        "grpc",
        "/s.S/M",
        &[
            ("content-type", "application/grpc+proto"),
            ("te", "trailers"),
        ],
    ),
    ("events", "/events", &[("accept", "text/event-stream")]),
    (
        "websocket",
        "/live",
        &[("upgrade", "websocket"), ("connection", "upgrade")],
    ),
];

#[test]
fn every_kind_and_method_has_its_status_and_fields_and_none_that_are_forbidden() {
    const FORBIDDEN: [&str; 9] = [
        "set-cookie",
        "location",
        "refresh",
        "etag",
        "last-modified",
        "x-robots-tag",
        "expires",
        "cache-status",
        "content-range",
    ];
    const OF_503: [&str; 9] = [
        "retry-after",
        "vary",
        "content-security-policy",
        "x-content-type-options",
        "referrer-policy",
        "content-type",
        "content-length",
        "proxy-status",
        "x-request-id",
    ];
    let pages = Pages::build(&site(florist())).unwrap();
    for (name, path, fields) in KINDS {
        for method in METHODS {
            let case = format!("{method} {name}");
            let to = request(method, path, fields);
            let response = respond(&pages, REFUSED, &to);
            let head = response.headers();
            let is_200 = matches!(to.client_kind(), ClientKind::Grpc | ClientKind::EventStream);
            assert_eq!(
                response.status().as_u16(),
                if is_200 { 200 } else { 503 },
                "{case}"
            );
            assert_eq!(head["cache-control"], "no-store", "{case}");
            assert_eq!(
                head["proxy-status"], "intermission; error=connection_refused",
                "{case}"
            );
            assert_eq!(head["x-request-id"], "0195-abc", "{case}");
            assert!(
                FORBIDDEN.iter().all(|field| !head.contains_key(*field)),
                "{case}: {head:?}"
            );
            if is_200 {
                assert!(!head.contains_key("retry-after"), "{case}");
            } else {
                assert!(
                    OF_503.iter().all(|field| head.contains_key(*field)),
                    "{case}: {head:?}"
                );
                assert_eq!(head["retry-after"], "30", "{case}");
                assert_eq!(
                    head["vary"], "Accept, Accept-Encoding, Accept-Language",
                    "{case}"
                );
                assert_eq!(head["x-content-type-options"], "nosniff", "{case}");
                assert_eq!(head["referrer-policy"], "no-referrer", "{case}");
            }
            assert!(
                head.values().all(|value| !value.is_empty()),
                "{case}: {head:?}"
            );
            let length = head
                .get("content-length")
                .map(|value| value.to_str().unwrap().to_owned());
            let is_grpc = to.client_kind() == ClientKind::Grpc;
            assert_eq!(length.is_none(), is_grpc, "{case}");
            let body = body(response);
            if let Some(length) = length.filter(|_| method != "HEAD") {
                assert_eq!(length, body.len().to_string(), "{case}");
            } else {
                assert!(body.is_empty(), "{case}");
            }
        }
    }
}

#[test]
fn head_has_the_same_fields_as_get() {
    let pages = Pages::build(&site(florist())).unwrap();
    for (name, path, fields) in KINDS {
        let get = respond(&pages, REFUSED, &request("GET", path, fields));
        let head = respond(&pages, REFUSED, &request("HEAD", path, fields));
        assert_eq!(get.headers(), head.headers(), "{name}");
        assert_eq!(get.status(), head.status(), "{name}");
    }
}

#[test]
fn only_navigation_is_html() {
    let pages = Pages::build(&site(florist())).unwrap();
    for (name, path, fields) in KINDS {
        let response = respond(&pages, REFUSED, &request("GET", path, fields));
        let is_html = response.headers()["content-type"] == "text/html; charset=utf-8";
        assert_eq!(is_html, name == "navigation", "{name}");
        assert!(is_html || !body(response).starts_with(b"<"), "{name}");
    }
}

#[test]
fn heads_and_short_bodies_are_as_reviewed() {
    let pages = Pages::build(&site(florist())).unwrap();
    let mut seen = String::new();
    for (name, path, fields) in KINDS {
        let method = if name == "grpc" { "POST" } else { "GET" };
        let response = respond(&pages, REFUSED, &request(method, path, fields));
        seen += &format!("# {name}\n{}\n", response.status());
        let mut head: Vec<_> = response.headers().iter().collect();
        head.sort_by_key(|(name, _)| name.as_str());
        for (field, value) in head {
            // Both change with every change of the page, which has a snapshot of its own.
            let changes = name == "navigation"
                && ["content-length", "content-security-policy"].contains(&field.as_str());
            let value = if changes {
                "(by page)"
            } else {
                value.to_str().unwrap()
            };
            seen += &format!("{field}: {value}\n");
        }
        let body = if name == "navigation" {
            "(page)\n".to_owned()
        } else {
            text(response)
        };
        seen += &format!("\n{body}\n");
    }
    insta::assert_snapshot!("heads", seen);
}

#[test]
fn what_was_sent_is_called_unprocessed_only_where_that_is_certain() {
    let pages = Pages::build(&site(florist())).unwrap();
    let certain = "Your request was not processed.";
    let uncertain = "We cannot tell whether your request was processed.";
    for failure in UpstreamFailure::ALL.map(Failure::Upstream) {
        let acted = matches!(
            failure.label(),
            "connection_terminated"
                | "connection_read_timeout"
                | "connection_write_timeout"
                | "http_response_timeout"
                | "http_response_header_section_size"
                | "http_protocol_error"
                | "http_status"
                | "http_response_incomplete"
        );
        let (said, unsaid) = if acted {
            (uncertain, certain)
        } else {
            (certain, uncertain)
        };
        for accept in ["text/html", "application/json", "text/plain"] {
            let sent = text(respond(
                &pages,
                failure,
                &request("POST", "/", &[("accept", accept)]),
            ));
            assert!(
                sent.contains(said) && !sent.contains(unsaid),
                "{failure:?} {accept}"
            );
            let asked = text(respond(
                &pages,
                failure,
                &request("GET", "/", &[("accept", accept)]),
            ));
            assert!(
                !asked.contains(said) && !asked.contains(unsaid),
                "{failure:?} {accept}"
            );
        }
    }
}

#[test]
fn without_pages_for_failures_people_get_text_unless_the_application_answered() {
    let mut spec = site(florist());
    spec.fallback.failures = false;
    let pages = Pages::build(&spec).unwrap();
    let browser = request("GET", "/", &[("accept", "text/html")]);
    let status = UpstreamFailure::Status(StatusCode::BAD_GATEWAY);
    for (failure, media_type) in [
        (REFUSED, "text/plain; charset=utf-8"),
        (Failure::Upstream(status), "text/html; charset=utf-8"),
        (Failure::Overloaded, "text/html; charset=utf-8"),
        (
            Failure::Maintenance(Window { until: None }),
            "text/html; charset=utf-8",
        ),
        (Failure::Internal, "text/html; charset=utf-8"),
    ] {
        let response = respond(&pages, failure, &browser);
        assert_eq!(
            response.headers()["content-type"],
            media_type,
            "{failure:?}"
        );
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}

#[test]
fn answers_share_the_memory_of_a_page() {
    let pages = Pages::build(&site(florist())).unwrap();
    let to = request("GET", "/", &[]);
    let (one, two) = (respond(&pages, REFUSED, &to), respond(&pages, REFUSED, &to));
    assert_eq!(body(one).as_ptr(), body(two).as_ptr());
}

#[test]
fn words_for_programs_stay_on_their_lines() {
    let mut brand = florist();
    brand.name = "Line\nbreak\r\ndata: x".to_owned();
    let pages = Pages::build(&site(brand)).unwrap();
    let events = text(respond(
        &pages,
        REFUSED,
        &request("GET", "/", &[("accept", "text/event-stream")]),
    ));
    assert_eq!(events.lines().count(), 3, "{events:?}");
    let plain = text(respond(
        &pages,
        REFUSED,
        &request("GET", "/", &[("accept", "text/plain")]),
    ));
    assert_eq!(plain.lines().count(), 2, "{plain:?}");
}

#[test]
fn grpc_messages_are_percent_encoded() {
    let mut brand = florist();
    brand.name = "100 % Grün".to_owned();
    let pages = Pages::build(&site(brand)).unwrap();
    let call = [("content-type", "application/grpc-web+proto")];
    let response = respond(&pages, REFUSED, &request("POST", "/s.S/M", &call));
    let message = response.headers()["grpc-message"].to_str().unwrap();
    assert_eq!(
        message,
        "100 %25 Gr%C3%BCn is temporarily unavailable. Your request was not processed."
    );
    assert_eq!(
        response.headers()["content-type"],
        "application/grpc-web+proto"
    );
}
