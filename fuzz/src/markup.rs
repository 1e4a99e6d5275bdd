//! A page of somebody's site, and after a NUL a style sheet that it may refer to as `a.css`.

use intermission::markup::{
    css::references,
    html::{language, scan},
    policy::{PolicyError, policy},
    snapshot::{File, Files, bundle},
};

/// The script with nothing in it, which is what is left of one.
const EMPTY: &str = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";

/// Whatever a page is, what is made of it loads nothing and runs nothing.
pub fn check(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let html = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let css = parts.next().unwrap_or_default();
    for found in scan(&html) {
        assert!(
            html.get(found.at.clone()).is_some(),
            "{found:?} is not between characters"
        );
    }
    let sheet = String::from_utf8_lossy(css);
    for reference in references(&sheet) {
        assert!(sheet.get(reference.at.clone()).is_some(), "{reference:?}");
    }
    if let Some(language) = language(&html) {
        assert!(
            language
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-')
        );
    }
    drop(policy(&html));
    let file = |media_type: Option<&str>, bytes: &[u8]| {
        Some(File {
            media_type: media_type.map(str::to_owned),
            bytes: bytes.to_owned(),
        })
    };
    let files = Files::from([
        ("a.css".to_owned(), file(None, css)),
        ("a.png".to_owned(), file(Some("image/png"), b"\x89PNG")),
        ("none.png".to_owned(), None),
    ]);
    let bundled = bundle(&html, ("shop.example", "/page.html"), &files);
    assert!(
        bundled.html.len() < 8 << 20,
        "a page grows beyond what is allowed"
    );
    match policy(&bundled.html) {
        Ok(policy) => assert!(scripts(&policy).all(|script| script == EMPTY), "{policy}"),
        Err(PolicyError::TooLong) => {}
        // It refers to files that are not known of yet, or was made to outwit us: never shown.
        Err(PolicyError::Loads(_) | PolicyError::Barred(_)) => {}
    }
}

/// What a policy lets run.
fn scripts(policy: &str) -> impl Iterator<Item = &str> {
    let directives = policy
        .split("; ")
        .filter_map(|it| it.strip_prefix("script-src "));
    directives.flat_map(|sources| sources.split(' '))
}
