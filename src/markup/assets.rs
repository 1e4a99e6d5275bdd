//! Files that become part of a page.

use base64::{Engine, engine::general_purpose::STANDARD};

/// The media type of a file that a page may contain, by the end of its name; `None` for others.
#[must_use]
pub fn media_type(path: &str) -> Option<&'static str> {
    let path = path.split('?').next().unwrap_or_default();
    let ending = path.rsplit_once('.')?.1.to_ascii_lowercase();
    Some(match ending.as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "svg" => "image/svg+xml",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        _ => return None,
    })
}

/// A `data:` URL (RFC 2397), safe in attributes and in CSS.
#[must_use]
pub fn data_url(media_type: &str, bytes: &[u8]) -> String {
    format!("data:{media_type};base64,{}", STANDARD.encode(bytes))
}

/// A style sheet as an element: nothing in it can end the element.
#[must_use]
pub fn style_element(css: &str, media: Option<&str>) -> String {
    let plain = |media: &&str| {
        media
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || " -:(),.".contains(c))
    };
    let media = media
        .filter(plain)
        .map_or_else(String::new, |media| format!(" media=\"{media}\""));
    format!("<style{media}>{}</style>", css.replace("</", "<\\/"))
}

/// A script as an element, or nothing where it could be taken for the element's end. In strings
/// and regular expressions `<\/` means the same as `</`.
#[must_use]
pub fn script_element(script: &str, kind: Option<&str>) -> Option<String> {
    if script.contains("<!--") {
        return None;
    }
    let is_module = kind.is_some_and(|kind| kind.eq_ignore_ascii_case("module"));
    let kind = if is_module { " type=\"module\"" } else { "" };
    let script = script
        .replace("</script", "<\\/script")
        .replace("</SCRIPT", "<\\/SCRIPT");
    (!script.to_ascii_lowercase().contains("</script"))
        .then(|| format!("<script{kind}>{script}</script>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_file_ends_its_element() {
        assert_eq!(
            style_element("a{b:\"</style>\"}", Some("print")),
            "<style media=\"print\">a{b:\"<\\/style>\"}</style>"
        );
        assert_eq!(style_element("", Some("\"><x")), "<style></style>");
        let script = script_element("'</script>'", Some("module"));
        assert_eq!(
            script.as_deref(),
            Some("<script type=\"module\">'<\\/script>'</script>")
        );
        assert_eq!(script_element("'<!--'", None), None);
        assert_eq!(script_element("'</ScRipt>'", None), None);
    }

    #[test]
    fn only_images_and_fonts_have_a_type() {
        assert_eq!(media_type("a/b.PNG?v=1"), Some("image/png"));
        assert_eq!(media_type("page.html"), None);
        assert_eq!(media_type("png"), None);
    }
}
