//! The owner's name, logo, contacts and links in the form the page's template takes them. The
//! template escapes text; addresses are made safe here.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::config::spec::{BrandSpec, LinkSpec, LogoSpec};

/// The link schemes that may stand on the page.
const SCHEMES: [&str; 4] = ["https:", "http:", "tel:", "mailto:"];

/// What the template shows of a brand.
pub(super) struct Brand<'a> {
    /// Empty: none.
    pub name: &'a str,
    /// A `data:` URL.
    pub logo: Option<String>,
    /// The number.
    pub phone: Option<Contact<'a>>,
    /// The address.
    pub email: Option<Contact<'a>>,
    /// Those whose scheme is safe.
    pub links: Vec<&'a LinkSpec>,
}

/// A telephone number or mail address.
pub(super) struct Contact<'a> {
    /// As the owner wrote it.
    pub text: &'a str,
    /// As programs take it.
    pub url: String,
}

impl<'a> Brand<'a> {
    pub(super) fn new(spec: &'a BrandSpec) -> Self {
        Self {
            name: spec.name.trim(),
            logo: spec.logo.as_ref().map(data_url),
            phone: written(spec.phone.as_deref()).map(phone),
            email: written(spec.email.as_deref()).map(email),
            links: spec
                .links
                .iter()
                .filter(|link| is_safe(&link.url))
                .collect(),
        }
    }
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

fn phone(text: &str) -> Contact<'_> {
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
        text,
        url: format!("tel:{}", dialled.collect::<String>()),
    }
}

fn email(text: &str) -> Contact<'_> {
    let mut url = "mailto:".to_owned();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"@.-_+~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            write!(url, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    Contact { text, url }
}

fn is_safe(url: &str) -> bool {
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
