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
    markup::{html::{What, scan}, policy::policy},
    message::{body::Fixed, preferences::Preferences},
    page::{Answer, Pages},
};
use jiff::Timestamp;

use super::input::Files;

thread_local! {
    static FILES: OnceCell<Files> = const { OnceCell::new() };
    static TAME: OnceCell<[usize; 3]> = const { OnceCell::new() };
}

/// Keys of `[brand]`, then of `[page.en]`, that hold one line of text each.
const BRAND: [&str; 5] = ["name", "phone", "email", "address", "hours"];
const PAGE: [&str; 4] = ["headline", "message", "eta", "hours"];

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
    let text = |at: usize| texts.get(at).copied().filter(|text| !text.is_empty()).unwrap_or("tame");
    let mut site = "hosts = [\"*\"]\nupstream = \"http://127.0.0.1:9\"\n[brand]\n".to_owned();
    for (at, key) in BRAND.iter().enumerate() {
        write!(site, "{key} = {}\n", quoted(text(at))).ok()?;
    }
    site.push_str("[fallback]\nlanguages = [\"en\"]\nlanguage = \"en\"\n[page.en]\n");
    for (at, key) in PAGE.iter().enumerate() {
        write!(site, "{key} = {}\n", quoted(text(BRAND.len() + at))).ok()?;
    }
    let still = quoted(text(9));
    let action = quoted(text(10));
    let url = quoted(&format!("https://a.example/{}", text(11)));
    write!(site, "still_works = [{still}]\naction = {{ text = {action}, url = {url} }}\n").ok()?;
    let site = FILES.with(|files| {
        let files = files.get_or_init(Files::new);
        files.write("sites/shop.toml", site);
        files.site()
    })?;
    let html = page_of(&site, &outage());
    document(&html);
    let style = html.split("<style>").nth(1)?.split("</style>").next()?;
    Some([html.matches('<').count(), html.matches('>').count(), style.matches('{').count()])
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
    let barred = scan(html).into_iter().find(|found| matches!(found.what, What::Barred(_)));
    assert_eq!(barred, None, "{html}");
}

/// A failure as most are.
pub fn outage() -> FailedWith {
    Failure::Upstream(UpstreamFailure::Refused).into()
}

/// The page of a site for a browser.
pub fn page_of(site: &Arc<SiteSpec>, failed: &FailedWith) -> String {
    let head = HeaderMap::from_iter([(http::header::ACCEPT, HeaderValue::from_static("text/html"))]);
    let to = Preferences::capture(&Method::GET, &Uri::from_static("/"), &head);
    let pages = Pages::new(site, &Arc::default()).expect("a site that loads has pages");
    let answer = answer(&pages, failed, &to);
    let allowed = answer.headers().get("content-security-policy").cloned();
    let html = text_of(answer);
    let fits = policy(&html).expect("a page stands alone");
    assert_eq!(allowed.expect("a policy"), fits);
    html
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
