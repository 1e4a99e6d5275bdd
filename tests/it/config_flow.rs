//! What is said of `[retry]`, `[hold]` and `[limits]` that cannot be right.

use intermission::config::{Problems, load_with};

/// What `check` shows for a site with this below the lines it needs.
fn shown(more: &str) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let sites = directory.path().join("sites");
    std::fs::create_dir(&sites).expect("a new directory");
    let text = format!("hosts = [\"*\"]\nupstream = \"http://app:3000\"\n{more}");
    std::fs::write(sites.join("shop.toml"), text).expect("a new file");
    load_with(directory.path(), &|_| None)
        .map(|loaded| Problems::new(loaded.warnings))
        .unwrap_or_else(|problems| problems)
        .to_string()
}

#[test]
fn values_that_cannot_be() {
    insta::assert_snapshot!(shown(
        "[retry]\nbudget_percent = 1001\nbudget_per_second = -1\n\
         [hold]\ntime = \"2m\"\nrequests = 0\n\
         [limits]\nrequests = 0\nendpoint_requests = \"10\"\nqueue = 70000\nqueue_timeout = 1\n\
         adaptive = \"yes\"\npriority = [\"checkout\", \"/cart?x\", 1]\n"
    ));
}

#[test]
fn values_that_say_nothing() {
    insta::assert_snapshot!(shown(
        "[retry]\nbudget_percent = 0\nbudget_per_second = 0\n\
         [hold]\ntime = \"10s\"\n\
         [limits]\nrequests = 10\nendpoint_requests = 20\nqueue = 0\npriority = [\"/cart\"]\n"
    ));
    insta::assert_snapshot!(shown(
        "[hold]\ntime = \"0s\"\nrequests = 10\n[limits]\npriority = [\"/cart\"]\n"
    ));
}
