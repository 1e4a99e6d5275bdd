//! `[brand]` and `[page.LANG]`: whose page it is and what it says.

use std::collections::BTreeMap;

use super::{
    fault::Fault,
    image, language, look, names,
    reader::{Table, Value},
    spec::{ActionSpec, BrandSpec, CauseTextSpec, Language, LinkSpec, PageTextSpec, Tone},
};

/// Names of sites and links.
pub(super) const LONGEST_NAME: usize = 100;
const LONGEST_HEADLINE: usize = 200;
const LONGEST_MESSAGE: usize = 2000;
/// Addresses, opening hours, single things that still work.
const LONGEST_NOTE: usize = 300;
const LONGEST_CODE: usize = 40;
const MOST_LINKS: usize = 10;

const TONES: [(&str, Tone); 2] = [("formal", Tone::Formal), ("friendly", Tone::Friendly)];

/// Reads `[brand]`.
pub(super) fn brand(brand: &Table<'_>) -> BrandSpec {
    let note = |key: &str| brand.get(key).and_then(|text| text.words(LONGEST_NOTE));
    let web = |key: &str| brand.get(key)?.read("a URL", names::web_link);
    let list = |key: &str| brand.get(key).map_or_else(Vec::new, |list| links(&list));
    let name = brand.get("name").and_then(|name| name.words(LONGEST_NAME));
    let tone = brand.get("tone").and_then(|tone| tone.choice(&TONES));
    let contacts = BrandSpec {
        name: name.unwrap_or_default(),
        tone: tone.unwrap_or_default(),
        logo: brand.get("logo").and_then(|file| image::logo(&file)),
        logo_dark: brand.get("logo_dark").and_then(|file| image::logo(&file)),
        favicon: brand.get("favicon").and_then(|file| image::favicon(&file)),
        phone: brand
            .get("phone")
            .and_then(|text| text.read("a number", phone)),
        email: brand
            .get("email")
            .and_then(|text| text.read("a mail address", email)),
        chat: web("chat"),
        address: note("address"),
        hours: note("hours"),
        status_page: web("status_page"),
        links: list("links"),
        social: list("social"),
        ..BrandSpec::default()
    };
    look::with_look(brand, contacts)
}

/// Reads the tables below `[page]`.
pub(super) fn pages(pages: &Table<'_>) -> BTreeMap<Language, PageTextSpec> {
    pages
        .iter()
        .filter(|(tag, _)| *tag != "variant")
        .filter_map(|(tag, value)| page(tag, &value))
        .collect()
}

/// Reads one of them.
pub(super) fn page(tag: &str, value: &Value<'_>) -> Option<(Language, PageTextSpec)> {
    let language = language::of_page(tag, value)?;
    Some((language, texts(&value.table())))
}

/// The owner's words in one language.
fn texts(text: &Table<'_>) -> PageTextSpec {
    let words = |key: &str, longest| text.get(key).and_then(|value| value.words(longest));
    PageTextSpec {
        outage: cause_texts(text),
        maintenance: cause_texts(&text.table("maintenance")),
        busy: cause_texts(&text.table("busy")),
        still_works: text
            .get("still_works")
            .map_or_else(Vec::new, |list| notes(&list)),
        eta: words("eta", LONGEST_NOTE),
        action: text.get("action").and_then(|value| action(&value)),
        hours: words("hours", LONGEST_NOTE),
    }
}

/// What is said about one cause.
fn cause_texts(text: &Table<'_>) -> CauseTextSpec {
    let words = |key: &str, longest| text.get(key).and_then(|value| value.words(longest));
    CauseTextSpec {
        headline: words("headline", LONGEST_HEADLINE),
        message: words("message", LONGEST_MESSAGE),
    }
}

fn notes(list: &Value<'_>) -> Vec<String> {
    let items = list
        .list_or_one("a text or a list of texts")
        .unwrap_or_default();
    refuse_more_than(MOST_LINKS, items.len(), list);
    items
        .iter()
        .filter_map(|item| item.words(LONGEST_NOTE))
        .collect()
}

fn action(value: &Value<'_>) -> Option<ActionSpec> {
    const WAY_OUT: &str = "write { text = \"To the summer sale\", url = \"https://sale.example\" }";
    let action = value.table_or("a table", WAY_OUT)?;
    let text = action
        .require("text", WAY_OUT)
        .and_then(|text| text.words(LONGEST_NAME));
    let [url, code] = ["url", "code"].map(|key| action.get(key));
    if url.is_none() && code.is_none() {
        value.reject(
            "leads nowhere: it has neither `url` nor `code`",
            "add url = \"https://...\", or code = \"...\" for a voucher",
        );
    }
    let url = url.and_then(|url| url.read("a URL", names::link));
    let code = code.and_then(|code| code.words(LONGEST_CODE));
    Some(ActionSpec {
        text: text?,
        url,
        code,
    })
}

fn refuse_more_than(most: usize, count: usize, list: &Value<'_>) {
    if count > most {
        list.reject(
            &format!("has {count} entries"),
            &format!("keep at most {most}: the page has to stay small"),
        );
    }
}

fn links(list: &Value<'_>) -> Vec<LinkSpec> {
    let items = list.list().unwrap_or_default();
    refuse_more_than(MOST_LINKS, items.len(), list);
    items.iter().filter_map(link).collect()
}

fn link(item: &Value<'_>) -> Option<LinkSpec> {
    const WAY_OUT: &str = "write { text = \"Status\", url = \"https://status.example\" }";
    let link = item.table_or("a table", WAY_OUT)?;
    let text = link
        .require("text", WAY_OUT)
        .and_then(|text| text.words(LONGEST_NAME));
    let url = link
        .require("url", WAY_OUT)
        .and_then(|url| url.read("a URL", names::link));
    Some(LinkSpec {
        text: text?,
        url: url?,
    })
}

/// A text for people: not empty, no control characters, not longer than fits on a page.
pub(super) fn words(text: &str, longest: usize) -> Result<String, Fault> {
    let length = text.chars().count();
    if text.trim().is_empty() {
        Err(Fault::new("is empty", "write some text, or leave it out"))
    } else if text.chars().any(|c| c.is_control() && c != '\n') {
        Err(Fault::new("has control characters in it", "leave them out"))
    } else if length > longest {
        let way_out = format!("use at most {longest}: the page has to stay small");
        Err(Fault::new(format!("has {length} characters"), way_out))
    } else {
        Ok(text.trim().to_owned())
    }
}

fn phone(text: &str) -> Result<String, Fault> {
    let text = text.trim();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let is_usual = text
        .chars()
        .all(|c| c.is_ascii_digit() || "+-()/. ".contains(c));
    if (2..=30).contains(&digits) && is_usual {
        return Ok(text.to_owned());
    }
    let way_out = "write digits, spaces and + - ( ) / . only, for example \"+49 30 1234567\"";
    Err(Fault::new("is not a telephone number", way_out))
}

pub(super) fn email(text: &str) -> Result<String, Fault> {
    let text = text.trim();
    let is_clean = |c: char| !c.is_whitespace() && !c.is_control() && !"<>\"@,;?&".contains(c);
    let whole = text.split_once('@').filter(|(user, host)| {
        !user.is_empty()
            && host.contains('.')
            && !host.starts_with('.')
            && !host.ends_with('.')
            && user.chars().chain(host.chars()).all(is_clean)
    });
    match whole {
        Some(_) if text.len() <= 254 => Ok(text.to_owned()),
        _ => Err(Fault::new(
            "is not a mail address",
            "write for example \"us@shop.example\"",
        )),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn telephone_numbers_and_mail_addresses_are_told_from_other_text() {
        assert_eq!(phone("+49 (30) 12/34-56.7").unwrap(), "+49 (30) 12/34-56.7");
        assert_eq!(email("us@shop.example").unwrap(), "us@shop.example");
        for bad in ["", "call us", "1", "+49;ext=1"] {
            assert!(phone(bad).is_err(), "{bad}");
        }
        for bad in [
            "",
            "us",
            "@shop.example",
            "us@shop",
            "a b@c.d",
            "a@b@c.d",
            "a@b.c?cc=d@e.f",
        ] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "#?\\PC*") {
            let _ = phone(&text);
            let _ = email(&text);
        }
    }
}
