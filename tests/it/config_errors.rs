//! Every kind of bad configuration has its own clear error, and all of them are shown at once.

use std::path::Path;

use intermission::config::{
    Flags, Loaded, Problem, Problems, Severity, from_flags, load_with, spec::Language,
};
use proptest::prelude::*;

use crate::support::tls::Authority;

/// Two lines that make a site.
const SITE: &str = "hosts = [\"shop.example\"]\nupstream = \"http://app:3000\"\n";

fn environment(name: &str) -> Option<String> {
    (name == "SECRET").then(|| "hunter2".to_owned())
}

/// Loads a directory made of these files.
fn load<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Loaded, Problems> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (name, content) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, content).expect("a file");
    }
    load_with(directory.path(), &environment)
}

fn problems_of(files: &[(&str, &str)]) -> Problems {
    load(files.iter().map(|(name, text)| (*name, text.as_bytes())))
        .map(|loaded| Problems::new(loaded.warnings))
        .unwrap_or_else(|problems| problems)
}

/// What `check` shows for one site with `more` below the lines it needs.
fn site(more: &str) -> String {
    problems_of(&[("sites/shop.toml", &format!("{SITE}{more}"))]).to_string()
}

/// What `check` shows for one site with `text` alone.
fn whole_site(text: &str) -> String {
    problems_of(&[("sites/shop.toml", text)]).to_string()
}

/// What `check` shows for an `intermission.toml`.
fn process(text: &str) -> String {
    problems_of(&[("intermission.toml", text), ("sites/shop.toml", SITE)]).to_string()
}

#[test]
fn malformed_toml() {
    insta::assert_snapshot!(problems_of(&[
        (
            "intermission.toml",
            "listen = :8080\n[log\nlevel = \"info\"\nname = \"a\"\nname = \"b\"\n"
        ),
        (
            "sites/a.toml",
            "hosts = [\"a.example\"\nupstream = \"http://app\"\n"
        ),
        (
            "sites/b.toml",
            "hosts = [b.example]\nupstream = http://app\n"
        ),
        (
            "sites/c.toml",
            "hosts = [\"c.example]\nupstream = \"http://app\"\n"
        ),
        (
            "sites/e.toml",
            "hosts = [\"e.example\"]\nupstream = \"http://a\"\nupstream = \"http://b\"\n"
        ),
        (
            "sites/d.toml",
            "hosts = [\"d.example\"]\nupstream: http://app\n"
        ),
    ]));
}

#[test]
fn unknown_keys() {
    insta::assert_snapshot!(site(
        "timeout = \"3s\"\nworkers = 2\nzzz = 1\n[timeouts]\nconect = \"3s\"\nidle_timeout = \"3s\"\n\
         [brand]\nnames = \"x\"\nlinks = [{ text = \"a\", ulr = \"https://a\" }]\nhosts = []\n\
         [page.en]\nheading = \"x\"\n[pages]\ninterval = \"5s\"\n[retry.timeouts]\n"
    ));
}

#[test]
fn wrong_types() {
    insta::assert_snapshot!(problems_of(&[
        (
            "intermission.toml",
            "listen = 8080\nadmin = false\nworkers = \"4\"\ntrusted_proxies = \"10.0.0.0/8\"\n\
             log = \"json\"\n[dns]\nservers = [53]\n[clients]\nhead_fields = 1.5\n",
        ),
        (
            "sites/shop.toml",
            "hosts = \"shop.example\"\nupstream = 3000\nbrand = []\npage = { en = \"x\" }\n\
             [fallback]\nfailures = \"yes\"\nstatuses = [\"500\", 2024-01-01]\n[timeouts]\n\
             connect = true\n[headers]\nhost = [\"a\"]\n",
        ),
    ]));
}

#[test]
fn wrong_units() {
    insta::assert_snapshot!(site(
        "[timeouts]\nconnect = 3\nfirst_byte = \"15\"\nbetween_bytes = \"30 parsecs\"\ntotal = 1.5\n\
         [limits]\nidle_timeout = \"-3s\"\n"
    ));
    insta::assert_snapshot!(
        "wrong_units_of_size",
        [
            ("8192"),
            ("\"16kb\""),
            ("\"16 K\""),
            ("\"16 furlongs\""),
            ("\"1.5 KiB\"")
        ]
        .map(|size| process(&format!("[clients]\nhead_size = {size}\n")))
        .concat()
    );
}

#[test]
fn values_out_of_range() {
    insta::assert_snapshot!(
        [
            process(
                "workers = 0\ndrain = \"25h\"\n[clients]\nhead_size = \"4 KiB\"\nhead_fields = -1\n\
                 connections = 99999999999999999999\n",
            ),
            site(
                "[fallback]\nstatuses = [503, 404, 600]\n[retry]\nattempts = 11\n[limits]\n\
                 connections = 0x1_0001\n[retry_after]\nstart = \"500ms\"\n",
            )
        ]
        .concat()
    );
}

#[test]
fn impossible_timeouts() {
    insta::assert_snapshot!(site("[timeouts]\nconnect = \"0s\"\ntotal = \"0ms\"\n"));
    insta::assert_snapshot!(
        "connect_longer_than_total",
        site("[timeouts]\nconnect = \"10s\"\n")
    );
}

#[test]
fn bad_upstreams() {
    let upstreams = [
        "app:3000",
        "http://app/shop",
        "http://user:pass@app",
        "ftp://app",
        "http://app:99999",
        "http://",
        "localhost",
        "http://app server",
        "",
    ];
    let shown = upstreams
        .map(|upstream| whole_site(&format!("hosts = [\"*\"]\nupstream = \"{upstream}\"\n")));
    insta::assert_snapshot!(shown.concat());
}

#[test]
fn a_bad_upstream_hides_no_other_mistake() {
    const TABLES: [&str; 7] = [
        "timeouts", "retry", "hold", "health", "breaker", "limits", "balance",
    ];
    let tables: String = TABLES
        .iter()
        .map(|table| format!("[{table}]\nnonsense = 1\n"))
        .collect();
    let text = format!("hosts = [\"shop.example\"]\nupstream = \"app:3000\"\n{tables}");
    let shown = problems_of(&[("sites/shop.toml", &text)]).to_string();
    for table in TABLES {
        let key = format!("{table}.nonsense: unknown key");
        assert!(shown.contains(&key), "{key}:\n{shown}");
    }
}

#[test]
fn bad_lists_of_upstreams() {
    let upstreams = [
        "upstream = []",
        "upstream = 3000",
        "upstream = [\"http://a\", \"https://b\"]",
        "upstream = [\"http://a\", \"b:3000\", 1]",
        "[[upstream]]\nweight = 1001\nbackup = \"yes\"\nport = 1",
        "[upstream]\nurl = \"http://a\"\nwieght = 1",
        "[[upstream]]\nurl = \"http://_http._tcp.app:80\"\nsrv = true",
        "[[upstream]]\nurl = \"http://10.0.0.1\"\nsrv = true",
        "upstream = \"http://a\"\n[balance]\nhash = \"cookie:\"\nsticky = \"a b\"",
        "upstream = \"http://a\"\n[balance]\nhash = \"url\"",
        "upstream = \"http://a\"\n[balance]\nhash = \"header:x y\"",
    ];
    let shown = upstreams.map(|upstream| whole_site(&format!("hosts = [\"*\"]\n{upstream}\n")));
    insta::assert_snapshot!(shown.concat());
}

#[test]
fn upstreams_that_are_probably_mistakes() {
    let upstreams = [
        "[[upstream]]\nurl = \"http://a\"\nbackup = true",
        "[[upstream]]\nurl = \"http://a\"\nweight = 0",
        "upstream = [\"http://a\", \"http://a:80\"]",
    ];
    let shown = upstreams.map(|upstream| whole_site(&format!("hosts = [\"*\"]\n{upstream}\n")));
    insta::assert_snapshot!(shown.concat());
}

#[test]
fn bad_host_patterns() {
    insta::assert_snapshot!(whole_site(
        "hosts = [\"https://shop.example/\", \"shop.example:443\", \"shop*.example\", \"blümen.de\", \"\", 1]\n\
         upstream = \"http://app\"\n"
    ));
}

#[test]
fn a_host_claimed_by_two_files() {
    insta::assert_snapshot!(problems_of(&[
        (
            "sites/a.toml",
            "hosts = [\"www.example\", \"shop.example\"]\nupstream = \"http://a\"\n"
        ),
        (
            "sites/b.toml",
            "upstream = \"http://b\"\nhosts = [\"SHOP.example.\"]\n"
        ),
    ]));
}

#[test]
fn a_host_claimed_twice_by_one_file() {
    insta::assert_snapshot!(whole_site(
        "hosts = [\"shop.example\", \"*.shop.example\", \"shop.example\"]\nupstream = \"http://b\"\n"
    ));
}

#[test]
fn two_catch_alls() {
    insta::assert_snapshot!(problems_of(&[
        ("sites/a.toml", "hosts = [\"*\"]\nupstream = \"http://a\"\n"),
        ("sites/b.toml", "hosts = [\"*\"]\nupstream = \"http://b\"\n"),
    ]));
}

#[test]
fn missing_keys() {
    insta::assert_snapshot!(
        [
            whole_site(""),
            whole_site("hosts = []\n[upstream]\nca_file = \"ca.pem\"\n"),
            site("[brand]\nlinks = [{ text = \"Status\" }, { url = \"https://a\" }, \"b\"]\n"),
        ]
        .concat()
    );
}

#[test]
fn bad_logos() {
    let logo = |name: &str| format!("{SITE}[brand]\nlogo = \"{name}\"\n");
    let large = vec![b'x'; 512 * 1024 + 1];
    let names = [
        "missing.svg",
        "logo.gif",
        "large.png",
        "broken.png",
        "script.svg",
        "outside.svg",
        ".",
        "",
    ];
    let shown = names.map(|name| {
        load([
            ("sites/shop.toml", logo(name).as_bytes()),
            ("sites/logo.gif", b"GIF89a"),
            ("sites/large.png", &large),
            ("sites/broken.png", b"\x89PNG\r\n\x1a\n"),
            (
                "sites/script.svg",
                b"<svg xmlns=\"http://www.w3.org/2000/svg\">\n<script>alert(1)</script></svg>",
            ),
            (
                "sites/outside.svg",
                b"<svg xmlns=\"http://www.w3.org/2000/svg\">\n<image href=\"https://cdn.example/a.png\"/></svg>",
            ),
        ])
        .expect_err("a bad logo")
        .to_string()
    });
    insta::assert_snapshot!(shown.concat());
}

#[test]
fn bad_certificates() {
    let upstream = |url: &str, file: &str| {
        format!("hosts = [\"*\"]\n[upstream]\nurl = \"{url}\"\nca_file = \"{file}\"\n")
    };
    let shown = [
        upstream("https://app", "missing.pem"),
        upstream("https://app", "empty.pem"),
        upstream("https://app", "broken.pem"),
        upstream("http://app", "empty.pem"),
    ]
    .map(|text| {
        load([
            ("sites/shop.toml", text.as_bytes()),
            ("sites/empty.pem", b"nothing here\n"),
            (
                "sites/broken.pem",
                b"-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n",
            ),
        ])
        .expect_err("bad certificates")
        .to_string()
    });
    insta::assert_snapshot!(shown.concat());
}

#[test]
fn bad_identities_and_tls_without_tls() {
    let upstream =
        |url: &str, more: &str| format!("hosts = [\"*\"]\n[upstream]\nurl = \"{url}\"\n{more}\n");
    let authority = Authority::new();
    let (own, other) = (authority.identity("a.test"), authority.identity("b.test"));
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let older = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMAA=\n-----END RSA PRIVATE KEY-----\n";
    let shown = [
        upstream("https://app", "client_certificate_file = \"missing.pem\""),
        upstream("https://app", "client_certificate_file = \"key.pem\""),
        upstream("https://app", "client_certificate_file = \"own.pem\""),
        upstream("https://app", "client_key_file = \"key.pem\""),
        upstream(
            "https://app",
            "client_certificate_file = \"own.pem\"\nclient_key_file = \"encrypted.pem\"",
        ),
        upstream(
            "https://app",
            "client_certificate_file = \"own.pem\"\nclient_key_file = \"older.pem\"",
        ),
        upstream(
            "https://app",
            "client_certificate_file = \"own.pem\"\nclient_key_file = \"other.pem\"",
        ),
        upstream(
            "https://app",
            "server_name = \"not a name\"\nhttp2 = \"yes\"",
        ),
        upstream(
            "http://app",
            "server_name = \"app.test\"\ninsecure = true\nhttp2 = true",
        ),
    ]
    .map(|text| {
        load([
            ("sites/shop.toml", text.as_bytes()),
            ("sites/own.pem", own.certificate.as_bytes()),
            ("sites/key.pem", own.key.as_bytes()),
            ("sites/other.pem", other.key.as_bytes()),
            ("sites/encrypted.pem", encrypted.as_bytes()),
            ("sites/older.pem", older.as_bytes()),
        ])
        .expect_err("bad identities")
        .to_string()
    });
    insta::assert_snapshot!(shown.concat());
}

#[test]
fn unreadable_files() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let sites = directory.path().join("sites");
    std::fs::create_dir_all(sites.join("folder.toml")).expect("a directory");
    std::fs::write(sites.join("latin1.toml"), b"hosts = [\"*\"]\n# gr\xfcn\n").expect("a file");
    std::fs::write(sites.join("my shop.toml"), SITE).expect("a file");
    std::os::unix::fs::symlink("nowhere", sites.join("dangling.toml")).expect("a link");
    let problems = load_with(directory.path(), &environment).expect_err("unreadable files");
    insta::assert_snapshot!(problems);
}

#[test]
fn no_site_at_all() {
    insta::assert_snapshot!(problems_of(&[("intermission.toml", "")]));
}

#[test]
fn bad_addresses() {
    insta::assert_snapshot!(process(
        "listen = [\"8080\", \"localhost:8080\", \"[::1]:8080\", \"[::1]:8080\", \":x\", \"10.0.0.1\"]\n\
         admin = \"on\"\ntrusted_proxies = [\"10.0.0.0/33\", \"10.1.2.3/8\", \"proxy.example\"]\n\
         [dns]\nservers = [\"dns.example\"]\n"
    ));
    insta::assert_snapshot!(
        "one_address_for_two",
        [
            process("listen = \":9090\"\n"),
            process("admin = \":8080\"\n"),
            process("listen = []\n"),
        ]
        .concat()
    );
}

#[test]
fn bad_flags() {
    let flags = Flags {
        upstream: "app:3000".to_owned(),
        listen: Some("8080".to_owned()),
        admin: Some("on".to_owned()),
        name: Some(" ".to_owned()),
    };
    insta::assert_snapshot!(from_flags(&flags).expect_err("bad flags"));
}

#[test]
fn bad_brand() {
    insta::assert_snapshot!(site(
        "[brand]\nname = \" \"\ncolor = \"green\"\nphone = \"call us\"\nemail = \"us\"\nlinks = [\n\
         { text = \"a\", url = \"javascript:alert(1)\" },\n{ text = \"b\", url = \"status.example\" },\n\
         { text = \"\\u0007\", url = \"https://a b\" },\n]\n[page.fi]\nheadline = \"x\"\n[page.de-DE]\n\
         headline = \"x\"\n[fallback]\nlanguage = \"fi\"\n"
    ));
}

#[test]
fn bad_looks_and_words() {
    insta::assert_snapshot!(site(
        "[brand]\ntheme = \"calmer\"\ntone = \"rude\"\nfont = [\"a;b\"]\nbackground = \"rgb(1,2,3)\"\n\
         chat = \"mailto:us@shop.example\"\nstatus_page = \"status.example\"\naddress = \"\"\n\
         social = \"instagram\"\n[page.de]\nstill_works = [\"\", 3]\neta = 5\n\
         action = { text = \"x\" }\n[page.en]\naction = { url = \"javascript:x\", code = \"\" }\n"
    ));
}

#[test]
fn colours_that_are_hard_to_read_are_warned_of_with_the_nearest_that_are_not() {
    let site = "hosts = [\"*\"]\nupstream = \"http://app\"\n[brand]\ncolor = \"#ffe600\"\n\
                background = \"#fffaf0\"\ntext = \"#999\"\ncolor_dark = \"#0a3a2c\"\n\
                text_dark = \"#e8f2ee\"\n";
    let loaded = load([("sites/shop.toml", site.as_bytes())]).expect("warnings only");
    insta::assert_snapshot!(Problems::new(loaded.warnings));
}

#[test]
fn bad_languages() {
    let texts = [
        "languages = []\n",
        "languages = \"de\"\n",
        "languages = [\"de\", \"pt-BR\", \"zh_CN\", \"zh-TW\", 7]\nlanguage = \"EN\"\n",
        "languages = [\"de\", \"fr\"]\nlanguage = \"en\"\n",
    ];
    let shown: String = texts
        .map(|text| format!("{}\n", site(&format!("[fallback]\n{text}"))))
        .concat();
    insta::assert_snapshot!(shown);
}

#[test]
fn words_in_a_language_that_is_not_offered_are_a_warning() {
    let text = "hosts = [\"*\"]\nupstream = \"http://app\"\n[page.de]\nheadline = \"x\"\n\
                [page.fr]\nheadline = \"x\"\n[fallback]\nlanguages = [\"nl\", \"de\", \"nl\"]\n";
    let loaded = load([("sites/shop.toml", text.as_bytes())]).expect("a warning is no error");
    let fallback = &loaded.config.sites[0].fallback;
    assert_eq!(fallback.languages, [Language::Nl, Language::De]);
    assert_eq!(
        fallback.language,
        Language::De,
        "the only one with words of the owner"
    );
    insta::assert_snapshot!(Problems::new(loaded.warnings));
}

#[test]
fn the_default_language_is_the_owners_else_english_else_the_first_offered() {
    let default = |more: &str| {
        let text = format!("hosts = [\"*\"]\nupstream = \"http://app\"\n{more}");
        let loaded = load([("sites/shop.toml", text.as_bytes())]).expect("a right site");
        loaded.config.sites[0].fallback.language
    };
    let own = "[page.it]\nheadline = \"x\"\n";
    let offered = "[fallback]\nlanguages = [\"nl\", \"it\"]\n";
    assert_eq!(default(""), Language::En);
    assert_eq!(default(own), Language::It);
    assert_eq!(default(offered), Language::Nl);
    assert_eq!(default(&format!("{own}{offered}")), Language::It);
    assert_eq!(
        default(&format!("{own}{offered}language = \"nl\"\n")),
        Language::Nl
    );
}

#[test]
fn bad_names_words_and_fields() {
    insta::assert_snapshot!(
        [
            process("name = \"my proxy\"\n[log]\naccess = \"none\"\nformat = \"JSON\"\nlevel = \"warning\"\n"),
            site("[headers]\nhost = \"shop example\"\n"),
        ]
        .concat()
    );
}

#[test]
fn variables() {
    insta::assert_snapshot!(whole_site(
        "hosts = [\"${UNSET}\", \"${\", \"${1}\"]\nupstream = \"http://${UNSET:-app}:3000\"\n"
    ));
}

#[test]
fn values_of_the_environment_are_never_shown() {
    let shown = problems_of(&[
        (
            "intermission.toml",
            "listen = \"${SECRET}\"\nname = \"${SECRET} \"\nworkers = \"${SECRET}\"\n\
             drain = \"${SECRET}\"\n[log]\nlevel = \"${SECRET}\"\n[clients]\nhead_size = \"${SECRET}\"\n",
        ),
        (
            "sites/shop.toml",
            "hosts = [\"http://${SECRET}\", \"a.${SECRET}\", \"a.${SECRET}\"]\nupstream = \"${SECRET}\"\n\
             [brand]\nlogo = \"${SECRET}\"\ncolor = \"${SECRET}\"\nlinks = [{ text = \"a\", url = \"${SECRET}.a\" }]\n\
             [headers]\nhost = \"${SECRET}@\"\n",
        ),
    ]);
    assert!(shown.errors() >= 12, "{shown}");
    for shown in [shown.to_string(), shown.to_json()] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn warnings_do_not_fail() {
    let site = "hosts = [\"*\"]\nupstream = \"http://127.0.0.1:8080\"\n[brand]\nlogo = \"logo.svg\"\n\
                [timeouts]\ntotal = \"2s\"\n[retry]\nattempts = 1\n[fallback]\nstatuses = []\napi = true\n\
                [retry_after]\nstart = \"1h\"\n";
    let logo = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\">{}</svg>",
        " ".repeat(40 * 1024)
    );
    let loaded = load([
        (
            "intermission.toml",
            b"trusted_proxies = [\"0.0.0.0/0\"]\n".as_slice(),
        ),
        ("sites/shop.toml", site.as_bytes()),
        ("sites/logo.svg", logo.as_bytes()),
        ("sites/blog.toml.bak", b""),
        ("sites/.hidden", b""),
    ])
    .expect("warnings only");
    assert!(
        loaded
            .warnings
            .iter()
            .all(|problem| problem.severity == Severity::Warning)
    );
    insta::assert_snapshot!(Problems::new(loaded.warnings));
}

#[test]
fn json_has_every_field() {
    let files = [(
        "sites/shop.toml",
        "hosts = [\"ü\", 1]\nupstream = \"app\"\n",
    )];
    insta::assert_snapshot!(problems_of(&files).to_json());
}

#[test]
fn lines_and_columns_are_those_of_the_excerpts() {
    let problems = problems_of(&[(
        "sites/shop.toml",
        "# ü\nhosts = [\"ü\", 1]\nupstream = \"\"\n",
    )]);
    let shown = problems.to_string();
    for Problem { line, column, .. } in &problems {
        let place = format!(
            "sites/shop.toml:{}:{}\n",
            line.expect("a line"),
            column.expect("one")
        );
        assert!(shown.contains(&place), "{place} is not in\n{shown}");
    }
}

#[test]
fn a_directory_that_is_empty_or_missing_has_no_site() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for path in [directory.path(), Path::new("/nonexistent/intermission")] {
        let problems = load_with(path, &environment).expect_err("no site");
        assert_eq!(problems.errors(), 1);
    }
}

/// Lines that are nearly right: the ways in which people get it wrong.
fn nearly_right() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "hosts",
        "upstream",
        "[brand]",
        "brand.name",
        "brand.links",
        "page",
        "[page.de]",
        "timeouts",
        "timeouts.connect",
        "[timeouts]",
        "connect",
        "fallback.statuses",
        "listen",
        "log",
        "[[upstream]]",
        "\"a b\"",
        "workers",
        "head_size",
        "[clients]",
        "logo",
        "",
    ]);
    let value = prop::sample::select(vec![
        "",
        "= \"*\"",
        "= [\"*\"]",
        "= 3",
        "= \"3s\"",
        "= \"${A}\"",
        "= {}",
        "= [[{}]]",
        "= -0x1",
        "= 1979-05-27",
        "= nan",
        "= \"http://a\"",
        "= { a = 1 }",
        "= [{ text = 1 }]",
        "= \"\\u0000\"",
        "= '''\nx",
        "= \"ü\"",
    ]);
    let line = (key, value).prop_map(|(key, value)| format!("{key} {value}"));
    prop::collection::vec(prop_oneof![9 => line, 1 => "\\PC*"], 0..8)
        .prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_panics(process in nearly_right(), site in nearly_right()) {
        let problems = problems_of(&[("intermission.toml", &process), ("sites/a.toml", &site)]);
        prop_assert!(!problems.to_json().is_empty());
        let _ = problems.render(true);
    }

    #[test]
    fn no_bytes_panic(process: Vec<u8>, site: Vec<u8>) {
        let files = [("intermission.toml", process.as_slice()), ("sites/a.toml", site.as_slice())];
        if let Err(problems) = load(files) {
            let _ = problems.to_string();
        }
    }
}

#[test]
fn maintenance() {
    insta::assert_snapshot!(site(
        "[maintenance]\non = \"yes\"\nallow = [\"10.0.0.0/33\", \"0.0.0.0/0\"]\n\
         [[maintenance.window]]\nfrom = 2026-12-01T22:00:00\nuntil = \"tomorrow\"\n\
         [[maintenance.window]]\nfrom = 2026-12-01T22:00:00+01:00\nuntil = 2026-12-01T21:00:00Z\n\
         [[maintenance.window]]\nfrom = 2026-12-01\nto = 2026-12-02\n"
    ));
}

#[test]
fn variants_of_the_page() {
    insta::assert_snapshot!(site(
        "[[page.variant]]\npath = \"sale\"\nhost = \"https://shop.example/x\"\nutm_campaign = []\n\
         utm_source = [\"\", 1]\nfrom = \"soon\"\npth = \"/x\"\nxx = { headline = \"x\" }\n\
         de = { headlines = \"x\", headline = 7 }\n\
         [[page.variant]]\npath = [\"/a?b=c\", \"/ü\"]\n"
    ));
}

#[test]
fn health_and_breaker() {
    insta::assert_snapshot!(site(
        "[health]\nprobe = 1\npath = \"health\"\nstatuses = [99, 200]\ntext = \"\"\n\
         interval = \"1ms\"\nfails = 0\n[breaker]\nenabled = \"no\"\nrefused = 0\n\
         success_percent = 101\nshortest = \"20s\"\nramp = \"2h\"\n"
    ));
    insta::assert_snapshot!(
        "keys_without_effect",
        site(
            "[health]\nprobe = false\npath = \"/health\"\n[breaker]\nenabled = false\nramp = \"1s\"\n"
        )
    );
}

#[test]
fn redirects_and_hsts() {
    insta::assert_snapshot!(whole_site(
        "hosts = [\"shop.example\", \"*.shop.example\"]\nupstream = \"http://app:3000\"\n\
         [redirect]\nhttps = \"yes\"\nhttps_port = 0\nhost = \"other.example\"\nhots = \"x\"\n\
         [hsts]\nmax_age = \"30d\"\npreload = true\n"
    ));
    for host in [
        "*.shop.example",
        "*",
        "shop.example:80",
        "https://shop.example",
    ] {
        let shown = site(&format!("[redirect]\nhost = \"{host}\"\n"));
        assert!(shown.contains("redirect.host"), "{host}: {shown}");
    }
    let wide = "hosts = [\"*.shop.example\"]\nupstream = \"http://a\"\n\
                [redirect]\nhost = \"www.shop.example\"\n";
    let narrow = "hosts = [\"www.shop.example\"]\nupstream = \"http://a\"\n";
    let both = [("sites/a.toml", wide), ("sites/b.toml", narrow)];
    let shown = problems_of(&both).to_string();
    assert!(shown.contains("leads to another site"), "{shown}");
    assert!(!problems_of(&both[..1]).to_string().contains("another site"));
    let shown = site("[redirect]\nhttps_port = 8443\n[hsts]\ninclude_subdomains = true\n");
    assert!(shown.contains("has no effect"), "{shown}");
    assert!(shown.contains("hsts.max_age: is missing"), "{shown}");
}

#[test]
fn fields_that_are_not_the_owners() {
    insta::assert_snapshot!(site(
        "[headers.request]\nset = { Host = \"x\", \"X-Forwarded-For\" = \"x\", X_Forwarded_Proto = \"x\", \
         Connection = \"x\", \"X Y\" = \"x\", X-A = \"a\\r\\nb\", X-B = \"\\u0000\", X-C = \"\", X-D = 1, \
         X-E = \"e\", x-e = \"e\" }\n\
         remove = [\"Via\", \"x-e\", 7, \"Content-Length\"]\n\
         [headers.response]\nset = { \"Set-Cookie\" = \"a=b\", \"Strict-Transport-Security\" = \"x\" }\n\
         remove = [\"Transfer-Encoding\", \"Proxy-Status\"]\nremoved = []\n"
    ));
}

#[test]
fn senders_of_proxy_headers() {
    insta::assert_snapshot!(process(
        "[proxy_protocol]\nfrom = [\"10.0.0.1/8\", \"lb\", \"0.0.0.0/0\"]\nform = []\n"
    ));
}
