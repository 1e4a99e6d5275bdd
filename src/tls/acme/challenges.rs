//! What proves control over a name while an authority looks: tokens for HTTP-01 (RFC 8555 section
//! 8.3) and certificates for TLS-ALPN-01 (RFC 8737).
//!
//! Asked on the request's way, at handshakes and before a site is found, by all workers. While no
//! order is open, that is one load.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use http::Uri;
use instant_acme::KeyAuthorization;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::{
    crypto::aws_lc_rs::sign::any_supported_type, pki_types::PrivateKeyDer, sign::CertifiedKey,
};

/// The protocol of those who come to look (RFC 8737 section 6.2).
pub const ALPN: &[u8] = b"acme-tls/1";

/// Paths under it are asked by authorities (RFC 8555 section 8.3).
const WELL_KNOWN: &str = "/.well-known/acme-challenge/";

/// All that are open.
#[derive(Default)]
pub struct Challenges {
    open: AtomicUsize,
    tokens: Mutex<HashMap<String, Bytes>>,
    names: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

/// One that is open until it is dropped.
pub(super) struct Open {
    all: Arc<Challenges>,
    what: What,
}

enum What {
    Token(String),
    Name(String),
}

/// Why no certificate could be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum MakeError {
    /// Of the name, or for want of randomness.
    #[error("a certificate cannot be made")]
    Make(#[from] rcgen::Error),
    /// Of the key.
    #[error("a certificate cannot be used")]
    Use(#[from] rustls::Error),
}

impl Challenges {
    /// What is to be said to a request for this; `None` for all that nobody waits for.
    #[must_use]
    pub fn answer(&self, target: &Uri) -> Option<Bytes> {
        if self.open.load(Relaxed) == 0 {
            return None;
        }
        let token = target.path().strip_prefix(WELL_KNOWN)?;
        locked(&self.tokens).get(token).cloned()
    }

    /// What is to be shown to somebody who comes for this name with [`ALPN`] alone.
    #[must_use]
    pub fn certificate(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        if self.open.load(Relaxed) == 0 {
            return None;
        }
        locked(&self.names).get(name).cloned()
    }

    /// Has a token answered.
    pub(super) fn open_token(self: &Arc<Self>, token: &str, answer: &KeyAuthorization) -> Open {
        let answer = Bytes::copy_from_slice(answer.as_str().as_bytes());
        locked(&self.tokens).insert(token.to_owned(), answer);
        self.opened(What::Token(token.to_owned()))
    }

    /// Has a name shown with the digest of what an authority waits for.
    pub(super) fn open_name(
        self: &Arc<Self>,
        name: &str,
        answer: &KeyAuthorization,
    ) -> Result<Open, MakeError> {
        let extension = CustomExtension::new_acme_identifier(answer.digest().as_ref());
        let certificate = self_signed(name, Some(extension))?;
        locked(&self.names).insert(name.to_owned(), Arc::new(certificate));
        Ok(self.opened(What::Name(name.to_owned())))
    }

    fn opened(self: &Arc<Self>, what: What) -> Open {
        self.open.fetch_add(1, Relaxed);
        Open {
            all: Arc::clone(self),
            what,
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        match &self.what {
            What::Token(token) => drop(locked(&self.all.tokens).remove(token)),
            What::Name(name) => drop(locked(&self.all.names).remove(name)),
        }
        self.all.open.fetch_sub(1, Relaxed);
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A certificate that nobody vouches for.
fn self_signed(name: &str, extension: Option<CustomExtension>) -> Result<CertifiedKey, MakeError> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(vec![name.to_owned()])?;
    params.distinguished_name = DistinguishedName::new();
    params.custom_extensions.extend(extension);
    let certificate = params.self_signed(&key)?;
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    // Not `from_der`: it reads the certificate, and refuses one with an extension it does not know.
    let chain = vec![certificate.der().clone()];
    Ok(CertifiedKey::new(chain, any_supported_type(&key)?))
}

/// Stands in until the first certificate has come: connections are encrypted then, and no client
/// that checks goes on.
///
/// # Errors
/// When the system has no randomness.
pub fn stand_in() -> Result<CertifiedKey, StandInError> {
    Ok(self_signed("certificate-not-issued-yet.invalid", None)?)
}

/// Why there is not even a stand-in.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StandInError(#[from] MakeError);

#[cfg(test)]
mod tests;
