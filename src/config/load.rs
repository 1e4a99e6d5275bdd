//! A directory → specs: finds the files, reads each, compares them with one another.

use std::{
    collections::{BTreeSet, HashMap},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use toml::de::DeTable;

use super::{
    custom,
    keys::{self, Key},
    names,
    problem::{Problem, Problems, Severity},
    process,
    reader::Table,
    redirect::leads_here,
    report::Report,
    site::{self, ClaimedHost, ReadSite},
    source::{ReadError, Source, Spot, place, read_file},
    spec::{Config, HostPattern, ProcessSpec, SiteSpec},
    tls,
};

const PROCESS_FILE: &str = "intermission.toml";
const SITES: &str = "sites";
/// No configuration by hand is as long as this.
const FILE_LIMIT: u64 = 1024 * 1024;
/// Files that stand beside sites and belong to them.
const COMPANIONS: [&str; 9] = [
    "svg", "png", "webp", "jpg", "jpeg", "gif", "pem", "crt", "md",
];

/// What was read.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What is hardly meant as it is written.
    pub warnings: Vec<Problem>,
}

/// Reads a directory.
///
/// # Errors
///
/// Everything that is wrong in it, warnings included.
pub fn load(dir: &Path) -> Result<Loaded, Problems> {
    load_with(dir, &|name| std::env::var(name).ok())
}

/// Reads a directory, with an environment other than the process's.
///
/// # Errors
///
/// Everything that is wrong in it, warnings included.
pub fn load_with(
    dir: &Path,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Loaded, Problems> {
    let report = Report::new(environment);
    let mut process = process(dir, &report);
    let sites = sites(dir, &report);
    listen_tls(&mut process, &sites, &report);
    check_hosts(&sites, &report);
    check_redirects(&sites, &report);
    check_loops(&process, &sites, &report);
    if process.acme == tls::lets_encrypt() {
        let warnings = sites.iter().filter_map(|site| site.fetched.clone());
        warnings.for_each(|warning| report.add(warning));
    }
    let problems = Problems::new(report.into_problems());
    let is_fatal = |problem: &Problem| problem.severity == Severity::Error;
    if problems.iter().any(is_fatal) {
        return Err(problems);
    }
    let sites = sites
        .into_iter()
        .filter_map(|site| site.spec)
        .map(|site| Arc::new(custom::kept_in(&process.data, site)))
        .collect();
    Ok(Loaded {
        config: Config { process, sites },
        warnings: problems.into_list(),
    })
}

/// What `intermission.toml` says, for those who look for a process that runs already: whatever else
/// may be wrong with the files by now, and without reading sites. Defaults stand for what cannot be
/// read.
#[must_use]
pub fn load_process(dir: &Path) -> ProcessSpec {
    process(dir, &Report::new(&|name| std::env::var(name).ok()))
}

fn process(dir: &Path, report: &Report<'_>) -> ProcessSpec {
    let is_there = dir.join(PROCESS_FILE).symlink_metadata().is_ok();
    is_there
        .then(|| read(dir, PROCESS_FILE, keys::PROCESS, report, process::read))
        .flatten()
        .unwrap_or_else(process::defaults)
}

fn sites(dir: &Path, report: &Report<'_>) -> Vec<ReadSite> {
    let names = match site_files(&dir.join(SITES)) {
        Ok(names) => names,
        Err(error) => {
            let error = ReadError::from(error);
            let (problem, way_out) = (format!("the directory {error}"), let_us_read(&error));
            report.add(Problem::new("", problem, way_out).in_file(SITES));
            return Vec::new();
        }
    };
    let (sites, others): (Vec<_>, Vec<_>) =
        names.into_iter().partition(|name| name.ends_with(".toml"));
    if sites.is_empty() {
        let way_out = "add a file such as sites/shop.toml with two lines: \
                       hosts = [\"*\"] and upstream = \"http://127.0.0.1:3000\"; \
                       or set INTERMISSION_UPSTREAM and leave files out";
        report.add(Problem::new("", "there is no site", way_out).in_file(SITES));
    }
    let read = sites
        .iter()
        .filter_map(|name| site(dir, name, report))
        .collect();
    for name in others {
        check_other(dir, &name, report);
    }
    read
}

/// What is in the directory and not hidden, in lexical order. Sub-directories are left alone.
fn site_files(dir: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_directory = entry.path().is_dir() && !name.ends_with(".toml");
        if !name.starts_with('.') && !is_directory {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn site(dir: &Path, file: &str, report: &Report<'_>) -> Option<ReadSite> {
    let shown = format!("{SITES}/{file}");
    let name = file.strip_suffix(".toml").unwrap_or(file);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if !name.chars().all(is_plain) {
        let problem = "the file's name is the site's name, and has other characters than it may";
        let way_out = "rename it: letters, digits, `_`, `.` and `-` only";
        report.add(Problem::new("", problem, way_out).in_file(&shown));
    }
    read(dir, &shown, keys::SITE, report, |table| {
        site::read(name, table)
    })
}

/// A file that looks like a site whose name is not quite right.
fn check_other(dir: &Path, name: &str, report: &Report<'_>) {
    let path = dir.join(SITES).join(name);
    let ending = Path::new(name)
        .extension()
        .and_then(|ending| ending.to_str());
    if ending.is_some_and(|ending| COMPANIONS.contains(&ending)) || report.is_used(&path) {
        return;
    }
    let way_out = "sites are files that end in .toml; rename it, or keep it elsewhere";
    let problem = Problem::new("", "the file is not read", way_out);
    report.add(problem.in_file(&format!("{SITES}/{name}")).into_warning());
}

/// Reads one file; `None` when there is no sense in going on with it.
fn read<T>(
    dir: &Path,
    shown: &str,
    known: &'static [Key],
    report: &Report<'_>,
    read: impl FnOnce(&Table<'_>) -> T,
) -> Option<T> {
    let source = Arc::new(open(dir, shown, report)?);
    let (root, errors) = DeTable::parse_recoverable(&source.text);
    if errors.is_empty() {
        keys::check(known, root.get_ref(), &source, report);
        return Some(read(&Table::root(report, &source, root.get_ref())));
    }
    // What follows from a mistake in the same line says nothing new.
    let mut lines = BTreeSet::new();
    for error in errors {
        let spot = Spot::new(&source, error.span().unwrap_or(0..0));
        if lines.insert(spot.place().0) {
            let problem = format!("not TOML: {}", error.message());
            report.add(Problem::new("", problem, syntax_way_out(error.message())).at(spot));
        }
    }
    None
}

/// What to do about the mistakes that are made most.
fn syntax_way_out(message: &str) -> &'static str {
    if message.starts_with("string values must be quoted") {
        "put it in quotes"
    } else if message.starts_with("duplicate key") {
        "a key stands once in a table: remove one of the two"
    } else if message.starts_with("missing comma") {
        "separate entries with commas, and close the list with `]` where it ends"
    } else {
        "look around the caret: key = value, texts in quotes, lists in [ ], tables below a [header]"
    }
}

/// What to do about a file or directory that is kept from us.
fn let_us_read(error: &ReadError) -> String {
    let is_denied =
        matches!(error, ReadError::Io(error) if error.kind() == io::ErrorKind::PermissionDenied);
    if is_denied {
        let user = rustix::process::geteuid().as_raw();
        return format!("let user {user} read it, as whom this process runs");
    }
    "give the user of this process a file that it may read".to_owned()
}

fn open(dir: &Path, shown: &str, report: &Report<'_>) -> Option<Source> {
    let path = dir.join(shown);
    let directory = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    let problem = match read_file(&path, FILE_LIMIT) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => {
                return Some(Source {
                    shown: shown.to_owned(),
                    directory,
                    text,
                });
            }
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes());
                let (line, column) = place(&text, valid);
                let way_out = "save the file as UTF-8";
                let mut problem = Problem::new("", "not TOML: this is not UTF-8", way_out);
                (problem.line, problem.column) = (Some(line), Some(column));
                problem
            }
        },
        Err(error) => {
            let way_out = match &error {
                ReadError::TooLarge => {
                    "keep it below 1 MiB; logos and certificates have own files".to_owned()
                }
                other => let_us_read(other),
            };
            Problem::new("", format!("this file {error}"), way_out)
        }
    };
    report.add(problem.in_file(shown));
    None
}

/// Whoever has a certificate wants to show it.
fn listen_tls(process: &mut ProcessSpec, sites: &[ReadSite], report: &Report<'_>) {
    let mut specs = sites.iter().filter_map(|site| site.spec.as_ref());
    let is_certified = process.tls.is_some() || specs.any(|spec| spec.tls.is_some());
    if is_certified && process.listen_tls.is_empty() {
        process.listen_tls.push(process::DEFAULT_TLS);
    } else if !is_certified && !process.listen_tls.is_empty() {
        let problem = "nobody can be served there: there is no certificate";
        let way_out = "add [tls] with certificate_file and key_file to a site or to this file";
        report.add(Problem::new("listen_tls", problem, way_out).in_file(PROCESS_FILE));
    }
}

/// One host, one site.
fn check_hosts(sites: &[ReadSite], report: &Report<'_>) {
    let mut claims: HashMap<&HostPattern, &ClaimedHost> = HashMap::new();
    for host in sites.iter().flat_map(|site| &site.hosts) {
        let first = *claims.entry(&host.pattern).or_insert(host);
        if std::ptr::eq(first, host) {
            continue;
        }
        let what = match host.pattern {
            HostPattern::Any => format!("`{}` (every other host)", host.written),
            _ => format!("`{}`", host.written),
        };
        let problem = format!("{what} is claimed twice: also in {}", first.spot.named());
        let way_out = "a host belongs to one site: remove it from one of the two places";
        report.add(
            Problem::new(&host.key, problem, way_out)
                .at(host.spot.clone())
                .beside(first.spot.clone(), "first claimed here"),
        );
    }
}

/// A site's one host has to lead to that site.
fn check_redirects(sites: &[ReadSite], report: &Report<'_>) {
    for site in sites {
        let spec = site.spec.as_ref();
        let host = spec.and_then(|spec| spec.redirect.host.as_deref());
        let (Some(host), Some(problem)) = (host, &site.redirect) else {
            continue;
        };
        let others = sites.iter().filter(|other| !std::ptr::eq(*other, site));
        if !leads_here(host, site.patterns(), others.flat_map(ReadSite::patterns)) {
            report.add(problem.clone());
        }
    }
}

/// An upstream that is one of our own listeners.
fn check_loops(process: &ProcessSpec, sites: &[ReadSite], report: &Report<'_>) {
    let is_own = |spec: &SiteSpec| {
        let listens = |at| process::listens(process, at);
        let mut targets = spec.upstream.targets.iter();
        targets.any(|target| names::local_address(&target.authority).is_some_and(listens))
    };
    for site in sites {
        if let (Some(spec), Some(problem)) = (&site.spec, &site.upstream)
            && is_own(spec)
        {
            report.add(problem.clone());
        }
    }
}
