//! A certificate and its key: PEM → [`IdentitySpec`], or why the two cannot be used.

use rustls::{
    crypto::aws_lc_rs::sign::any_supported_type,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject as _},
    },
    sign::CertifiedKey,
};

use super::{
    source::{ReadError, read_file},
    spec::{IdentityFiles, IdentitySpec, KeySpec, expiry},
};

/// No chain of certificates is as long as this.
pub(super) const PEM_LIMIT: u64 = 1024 * 1024;

/// Why a certificate and a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A file cannot be read.
    #[error("cannot be had: {what} {source}")]
    Unreadable {
        /// Which of the two.
        what: &'static str,
        /// What is wrong with the file.
        #[source]
        source: ReadError,
    },
    /// It is cut off, or no PEM.
    #[error("has no certificate that can be read in it")]
    CertificatePem(#[source] pem::Error),
    /// Nothing in it is a certificate.
    #[error("has no certificate in it")]
    NoCertificate,
    /// What is called a certificate is none.
    #[error("has a certificate in it that cannot be read")]
    Certificate,
    /// The key is cut off, or no PEM.
    #[error("has no private key that can be read in it")]
    KeyPem(#[source] pem::Error),
    /// Nothing in it is a key.
    #[error("has no private key in it")]
    NoKey,
    /// It wants a password.
    #[error("has a private key in it that is locked by a password")]
    LockedKey,
    /// A kind of key we do not know.
    #[error("has a private key in it that cannot be used")]
    Key(#[source] rustls::Error),
    /// They have nothing to do with each other.
    #[error("has another private key in it than the one of the certificate")]
    Mismatch,
}

impl IdentityError {
    /// What to do about it.
    pub(super) const fn way_out(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => {
                "name a file that this process may read; paths start from the directory of this \
                 file"
            }
            Self::CertificatePem(_) | Self::NoCertificate | Self::Certificate => {
                "give the PEM of the certificate, followed by those that lead to its authority: \
                 certbot's fullchain.pem"
            }
            Self::KeyPem(_) | Self::NoKey | Self::Key(_) => {
                "give the PEM of the key (RSA, ECDSA or Ed25519): certbot's privkey.pem"
            }
            Self::LockedKey => {
                "unlock it once: openssl pkey -in locked.pem -out key.pem, readable by this \
                 process alone"
            }
            Self::Mismatch => "give the key that this certificate was asked for with",
        }
    }

    /// Whether it is the key that is to be looked at.
    pub(super) const fn is_of_key(&self) -> bool {
        match self {
            Self::Unreadable { .. }
            | Self::CertificatePem(_)
            | Self::NoCertificate
            | Self::Certificate => false,
            Self::KeyPem(_) | Self::NoKey | Self::LockedKey | Self::Key(_) | Self::Mismatch => true,
        }
    }
}

/// Reads both files of a running site once more.
///
/// # Errors
/// When they cannot be used as they are now, for instance because one of them is being written.
pub fn read_again(files: &IdentityFiles) -> Result<IdentitySpec, IdentityError> {
    let read = |path, what| {
        read_file(path, PEM_LIMIT).map_err(|source| IdentityError::Unreadable { what, source })
    };
    let certificate = read(&files.certificate, "the certificate")?;
    let key = read(&files.key, "the key")?;
    identity(&certificate, &key, Some(files.clone()))
}

/// Makes one of two texts, which may be the same one.
pub(super) fn identity(
    certificate: &[u8],
    key: &[u8],
    files: Option<IdentityFiles>,
) -> Result<IdentitySpec, IdentityError> {
    let chain = CertificateDer::pem_slice_iter(certificate)
        .collect::<Result<Vec<_>, _>>()
        .map_err(IdentityError::CertificatePem)?;
    let first = chain.first().ok_or(IdentityError::NoCertificate)?;
    expiry(first).ok_or(IdentityError::Certificate)?;
    let key = private_key(key)?;
    let signing = any_supported_type(&key).map_err(IdentityError::Key)?;
    match CertifiedKey::new(chain.clone(), signing).keys_match() {
        Ok(()) => {}
        Err(rustls::Error::InconsistentKeys(_)) => return Err(IdentityError::Mismatch),
        Err(_) => return Err(IdentityError::Certificate),
    }
    Ok(IdentitySpec {
        chain,
        key: KeySpec(key),
        files,
    })
}

fn private_key(text: &[u8]) -> Result<PrivateKeyDer<'static>, IdentityError> {
    const LOCKED: &[u8] = b"ENCRYPTED";
    let is_locked = text.windows(LOCKED.len()).any(|words| words == LOCKED);
    match PrivateKeyDer::from_pem_slice(text) {
        _ if is_locked => Err(IdentityError::LockedKey),
        Ok(key) => Ok(key),
        Err(pem::Error::NoItemsFound) => Err(IdentityError::NoKey),
        Err(error) => Err(IdentityError::KeyPem(error)),
    }
}
