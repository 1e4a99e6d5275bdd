//! Whether the documents lead where they say.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All of them, with their text.
fn documents() -> Vec<(PathBuf, String)> {
    let listed = |folder: &str| fs::read_dir(root().join(folder)).expect("a readable folder");
    let folders = ["", "docs", "docs/migrate", "deploy"];
    let files = folders.into_iter().flat_map(listed);
    files
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a readable document");
            (path, text)
        })
        .collect()
}

/// The targets of its links, without those that lead elsewhere.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://"))
}

/// The names of its headings, as they stand in links.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let kept = |letter: &char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
    headings
        .map(|line| line.trim_start_matches('#').trim().to_lowercase())
        .map(|heading| heading.chars().filter(kept).collect::<String>())
        .map(|heading| heading.replace(' ', "-"))
        .collect()
}

#[test]
fn every_link_leads_somewhere() {
    let documents = documents();
    let (mut wrong, mut seen) = (String::new(), 0_usize);
    for (path, text) in &documents {
        let folder = path.parent().expect("a folder");
        for link in links(text) {
            seen += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                file => folder.join(file),
            };
            let is_right = target.exists() && (anchor.is_empty() || names(&target, anchor));
            if !is_right {
                let _ = writeln!(wrong, "{}: {link}", path.display());
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(seen > 20, "{seen} links in {} documents", documents.len());
}

fn names(target: &Path, anchor: &str) -> bool {
    let text = fs::read_to_string(target).expect("a readable document");
    anchors(&text).iter().any(|known| known == anchor)
}

#[test]
fn the_readme_leads_to_every_document() {
    let documents = documents();
    let readme = documents
        .iter()
        .find(|(path, _)| path.ends_with("README.md"));
    let (_, readme) = readme.expect("a README");
    for (path, _) in &documents {
        let below = path.strip_prefix(root()).expect("a path below the root");
        let name = below.to_string_lossy();
        let is_named = name == "README.md" || links(readme).any(|link| link == name);
        assert!(is_named, "{name} is not named in README.md");
    }
}
