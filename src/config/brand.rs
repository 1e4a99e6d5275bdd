//! `[brand]` and `[page.LANG]`: whose page it is and what it says.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{
    fault::Fault,
    names,
    problem::Problem,
    reader::{Table, Value},
    source::{ReadError, read_file},
    spec::{BrandSpec, Color, Language, LinkSpec, LogoSpec, PageTextSpec},
};

/// More would not be a logo.
const LOGO_LIMIT: u64 = 512 * 1024;
/// Beyond this the page is mostly logo, and slow to arrive on the networks of an outage.
const LOGO_COMFORT: usize = 32 * 1024;
/// Names of sites and links.
pub(super) const LONGEST_NAME: usize = 100;
const LONGEST_HEADLINE: usize = 200;
const LONGEST_MESSAGE: usize = 2000;
const MOST_LINKS: usize = 10;

/// The languages with built-in texts.
pub(super) const LANGUAGES: [(&str, Language); 2] = [("de", Language::De), ("en", Language::En)];

/// Reads `[brand]`.
pub(super) fn brand(brand: &Table<'_>) -> BrandSpec {
    let name = brand.get("name").and_then(|name| name.words(LONGEST_NAME));
    BrandSpec {
        name: name.unwrap_or_default(),
        logo: brand.get("logo").and_then(|file| logo(&file)),
        color: brand
            .get("color")
            .and_then(|text| text.read("a colour such as \"#0a7a5c\"", color)),
        phone: brand
            .get("phone")
            .and_then(|text| text.read("a number", phone)),
        email: brand
            .get("email")
            .and_then(|text| text.read("a mail address", email)),
        links: brand
            .get("links")
            .map(|list| links(&list))
            .unwrap_or_default(),
    }
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
    let Some((_, language)) = LANGUAGES.iter().find(|(known, _)| *known == tag) else {
        let primary = tag
            .split(['-', '_'])
            .next()
            .unwrap_or_default()
            .to_lowercase();
        let way_out = match LANGUAGES.iter().find(|(known, _)| *known == primary) {
            Some((known, _)) => format!("write [page.{known}]"),
            None => "use [page.de] or [page.en]".to_owned(),
        };
        let problem = format!("`{tag}` is not a language that is built in");
        value
            .report()
            .add(Problem::new(value.path(), problem, way_out).at(value.spot()));
        return None;
    };
    let text = value.table();
    let words = |key: &str, longest| text.get(key).and_then(|value| value.words(longest));
    let headline = words("headline", LONGEST_HEADLINE);
    Some((
        *language,
        PageTextSpec {
            headline,
            message: words("message", LONGEST_MESSAGE),
        },
    ))
}

fn links(list: &Value<'_>) -> Vec<LinkSpec> {
    let items = list.list().unwrap_or_default();
    if items.len() > MOST_LINKS {
        list.reject(
            &format!("has {} entries", items.len()),
            &format!("keep at most {MOST_LINKS}: the page has to stay small"),
        );
    }
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

fn color(text: &str) -> Result<Color, Fault> {
    let fault = || {
        Fault::new(
            "is not a colour",
            "write it as \"#rrggbb\", for example \"#0a7a5c\"",
        )
    };
    let digits = text.strip_prefix('#').unwrap_or(text);
    let doubled: String = match digits.len() {
        3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
        _ => digits.to_owned(),
    };
    if doubled.len() != 6 || !doubled.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(fault());
    }
    if digits.len() == text.len() {
        return Err(fault().or_rather(format!("#{digits}")));
    }
    let part = |at| {
        doubled
            .get(at..at + 2)
            .and_then(|two| u8::from_str_radix(two, 16).ok())
    };
    match (part(0), part(2), part(4)) {
        (Some(r), Some(g), Some(b)) => Ok(Color { r, g, b }),
        _ => Err(fault()),
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

fn email(text: &str) -> Result<String, Fault> {
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

fn logo(file: &Value<'_>) -> Option<LogoSpec> {
    let path = file.file()?;
    let bytes = match read_file(&path, LOGO_LIMIT) {
        Ok(bytes) => bytes,
        Err(error) => {
            let way_out = match error {
                ReadError::TooLarge => "use a logo of at most 512 KiB, better below 10 KiB",
                _ => "paths start from the directory of this file; put the logo there",
            };
            file.reject(&format!("is no logo: it {error}"), way_out);
            return None;
        }
    };
    let Some(media_type) = media_type(&bytes) else {
        file.reject("is neither SVG, PNG nor WebP", "convert it, best to SVG");
        return None;
    };
    if bytes.len() > LOGO_COMFORT {
        let problem = format!("has {} KiB, and every page carries it", bytes.len() / 1024);
        let way_out = "use a smaller one, best below 10 KiB";
        file.report()
            .add(file.problem(&problem, way_out).into_warning());
    }
    Some(LogoSpec {
        media_type,
        bytes: Bytes::from(bytes),
    })
}

/// By what is in the file: endings lie.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some("image/png");
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some("image/webp");
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let is_markup = text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('<');
    (is_markup && text.contains("<svg") && !text.contains("<html")).then_some("image/svg+xml")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn colours_have_three_or_six_digits() {
        let green = Color {
            r: 0x0a,
            g: 0x7a,
            b: 0x5c,
        };
        assert_eq!(color("#0a7A5c").unwrap(), green);
        assert_eq!(
            color("#fb0").unwrap(),
            Color {
                r: 0xff,
                g: 0xbb,
                b: 0
            }
        );
        assert_eq!(
            color("0a7a5c").unwrap_err().better.as_deref(),
            Some("#0a7a5c")
        );
        for bad in [
            "", "#", "#12", "#12345", "#1234567", "#ggg", "green", "#+1+1+1", "#üb",
        ] {
            assert!(color(bad).is_err(), "{bad}");
        }
    }

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

    #[test]
    fn a_logos_type_is_what_its_bytes_say() {
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\n..."), Some("image/png"));
        assert_eq!(media_type(b"RIFF....WEBPVP8 "), Some("image/webp"));
        assert_eq!(media_type(b"<?xml?>\n<svg/>"), Some("image/svg+xml"));
        for bad in [
            &b"GIF89a"[..],
            b"",
            b"<html><svg>",
            b"\xff\xd8\xff\xe0",
            b"RIFF",
        ] {
            assert_eq!(media_type(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "#?\\PC*") {
            let _ = color(&text);
            let _ = phone(&text);
            let _ = email(&text);
            let _ = media_type(text.as_bytes());
        }
    }
}
