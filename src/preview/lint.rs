//! What could be better about a site's pages, beside what `check` says.

use serde::Serialize;

use super::{
    sample::{Kind, Sample, Sent, Why},
    site::{Shot, Shown},
};
use crate::{
    config::spec::{OwnPage, Palette},
    markup::policy::policy,
};

/// What arrives in the first round trip of a new connection: ten segments.
const BUDGET: usize = 14 * 1024;
/// The status line and what the connection adds.
const AROUND: usize = 150;

/// One finding.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// Whether something should be done.
    pub bad: bool,
    pub text: String,
}

fn good(text: impl Into<String>) -> Finding {
    let text = text.into();
    Finding { bad: false, text }
}

fn bad(text: impl Into<String>) -> Finding {
    let text = text.into();
    Finding { bad: true, text }
}

/// Everything found.
pub(super) fn lint(site: &Shown) -> Vec<Finding> {
    let mut found = vec![size(site)];
    found.extend(contrast(site));
    found.extend(languages(site));
    found.push(imprint(site));
    found.push(references(site));
    found
}

/// The usual page of each language.
fn usual(site: &Shown) -> impl Iterator<Item = Sample> {
    let (theme, languages) = (site.spec().brand.theme, &site.spec().fallback.languages);
    languages.iter().map(move |language| Sample {
        theme,
        language: *language,
        kind: Kind::Page,
        why: Why::Outage,
        sent: Sent::Nothing,
        words: None,
    })
}

fn size(site: &Shown) -> Finding {
    let bytes = |shot: Shot| {
        let fields = shot.head.iter();
        let head: usize = fields
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        head + shot.body.len() + AROUND
    };
    let sizes =
        usual(site).filter_map(|sample| Some((bytes(site.shot(&sample, "br")?), sample.language)));
    let Some((most, language)) = sizes.max_by_key(|(bytes, _)| *bytes) else {
        return bad("there is no page");
    };
    let (kib, tag) = (most.div_ceil(1024), language.tag());
    if most <= BUDGET {
        good(format!(
            "size: at most {kib} KiB with its fields, compressed (in {tag}); the budget is 14"
        ))
    } else {
        bad(format!(
            "size: {kib} KiB with its fields, compressed (in {tag}); more than 14 take another round trip"
        ))
    }
}

fn contrast(site: &Shown) -> Vec<Finding> {
    // Who brings a page brings its colours.
    if matches!(site.spec().own.page, Some(OwnPage::Template(_))) {
        return Vec::new();
    }
    let repairs = Palette::repairs(&site.spec().brand).map(|repair| {
        bad(format!(
            "contrast: {} as {} has {:.1}:1 and needs 4.5:1; {} is used instead",
            repair.key, repair.purpose, repair.ratio, repair.instead,
        ))
    });
    let found: Vec<_> = repairs.collect();
    if found.is_empty() {
        return vec![good("contrast: all colours can be read (WCAG 2.2 AA)")];
    }
    found
}

fn languages(site: &Shown) -> Option<Finding> {
    let spec = site.spec();
    if spec.pages.is_empty() {
        return Some(good("languages: built-in words in all"));
    }
    let without = spec
        .fallback
        .languages
        .iter()
        .filter(|language| !spec.pages.contains_key(language));
    let tags: Vec<_> = without.map(|language| language.tag()).collect();
    if tags.is_empty() {
        return Some(good("languages: words of yours in all"));
    }
    Some(bad(format!(
        "languages: no words of yours in {}; write them, or leave these out of fallback.languages",
        tags.join(", ")
    )))
}

fn imprint(site: &Shown) -> Finding {
    match (
        site.spec().own.imprint.is_there(),
        site.spec().own.privacy.is_there(),
    ) {
        (true, true) => good("legal: imprint and privacy notice"),
        (true, false) => bad("legal: no privacy notice (brand.privacy_file)"),
        (false, true) => bad("legal: no imprint (brand.imprint_file)"),
        (false, false) => {
            bad("legal: no imprint and no privacy notice (brand.imprint_file, brand.privacy_file)")
        }
    }
}

fn references(site: &Shown) -> Finding {
    for sample in usual(site) {
        let Some(shot) = site.shot(&sample, "identity") else {
            continue;
        };
        if let Err(error) = policy(&String::from_utf8_lossy(&shot.body)) {
            return bad(format!(
                "references: {error} (in {})",
                sample.language.tag()
            ));
        }
    }
    good("references: nothing is loaded from anywhere")
}
