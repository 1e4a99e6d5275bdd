//! `fallback.template` and `fallback.snapshot`: a page the owner brings.
//!
//! A template's style sheets, images, fonts and scripts are read here and become part of it. What
//! cannot be is an error at its place, so that a page that has been loaded needs nothing else.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    bundle::Bundle,
    fault::Fault,
    reader::{Table, Value},
    source::{ReadError, Source, read_file},
    spec::{OwnPage, SiteSpec, SnapshotSpec, TemplateSpec},
};

const TEMPLATE_LIMIT: u64 = 256 * 1024;
/// Stands for an expression in a template that is scanned.
pub(super) const EXPRESSION: char = '\u{1}';

/// Reads both keys of `[fallback]`.
pub(super) fn page(fallback: &Table<'_>) -> Option<OwnPage> {
    let template = fallback.get("template");
    let snapshot = fallback.get("snapshot");
    if let (Some(_), Some(snapshot)) = (&template, &snapshot) {
        let way_out = "keep one of `template` and `snapshot`: a site has one page";
        snapshot.reject("stands beside `template`", way_out);
    }
    match (template, snapshot) {
        (Some(file), _) => self::template(&file).map(OwnPage::Template),
        (None, Some(path)) => path
            .read("a path", snapshot_path)
            .map(|path| OwnPage::Snapshot(SnapshotSpec { path, file: None })),
        (None, None) => None,
    }
}

/// The site with its snapshot's place in the data directory.
pub(super) fn kept_in(data: &Path, mut site: SiteSpec) -> SiteSpec {
    if let Some(OwnPage::Snapshot(snapshot)) = &mut site.own.page {
        let name = format!("{}.html", site.name);
        snapshot.file = Some(data.join("snapshots").join(name));
    }
    site
}

fn snapshot_path(text: &str) -> Result<String, Fault> {
    const WAY_OUT: &str = "write a path of the site, for example \"/maintenance.html\"";
    if !text.starts_with('/') || text.starts_with("//") {
        return Err(Fault::new("is no path on the site", WAY_OUT));
    }
    match text.parse::<http::uri::PathAndQuery>() {
        Ok(path) if path.as_str() == text => Ok(text.to_owned()),
        _ => Err(Fault::new("is not a valid path", WAY_OUT)),
    }
}

fn template(file: &Value<'_>) -> Option<TemplateSpec> {
    let path = file.file()?;
    let text = match read_file(&path, TEMPLATE_LIMIT).map(String::from_utf8) {
        Ok(Ok(text)) => text.replace("\r\n", "\n"),
        Ok(Err(_)) => {
            file.reject("is no page: it is not UTF-8", "save the file as UTF-8");
            return None;
        }
        Err(error) => {
            let way_out = match error {
                ReadError::TooLarge => {
                    "keep it below 256 KiB; images, fonts and style sheets have own files"
                }
                _ => "paths start from the directory of this file; put the template there",
            };
            file.reject(&format!("is no page: it {error}"), way_out);
            return None;
        }
    };
    let source = Arc::new(Source {
        shown: shown(file, &path),
        directory: path.parent().map_or_else(PathBuf::new, Path::to_owned),
        text,
    });
    let (text, files) = Bundle::new(file, &source).make();
    Some(TemplateSpec {
        file: source.shown.clone(),
        text,
        files,
    })
}

/// A file's path from the configuration's directory, as other messages show it.
pub(super) fn shown(named_in: &Value<'_>, path: &Path) -> String {
    let from = named_in.spot().source;
    match path.strip_prefix(&from.directory) {
        Ok(below) => {
            let folder = Path::new(&from.shown).parent();
            folder.unwrap_or(Path::new("")).join(below)
        }
        Err(_) => path.to_owned(),
    }
    .display()
    .to_string()
}

/// The template as its HTML is read: expressions stand for themselves, statements and comments for
/// nothing, each as long as it is.
pub(super) fn masked(template: &str) -> String {
    let mut masked = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        let (before, tag) = rest.split_at(start);
        masked.push_str(before);
        let (end, with) = match tag.as_bytes().get(1) {
            Some(b'{') => ("}}", EXPRESSION),
            Some(b'%') => ("%}", ' '),
            Some(b'#') => ("#}", ' '),
            _ => {
                masked.push('{');
                rest = tag.get(1..).unwrap_or_default();
                continue;
            }
        };
        let length = tag.find(end).map_or(tag.len(), |at| at + end.len());
        let (tag, after) = tag.split_at(length);
        for byte in tag.bytes() {
            masked.push(if byte == b'\n' { '\n' } else { with });
        }
        rest = after;
    }
    masked.push_str(rest);
    masked
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_is_html_is_left_of_a_template() {
        let template = "<a href=\"{{ x }}\">{% if a<b %}ü{# <img src=x> #}{ }</a>";
        let left = masked(template);
        assert_eq!(left.len(), template.len());
        assert_eq!(
            left.replace(EXPRESSION, "e").replace(' ', ""),
            "<ahref=\"eeeeeee\">ü{}</a>"
        );
    }

    proptest! {
        #[test]
        fn what_is_left_is_as_long_as_before(template in "(\\{[{%#]|[}%#]\\}|ü|\n|\\PC){0,30}") {
            prop_assert_eq!(masked(&template).len(), template.len());
        }
    }
}
