//! Certificates that cannot be used, each with its own clear error.

use intermission::config::{Problems, load_with};

use crate::support::tls::{Authority, Pair};

/// What `check` shows for a site with these lines in `[tls]` and these files beside it.
fn shown(tls: &str, files: &[(&str, &str)]) -> String {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let sites = directory.path().join("sites");
    std::fs::create_dir(&sites).expect("a directory");
    for (name, text) in files {
        std::fs::write(sites.join(name), text).expect("a file");
    }
    let site = format!("hosts = [\"shop.test\"]\nupstream = \"http://app\"\n[tls]\n{tls}\n");
    std::fs::write(sites.join("shop.toml"), site).expect("a file");
    let variable = |name: &str| (name == "TLS_KEY").then(|| "s3cret".to_owned());
    match load_with(directory.path(), &variable) {
        Ok(loaded) => Problems::new(loaded.warnings).to_string(),
        Err(problems) => problems.to_string(),
    }
}

fn pairs() -> [Pair; 2] {
    let authority = Authority::new();
    [&["shop.test"], &["other.test"]].map(|names| authority.pair(names))
}

const BOTH: &str = "certificate_file = \"c.pem\"\nkey_file = \"k.pem\"";

#[test]
fn a_pair_a_bundle_and_texts_are_taken() {
    let [pair, _] = pairs();
    let files = [("c.pem", &*pair.certificate), ("k.pem", &*pair.key)];
    assert_eq!(shown(BOTH, &files), "");
    let bundle = pair.bundle();
    assert_eq!(
        shown("certificate_file = \"c.pem\"", &[("c.pem", &bundle)]),
        ""
    );
    let texts = format!(
        "certificate = '''\n{}'''\nkey = '''\n{}'''",
        pair.certificate, pair.key
    );
    assert_eq!(shown(&texts, &[]), "");
}

#[test]
fn what_cannot_be_used_is_said_with_its_place() {
    let [pair, other] = pairs();
    let locked =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let half = &pair.certificate[..pair.certificate.len() / 2];
    let no_key = pair.key.replace("PRIVATE KEY", "PUBLIC KEY");
    let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let cases = [
        (
            &*pair.certificate,
            &*other.key,
            "has another private key in it",
        ),
        (&pair.certificate, locked, "locked by a password"),
        (&pair.certificate, &no_key, "has no private key in it"),
        (&pair.certificate, &pair.key[..60], "has no private key"),
        (half, &pair.key, "has no certificate that can be read"),
        ("", &pair.key, "has no certificate in it"),
        (
            nonsense,
            &pair.key,
            "has a certificate in it that cannot be read",
        ),
    ];
    for (certificate, key, problem) in cases {
        let text = shown(BOTH, &[("c.pem", certificate), ("k.pem", key)]);
        assert!(text.contains(problem), "{problem}: {text}");
        assert!(text.contains("sites/shop.toml:"), "{text}");
        assert!(!text.contains("BEGIN"), "{text}");
    }
    let missing = shown(BOTH, &[]);
    assert!(missing.contains("does not exist"), "{missing}");
}

#[test]
fn half_a_pair_and_two_ways_at_once_are_refused() {
    let [pair, _] = pairs();
    let files = [("c.pem", &*pair.certificate), ("k.pem", &*pair.key)];
    let cases = [
        ("key_file = \"k.pem\"", "has no certificate beside it"),
        ("certificate_file = \"c.pem\"", "has no private key in it"),
        (
            "acme = \"us@shop.test\"\ncertificate_file = \"c.pem\"",
            "stands beside `acme`",
        ),
        (
            "certificate_file = \"c.pem\"\nkey_file = \"k.pem\"\nkey = \"${TLS_KEY}\"",
            "stands there twice",
        ),
        ("acme = \"nobody\"", "tls.acme"),
        (
            "certificate = \"x\"\nkey = \"${TLS_KEY}\"",
            "has no certificate in it",
        ),
    ];
    for (tls, problem) in cases {
        let text = shown(tls, &files);
        assert!(text.contains(problem), "{tls}: {text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[test]
fn a_host_that_its_certificate_is_not_for_is_a_warning() {
    let [_, other] = pairs();
    let text = shown(
        BOTH,
        &[("c.pem", &other.certificate), ("k.pem", &other.key)],
    );
    assert!(text.contains("warning: tls.certificate_file"), "{text}");
    assert!(text.contains("not for the host `\"shop.test\"`"), "{text}");
}

#[test]
fn an_address_for_tls_needs_a_certificate() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    std::fs::create_dir(directory.path().join("sites")).expect("a directory");
    let site = "hosts = [\"shop.test\"]\nupstream = \"http://app\"\n";
    std::fs::write(directory.path().join("sites/shop.toml"), site).expect("a file");
    for (process, problem) in [
        ("listen_tls = \":8443\"\n", "there is no certificate"),
        (
            "listen = \":1\"\nlisten_tls = \":1\"\n",
            "which does not encrypt",
        ),
        (
            "admin = \":1\"\nlisten_tls = \":1\"\n",
            "to clients and administration",
        ),
        (
            "[acme]\ndirectory = \"http://ca.test\"\n",
            "begins with https://",
        ),
    ] {
        std::fs::write(directory.path().join("intermission.toml"), process).expect("a file");
        let text = load_with(directory.path(), &|_| None).expect_err("an error");
        assert!(text.to_string().contains(problem), "{process}: {text}");
    }
}
