//! What is made when, what is shared, and what happens where there is no room.

use super::*;
use crate::config::spec::{CauseTextSpec, Moment, VariantSpec};

const BUSY: Failure = Failure::Overloaded;

fn in_coding(method: &str, language: &str, coding: &str) -> Preferences {
    let fields = [("accept-language", language), ("accept-encoding", coding)];
    request(method, "/", &fields)
}

fn sent(pages: &Pages, failure: Failure, to: &Preferences) -> Bytes {
    body(respond(pages, failure, to))
}

fn spec() -> Arc<SiteSpec> {
    let mut spec = site(florist());
    spec.pages.insert(Language::De, PageTextSpec::default());
    Arc::new(spec)
}

#[test]
fn pages_of_an_outage_in_the_sites_languages_are_made_at_load_and_no_others() {
    let shelf = Arc::default();
    let pages = Pages::new(&spec(), &shelf).unwrap();
    for language in ["en", "de"] {
        sent(&pages, REFUSED, &in_coding("GET", language, "br"));
    }
    assert_eq!(shelf.used(), 0);
    sent(&pages, BUSY, &in_coding("GET", "de", "br"));
    let used = shelf.used();
    assert!(used > 0);
    sent(&pages, BUSY, &in_coding("GET", "de", "br"));
    assert_eq!(shelf.used(), used, "it is made once");
    drop(pages);
    assert_eq!(shelf.used(), 0, "what it took is given back");
}

#[test]
fn pages_that_are_equal_are_shared_between_sites() {
    let shelf = Arc::default();
    let build = |spec: SiteSpec| Pages::new(&Arc::new(spec), &shelf).unwrap();
    let mut other = SiteSpec::clone(&spec());
    other.name = "other".to_owned();
    let mut different = other.clone();
    different.brand.name = "Another".to_owned();
    let (one, other, different) = (
        build(SiteSpec::clone(&spec())),
        build(other),
        build(different),
    );
    for (failure, method) in [(REFUSED, "GET"), (BUSY, "GET"), (REFUSED, "POST")] {
        for coding in ["br", "gzip", "identity"] {
            let to = in_coding(method, "en", coding);
            let page = |pages| sent(pages, failure, &to).as_ptr();
            assert_eq!(page(&one), page(&other), "{failure:?} {method} {coding}");
            assert_ne!(page(&one), page(&different));
        }
    }
}

#[test]
fn without_room_people_get_the_page_that_is_there_and_who_sent_something_gets_text() {
    let pages = Pages::new(&spec(), &Arc::new(Shelf::with_budget(0))).unwrap();
    for coding in ["br", "gzip", "identity"] {
        let usual = sent(&pages, REFUSED, &in_coding("GET", "en", coding));
        let to = in_coding("GET", "de", coding);
        assert_eq!(sent(&pages, BUSY, &to), usual, "{coding}");
        assert_ne!(
            sent(&pages, REFUSED, &to),
            usual,
            "German is there: {coding}"
        );
        let posted = respond(&pages, REFUSED, &in_coding("POST", "en", coding));
        assert_eq!(
            posted.headers()["content-type"],
            "text/plain; charset=utf-8"
        );
        assert_eq!(posted.status(), 503);
        assert!(text(posted).contains("Your request was not processed."));
    }
}

#[test]
fn a_change_that_no_page_shows_keeps_the_pages() {
    let spec = spec();
    let pages = Pages::build(&spec).unwrap();
    let mut changed = SiteSpec::clone(&spec);
    changed.hosts = Vec::new();
    changed.maintenance.on = true;
    changed.retry_after.start = Duration::from_secs(1);
    assert!(pages.fit(&changed));
    changed.pages.insert(Language::En, PageTextSpec::default());
    assert!(!pages.fit(&changed));
    changed = SiteSpec::clone(&spec);
    changed.brand.name = "Renamed".to_owned();
    assert!(!pages.fit(&changed));
}

#[test]
fn every_page_there_can_be_is_one_that_can_be_made() {
    let mut spec = SiteSpec::clone(&spec());
    spec.variants = vec![VariantSpec::default()];
    let source = Source::new(Arc::new(spec.clone()));
    let mut count = 0;
    for key in PageKey::of(&spec) {
        assert!(
            source.page(key).unwrap().text.contains("</html>"),
            "{key:?}"
        );
        count += 1;
    }
    assert_eq!(count, spec.fallback.languages.len() * 3 * 3 * 2);
}

#[test]
fn each_cause_has_its_own_words_and_planned_maintenance_its_end() {
    let pages = Pages::build(&spec()).unwrap();
    let until = Moment {
        at: "2026-12-01T21:00:00Z".parse().unwrap(),
        offset: jiff::tz::offset(1),
    };
    let planned = Failure::Maintenance(Window { until: Some(until) });
    let unplanned = Failure::Maintenance(Window { until: None });
    let page = |failure| {
        let page = sent(&pages, failure, &in_coding("GET", "en", "identity"));
        String::from_utf8(page.into()).unwrap()
    };
    let words = crate::page::language::words_in(Language::En, crate::config::spec::Tone::Formal);
    assert!(page(REFUSED).contains(words.outage.headline));
    assert!(page(BUSY).contains(words.busy.headline));
    assert!(page(unplanned).contains(words.maintenance.headline));
    assert!(!page(unplanned).contains("<time"));
    let page = page(planned);
    assert!(page.contains(words.maintenance.headline));
    assert!(page.contains(
        "<time datetime=\"2026-12-01T22:00:00+01:00\">2026-12-01 22:00 (UTC+01:00)</time>"
    ));
}

#[test]
fn what_the_owner_says_of_one_cause_is_not_said_of_another() {
    let words = |headline: &str| CauseTextSpec {
        headline: Some(headline.to_owned()),
        message: None,
    };
    let mut spec = site(florist());
    let mut own = PageTextSpec {
        outage: words("Back in a moment"),
        maintenance: words("We are rebuilding"),
        eta: Some("around three".to_owned()),
        ..PageTextSpec::default()
    };
    spec.pages = [(Language::En, own.clone())].into();
    let built_in = crate::page::language::words(Language::En).busy.headline;
    let page = |spec: &SiteSpec, failure| {
        let pages = Pages::build(spec).unwrap();
        text(respond(&pages, failure, &request("GET", "/", &[])))
    };
    let maintenance = Failure::Maintenance(Window { until: None });
    for (failure, headline) in [
        (REFUSED, "Back in a moment"),
        (maintenance, "We are rebuilding"),
        (BUSY, built_in),
    ] {
        let page = page(&spec, failure);
        assert!(page.contains(&format!("<h1>{headline}</h1>")), "{page}");
        assert_eq!(page.contains("around three"), failure == REFUSED);
    }
    own.busy = words("What a rush");
    spec.pages = [(Language::En, own)].into();
    assert!(page(&spec, BUSY).contains("<h1>What a rush</h1>"));
}

#[test]
fn a_variant_is_shown_to_those_it_is_for_and_says_nothing_they_sent() {
    let mut spec = site(florist());
    let texts = |headline: &str, message: Option<&str>| {
        let text = PageTextSpec {
            outage: CauseTextSpec {
                headline: Some(headline.to_owned()),
                message: message.map(str::to_owned),
            },
            ..PageTextSpec::default()
        };
        [(Language::En, text)].into()
    };
    spec.pages = texts("Usual", None);
    spec.variants = vec![VariantSpec {
        campaigns: vec!["winter".to_owned()],
        texts: texts("The sale goes on", Some("Until Sunday.")),
        ..VariantSpec::default()
    }];
    let pages = Pages::build(&spec).unwrap();
    let page = |target| text(respond(&pages, REFUSED, &request("GET", target, &[])));
    let winter = page("/?utm_campaign=winter&utm_source=evil%3Cb%3E");
    assert!(winter.contains("<h1>The sale goes on</h1>") && winter.contains("Until Sunday."));
    assert!(!winter.contains("evil") && !winter.contains("winter"));
    assert!(page("/?utm_campaign=spring").contains("<h1>Usual</h1>"));
}
