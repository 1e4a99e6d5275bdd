//! What is found on the disk, and what is said about it.

use std::path::Path;

use jiff::ToSpan as _;
use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use super::*;
use crate::config::{from_flags, load_with, spec::Config};

/// A certificate of its own making and its key, in PEM.
fn pair() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["shop.example".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

fn write(directory: &Path, (certificate, key): &(String, String)) {
    std::fs::write(directory.join("sites/cert.pem"), certificate).unwrap();
    std::fs::write(directory.join("sites/key.pem"), key).unwrap();
}

fn configured(pair: &(String, String)) -> (TempDir, Config) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("sites")).unwrap();
    write(directory.path(), pair);
    let site = "hosts = [\"shop.example\"]\nupstream = \"http://app\"\n\
                [tls]\ncertificate_file = \"cert.pem\"\nkey_file = \"key.pem\"\n";
    std::fs::write(directory.path().join("sites/shop.toml"), site).unwrap();
    let loaded = load_with(directory.path(), &|_| None).unwrap_or_else(|error| panic!("{error}"));
    (directory, loaded.config)
}

fn shown(certificates: &Certificates) -> Vec<u8> {
    certificates.find(Some("shop.example")).unwrap().cert[0].to_vec()
}

#[test]
fn a_renewed_certificate_is_found_and_a_broken_one_leaves_the_one_before() {
    let (first, second) = (pair(), pair());
    let (directory, config) = configured(&first);
    let certificates = Certificates::build(&config, None).unwrap();
    let mut said = Said::default();
    let before = shown(&certificates);
    said.look(&certificates, Timestamp::now());
    assert_eq!(shown(&certificates), before);

    // The certificate is there already, its key is not.
    write(directory.path(), &(second.0.clone(), first.1));
    said.look(&certificates, Timestamp::now());
    assert_eq!(shown(&certificates), before);
    assert_eq!(said.broken.len(), 1);

    write(directory.path(), &second);
    said.look(&certificates, Timestamp::now());
    assert_ne!(shown(&certificates), before);
    assert!(said.broken.is_empty());
}

#[test]
fn each_step_towards_the_end_is_said_once() {
    let (_directory, config) = configured(&pair());
    let certificates = Certificates::build(&config, None).unwrap();
    let entry = &certificates.entries()[0];
    let expires = entry.expires().unwrap();
    let mut said = Said::default();
    for (days, remaining) in [(30, Remaining::Enough), (20, Remaining::ThreeWeeks)] {
        said.warn(entry, expires - (days * 24).hours());
        let known = said.expiring[&entry.site];
        assert_eq!(known, (expires, remaining));
    }
}

#[test]
fn without_certificates_there_is_nothing_to_look_at() {
    let flags = config::Flags {
        upstream: "http://app".to_owned(),
        listen: None,
        admin: None,
        name: None,
    };
    let certificates = Certificates::build(&from_flags(&flags).unwrap(), None).unwrap();
    assert!(certificates.find(Some("shop.example")).is_none());
    Said::default().look(&certificates, Timestamp::now());
}
