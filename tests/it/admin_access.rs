//! Who may read what the admin listener tells.

use std::{fs, io::Write, net::TcpStream};

use rustix::process::Signal;

use crate::support::{
    check::checked,
    clients::{Ask, Protocol},
    eventually,
    h1::Response,
    origin::Origin,
    process::Process,
    proxy::{BINARY, Proxy, Setup, catch_all},
    script::{answer, ok},
};

const TOKEN: &str = "4f9c2d0a7b1e4c58-of-the-test";
const OTHER: &str = "another-token-0123456789";
const GUARDED: [&str; 3] = ["/metrics", "/outages", "/sites"];

/// Listening where others could connect, with these lines beside.
fn exposed(process: &str) -> (Origin, Proxy) {
    let origin = Origin::always(answer(ok("hello")));
    let process = format!("admin = \"0.0.0.0:0\"\n{process}");
    let setup = Setup::new(&process).site("shop", &catch_all(&origin.url(), ""));
    let mut proxy = setup.start();
    proxy.admin.set_ip([127, 0, 0, 1].into());
    (origin, proxy)
}

fn ask(proxy: &Proxy, path: &str, credentials: &[&str]) -> Response {
    let mut ask = Ask::get(path).host("intermission:9090");
    for value in credentials {
        ask = ask.with("authorization", value);
    }
    ask.ask(proxy.admin, Protocol::H1)
}

fn status(proxy: &Proxy, path: &str, credentials: &[&str]) -> u16 {
    ask(proxy, path, credentials).head.status()
}

#[test]
fn without_a_token_others_hear_of_health_alone() {
    let (_origin, proxy) = exposed("");
    for path in ["/livez", "/readyz"] {
        assert_eq!(status(&proxy, path, &[]), 200, "{path}");
    }
    for path in GUARDED {
        let denied = ask(&proxy, path, &["Bearer x"]);
        assert_eq!(denied.head.status(), 403, "{path}");
        let words = String::from_utf8_lossy(&denied.body).into_owned();
        assert!(
            words.contains("admin_token") && words.lines().count() == 1,
            "{words}"
        );
    }
    proxy.logged(&["WARN", "no token", "admin_token_file"]);
    let mut command = std::process::Command::new(BINARY);
    command.args(["healthcheck", "--admin", &proxy.admin.to_string()]);
    assert_eq!(Process::start(&mut command, true).wait().code(), Some(0));
}

#[test]
fn with_a_token_the_rest_is_for_those_who_show_it() {
    let (_origin, proxy) = exposed(&format!("admin_token = \"{TOKEN}\"\n"));
    let (right, wrong) = (format!("Bearer {TOKEN}"), format!("Bearer {TOKEN}x"));
    for path in GUARDED {
        assert_eq!(status(&proxy, path, &[&right]), 200, "{path}");
        for credentials in [&[][..], &[wrong.as_str()], &[TOKEN], &[&wrong, &right]] {
            let denied = ask(&proxy, path, credentials);
            assert_eq!(denied.head.status(), 401, "{path} {credentials:?}");
            let challenge = denied.head.field("www-authenticate");
            assert!(
                challenge.is_some_and(|it| it.starts_with("Bearer")),
                "{path}"
            );
        }
    }
    assert_eq!(status(&proxy, "/livez", &[]), 200);
    assert_eq!(status(&proxy, "/nothing", &[]), 404);
}

#[test]
fn a_token_counts_on_loopback_too() {
    let origin = Origin::always(answer(ok("hello")));
    let setup = Setup::new(&format!("admin_token = \"{TOKEN}\"\n"));
    let proxy = setup.site("shop", &catch_all(&origin.url(), "")).start();
    assert_eq!(status(&proxy, "/metrics", &[]), 401);
    assert_eq!(
        status(&proxy, "/metrics", &[&format!("Bearer {TOKEN}")]),
        200
    );
}

#[test]
fn a_reload_puts_another_token_in_force() {
    let origin = Origin::always(answer(ok("hello")));
    let setup = Setup::new("admin_token_file = \"token\"\n").file("token", &format!("{TOKEN}\n"));
    let proxy = setup.site("shop", &catch_all(&origin.url(), "")).start();
    let [old, new] = [TOKEN, OTHER].map(|token| format!("Bearer {token}"));
    assert_eq!(status(&proxy, "/sites", &[&old]), 200);
    proxy.write("token", OTHER);
    proxy.signal(Signal::HUP);
    eventually("the other token is in force", || {
        (status(&proxy, "/sites", &[&new]) == 200).then_some(())
    });
    assert_eq!(status(&proxy, "/sites", &[&old]), 401);
}

#[test]
fn a_web_page_does_not_get_at_this_machine_by_a_name_of_its_own() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "");
    let by = |host: &str, path: &str| {
        let asked = Ask::get(path).host(host).ask(proxy.admin, Protocol::H1);
        asked.head.status()
    };
    for path in GUARDED {
        assert_eq!(by("evil.example:9090", path), 403, "{path}");
        for host in ["localhost:9090", "127.0.0.1", "[::1]:9090"] {
            assert_eq!(by(host, path), 200, "{host}{path}");
        }
    }
    assert_eq!(by("evil.example", "/livez"), 200);
}

#[test]
fn an_address_that_others_reach_without_a_token_is_warned_of() {
    let setup = |process: &str| {
        let setup = Setup::new(process).site("shop", &catch_all("http://127.0.0.1:9", ""));
        checked(setup.path())
    };
    assert!(setup("admin = \":9090\"\n").contains("warning: admin: "));
    for quiet in [
        "admin = \"127.0.0.1:9090\"\n".to_owned(),
        "admin = \"[::1]:9090\"\n".to_owned(),
        "admin = \"off\"\n".to_owned(),
        format!("admin = \":9090\"\nadmin_token = \"{TOKEN}\"\n"),
    ] {
        assert_eq!(setup(&quiet), "", "{quiet}");
    }
}

#[test]
fn a_flag_that_opens_the_admin_listener_is_warned_of() {
    let mut command = std::process::Command::new(BINARY);
    command.args(["run", "--upstream", "http://127.0.0.1:9"]);
    command.args(["--listen", "127.0.0.1:0", "--admin", "0.0.0.0:0"]);
    let process = Process::start(&mut command, true);
    eventually("a warning", || {
        let lines = process.stderr();
        let mut lines = lines.iter();
        lines
            .find(|line| line.contains("--admin") && line.contains("no token"))
            .map(|_| ())
    });
}

#[test]
fn what_is_wrong_with_a_token_is_said_without_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let short = directory.path().join("short");
    fs::write(&short, "hunter2\n").expect("a new file");
    for (process, word) in [
        ("admin_token = \"hunter2\"".to_owned(), "shorter than 16"),
        (
            format!("admin_token_file = \"{}\"", short.display()),
            "shorter than 16",
        ),
        (
            "admin_token = \"hunter2 hunter2 hunter2\"".to_owned(),
            "other characters",
        ),
        ("admin_token = 7777777".to_owned(), "expected a secret"),
        (
            "admin_toke = \"hunter2hunter2hunter2\"".to_owned(),
            "did you mean `admin_token`",
        ),
        ("admin_token = hunter2hunter2hunter2".to_owned(), "not TOML"),
        (
            "admin_token = \"hunter2hunter2hunter2".to_owned(),
            "not TOML",
        ),
        (
            "admin_token_file = \"missing\"".to_owned(),
            "does not exist",
        ),
        (
            format!(
                "admin_token = \"hunter2hunter2hunter2\"\nadmin_token_file = \"{}\"",
                short.display()
            ),
            "keep one",
        ),
    ] {
        let setup = Setup::new(&format!("{process}\n"));
        let said = checked(
            setup
                .site("shop", &catch_all("http://127.0.0.1:9", ""))
                .path(),
        );
        assert!(said.contains(word), "{process}: {said}");
        assert!(
            !said.contains("hunter2") && !said.contains("7777777"),
            "{said}"
        );
    }
}

#[test]
fn those_who_say_nothing_keep_nobody_from_asking() {
    let origin = Origin::always(answer(ok("hello")));
    let proxy = Proxy::before(&origin.url(), "");
    // More than there are places; some say half of a request.
    let silent: Vec<TcpStream> = (0..80)
        .map(|at| {
            let mut socket = TcpStream::connect(proxy.admin).expect("the kernel accepts");
            let begun: &[u8] = if at % 2 == 0 {
                b""
            } else {
                b"GET /livez HTTP/1.1\r\nHo"
            };
            socket.write_all(begun).expect("a new connection");
            socket
        })
        .collect();
    let descriptors = format!("/proc/{}/fd", proxy.process.id());
    let open = || fs::read_dir(&descriptors).expect("our own child").count();
    assert!(open() < 120, "{} descriptors", open());
    assert_eq!(status(&proxy, "/livez", &[]), 200);
    drop(silent);
}
