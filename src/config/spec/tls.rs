//! What a site, or the process for names that no site claims, proves its name with.

use std::{fmt, path::PathBuf};

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::{certificate::X509Certificate, prelude::FromDer as _};

/// `[tls]` of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsSpec {
    /// A certificate and its key, as they were read.
    Given(IdentitySpec),
    /// Fetched and renewed by ACME (RFC 8555).
    Acme(AcmeSpec),
}

/// A certificate with its key. That they belong together has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentitySpec {
    /// The certificate first, then those that lead to its authority.
    pub chain: Vec<CertificateDer<'static>>,
    /// What nobody else may know.
    pub key: KeySpec,
    /// The files they were read from, which may change while we run; `None`: they stood in the
    /// configuration itself.
    pub files: Option<IdentityFiles>,
}

/// Where a certificate and its key are kept. They may be one file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdentityFiles {
    /// The certificate and those that lead to its authority, in PEM.
    pub certificate: PathBuf,
    /// Its key, in PEM.
    pub key: PathBuf,
}

/// A private key. It is never printed.
#[derive(PartialEq, Eq)]
pub struct KeySpec(pub PrivateKeyDer<'static>);

/// What a certificate is asked for with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcmeSpec {
    /// The mail address of the account.
    pub contact: String,
    /// The names the certificate is for: the site's exact hosts, at least one.
    pub names: Vec<String>,
}

/// `[acme]` of the process: whom certificates are asked of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcmeDirectorySpec {
    /// Default: that of Let's Encrypt.
    pub url: String,
    /// Certificates that sign the directory's own; empty: the usual public authorities.
    pub ca: Vec<CertificateDer<'static>>,
}

impl Clone for KeySpec {
    fn clone(&self) -> Self {
        Self(self.0.clone_key())
    }
}

impl fmt::Debug for KeySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// When a certificate expires (RFC 5280 section 4.1.2.5); `None` where it cannot be read.
#[must_use]
pub fn expiry(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Timestamp::from_second(parsed.validity().not_after.timestamp()).ok()
}
