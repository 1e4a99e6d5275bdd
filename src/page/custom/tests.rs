//! Templates, good and bad ones.

use super::*;
use crate::{
    config::{
        Flags, from_flags,
        spec::{ActionSpec, BrandSpec, Language, PageTextSpec, TemplateSpec},
    },
    page::submission::Submission,
};

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

fn florist() -> BrandSpec {
    BrandSpec {
        name: "Blumen Krause".to_owned(),
        phone: Some("+49 30 1234".to_owned()),
        email: Some("hallo@blumen.example".to_owned()),
        chat: Some("https://chat.example/".to_owned()),
        ..BrandSpec::default()
    }
}

fn with(text: &str, files: &[&str], brand: BrandSpec) -> SiteSpec {
    let mut site = site(brand);
    site.own.page = Some(OwnPage::Template(TemplateSpec {
        file: "sites/page.html".to_owned(),
        text: text.to_owned(),
        files: files.iter().map(|file| (*file).to_owned()).collect(),
    }));
    site
}

fn key(cause: Cause, submission: Submission) -> PageKey {
    PageKey::all(&Language::ALL)
        .find(|key| key.cause == cause && key.submission == submission)
        .expect("there is such a page")
}

fn made(text: &str, key: PageKey) -> String {
    let site = with(text, &["<style>a{}</style>"], florist());
    let custom = Custom::new(&site).expect("a renderer").expect("a template");
    custom.own_page(key).expect("a page").text
}

fn outage() -> PageKey {
    key(Cause::Outage, Submission::Nothing)
}

#[test]
fn every_documented_variable_prints() {
    let document = include_str!("../../../docs/pages.md");
    let names: Vec<&str> = document
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        let list = name.strip_suffix("[]");
        let template = match list {
            Some(list) => format!("{{% for x in {list} %}}{{{{ x }}}}{{% endfor %}}"),
            None => format!("{{{{ {name} }}}}"),
        };
        let mut site = with(&template, &[], florist());
        let action = ActionSpec {
            text: "Order by phone".to_owned(),
            url: None,
            code: Some("SUMMER".to_owned()),
        };
        let texts = PageTextSpec {
            action: Some(action),
            ..PageTextSpec::default()
        };
        site.pages.insert(Language::De, texts.clone());
        site.pages.insert(Language::En, texts);
        // What is said of something sent is there only where something was.
        let key = key(Cause::Outage, Submission::Unknown);
        let text = Custom::new(&site)
            .expect("a renderer")
            .expect("a template")
            .own_page(key);
        assert!(
            text.is_ok(),
            "{name}: {text:?}",
            text = text.map(|html| html.text)
        );
    }
}

#[test]
fn the_owners_words_are_escaped_and_files_and_the_return_bar_are_not() {
    let brand = BrandSpec {
        name: "<script>alert(1)</script>".to_owned(),
        ..BrandSpec::default()
    };
    let site = with(
        "<h1 title=\"{{ brand.name }}\">{{ brand.name }}</h1>{{ _files[0] }}{{ return_bar }}",
        &["<style>a{}</style>"],
        brand,
    );
    let html = Custom::new(&site)
        .expect("a renderer")
        .expect("a template")
        .own_page(outage());
    let html = html.expect("a page");
    assert!(!html.text.contains("<script>alert"), "{}", html.text);
    assert!(html.text.contains("<style>a{}</style>"), "{}", html.text);
    assert!(
        html.text.contains("<a class=\"button\" href=\"\">"),
        "{}",
        html.text
    );
    assert!(
        html.policy.contains("style-src 'sha256-"),
        "{}",
        html.policy
    );
}

#[test]
fn pages_differ_by_cause_and_by_what_was_sent() {
    let text = "{{ cause }} {{ headline }} {{ notice.fact if notice else '-' }}{{ return_bar }}";
    let busy = made(text, key(Cause::Busy, Submission::Nothing));
    assert!(
        busy.starts_with("busy ") && busy.contains("<a class=\"button\" href=\"\">"),
        "{busy}"
    );
    let sent = made(text, key(Cause::Outage, Submission::Unknown));
    assert!(
        sent.starts_with("outage ") && !sent.contains("<a "),
        "{sent}"
    );
}

#[test]
fn what_is_wrong_with_a_template_is_said_once_with_its_line() {
    for (text, line, words) in [
        ("a\n{{ nothing }}", Some(2), "undefined"),
        ("a\nb\n{{ brand.nothing }}", Some(3), "undefined"),
        (
            "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
            Some(1),
            "fuel",
        ),
        (
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            Some(1),
            "recursion",
        ),
        (
            "{{ '<img src=https://cdn.example/a.png>'|safe }}",
            None,
            "cdn.example",
        ),
        ("{{ headline + 1 }}", Some(1), ""),
    ] {
        let found = complaints(&with(text, &[], florist()));
        let first = found.first().unwrap_or_else(|| panic!("{text} is wrong"));
        assert_eq!(first.line, line, "{text}: {first:?}");
        assert!(first.problem.contains(words), "{text}: {first:?}");
    }
    let often = complaints(&with("{{ nothing }}", &[], florist()));
    assert_eq!(often.len(), 1);
    let long = "{% for a in range(60) %}{{ _files[0] }}{% endfor %}";
    let file = "x".repeat(100 * 1024);
    let found = complaints(&with(long, &[&file], florist()));
    assert!(found[0].problem.contains("4 MiB"), "{found:?}");
}

#[test]
fn a_template_that_fails_gives_way_to_the_built_in_page() {
    let site = with("{{ nothing }}", &[], florist());
    let custom = Custom::new(&site).expect("a renderer").expect("a template");
    let page = custom.page(outage()).expect("a page");
    assert!(page.text.contains("Blumen Krause") && page.text.contains("<main"));
}

#[test]
fn a_good_template_has_no_complaints() {
    let text = "<!doctype html><html lang=\"{{ language }}\"><title>{{ headline }}</title>\
                {% if brand.logo %}<img src=\"{{ brand.logo }}\" alt=\"\">{% endif %}\
                {% for paragraph in paragraphs %}<p>{{ paragraph }}</p>{% endfor %}";
    for brand in [florist(), BrandSpec::default()] {
        assert_eq!(complaints(&with(text, &[], brand)), []);
    }
}
