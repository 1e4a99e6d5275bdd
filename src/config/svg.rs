//! Whether an SVG may be inlined: it is a picture, whole in itself, and runs nothing.
//!
//! A browser runs nothing in an image and loads nothing for it. That is not relied upon: what
//! would only look different, or do something elsewhere, is refused with its line.

use roxmltree::{Attribute, Document, Node};

use super::fault::Fault;

/// Elements that run something or hold something that is no picture.
const REFUSED: [&str; 10] = [
    "script",
    "foreignObject",
    "iframe",
    "object",
    "embed",
    "audio",
    "video",
    "canvas",
    "handler",
    "listener",
];
const SVG: &str = "http://www.w3.org/2000/svg";
/// More elements would keep a telephone busy.
const MOST_NODES: u32 = 50_000;

/// Whether it is a picture, whole in itself.
pub(super) fn check(bytes: &[u8]) -> Result<(), Fault> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Fault::new("is an SVG that is not UTF-8", "save it as UTF-8"))?;
    let options = roxmltree::ParsingOptions {
        nodes_limit: MOST_NODES,
        ..roxmltree::ParsingOptions::default()
    };
    let document =
        Document::parse_with_options(text, options).map_err(|error| unreadable(&error))?;
    let root = document.root_element();
    if !root.has_tag_name((SVG, "svg")) {
        return Err(Fault::new(
            "is an SVG that browsers do not recognise",
            format!("let it begin with <svg xmlns=\"{SVG}\">"),
        ));
    }
    document.descendants().try_for_each(|node| {
        check_node(&node).map_err(|(what, way_out)| {
            let line = document.text_pos_at(node.range().start).row;
            Fault::new(format!("is refused: line {line} of it {what}"), way_out)
        })
    })
}

type Refusal = (String, &'static str);

fn unreadable(error: &roxmltree::Error) -> Fault {
    match error {
        roxmltree::Error::DtdDetected => Fault::new(
            "is refused: it has a <!DOCTYPE>, which can define entities",
            "remove the <!DOCTYPE ...> from it; browsers do not need it",
        ),
        roxmltree::Error::NodesLimitReached => Fault::new(
            format!("is refused: it has more than {MOST_NODES} elements"),
            "simplify the drawing",
        ),
        error => Fault::new(
            format!("is a broken SVG: {error}"),
            "export it again from the drawing program",
        ),
    }
}

fn check_node(node: &Node<'_, '_>) -> Result<(), Refusal> {
    const OUTSIDE: &str = "embed what it needs as data:image/png, or turn it into paths";
    if node.is_pi() {
        return Err(("is a processing instruction".to_owned(), "remove it"));
    }
    let name = node.tag_name().name();
    if REFUSED
        .iter()
        .any(|refused| name.eq_ignore_ascii_case(refused))
    {
        return Err((
            format!("is a <{name}>"),
            "export the logo as a plain picture",
        ));
    }
    for attribute in node.attributes() {
        check_attribute(name, &attribute)?;
    }
    let is_style = name.eq_ignore_ascii_case("style");
    let styles = node.children().filter(|child| is_style && child.is_text());
    for text in styles.filter_map(|child| child.text()) {
        check_style(text).map_err(|what| (what, OUTSIDE))?;
    }
    Ok(())
}

fn check_attribute(element: &str, attribute: &Attribute<'_, '_>) -> Result<(), Refusal> {
    const OUTSIDE: &str = "embed it as data:image/png, or point to an #id within the file";
    let (name, value) = (attribute.name(), attribute.value().trim());
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    let starts_with_on = |text: &str| {
        let start = text.get(..2);
        start.is_some_and(|start| start.eq_ignore_ascii_case("on"))
    };
    if starts_with_on(name) {
        return Err((format!("has the event handler `{name}`"), "remove it"));
    }
    if (is("href") || is("src")) && !is_inside(value) {
        let shown: String = value.chars().take(60).collect();
        return Err((format!("refers to {shown}"), OUTSIDE));
    }
    if is("base") && attribute.namespace().is_some() {
        return Err(("has an xml:base".to_owned(), "remove it"));
    }
    // An animation may set any attribute after all of this was looked at.
    if is("attributeName")
        && (starts_with_on(value) || value.to_ascii_lowercase().ends_with("href"))
    {
        return Err((
            format!("lets <{element}> change `{value}`"),
            "remove the animation",
        ));
    }
    check_style(value).map_err(|what| (what, OUTSIDE))
}

/// Any attribute may be a style: `fill="url(#a)"`.
fn check_style(style: &str) -> Result<(), String> {
    let style = style.to_ascii_lowercase();
    if style.contains("@import") {
        return Err("imports a style sheet".to_owned());
    }
    // An escape could spell any of the words looked for here.
    if style.contains('\\') && style.contains('(') {
        return Err("has an escape in a style".to_owned());
    }
    if style.contains("image-set(") || style.contains("src(") {
        return Err("loads an image in a style".to_owned());
    }
    let references = style.split("url(").skip(1);
    for reference in references {
        let reference = reference.trim_start().trim_start_matches(['"', '\'']);
        if !is_inside(reference.trim_start()) {
            let end = reference.find([')', '"', '\'']).unwrap_or(reference.len());
            let shown: String = reference.chars().take(end.min(60)).collect();
            return Err(format!("refers to {shown}"));
        }
    }
    Ok(())
}

/// Within the file, or a picture of pixels that is in it.
fn is_inside(reference: &str) -> bool {
    const PIXELS: [&str; 4] = ["png", "jpeg", "webp", "gif"];
    let reference = reference.to_ascii_lowercase();
    let pixels = reference.strip_prefix("data:image/");
    reference.starts_with('#')
        || pixels.is_some_and(|rest| PIXELS.iter().any(|kind| rest.starts_with(kind)))
}

#[cfg(test)]
mod tests;
