//! `[tls]` of a site and of the process, and `[acme]`.

use std::{net::IpAddr, path::PathBuf};

use http::Uri;
use rustls::{
    client::verify_server_name,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    server::ParsedCertificate,
};

use super::{
    brand,
    fault::Fault,
    identity::{PEM_LIMIT, identity},
    problem::Problem,
    reader::{Table, Value},
    site::ClaimedHost,
    source::read_file,
    spec::{AcmeDirectorySpec, AcmeSpec, HostPattern, IdentityFiles, IdentitySpec, TlsSpec},
};

const WAY_OUT: &str = "write certificate_file = \"fullchain.pem\" and key_file = \"privkey.pem\"";
const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// What public authorities put into one certificate.
const MOST_NAMES: usize = 100;

/// Whom certificates are asked of unless it is said.
pub(super) fn lets_encrypt() -> AcmeDirectorySpec {
    AcmeDirectorySpec {
        url: LETS_ENCRYPT.to_owned(),
        ca: Vec::new(),
    }
}

/// Reads `[tls]` of a site.
pub(super) fn site(table: &Table<'_>, hosts: &[ClaimedHost]) -> Option<TlsSpec> {
    let Some(value) = table.get("acme") else {
        let given = read(table)?;
        check_names(table, &given, hosts);
        return Some(TlsSpec::Given(given));
    };
    let own = ["certificate_file", "certificate", "key_file", "key"];
    if let Some(other) = own.iter().find_map(|key| table.get(key)) {
        other.reject(
            "stands beside `acme`, which fetches certificates by itself",
            "leave out one of the two",
        );
    }
    let contact = value.read("a mail address", brand::email);
    let names = asked_names(&value, hosts);
    Some(TlsSpec::Acme(AcmeSpec {
        contact: contact?,
        names: names?,
    }))
}

/// Reads `[tls]` of the process.
pub(super) fn default(table: &Table<'_>) -> Option<IdentitySpec> {
    read(table)
}

/// Reads `[acme]` of the process.
pub(super) fn directory(table: &Table<'_>, default: AcmeDirectorySpec) -> AcmeDirectorySpec {
    let url = table
        .get("directory")
        .and_then(|value| value.read("a URL", https_url));
    let ca = table.get("ca_file").map(|value| authorities(&value));
    AcmeDirectorySpec {
        url: url.unwrap_or(default.url),
        ca: ca.unwrap_or(default.ca),
    }
}

/// What is asked of a directory is only safe where nobody listens (RFC 8555 section 6.1).
fn https_url(text: &str) -> Result<String, Fault> {
    let is_one = text
        .parse::<Uri>()
        .is_ok_and(|uri| uri.scheme() == Some(&http::uri::Scheme::HTTPS) && uri.host().is_some());
    if is_one {
        return Ok(text.to_owned());
    }
    let way_out = format!("write the URL of a directory: \"{LETS_ENCRYPT}\"");
    Err(Fault::new(
        "is not a URL that begins with https://",
        way_out,
    ))
}

/// One text of PEM, with its place.
struct Pem<'r> {
    value: Value<'r>,
    bytes: Vec<u8>,
    path: Option<PathBuf>,
}

fn read(table: &Table<'_>) -> Option<IdentitySpec> {
    let (certificate, key) = (
        pem(table, "certificate_file", "certificate"),
        pem(table, "key_file", "key"),
    );
    let (certificate, key) = match (certificate, key) {
        (None, None) => {
            if let Some((name, value)) = table.iter().next() {
                debug_assert!(!name.is_empty());
                value.reject("says nothing without a certificate", WAY_OUT);
            }
            return None;
        }
        (None, Some(key)) => {
            if let Some(key) = key {
                key.value.reject("has no certificate beside it", WAY_OUT);
            }
            return None;
        }
        (Some(certificate), key) => (certificate?, key),
    };
    let key = match &key {
        Some(key) => key.as_ref()?,
        None => &certificate,
    };
    let files = match (&certificate.path, &key.path) {
        (Some(certificate), Some(key)) => Some(IdentityFiles {
            certificate: certificate.clone(),
            key: key.clone(),
        }),
        _ => None,
    };
    match identity(&certificate.bytes, &key.bytes, files) {
        Ok(identity) => Some(identity),
        Err(error) => {
            let blamed = if error.is_of_key() { key } else { &certificate };
            blamed.value.reject(&error.to_string(), error.way_out());
            None
        }
    }
}

/// What one of the two keys says; `Some(None)` where it says something that cannot be used.
fn pem<'r>(table: &Table<'r>, file: &str, inline: &str) -> Option<Option<Pem<'r>>> {
    let (file, inline) = match (table.get(file), table.get(inline)) {
        (None, None) => return None,
        (Some(_), Some(inline)) => {
            let problem = "stands there twice: as a text and as a file";
            inline.reject(problem, "leave out one of the two");
            return Some(None);
        }
        one => one,
    };
    if let Some(value) = inline {
        let text = value.read("PEM", |text| Ok(text.to_owned()));
        return Some(text.map(|text| Pem {
            value,
            bytes: text.into_bytes(),
            path: None,
        }));
    }
    let value = file?;
    let path = value.file();
    Some(path.and_then(|path| match read_file(&path, PEM_LIMIT) {
        Ok(bytes) => Some(Pem {
            value,
            bytes,
            path: Some(path),
        }),
        Err(error) => {
            let way_out = "name a PEM file; paths start from the directory of this file";
            value.reject(&format!("is no file of PEM: it {error}"), way_out);
            None
        }
    }))
}

/// The names a certificate is asked for.
fn asked_names(value: &Value<'_>, hosts: &[ClaimedHost]) -> Option<Vec<String>> {
    let exact = |host: &ClaimedHost| match &host.pattern {
        HostPattern::Exact(name) => Some(name.clone()),
        HostPattern::Wildcard(_) | HostPattern::Any => None,
    };
    let names: Option<Vec<String>> = hosts.iter().map(exact).collect();
    if names.is_none() {
        value.reject(
            "cannot fetch a certificate for `*` or `*.…`: names are proven one by one",
            "list the hosts of this site one by one, or name a certificate_file",
        );
    }
    let names = names.filter(|names| !names.is_empty())?;
    let is_address = |name: &&String| name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    if let Some(address) = names.iter().find(is_address) {
        value.reject(
            &format!("cannot fetch a certificate for `{address}`: it is an address"),
            "give addresses a site of their own, with a certificate_file or without [tls]",
        );
    }
    if names.len() > MOST_NAMES {
        value.reject(
            &format!(
                "asks for {} names, and a certificate holds {MOST_NAMES}",
                names.len()
            ),
            "divide the hosts among several sites",
        );
    }
    Some(names)
}

/// Ends of names that mean nothing outside of a network (RFC 6761, RFC 2606, RFC 8375).
const PRIVATE: [&str; 9] = [
    "test",
    "example",
    "invalid",
    "localhost",
    "local",
    "internal",
    "lan",
    "home",
    "arpa",
];

/// A host that no public authority can come to, if a certificate is asked for it.
pub(super) fn private_name(table: &Table<'_>, hosts: &[ClaimedHost]) -> Option<Problem> {
    let value = table.get("acme")?;
    let is_private = |host: &&ClaimedHost| match &host.pattern {
        HostPattern::Exact(name) => match name.rsplit_once('.') {
            Some((_, end)) => PRIVATE.contains(&end),
            None => true,
        },
        HostPattern::Wildcard(_) | HostPattern::Any => false,
    };
    let host = hosts.iter().find(is_private)?;
    let problem = format!(
        "asks for a certificate for `{}`, which is no name of the internet",
        host.written
    );
    let way_out = "name a directory of your own in [acme], or a certificate_file";
    Some(value.problem(&problem, way_out).into_warning())
}

/// Warns of hosts that the certificate is not for: their clients will refuse it.
fn check_names(table: &Table<'_>, identity: &IdentitySpec, hosts: &[ClaimedHost]) {
    let Some(first) = identity.chain.first() else {
        return;
    };
    let Ok(certificate) = ParsedCertificate::try_from(first) else {
        return;
    };
    for host in hosts {
        let name = match &host.pattern {
            HostPattern::Exact(name) => name.clone(),
            HostPattern::Wildcard(suffix) => format!("x{suffix}"),
            HostPattern::Any => continue,
        };
        let is_covered = ServerName::try_from(name)
            .is_ok_and(|name| verify_server_name(&certificate, &name).is_ok());
        let value = ["certificate_file", "certificate"];
        if !is_covered && let Some(value) = value.iter().find_map(|key| table.get(key)) {
            let problem = format!(
                "holds a certificate that is not for the host `{}`: clients will refuse it",
                host.written
            );
            let way_out = "ask for a certificate with this name in it, or remove the host";
            table
                .report()
                .add(value.problem(&problem, way_out).into_warning());
        }
    }
}

fn authorities(file: &Value<'_>) -> Vec<CertificateDer<'static>> {
    let Some(path) = file.file() else {
        return Vec::new();
    };
    let read = read_file(&path, PEM_LIMIT)
        .map_err(|error| format!("it {error}"))
        .and_then(|bytes| {
            CertificateDer::pem_slice_iter(&bytes)
                .collect::<Result<Vec<_>, _>>()
                .map_err(|_| "it is not PEM".to_owned())
        });
    let problem = match read {
        Ok(certificates) if !certificates.is_empty() => return certificates,
        Ok(_) => "it has no certificate in it".to_owned(),
        Err(problem) => problem,
    };
    let way_out = "name a PEM file with certificates; paths start from the directory of this file";
    file.reject(&format!("is no file of certificates: {problem}"), way_out);
    Vec::new()
}
