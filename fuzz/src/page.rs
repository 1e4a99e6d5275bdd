//! The built-in page with an owner's texts, one a line.

use std::{
    cell::OnceCell,
    fmt::Write,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, Method, Response, Uri};
use http_body::Body;
use intermission::{
    config::spec::SiteSpec,
    failure::{FailedWith, Failure, UpstreamFailure, Window},
    markup::{
        html::{What, scan},
        policy::policy,
    },
    message::{body::Fixed, preferences::Preferences},
    page::{Answer, Pages},
};
use jiff::Timestamp;

use super::input::Files;

thread_local! {
    static FILES: OnceCell<Files> = const { OnceCell::new() };
    static TAME: OnceCell<[usize; 3]> = const { OnceCell::new() };
}

/// Keys of `[brand]`, then of `[page.en]`, that hold one line of text each, with tame ones.
const BRAND: [(&str, &str); 5] = [
    ("name", "tame"),
    ("phone", "+49 30 1234"),
    ("email", "tame@shop.example"),
    ("address", "tame"),
    ("hours", "tame"),
];
const PAGE: [(&str, &str); 4] = [
    ("headline", "tame"),
    ("message", "tame"),
    ("eta", "tame"),
    ("hours", "tame"),
];

/// Whatever the texts are, the page has the elements that it has with tame ones.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let texts: Vec<&str> = text.lines().map(str::trim).collect();
    let Some(wild) = made(&texts) else {
        return;
    };
    let tame = TAME.with(|tame| *tame.get_or_init(|| made(&[]).expect("tame texts load")));
    assert_eq!(wild, tame, "elements, attributes and blocks of style");
}

/// Counts what the page of a site with these texts is made of.
fn made(texts: &[&str]) -> Option<[usize; 3]> {
    let mut texts = texts.iter();
    let mut text = |tame: &str| {
        let wild = texts.next().filter(|text| !text.is_empty());
        quoted(wild.unwrap_or(&tame))
    };
    let mut site = "hosts = [\"*\"]\nupstream = \"http://127.0.0.1:9\"\n[brand]\n".to_owned();
    for (key, tame) in BRAND {
        writeln!(site, "{key} = {}", text(tame)).ok()?;
    }
    site.push_str("[fallback]\nlanguages = [\"en\"]\nlanguage = \"en\"\n[page.en]\n");
    for (key, tame) in PAGE {
        writeln!(site, "{key} = {}", text(tame)).ok()?;
    }
    writeln!(site, "still_works = [{}]", text("tame")).ok()?;
    let (action, url) = (text("tame"), quoted("https://tame.example/x"));
    writeln!(site, "action = {{ text = {action}, url = {url} }}").ok()?;
    let site = FILES.with(|files| {
        let files = files.get_or_init(Files::new);
        files.write("sites/shop.toml", site);
        files.site()
    })?;
    let html = page_of(&site, &outage());
    document(&html);
    let style = html.split("<style>").nth(1)?.split("</style>").next()?;
    let counts = [html.matches('<'), html.matches('>')].map(Iterator::count);
    Some([counts[0], counts[1], style.matches('{').count()])
}

/// A TOML string of any text.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars().filter(|c| *c != '$') {
        if c.is_ascii_alphanumeric() || c == ' ' {
            quoted.push(c);
        } else {
            let _ = write!(quoted, "\\U{:08X}", u32::from(c));
        }
    }
    quoted + "\""
}

/// A page that browsers read as we do: one document, nothing that runs but what its policy names,
/// nothing loaded.
pub fn document(html: &str) {
    assert_eq!(html.matches("</html>").count(), 1, "{html}");
    assert!(html.trim_end().ends_with("</html>"), "{html}");
    policy(html).expect("a page stands alone");
    let barred = scan(html)
        .into_iter()
        .find(|found| matches!(found.what, What::Barred(_)));
    assert_eq!(barred, None, "{html}");
}

/// A failure as most are.
pub fn outage() -> FailedWith {
    Failure::Upstream(UpstreamFailure::Refused).into()
}

/// The page of a site for a browser.
pub fn page_of(site: &Arc<SiteSpec>, failed: &FailedWith) -> String {
    let head =
        HeaderMap::from_iter([(http::header::ACCEPT, HeaderValue::from_static("text/html"))]);
    let to = Preferences::capture(&Method::GET, &Uri::from_static("/"), &head);
    let pages = Pages::new(site, &Arc::default()).expect("a site that loads has pages");
    let answer = answer(&pages, failed, &to);
    let allowed = answer.headers().get("content-security-policy").cloned();
    let allowed = allowed.expect("a policy");
    let html = text_of(answer);
    let fits = policy(&html).expect("a page stands alone");
    let allowed = allowed.to_str().expect("a policy is ASCII");
    for kind in ["default-src ", "script-src ", "style-src "] {
        assert_eq!(
            directive(allowed, kind),
            directive(&fits, kind),
            "of {html}"
        );
    }
    html
}

fn directive<'p>(policy: &'p str, kind: &str) -> Option<&'p str> {
    policy
        .split("; ")
        .find(|directive| directive.starts_with(kind))
}

/// What the pages answer, with what changes from request to request held still.
pub fn answer(pages: &Pages, failed: &FailedWith, to: &Preferences) -> Response<Fixed> {
    let answer = Answer {
        retry_after: Duration::from_secs(30),
        request_id: &HeaderValue::from_static("4f9c2d0a7b1e4c58"),
        proxy_status: HeaderValue::from_static("intermission; error=connection_refused"),
        host: None,
        now: Timestamp::UNIX_EPOCH,
        snapshot: None,
    };
    pages.respond(failed, to, &answer)
}

/// One failure of each kind that looks different.
pub fn failures() -> [FailedWith; 4] {
    [
        outage(),
        Failure::Overloaded.into(),
        Failure::Internal.into(),
        Failure::Maintenance(Window { until: None }).into(),
    ]
}

/// A whole body.
pub fn text_of(answer: Response<Fixed>) -> String {
    let mut body = answer.into_body();
    let mut bytes = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut body).poll_frame(&mut cx) {
        bytes.extend(frame.into_data().unwrap_or_default());
    }
    String::from_utf8(bytes).expect("pages are UTF-8")
}
