use std::{collections::BTreeMap, num::NonZeroUsize};

use http::Request;
use http_body_util::BodyExt;
use proptest::prelude::*;

use super::*;
use crate::config::spec::{
    BrandSpec, Color, FallbackSpec, HeadersSpec, HostPattern, LinkSpec, LogoSpec, PageTextSpec,
    RetryAfterSpec, Scheme, TimeoutsSpec, UpstreamSpec,
};

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const REFUSED: Failure = Failure::Upstream(UpstreamFailure::Refused);

fn site(brand: BrandSpec) -> SiteSpec {
    SiteSpec {
        name: "shop".to_owned(),
        hosts: vec![HostPattern::Any],
        upstream: UpstreamSpec {
            scheme: Scheme::Http,
            authority: "app:3000".parse().unwrap(),
            ca: Vec::new(),
            timeouts: TimeoutsSpec {
                connect: Duration::from_secs(3),
                first_byte: Duration::from_secs(15),
                between_bytes: Duration::from_secs(30),
                total: Duration::from_secs(8),
            },
            attempts: NonZeroUsize::MIN,
            connections: NonZeroUsize::MIN,
            idle_timeout: Duration::from_mins(1),
        },
        brand,
        pages: BTreeMap::new(),
        fallback: FallbackSpec {
            failures: true,
            statuses: vec![StatusCode::BAD_GATEWAY],
            api: false,
            language: Language::En,
        },
        retry_after: RetryAfterSpec {
            start: Duration::from_secs(30),
            after_5_minutes: Duration::from_mins(2),
            after_1_hour: Duration::from_mins(10),
        },
        headers: HeadersSpec::default(),
    }
}

fn florist() -> BrandSpec {
    let logo = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 64"><g fill="#0a7a5c"><circle cx="32" cy="16" r="12"/><circle cx="16" cy="32" r="12"/><circle cx="48" cy="32" r="12"/><circle cx="32" cy="48" r="12"/></g><circle cx="32" cy="32" r="9" fill="#f2b134"/><text x="76" y="43" font-family="Georgia,serif" font-size="31" fill="#16332b">Blumen Krause</text></svg>"##;
    let link = |text: &str, url: &str| LinkSpec {
        text: text.to_owned(),
        url: url.to_owned(),
    };
    BrandSpec {
        name: "Blumen Krause".to_owned(),
        logo: Some(LogoSpec {
            media_type: "image/svg+xml",
            bytes: Bytes::from(logo),
        }),
        color: Some(Color {
            r: 0x0a,
            g: 0x7a,
            b: 0x5c,
        }),
        phone: Some("+49 (0)30 1234 56-78".to_owned()),
        email: Some("hallo@blumen-krause.example".to_owned()),
        links: vec![
            link("Status", "https://status.blumen-krause.example"),
            link("Instagram", "https://social.example/blumenkrause"),
        ],
    }
}

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

fn html(site: &SiteSpec, method: &str, language: &str) -> String {
    let pages = Pages::build(site).unwrap();
    text(respond(
        &pages,
        REFUSED,
        &request(method, "/", &[("accept-language", language)]),
    ))
}

/// A request of each kind: its name, path and fields.
const KINDS: [(&str, &str, &[(&str, &str)]); 10] = [
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
fn pages_are_as_reviewed() {
    let mut plain = site(BrandSpec::default());
    insta::assert_snapshot!("no_brand_en", html(&plain, "GET", "en"));
    insta::assert_snapshot!("no_brand_de_post", html(&plain, "POST", "de"));
    plain.brand = florist();
    insta::assert_snapshot!("brand_de", html(&plain, "GET", "de"));
    insta::assert_snapshot!("brand_en_post", html(&plain, "POST", "en"));
}

#[test]
fn a_site_without_a_brand_has_no_gaps() {
    let page = html(&site(BrandSpec::default()), "GET", "en");
    for gap in [
        "<img",
        "class=\"brand",
        "og:title",
        "<section",
        "href=\"tel:",
        " · ",
        "<ul",
    ] {
        assert!(!page.contains(gap), "{gap}");
    }
    assert!(page.contains("This site is temporarily unavailable."));
}

#[test]
fn the_language_of_page_and_field_agree() {
    let pages = Pages::build(&site(florist())).unwrap();
    for (wish, tag) in [
        ("de-AT,de;q=0.9,en;q=0.1", "de"),
        ("fr", "en"),
        ("en-GB", "en"),
    ] {
        let response = respond(
            &pages,
            REFUSED,
            &request("GET", "/", &[("accept-language", wish)]),
        );
        assert_eq!(response.headers()["content-language"], tag, "{wish}");
        assert!(
            text(response).contains(&format!("<html lang=\"{tag}\">")),
            "{wish}"
        );
    }
}

#[test]
fn the_owners_words_replace_the_built_in_ones_of_their_language_only() {
    let mut spec = site(florist());
    let own = PageTextSpec {
        headline: Some("Kurze Pause".to_owned()),
        message: Some("Erster Absatz.\n\nZweiter Absatz.".to_owned()),
    };
    spec.pages.insert(Language::De, own);
    let page = html(&spec, "GET", "de");
    assert!(page.contains("<h1>Kurze Pause</h1>\n<p>Erster Absatz.</p>\n<p>Zweiter Absatz.</p>"));
    assert!(page.contains("<title>Kurze Pause · Blumen Krause</title>"));
    assert!(html(&spec, "GET", "en").contains("<h1>We’ll be right back</h1>"));
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
fn only_pages_that_were_asked_for_offer_to_try_again_and_none_reload_by_themselves() {
    for (method, offers) in [
        ("GET", true),
        ("OPTIONS", true),
        ("POST", false),
        ("DELETE", false),
    ] {
        let page = html(&site(florist()), method, "en");
        assert_eq!(
            page.contains("<a href=\"\">Try again</a>"),
            offers,
            "{method}"
        );
        assert!(
            !page.contains("http-equiv") && !page.contains("<script"),
            "{method}"
        );
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
fn codings_unpack_to_the_same_page() {
    use std::io::Read;
    let pages = Pages::build(&site(florist())).unwrap();
    let packed = |coding: &str| {
        let response = respond(
            &pages,
            REFUSED,
            &request("GET", "/", &[("accept-encoding", coding)]),
        );
        assert_eq!(
            response
                .headers()
                .get("content-encoding")
                .map(HeaderValue::as_bytes),
            (coding != "identity").then_some(coding.as_bytes())
        );
        body(response)
    };
    let page = packed("identity");
    let mut unpacked = Vec::new();
    brotli::Decompressor::new(&*packed("br"), 4096)
        .read_to_end(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, page);
    unpacked.clear();
    flate2::read::GzDecoder::new(&*packed("gzip"))
        .read_to_end(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, page);
}

#[test]
fn answers_share_the_memory_of_a_page() {
    let pages = Pages::build(&site(florist())).unwrap();
    let to = request("GET", "/", &[]);
    let (one, two) = (respond(&pages, REFUSED, &to), respond(&pages, REFUSED, &to));
    assert_eq!(body(one).as_ptr(), body(two).as_ptr());
}

#[test]
fn the_security_policy_allows_exactly_the_pages_style() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use sha2::{Digest, Sha256};
    let pages = Pages::build(&site(florist())).unwrap();
    let response = respond(&pages, REFUSED, &request("POST", "/", &[]));
    let policy = response.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    let page = text(response);
    let style = page
        .split("<style>")
        .nth(1)
        .unwrap()
        .split("</style>")
        .next()
        .unwrap();
    let hash = STANDARD.encode(Sha256::digest(style));
    assert!(
        policy.contains(&format!("style-src 'sha256-{hash}'")),
        "{policy}"
    );
    assert!(!page.contains(" style=") && page.matches("<style").count() == 1);
}

#[test]
fn a_page_with_its_fields_fits_into_the_first_flight() {
    let mut brand = florist();
    // Nothing compresses less than noise.
    let mut noise = fastrand::Rng::with_seed(7);
    let bytes: Vec<u8> = std::iter::repeat_with(|| noise.u8(..))
        .take(6 * 1024)
        .collect();
    brand.logo = Some(LogoSpec {
        media_type: "image/webp",
        bytes: bytes.into(),
    });
    let pages = Pages::build(&site(brand)).unwrap();
    for coding in ["br", "gzip"] {
        for (method, language) in [("GET", "de"), ("POST", "de"), ("GET", "en"), ("POST", "en")] {
            let fields = [("accept-encoding", coding), ("accept-language", language)];
            let response = respond(&pages, REFUSED, &request(method, "/", &fields));
            let field =
                |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 4;
            let head: usize = response.headers().iter().map(field).sum();
            // The status line, Date, Via and Connection are added later.
            let size = head + 150 + body(response).len();
            assert!(size <= 14 * 1024, "{coding} {method} {language}: {size}");
        }
    }
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

/// Every tag and attribute of a page, without what is in them.
fn skeleton(page: &str) -> Vec<String> {
    let is_name = |char: char| char.is_ascii_alphanumeric() || "/!-".contains(char);
    page.split('<')
        .skip(1)
        .map(|tag| {
            let (tag, _) = tag.split_once('>').unwrap();
            let outside: String = tag.split('"').step_by(2).collect();
            assert!(
                outside
                    .chars()
                    .all(|char| is_name(char) || " =:".contains(char)),
                "{outside}"
            );
            outside
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_owners_text_cannot_become_markup(
        name in "[ -~]{0,20}[<>&\"'/= ]{1,8}", headline in "[<>&\"'/=a \u{0}\u{7f}ß]{1,20}",
        message in ".{1,40}", phone in "[0-9<>\"' ]{1,12}", email in "[a<>\"'@? ]{1,12}",
        text in ".{1,20}", url in "https:[<>\"'&a ]{0,12}",
    ) {
        let brand = |[name, phone, email, text, url]: [String; 5]| BrandSpec {
            name, phone: Some(phone), email: Some(email), links: vec![LinkSpec { text, url }],
            ..florist()
        };
        let filled = |text: String| if text.trim().is_empty() { "x".to_owned() } else { text };
        let mut harmless = site(brand(["a", "1", "a@b", "a", "https://a"].map(str::to_owned)));
        let mut hostile = site(brand([name, phone, email, text, url].map(filled)));
        // One paragraph on both sides, so that the skeletons can be the same.
        let message = filled(message.lines().map(str::trim).collect());
        let own = PageTextSpec { headline: Some(headline), message: Some(message) };
        hostile.pages.insert(Language::En, own);
        harmless.pages.insert(Language::En, PageTextSpec::default());
        prop_assert_eq!(skeleton(&html(&hostile, "GET", "en")), skeleton(&html(&harmless, "GET", "en")));
    }
}

#[test]
#[ignore = "writes pages for the eye to the directory named in PAGES_TO"]
fn write_pages() {
    let Some(directory) = std::env::var_os("PAGES_TO") else {
        return;
    };
    let mut pale = florist();
    pale.logo = None;
    pale.color = Some(Color {
        r: 0xff,
        g: 0xe6,
        b: 0x00,
    });
    let cases = [
        ("none", BrandSpec::default()),
        ("florist", florist()),
        ("pale", pale),
    ];
    for (name, brand) in cases {
        for method in ["GET", "POST"] {
            let file = std::path::Path::new(&directory).join(format!("{name}-{method}.html"));
            std::fs::write(file, html(&site(brand.clone()), method, "de")).unwrap();
        }
    }
}
