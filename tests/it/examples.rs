//! The example configuration that is shipped is right, as a whole and file by file.

use std::path::{Path, PathBuf};

use intermission::config::{Loaded, load, load_with};

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config")
}

/// A directory with one of the shipped sites and the files that sites name.
fn only(site: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let sites = directory.path().join("sites");
    std::fs::create_dir(&sites).expect("a new directory");
    for file in [
        site,
        "logo.svg",
        "logo-dark.svg",
        "icon.svg",
        "impressum.md",
        "datenschutz.md",
    ] {
        std::fs::copy(shipped().join("sites").join(file), sites.join(file)).expect("a copy");
    }
    directory
}

fn names(loaded: &Loaded) -> Vec<&str> {
    loaded
        .config
        .sites
        .iter()
        .map(|site| site.name.as_str())
        .collect()
}

#[test]
fn the_directory_as_shipped_has_no_error_and_no_warning() {
    let loaded = load(&shipped()).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(names(&loaded), ["complete", "smallest"]);
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn each_site_stands_on_its_own() {
    for site in ["smallest", "complete"] {
        let directory = only(&format!("{site}.toml"));
        let loaded =
            load_with(directory.path(), &|_| None).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(names(&loaded), [site]);
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    }
}

#[test]
fn the_smallest_site_is_as_small_as_it_is_called() {
    let text = std::fs::read_to_string(shipped().join("sites/smallest.toml")).expect("the file");
    assert!(text.lines().count() <= 4);
}

#[test]
fn the_complete_sites_upstream_comes_from_the_environment() {
    let directory = only("complete.toml");
    let environment = |name: &str| (name == "SHOP_UPSTREAM").then(|| "https://app:8443".to_owned());
    let loaded = load_with(directory.path(), &environment).expect("a right configuration");
    let upstreams: Vec<_> = loaded
        .config
        .sites
        .iter()
        .map(|site| site.upstream.to_string())
        .collect();
    assert_eq!(upstreams, ["app:8443"]);
}
