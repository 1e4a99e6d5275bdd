//! Language tags in a site's file: `[page.LANG]`, `fallback.language`, `fallback.languages`.

use super::{
    fault::Fault,
    problem::Problem,
    reader::{Table, Value},
    spec::Language,
};

/// The languages of a site's pages.
pub(super) struct Offered {
    /// Those there are; never empty.
    pub languages: Vec<Language>,
    /// The one for clients that name none of them; one of them.
    pub default: Language,
}

impl Default for Offered {
    fn default() -> Self {
        Self {
            languages: Language::ALL.to_vec(),
            default: Language::En,
        }
    }
}

/// The language that `[page.LANG]` is about.
pub(super) fn of_page(tag: &str, page: &Value<'_>) -> Option<Language> {
    let fault = match language(tag) {
        Ok(language) => return Some(language),
        Err(fault) => fault,
    };
    let way_out = match fault.better {
        Some(tag) => format!("write [page.{tag}]"),
        None => fault.way_out.into_owned(),
    };
    let problem = format!("`{tag}` {}", fault.problem);
    page.report()
        .add(Problem::new(page.path(), problem, way_out).at(page.spot()));
    None
}

/// Reads what `[fallback]` says of languages, with `[page]` at hand.
pub(super) fn offered(fallback: &Table<'_>, pages: &Table<'_>) -> Offered {
    let list = fallback.get("languages");
    let languages = list.as_ref().and_then(languages);
    let is_whole = languages.is_some() || list.is_none();
    let languages = languages.unwrap_or_else(|| Offered::default().languages);
    let chosen = fallback.get("language");
    let default = chosen.as_ref().and_then(one);
    if let (Some(default), Some(value)) = (default, &chosen)
        && is_whole
        && !languages.contains(&default)
    {
        value.reject(
            "is not among `languages`",
            "add it there, or choose one of them",
        );
    }
    if is_whole {
        warn_of_pages_never_shown(pages, &languages);
    }
    let mut own = pages
        .iter()
        .filter_map(|(tag, _)| Language::with_tag(tag))
        .filter(|language| languages.contains(language));
    let only = own.next().filter(|_| own.next().is_none());
    let usual = Offered::default().default;
    let first = languages.first().copied().unwrap_or(usual);
    let usual = languages.contains(&usual).then_some(usual);
    Offered {
        default: default.or(only).or(usual).unwrap_or(first),
        languages,
    }
}

/// The list, each language once, or nothing if any of it is wrong.
fn languages(list: &Value<'_>) -> Option<Vec<Language>> {
    let items = list.list()?;
    if items.is_empty() {
        list.reject("names no language", "name one, or leave it out for all");
        return None;
    }
    let read: Vec<_> = items.iter().map(one).collect();
    let mut languages = Vec::new();
    for language in read {
        let language = language?;
        if !languages.contains(&language) {
            languages.push(language);
        }
    }
    Some(languages)
}

fn one(value: &Value<'_>) -> Option<Language> {
    value.read("a language tag such as \"de\"", language)
}

fn warn_of_pages_never_shown(pages: &Table<'_>, languages: &[Language]) {
    for (tag, page) in pages.iter() {
        let language = Language::with_tag(tag);
        if language.is_some_and(|language| !languages.contains(&language)) {
            let problem = "has no effect: `fallback.languages` does not offer this language";
            let way_out = format!("add \"{tag}\" there, or leave the table out");
            page.report()
                .add(page.problem(problem, &way_out).into_warning());
        }
    }
}

fn language(tag: &str) -> Result<Language, Fault> {
    if let Some(language) = Language::with_tag(tag) {
        return Ok(language);
    }
    let known = Language::ALL.map(Language::tag).join(", ");
    let way_out = format!("use one of {known}");
    let fault = Fault::new("is not a language that is built in", way_out);
    Err(match Language::serving(tag.as_bytes()) {
        Some(near) => fault.or_rather(near.tag()),
        None => fault,
    })
}
