//! Nothing that is printed has a secret in it.

use std::process::Command;

use rustix::process::Signal;

use crate::support::{
    clients::{Ask, Protocol},
    eventually,
    origin::Origin,
    proxy::{BINARY, Setup, catch_all},
    script::{answer, ok},
};

/// In everything that is one.
const MARK: &str = "hunter2";

fn token() -> String {
    format!("{MARK}-0123456789abcdef")
}

#[test]
fn a_configurations_debug_form_has_none() {
    let setup = Setup::new("admin_token = \"${ADMIN_TOKEN}\"\n");
    let setup = setup.site("shop", &catch_all("http://127.0.0.1:9", ""));
    let loaded = intermission::config::load_with(setup.path(), &|_| Some(token()));
    let config = loaded
        .unwrap_or_else(|problems| panic!("{problems}"))
        .config;
    let token_is_read = config
        .process
        .admin_token
        .as_ref()
        .is_some_and(|it| it.is(token().as_bytes()));
    assert!(token_is_read);
    let shown = format!("{config:?}\n{config:#?}");
    assert!(
        shown.contains("admin_token: Some(***)") && !shown.contains(MARK),
        "{shown}"
    );
}

#[test]
fn a_run_prints_none_of_its_own_or_of_its_clients() {
    let origin = Origin::always(answer(ok("hello")));
    let site = catch_all(&origin.url(), "");
    let setup = Setup::new("admin_token_file = \"token\"\n[log]\nlevel = \"trace\"\n");
    let mut proxy = setup.file("token", &token()).site("shop", &site).start();
    let own = format!("Bearer {}", token());
    let target = format!("/x?card={MARK}");
    let ask = Ask::get(&target).with("cookie", &format!("session={MARK}"));
    let ask = ask.with("authorization", &own);
    assert_eq!(proxy.ask(&ask, Protocol::H1).head.status(), 200);
    let metrics = Ask::get("/metrics")
        .host("localhost")
        .with("authorization", &own);
    assert_eq!(metrics.ask(proxy.admin, Protocol::H1).head.status(), 200);
    let wrong = Ask::get("/metrics").host("localhost");
    let wrong = wrong.with("authorization", &format!("Bearer {MARK}"));
    assert_eq!(wrong.ask(proxy.admin, Protocol::H1).head.status(), 401);
    proxy.write(
        "intermission.toml",
        &format!("admin_toke = \"{}\"\n", token()),
    );
    proxy.signal(Signal::HUP);
    proxy.logged(&["reload refused"]);
    drop(origin);
    assert_eq!(proxy.ask(&ask, Protocol::H1).head.status(), 503);
    eventually("both records", || {
        (proxy.records().len() == 2).then_some(())
    });
    proxy.signal(Signal::TERM);
    assert_eq!(proxy.wait().code(), Some(0));
    for line in proxy.process.stderr().iter().chain(&proxy.process.stdout()) {
        assert!(!line.contains(MARK), "{line}");
    }
}

#[test]
fn check_shows_none_of_files_that_are_wrong() {
    for process in [
        format!("admin_token = \"{MARK}\"\n"),
        format!("admin_tokne = \"{}\"\n", token()),
        format!("admin_token = \"{}\nnonsense\n", token()),
        format!("admin_token = \"{}\"\nlisten = 3\n", token()),
    ] {
        let setup = Setup::new(&process).site("shop", &catch_all("http://127.0.0.1:9", ""));
        for format in ["text", "json"] {
            let output = Command::new(BINARY)
                .args(["check", "--format", format, "--config"])
                .arg(setup.path())
                .output()
                .expect("the binary runs");
            assert_eq!(output.status.code(), Some(1), "{process}");
            let shown =
                String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            assert!(
                shown.contains("intermission.toml") && !shown.contains(MARK),
                "{shown}"
            );
        }
    }
}
