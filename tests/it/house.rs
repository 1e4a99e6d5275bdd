//! The house's own rules: which room may know which, how files look, and that what the documents
//! promise exists.

use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use clap::CommandFactory;
use intermission::{
    cli::Cli,
    failure::{Failure, UpstreamFailure, Window},
};

/// From the lowest room to the highest; a room may know those below it. Rooms of one row do not
/// know each other.
const ROOMS: [&[&str]; 11] = [
    &["tasks", "markup"],
    &["message"],
    &["failure"],
    &["telemetry"],
    &["upstream", "page", "outage", "tls"],
    &["site", "preview"],
    &["runtime"],
    &["server"],
    &["admin"],
    &["app"],
    &["cli"],
];

/// The most lines a source file may have.
const LONGEST: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect("a readable document")
}

/// Every source file, by its path below `src`, with its text.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).expect("a readable source file");
                let below = path
                    .strip_prefix(root().join("src"))
                    .expect("a path below src");
                found.push((below.to_owned(), text));
            }
        }
    }
    found.sort();
    assert!(
        found.len() > 50,
        "the source files are looked for in the wrong place"
    );
    found
}

/// Without comments and without the tests at its end, each line still in its place.
fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let is_test = line == "#[cfg(test)]"
            && lines
                .peek()
                .is_some_and(|next| next.starts_with("mod ") && next.ends_with('{'));
        if is_test {
            break;
        }
        if !line.trim_start().starts_with("//") {
            code.push_str(line);
        }
        code.push('\n');
    }
    code
}

/// The first part of a path below `src`: the room it is in.
fn room(path: &Path) -> String {
    let first = path.iter().next().unwrap_or_default().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn is_test_file(path: &Path) -> bool {
    path.iter()
        .any(|part| part == "tests" || part == "tests.rs")
}

/// The paths at the start of a use tree, each with the text from its last name on. Returns what
/// follows the tree.
fn use_tree<'t>(tree: &'t str, before: &str, found: &mut Vec<(String, &'t str)>) -> &'t str {
    let tree = tree.trim_start();
    if let Some(mut rest) = tree.strip_prefix('{') {
        loop {
            rest = rest.trim_start_matches([',', ' ', '\n']);
            if let Some(after) = rest.strip_prefix('}') {
                return after;
            }
            let after = use_tree(rest, before, found);
            assert!(after.len() < rest.len(), "not a use tree: {rest:.60}");
            rest = after;
        }
    }
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '*';
    let (name, rest) = tree.split_at(tree.find(|letter| !is_name(letter)).unwrap_or(tree.len()));
    let path = format!("{before}::{name}");
    match rest.strip_prefix("::") {
        Some(deeper) => use_tree(deeper, &path, found),
        None => {
            found.push((path, tree));
            rest.strip_prefix(" as ")
                .map_or(rest, |rest| rest.trim_start_matches(is_name))
        }
    }
}

/// Every path from the root of the crate that the code names, with its line.
fn paths(code: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (at, start) in code.match_indices("crate::") {
        let tree = code.get(at + start.len()..).unwrap_or_default();
        use_tree(tree, "", &mut found);
    }
    let line = |rest: &str| {
        let before = code.get(..code.len() - rest.len()).unwrap_or_default();
        before.matches('\n').count() + 1
    };
    found
        .into_iter()
        .map(|(path, rest)| (path, line(rest)))
        .collect()
}

/// Lines that leave their room by way of `super`, where the rule above would not see it.
fn detours(path: &Path, code: &str) -> Vec<usize> {
    let is_root = path.ends_with("mod.rs");
    let depth = path.iter().count() - usize::from(is_root);
    let detour = "super::".repeat(depth);
    let lines = code.lines().zip(1..);
    lines
        .filter(|(line, _)| line.contains(&detour))
        .map(|(_, number)| number)
        .collect()
}

fn level(room: &str) -> Option<usize> {
    ROOMS.iter().position(|row| row.contains(&room))
}

/// Whether code of one room may name this path.
fn may_know(from: &str, path: &str) -> bool {
    let mut names = path.trim_start_matches("::").split("::");
    let (to, part) = (
        names.next().unwrap_or_default(),
        names.next().unwrap_or_default(),
    );
    if from == to {
        return true;
    }
    match (from, to) {
        // Text to specs: it knows nothing that lives.
        ("config", to) => to == "markup",
        // It stands where an owner's application would.
        ("demo", _) => (to, part) == ("message", "body"),
        ("cli", "demo") => true,
        (_, "config") => part == "spec" || matches!(from, "app" | "cli"),
        _ => level(to) < level(from) && level(to).is_some(),
    }
}

#[test]
fn rooms_know_only_those_below_them() {
    let mut wrong = String::new();
    for (path, text) in sources() {
        if is_test_file(&path) {
            continue;
        }
        let (from, code) = (room(&path), code(&text));
        for (to, line) in paths(&code)
            .into_iter()
            .filter(|(to, _)| !may_know(&from, to))
        {
            let _ = writeln!(
                wrong,
                "src/{}:{line}: {from} may not know crate{to}",
                path.display()
            );
        }
        for line in detours(&path, &code) {
            let _ = writeln!(
                wrong,
                "src/{}:{line}: leaves {from} by `super`",
                path.display()
            );
        }
    }
    assert!(wrong.is_empty(), "imports point the wrong way:\n{wrong}");
}

#[test]
fn every_room_has_its_place_in_the_order() {
    for (path, _) in sources() {
        let room = room(&path);
        let is_beside = ["main", "lib", "config", "demo"].contains(&room.as_str());
        assert!(
            is_beside || level(&room).is_some(),
            "{room} has no place in ROOMS"
        );
    }
}

#[test]
fn the_reader_of_imports_sees_nested_and_inline_paths() {
    let code =
        "use crate::{\n    a::{self, b::C as D},\n    e::*,\n};\nfn f() { crate::g::h(); }\n";
    let seen = paths(code);
    let expected = [
        ("::a::self", 2),
        ("::a::b::C", 2),
        ("::e::*", 3),
        ("::g::h", 5),
    ];
    assert_eq!(seen, expected.map(|(path, line)| (path.to_owned(), line)));
    assert!(may_know("site", "::page::Pages") && !may_know("page", "::site::Site"));
    assert!(
        !may_know("page", "::outage::Outage"),
        "rooms of one row do not know each other"
    );
    assert!(may_know("page", "::config::spec::Color") && !may_know("page", "::config::load"));
    assert_eq!(detours(Path::new("page/mod.rs"), "use super::site;\n"), [1]);
    assert!(detours(Path::new("page/brand.rs"), "use super::render;\n").is_empty());
}

#[test]
fn every_cause_has_its_heading_in_the_documentation() {
    let document = text("docs/failures.md");
    let upstream = UpstreamFailure::ALL.into_iter().map(Failure::Upstream);
    let maintenance = Failure::Maintenance(Window { until: None });
    let ours = [
        maintenance,
        Failure::Overloaded,
        Failure::RateLimited(Duration::ZERO),
        Failure::TooLarge,
        Failure::Internal,
    ];
    for failure in upstream.chain(ours) {
        let heading = format!("### `{}`", failure.label());
        let count = document.lines().filter(|line| *line == heading).count();
        assert_eq!(count, 1, "{heading} in docs/failures.md");
    }
}

#[test]
fn no_source_file_is_long_and_each_says_what_it_is_for() {
    let mut wrong = String::new();
    for (path, text) in sources() {
        let lines = text.lines().count();
        if lines > LONGEST {
            let _ = writeln!(wrong, "src/{} has {lines} lines", path.display());
        }
        if !text.starts_with("//! ") {
            let _ = writeln!(wrong, "src/{} opens without //!", path.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_command_helps_with_an_example() {
    let cli = Cli::command();
    let names = cli
        .get_subcommands()
        .map(|command| vec![command.get_name()]);
    for name in std::iter::once(Vec::new()).chain(names) {
        let help = Command::new(env!("CARGO_BIN_EXE_intermission"))
            .args(&name)
            .arg("--help")
            .output()
            .expect("the binary runs");
        assert!(
            help.status.success(),
            "intermission {name:?} --help: {}",
            help.status
        );
        let shown = String::from_utf8_lossy(&help.stdout);
        assert!(
            shown.contains("Example"),
            "intermission {name:?} --help has no example:\n{shown}"
        );
    }
}

/// The lines of the first block of code in this language.
fn block<'t>(document: &'t str, language: &str) -> Vec<&'t str> {
    let fence = format!("```{language}");
    let lines = document.lines().skip_while(|line| *line != fence).skip(1);
    lines.take_while(|line| *line != "```").collect()
}

#[test]
fn the_quick_starts_commands_exist() {
    let readme = text("README.md");
    let lines = block(&readme, "console");
    assert_eq!(lines.len(), 2, "the quick start is two commands: {lines:?}");
    for line in lines {
        let command = line.strip_prefix("$ ").expect("a prompt");
        let command = command.split(" #").next().unwrap_or_default().trim_end();
        if let Some(arguments) = command.strip_prefix("cargo run --release -- ") {
            let words = std::iter::once("intermission").chain(arguments.split_whitespace());
            let known = Cli::command().try_get_matches_from(words);
            assert!(known.is_ok(), "{command}: {}", known.expect_err("an error"));
        } else if command == "tests/run" && !root().join(command).exists() {
            // It comes with a change of its own. Once it is there it has to be a program.
        } else {
            let file = fs::metadata(root().join(command));
            let is_program = file.is_ok_and(|file| file.permissions().mode() & 0o111 != 0);
            assert!(is_program, "{command} is no program of this repository");
        }
    }
}

#[test]
fn the_readmes_site_file_is_right() {
    let readme = text("README.md");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let sites = directory.path().join("sites");
    fs::create_dir(&sites).expect("a new directory");
    fs::write(sites.join("shop.toml"), block(&readme, "toml").join("\n")).expect("a new file");
    let loaded = intermission::config::load_with(directory.path(), &|_| None);
    let loaded = loaded.unwrap_or_else(|problems| panic!("{problems}"));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn the_environment_variables_that_documents_name_exist() {
    let mut cli = Cli::command();
    cli.build();
    let known: Vec<String> = cli
        .get_subcommands()
        .flat_map(clap::Command::get_arguments)
        .filter_map(|argument| argument.get_env())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    for document in ["README.md", "docs/configuration.md", "docs/quickstart.md"] {
        let text = text(document);
        let is_name = |letter: char| letter.is_ascii_uppercase() || letter == '_';
        let named = text.split(|letter| !is_name(letter));
        for name in named.filter(|name| name.starts_with("INTERMISSION_")) {
            assert!(
                known.iter().any(|one| one == name),
                "{document} names {name}: {known:?}"
            );
        }
    }
}
