//! What an SVG may hold and what it may not.

use proptest::prelude::*;

use super::*;

fn svg(inner: &str) -> String {
    format!(
        "<svg xmlns=\"{SVG}\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" viewBox=\"0 0 9 9\">\n{inner}\n</svg>"
    )
}

#[test]
fn pictures_pass() {
    for picture in [
        "<path d=\"M0 0h9\" fill=\"url(#a)\" style=\"stroke:url('#b')\"/>",
        "<defs><g id=\"a\"/></defs><use href=\"#a\"/><use xlink:href=\"#a\"/>",
        "<style>.a{fill:#f00;font-family:\"x\"}</style><g class=\"a\"/>",
        "<image href=\"data:image/png;base64,AAAA\"/>",
        "<title>On sale</title><metadata><rdf xmlns=\"urn:x\" about=\"https://a.example\"/></metadata>",
        "<!-- a comment --><animate attributeName=\"opacity\" to=\"1\"/>",
    ] {
        assert_eq!(check(svg(picture).as_bytes()), Ok(()), "{picture}");
    }
}

#[test]
fn whatever_runs_or_reaches_outside_is_refused_with_its_line() {
    for (inner, reason) in [
        ("<script>alert(1)</script>", "line 2 of it is a <script>"),
        ("<g>\n<SCRIPT/></g>", "line 3 of it is a <SCRIPT>"),
        ("<foreignObject/>", "is a <foreignObject>"),
        (
            "<x:script xmlns:x=\"http://www.w3.org/1999/xhtml\"/>",
            "is a <script>",
        ),
        ("<iframe/>", "is a <iframe>"),
        ("<g onclick=\"x\"/>", "event handler `onclick`"),
        ("<g ONload=\"x\"/>", "event handler `ONload`"),
        (
            "<use href=\"https://a.example/b.svg#c\"/>",
            "refers to https://a.example/b.svg#c",
        ),
        ("<use xlink:href=\"other.svg#a\"/>", "refers to other.svg#a"),
        (
            "<image href=\"//a.example/x.png\"/>",
            "refers to //a.example/x.png",
        ),
        (
            "<image href=\"data:image/svg+xml,x\"/>",
            "refers to data:image/svg+xml,x",
        ),
        (
            "<a href=\"javascript:alert(1)\"/>",
            "refers to javascript:alert(1)",
        ),
        (
            "<g fill=\"url(https://a.example/#b)\"/>",
            "refers to https://a.example/#b",
        ),
        ("<g style=\"fill:URL( 'x.svg#a' )\"/>", "refers to x.svg#a"),
        (
            "<style>@import 'https://a.example'</style>",
            "imports a style sheet",
        ),
        (
            "<style>g{fill:u\\72l(https://a.example)}</style>",
            "has an escape in a style",
        ),
        (
            "<style><![CDATA[g{fill:url(//a.example)}]]></style>",
            "refers to //a.example",
        ),
        (
            "<g style=\"background:image-set('a.png' 1x)\"/>",
            "loads an image in a style",
        ),
        (
            "<set attributeName=\"href\" to=\"https://a.example\"/>",
            "change `href`",
        ),
        (
            "<animate attributeName=\"xlink:href\"/>",
            "change `xlink:href`",
        ),
        (
            "<set attributeName=\"onclick\" to=\"x\"/>",
            "change `onclick`",
        ),
        ("<g xml:base=\"https://a.example/\"/>", "has an xml:base"),
        (
            "<?xml-stylesheet href=\"a.css\"?>",
            "is a processing instruction",
        ),
    ] {
        let fault = check(svg(inner).as_bytes()).expect_err(inner);
        assert!(fault.problem.contains(reason), "{inner}: {}", fault.problem);
    }
}

#[test]
fn files_that_are_no_svg_or_define_entities_are_refused() {
    let entity = format!("<!DOCTYPE svg [<!ENTITY a \"b\">]><svg xmlns=\"{SVG}\">&a;</svg>");
    let many = svg(&"<g/>".repeat(60_000));
    for (file, reason) in [
        (entity.as_bytes(), "<!DOCTYPE>"),
        (b"<svg/>".as_slice(), "browsers do not recognise"),
        (
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"><g></svg>",
            "broken SVG",
        ),
        (b"", "broken SVG"),
        (b"<svg>\xff</svg>", "not UTF-8"),
        (many.as_bytes(), "more than 50000 elements"),
    ] {
        let fault = check(file).expect_err(reason);
        assert!(
            fault.problem.contains(reason),
            "{reason}: {}",
            fault.problem
        );
    }
}

#[test]
fn deep_nesting_is_read_or_refused_but_never_too_much() {
    let deep = svg(&("<g>".repeat(40_000) + "</g>".repeat(40_000).as_str()));
    let _ = check(deep.as_bytes());
}

proptest! {
    #[test]
    fn no_text_panics(inner in "[<>/a-z\"'=&; !\\[\\]-]{0,60}") {
        let _ = check(inner.as_bytes());
        let _ = check(svg(&inner).as_bytes());
    }
}
