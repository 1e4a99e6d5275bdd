//! The owner's name, logo, contacts and links in the form the page's template takes them. The
//! template escapes text; addresses are made safe here.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::config::spec::{BrandSpec, LinkSpec, LogoSpec};

/// The link schemes that may stand on the page.
const SCHEMES: [&str; 4] = ["https:", "http:", "tel:", "mailto:"];

/// What the template shows of a brand.
pub(super) struct Brand {
    /// Empty: none.
    pub name: String,
    /// A `data:` URL.
    pub logo: Option<String>,
    /// A `data:` URL, for the dark scheme.
    pub logo_dark: Option<String>,
    /// A `data:` URL.
    pub favicon: Option<String>,
    /// The number.
    pub phone: Option<Contact>,
    /// The address.
    pub email: Option<Contact>,
    /// Where it opens, and on which host.
    pub chat: Option<Contact>,
    /// In lines.
    pub address: Vec<String>,
    /// In lines.
    pub hours: Vec<String>,
    /// Where it is.
    pub status_page: Option<String>,
    /// Those whose scheme is safe.
    pub links: Vec<LinkSpec>,
    /// Those whose scheme is safe.
    pub social: Vec<LinkSpec>,
}

/// A way to reach the owner.
pub(super) struct Contact {
    /// As people read it.
    pub text: String,
    /// As programs take it.
    pub url: String,
}

impl Brand {
    pub(super) fn new(spec: &BrandSpec) -> Self {
        Self {
            name: spec.name.trim().to_owned(),
            logo: spec.logo.as_ref().map(data_url),
            logo_dark: spec.logo_dark.as_ref().map(data_url),
            favicon: spec.favicon.as_ref().map(data_url),
            phone: written(spec.phone.as_deref()).map(phone),
            email: written(spec.email.as_deref()).map(email),
            chat: safe(spec.chat.as_ref()).map(|url| chat(&url)),
            address: lines(spec.address.as_deref().unwrap_or_default()),
            hours: lines(spec.hours.as_deref().unwrap_or_default()),
            status_page: safe(spec.status_page.as_ref()),
            links: safe_links(&spec.links),
            social: safe_links(&spec.social),
        }
    }

    /// Whether there is any way to reach the owner, hours aside.
    pub(super) const fn has_contact(&self) -> bool {
        self.phone.is_some()
            || self.email.is_some()
            || self.chat.is_some()
            || !self.address.is_empty()
    }

    /// Whether there is anywhere to go.
    pub(super) const fn has_links(&self) -> bool {
        self.status_page.is_some() || !self.links.is_empty() || !self.social.is_empty()
    }
}

/// Those lines of a text that say something.
pub(super) fn lines(text: &str) -> Vec<String> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn safe(url: Option<&String>) -> Option<String> {
    url.filter(|url| is_safe(url)).cloned()
}

fn safe_links(links: &[LinkSpec]) -> Vec<LinkSpec> {
    links
        .iter()
        .filter(|link| is_safe(&link.url))
        .cloned()
        .collect()
}

fn data_url(logo: &LogoSpec) -> String {
    format!(
        "data:{};base64,{}",
        logo.media_type,
        STANDARD.encode(&logo.bytes)
    )
}

fn written(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn phone(text: &str) -> Contact {
    // In "+49 (0)30 1234" the bracketed zero is for callers from within the country only.
    let international = if text.starts_with('+') {
        text.replace("(0)", "")
    } else {
        text.to_owned()
    };
    let dialled = international
        .chars()
        .filter(|char| char.is_ascii_digit() || *char == '+');
    Contact {
        url: format!("tel:{}", dialled.collect::<String>()),
        text: text.to_owned(),
    }
}

fn email(text: &str) -> Contact {
    let mut url = "mailto:".to_owned();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"@.-_+~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            write!(url, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    Contact {
        text: text.to_owned(),
        url,
    }
}

fn chat(url: &str) -> Contact {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split(['/', '?', '#']).next().unwrap_or(host);
    Contact {
        text: host.trim_start_matches("www.").to_owned(),
        url: url.to_owned(),
    }
}

/// Whether a link may stand on the page.
pub(super) fn is_safe(url: &str) -> bool {
    SCHEMES.iter().any(|scheme| {
        url.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telephone_numbers_lose_what_is_only_for_the_eye() {
        assert_eq!(phone("+49 (0)30 12 34-56").url, "tel:+4930123456");
        assert_eq!(phone("(030) 1234 / 56").url, "tel:030123456");
    }

    #[test]
    fn mail_addresses_cannot_carry_fields_of_a_message() {
        assert_eq!(
            email("hallo@blumen.example").url,
            "mailto:hallo@blumen.example"
        );
        assert_eq!(email("a?bcc=b@c").url, "mailto:a%3Fbcc%3Db@c");
    }

    #[test]
    fn a_chat_is_named_by_its_host() {
        assert_eq!(chat("https://www.chat.example/a?b#c").text, "chat.example");
    }

    #[test]
    fn links_with_other_schemes_are_left_out() {
        for url in [
            "javascript:alert(1)",
            "data:text/html,x",
            "/relative",
            "",
            " https://x",
            "ß",
        ] {
            assert!(!is_safe(url), "{url}");
        }
        assert!(is_safe("HTTPS://status.example"));
    }
}
