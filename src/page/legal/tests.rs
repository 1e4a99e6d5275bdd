//! Legal texts as clients get them.

use http::{Method, Uri};

use super::*;
use crate::config::{Flags, from_flags, spec::BrandSpec};

/// A site with this brand, and defaults.
fn site(brand: BrandSpec) -> SiteSpec {
    let flags = Flags {
        upstream: "http://app:3000".to_owned(),
        listen: None,
        admin: None,
        name: None,
    };
    let config = from_flags(&flags).expect("good flags");
    let mut site = SiteSpec::clone(&config.sites[0]);
    site.brand = brand;
    site
}

fn text(title: Option<&str>, html: &str) -> LegalText {
    LegalText {
        title: title.map(str::to_owned),
        html: html.to_owned(),
    }
}

fn asking(method: &Method, fields: &[(header::HeaderName, &'static str)]) -> Preferences {
    let fields = fields.iter().cloned();
    let headers = fields.map(|(name, value)| (name, HeaderValue::from_static(value)));
    let uri = Uri::from_static("/.intermission/imprint");
    Preferences::capture(method, &uri, &headers.collect())
}

fn body(response: Response<Fixed>) -> String {
    use http_body_util::BodyExt as _;
    let body = response.into_body().collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let bytes = runtime.unwrap().block_on(body).unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_text_is_shown_in_the_look_of_the_page_in_the_clients_language() {
    let mut site = site(BrandSpec {
        name: "Blumen Krause".to_owned(),
        ..BrandSpec::default()
    });
    let imprint = &mut site.own.imprint;
    imprint.general = Some(text(Some("Imprint"), "<h1>Imprint</h1>"));
    let german = text(None, "<p>Blumen Krause</p>");
    imprint.by_language.insert(Language::De, german);
    let pages = LegalPages::build(&site).unwrap();
    let answer = |fields: &[_]| pages.respond(Legal::Imprint, &asking(&Method::GET, fields));
    let english = answer(&[]).unwrap();
    assert_eq!(english.status(), StatusCode::OK);
    assert_eq!(english.headers()[header::CONTENT_LANGUAGE], "en");
    assert_eq!(english.headers()[header::CACHE_CONTROL], "no-store");
    let shown = body(english);
    assert_eq!(shown.matches("<h1>").count(), 1, "{shown}");
    assert!(
        shown.contains("<title>Imprint · Blumen Krause</title>"),
        "{shown}"
    );
    let german = answer(&[(header::ACCEPT_LANGUAGE, "de")]).unwrap();
    let shown = body(german);
    // Without a heading of its own it has the name of what it is.
    assert!(shown.contains("<h1>Impressum</h1>"), "{shown}");
    let packed = answer(&[(header::ACCEPT_ENCODING, "br")]).unwrap();
    assert_eq!(packed.headers()[header::CONTENT_ENCODING], "br");
}

#[test]
fn a_head_request_gets_the_same_fields_and_no_body() {
    let mut site = site(BrandSpec::default());
    site.own.privacy.general = Some(text(Some("Privacy"), "<h1>Privacy</h1>"));
    let pages = LegalPages::build(&site).unwrap();
    let answer = |method| {
        pages
            .respond(Legal::Privacy, &asking(&method, &[]))
            .unwrap()
    };
    let (get, head) = (answer(Method::GET), answer(Method::HEAD));
    assert_eq!(get.headers(), head.headers());
    assert_eq!(body(head), "");
    assert!(
        pages
            .respond(Legal::Imprint, &asking(&Method::GET, &[]))
            .is_none()
    );
}

#[test]
fn a_text_in_one_language_answers_for_all() {
    let mut site = site(BrandSpec::default());
    let german = text(None, "<p>x</p>");
    site.own.imprint.by_language.insert(Language::De, german);
    let pages = LegalPages::build(&site).unwrap();
    let to = asking(&Method::GET, &[(header::ACCEPT_LANGUAGE, "en")]);
    let answer = pages.respond(Legal::Imprint, &to).unwrap();
    assert_eq!(answer.headers()[header::CONTENT_LANGUAGE], "de");
    assert_eq!(legal_links(&site), (true, false));
}
