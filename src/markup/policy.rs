//! The security policy of a page that is complete in itself: what is in it may run, and nothing
//! else is loaded from anywhere. Content Security Policy Level 3.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::{
    Target,
    html::{Found, What, scan},
    resolve,
};

/// Why there is no policy under which a page would work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It would load this.
    #[error("the page would load `{0}`")]
    Loads(String),
    /// It has what no page may have.
    #[error("the page has {0}")]
    Barred(&'static str),
    /// The value would be longer than clients accept in a field.
    #[error("the page has too many different styles and scripts for a security policy")]
    TooLong,
}

/// Longer fields are refused by proxies in between.
const LONGEST: usize = 6 * 1024;

/// The value of `Content-Security-Policy` for a page.
///
/// # Errors
/// When the page refers to anything outside of itself, or has what no page may have.
pub fn policy(html: &str) -> Result<String, PolicyError> {
    let (mut styles, mut scripts) = (BTreeSet::new(), BTreeSet::new());
    for Found { at, what } in scan(html) {
        let content = || hash(html.get(at.clone()).unwrap_or_default());
        match what {
            What::Style => drop(styles.insert(content())),
            What::Script => drop(scripts.insert(content())),
            What::StyleAttribute(value) => {
                styles.insert("'unsafe-hashes'".to_owned());
                styles.insert(hash(&value));
            }
            What::Image(url) | What::CssUrl(url) if resolve("", &url) == Target::Inside => {}
            What::Stylesheet(url, _)
            | What::ScriptFile(url, _)
            | What::Image(url)
            | What::CssUrl(url)
            | What::CssImport(url, _) => return Err(PolicyError::Loads(url)),
            What::Barred(why) => return Err(PolicyError::Barred(why.name())),
        }
    }
    let mut policy = "default-src 'none'; img-src data:; font-src data:".to_owned();
    add(&mut policy, "style-src", &styles);
    add(&mut policy, "script-src", &scripts);
    if !scripts.is_empty() {
        // To ask us whether the site is back.
        policy.push_str("; connect-src 'self'");
    }
    policy.push_str("; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    if policy.len() > LONGEST {
        return Err(PolicyError::TooLong);
    }
    Ok(policy)
}

fn add(policy: &mut String, directive: &str, sources: &BTreeSet<String>) {
    if !sources.is_empty() {
        policy.push_str("; ");
        policy.push_str(directive);
        for source in sources {
            policy.push(' ');
            policy.push_str(source);
        }
    }
}

/// Of the text as the browser sees it, which has no carriage returns.
fn hash(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    format!(
        "'sha256-{}'",
        STANDARD.encode(Sha256::digest(text.as_bytes()))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_without_styles_and_scripts_may_run_none() {
        assert_eq!(
            policy("<p>x").unwrap(),
            "default-src 'none'; img-src data:; font-src data:; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'"
        );
    }

    #[test]
    fn each_style_and_script_has_its_hash() {
        let policy = policy("<style>a{}</style><p style=\"b:c\"><script>1</script>").unwrap();
        for source in [
            // printf '%s' 'a{}' | openssl dgst -sha256 -binary | base64
            hash("a{}"),
            hash("b:c"),
            "script-src 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='".to_owned(),
            "'unsafe-hashes'".to_owned(),
            "connect-src 'self'".to_owned(),
        ] {
            assert!(policy.contains(&source), "{source} in {policy}");
        }
    }

    #[test]
    fn a_page_that_would_load_anything_has_no_policy() {
        for html in [
            "<img src=https://x/a.png>",
            "<link rel=stylesheet href=a.css>",
            "<style>@import 'a.css'</style>",
            "<p style='a:url(b.png)'>",
            "<script src=a.js></script>",
            "<p onclick=x()>",
        ] {
            assert!(policy(html).is_err(), "{html}");
        }
    }
}
