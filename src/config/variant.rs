//! `[[page.variant]]`: other words for some visitors.

use std::collections::BTreeMap;

use super::{
    brand,
    fault::Fault,
    maintenance::limits,
    names,
    reader::{Table, Value},
    spec::{Language, PageTextSpec, VariantSpec},
};

/// Each is compared with every visit, and may become pages in every language.
const MOST_VARIANTS: usize = 50;
const LONGEST_VALUE: usize = 200;
/// What is no language in an entry.
const CONDITIONS: [&str; 6] = [
    "path",
    "host",
    "utm_campaign",
    "utm_source",
    "from",
    "until",
];

/// Reads the list below `[page]`. What a variant does not say is said as in `pages`.
pub(super) fn variants(
    page: &Table<'_>,
    pages: &BTreeMap<Language, PageTextSpec>,
) -> Vec<VariantSpec> {
    let Some(value) = page.get("variant") else {
        return Vec::new();
    };
    let items = value.list().unwrap_or_default();
    if items.len() > MOST_VARIANTS {
        let problem = format!("has {} entries", items.len());
        value.reject(&problem, &format!("keep at most {MOST_VARIANTS}"));
    }
    let read = |item: &Value<'_>| variant(item, pages);
    items.iter().filter_map(read).collect()
}

fn variant(item: &Value<'_>, pages: &BTreeMap<Language, PageTextSpec>) -> Option<VariantSpec> {
    const WAY_OUT: &str = "write [[page.variant]] with its conditions and words below it";
    let table = item.table_or("a table", WAY_OUT)?;
    let (from, until) = limits(&table);
    let mut texts = pages.clone();
    let mut has_words = false;
    // What is neither a condition nor a table has been reported as an unknown key.
    let is_words =
        |(name, value): &(&str, Value<'_>)| !CONDITIONS.contains(name) && value.node().is_table();
    for (name, value) in table.iter().filter(is_words) {
        if let Some((language, text)) = brand::page(name, &value) {
            let usual = pages.get(&language).cloned().unwrap_or_default();
            texts.insert(language, text.or(&usual));
        }
        has_words = true;
    }
    if !has_words {
        let problem = "says nothing of its own";
        let way_out = "add words, for example en = { headline = \"…\" }, or leave it out";
        item.report()
            .add(item.problem(problem, way_out).into_warning());
    }
    Some(VariantSpec {
        paths: some(&table, "path", "a path such as \"/sale\"", path),
        hosts: some(&table, "host", "a host", names::host_pattern),
        campaigns: some(&table, "utm_campaign", "a value", value),
        sources: some(&table, "utm_source", "a value", value),
        from,
        until,
        texts,
    })
}

/// One text or a list of them.
fn some<T>(
    table: &Table<'_>,
    key: &str,
    expected: &str,
    parse: fn(&str) -> Result<T, Fault>,
) -> Vec<T> {
    let Some(value) = table.get(key) else {
        return Vec::new();
    };
    let items = value.list_or_one(expected).unwrap_or_default();
    if items.is_empty() {
        value.reject("is empty", "name at least one, or leave the key out");
    }
    let read = |item: &Value<'_>| item.read(expected, parse);
    items.iter().filter_map(read).collect()
}

fn path(text: &str) -> Result<String, Fault> {
    let fault = |problem| {
        Fault::new(
            problem,
            "write for example \"/sale\": it holds for all below",
        )
    };
    if !text.starts_with('/') {
        return Err(fault("is no path").or_rather(format!("/{text}")));
    }
    if text.contains(['?', '#']) {
        let bare = text.split(['?', '#']).next().unwrap_or_default();
        return Err(fault("is more than a path").or_rather(bare));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(fault(
            "has letters that no request's path has: encode them with %",
        ));
    }
    Ok(text.to_owned())
}

fn value(text: &str) -> Result<String, Fault> {
    if text.is_empty() || text.len() > LONGEST_VALUE {
        let way_out = "write the value as the campaign's links have it, at most 200 bytes";
        return Err(Fault::new("is empty or too long", way_out));
    }
    Ok(text.to_owned())
}
