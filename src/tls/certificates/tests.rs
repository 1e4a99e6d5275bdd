//! Names and the certificates that are found for them.

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;

use super::*;
use crate::config::{
    Flags, from_flags,
    spec::{AcmeSpec, KeySpec},
};

fn identity(name: &str) -> IdentitySpec {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    IdentitySpec {
        chain: vec![certificate.der().clone()],
        key: KeySpec(PrivateKeyDer::Pkcs8(key.serialize_der().into())),
        files: None,
    }
}

fn given(name: &str) -> Option<TlsSpec> {
    Some(TlsSpec::Given(identity(name)))
}

fn acme() -> TlsSpec {
    TlsSpec::Acme(AcmeSpec {
        contact: "us@shop.example".to_owned(),
        names: vec!["new.example".to_owned()],
    })
}

/// Sites with these hosts, in the order of their names.
fn config(sites: Vec<(HostPattern, Option<TlsSpec>)>) -> Config {
    let flags = Flags {
        upstream: "http://app".to_owned(),
        listen: None,
        admin: None,
        name: None,
    };
    let mut config = from_flags(&flags).unwrap();
    let bare = config.sites.remove(0);
    for (at, (host, tls)) in sites.into_iter().enumerate() {
        config.sites.push(Arc::new(SiteSpec {
            name: format!("site{at}"),
            hosts: vec![host],
            tls,
            ..SiteSpec::clone(&bare)
        }));
    }
    config
}

fn exact(name: &str) -> HostPattern {
    HostPattern::Exact(name.to_owned())
}

fn wildcard(suffix: &str) -> HostPattern {
    HostPattern::Wildcard(suffix.to_owned())
}

/// Which of the entries is found for a name.
fn found(certificates: &Certificates, name: Option<&str>) -> Option<String> {
    let found = certificates.find(name)?;
    let is_it = |entry: &&Entry| entry.slot.get().is_some_and(|it| Arc::ptr_eq(&it, &found));
    let entry = certificates.entries().iter().find(is_it).unwrap();
    Some(entry.site.clone().unwrap_or_else(|| "process".to_owned()))
}

#[test]
fn the_exact_name_wins_then_the_longest_pattern_then_the_rest() {
    let mut config = config(vec![
        (exact("a.shop.example"), given("a")),
        (wildcard(".shop.example"), given("b")),
        (wildcard(".x.shop.example"), given("c")),
        (exact("plain.example"), None),
    ]);
    let certificates = Certificates::build(&config, None).unwrap();
    for (name, site) in [
        ("a.shop.example", Some("site0")),
        ("b.shop.example", Some("site1")),
        ("b.a.shop.example", Some("site1")),
        ("b.x.shop.example", Some("site2")),
        ("shop.example", None),
        ("plain.example", None),
        ("other.example", None),
    ] {
        assert_eq!(found(&certificates, Some(name)).as_deref(), site, "{name}");
    }
    assert_eq!(found(&certificates, None), None);

    config.process.tls = Some(identity("d"));
    let certificates = Certificates::build(&config, None).unwrap();
    for name in [None, Some("plain.example"), Some("other.example")] {
        assert_eq!(found(&certificates, name).as_deref(), Some("process"));
    }
    assert_eq!(
        found(&certificates, Some("a.shop.example")).as_deref(),
        Some("site0")
    );
}

#[test]
fn a_site_for_every_host_answers_for_names_of_others_and_for_none() {
    let config = config(vec![(HostPattern::Any, given("a"))]);
    let certificates = Certificates::build(&config, None).unwrap();
    for name in [None, Some("other.example")] {
        assert_eq!(found(&certificates, name).as_deref(), Some("site0"));
    }
}

#[test]
fn what_acme_has_fetched_outlives_a_reload_and_the_default_stands_in_before() {
    let mut config = config(vec![(exact("new.example"), Some(acme()))]);
    config.process.tls = Some(identity("d"));
    let first = Certificates::build(&config, None).unwrap();
    assert_eq!(
        found(&first, Some("new.example")).as_deref(),
        Some("process")
    );

    let slot = first.fetched("site0").unwrap();
    slot.put(certified(&identity("new.example"), "new").unwrap());
    assert_eq!(found(&first, Some("new.example")).as_deref(), Some("site0"));
    let second = Certificates::build(&config, Some(&first)).unwrap();
    assert_eq!(
        found(&second, Some("new.example")).as_deref(),
        Some("site0")
    );
}

#[test]
fn what_is_fetched_serves_on_when_names_are_added_and_nobody_vouches_before_it_comes() {
    let first = config(vec![(exact("new.example"), Some(acme()))]);
    let first = Certificates::build(&first, None).unwrap();
    let stand_in = first.find(Some("new.example")).unwrap();
    assert!(first.find(Some("other.example")).is_none());
    let fetched = certified(&identity("new.example"), "new").unwrap();
    first.fetched("site0").unwrap().put(fetched);

    let more = TlsSpec::Acme(AcmeSpec {
        contact: "us@shop.example".to_owned(),
        names: vec!["new.example".to_owned(), "more.example".to_owned()],
    });
    let second = config(vec![
        (exact("new.example"), Some(more)),
        (exact("later.example"), Some(acme())),
    ]);
    let second = Certificates::build(&second, Some(&first)).unwrap();
    let found_now = found(&second, Some("new.example"));
    assert_eq!(found_now.as_deref(), Some("site0"));
    let still = second.find(Some("later.example")).unwrap();
    assert!(Arc::ptr_eq(&stand_in, &still), "made once");
}

#[test]
fn another_certificates_key_is_refused() {
    let mut mixed = identity("a");
    mixed.key = identity("b").key;
    let config = config(vec![(exact("a"), Some(TlsSpec::Given(mixed)))]);
    let error = Certificates::build(&config, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the certificate of site site0 cannot be used"
    );
}
