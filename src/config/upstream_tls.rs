//! The keys of an `upstream` entry that are about TLS: whom we trust, and who we are.
//!
//! Files are read and matched here, so that what is wrong with them is said before anything that
//! works is replaced.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};

use super::{
    fault::Fault,
    identity::identity,
    reader::{Table, Value},
    source::read_file,
    spec::{IdentitySpec, Scheme, UpstreamTlsSpec},
};

const PEM_LIMIT: u64 = 4 * 1024 * 1024;
const USELESS: &str = "is of no use: the upstream is not encrypted";
const USELESS_WAY_OUT: &str = "use https:// or leave it out";
const CERTIFICATES: Wanted = (
    "certificates",
    "name a PEM file with certificates; paths start from the directory of this file",
);
const KEYS: Wanted = (
    "keys",
    "name a PEM file with a private key that has no passphrase",
);

/// What a file should hold, and the way out when it does not.
type Wanted = (&'static str, &'static str);

/// Reads all of them; the certificates of `ca_file` first. `None` for the scheme: it is wrong,
/// which has been said.
pub(super) fn tls(
    table: &Table<'_>,
    scheme: Option<Scheme>,
) -> (Vec<CertificateDer<'static>>, UpstreamTlsSpec) {
    for key in [
        "ca_file",
        "server_name",
        "client_certificate_file",
        "client_key_file",
    ] {
        if scheme == Some(Scheme::Http)
            && let Some(value) = table.get(key)
        {
            value.reject(USELESS, USELESS_WAY_OUT);
        }
    }
    let ca_file = table.get("ca_file");
    let ca = ca_file.and_then(|file| certificates(&file, &contents(&file, CERTIFICATES)?));
    let server_name = table.get("server_name");
    let spec = UpstreamTlsSpec {
        server_name: server_name.and_then(|value| value.read("a host name", name)),
        identity: client(table).map(Arc::new),
        insecure: insecure(table, scheme),
    };
    (ca.unwrap_or_default(), spec)
}

fn name(text: &str) -> Result<ServerName<'static>, Fault> {
    ServerName::try_from(text.to_owned()).map_err(|_| {
        let way_out = "write the name that the certificate is for, such as \"app.internal\"";
        Fault::new("is no name that a certificate could be for", way_out)
    })
}

fn insecure(table: &Table<'_>, scheme: Option<Scheme>) -> bool {
    let Some(value) = table.get("insecure") else {
        return false;
    };
    let is_on = value.boolean() == Some(true);
    if is_on && scheme == Some(Scheme::Http) {
        value.reject(USELESS, USELESS_WAY_OUT);
    } else if is_on {
        let problem = "switches off the check of the upstream's certificate: whoever is in between \
                       can read and change everything";
        let way_out = "name who signs it in ca_file, or the name it is for in server_name";
        let problem = value.problem(problem, way_out);
        value.report().add(problem.into_warning());
    }
    is_on
}

/// Our certificate and key, in one file or two.
fn client(table: &Table<'_>) -> Option<IdentitySpec> {
    let certificate_file = table.get("client_certificate_file");
    let key_file = table.get("client_key_file");
    let Some(certificate_file) = certificate_file else {
        if let Some(key_file) = key_file {
            let way_out = "add client_certificate_file, or leave both out";
            key_file.reject("is a key without its certificate", way_out);
        }
        return None;
    };
    let certificate = contents(&certificate_file, CERTIFICATES);
    let key = key_file.as_ref().map(|file| contents(file, KEYS));
    let certificate = certificate?;
    let key = key.unwrap_or_else(|| Some(certificate.clone()))?;
    match identity(&certificate, &key, None) {
        Ok(identity) => Some(identity),
        Err(error) => {
            let blamed = key_file.filter(|_| error.is_of_key());
            let blamed = blamed.unwrap_or(certificate_file);
            blamed.reject(&error.to_string(), error.way_out());
            None
        }
    }
}

fn contents(file: &Value<'_>, (what, way_out): Wanted) -> Option<Vec<u8>> {
    let path = file.file()?;
    let read = read_file(&path, PEM_LIMIT);
    let said = read.map_err(|error| {
        file.reject(&format!("is no file of {what}: it {error}"), way_out);
    });
    said.ok()
}

fn certificates(file: &Value<'_>, bytes: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    let problem = match certificates {
        Ok(certificates) if !certificates.is_empty() => return Some(certificates),
        Ok(_) => "it has no certificate in it",
        Err(_) => "it is not PEM",
    };
    let problem = format!("is no file of certificates: {problem}");
    file.reject(&problem, CERTIFICATES.1);
    None
}
