//! A certificate with its key, as an authority issued it and as it is kept: one text in PEM, so
//! that the two are never apart.

use instant_acme::CertificateIdentifier;
use jiff::Timestamp;
use rustls::{
    pki_types::{CertificateDer, Der, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use x509_parser::prelude::{
    FromDer, GeneralName, ParsedExtension, SubjectAlternativeName, X509Certificate,
};

/// From when until when a certificate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

/// What handshakes and renewal need of it.
pub(super) struct Issued {
    /// For handshakes.
    pub(super) key: CertifiedKey,
    /// How long it holds.
    pub(super) validity: Validity,
    /// How its authority knows it (RFC 9773 section 4.1).
    pub(super) id: Option<CertificateIdentifier<'static>>,
}

/// Why a text is no such certificate.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnusableError {
    /// It is not PEM, or a part is missing.
    #[error("there is no key and chain of certificates in it")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// The key is of an unknown kind or of another certificate.
    #[error("key and certificate do not belong together")]
    Key(#[from] rustls::Error),
    /// The certificate cannot be read.
    #[error("the certificate cannot be read")]
    Certificate(#[from] x509_parser::nom::Err<x509_parser::error::X509Error>),
    /// The certificate's dates are none.
    #[error("the certificate has no valid dates")]
    Dates(#[from] jiff::Error),
    /// It is for others.
    #[error("the certificate is not for {0}")]
    Name(String),
}

impl Issued {
    /// Reads the text, and sees that it is for all these names.
    pub(super) fn parse(pem: &str, names: &[String]) -> Result<Self, UnusableError> {
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes())?;
        let chain =
            CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>()?;
        let first = chain
            .first()
            .ok_or(rustls::pki_types::pem::Error::NoItemsFound)?
            .clone();
        let (_, certificate) = X509Certificate::from_der(&first)?;
        if let Some(name) = names.iter().find(|name| !is_for(&certificate, name)) {
            return Err(UnusableError::Name(name.clone()));
        }
        let moment = |time: x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp());
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        Ok(Self {
            key: CertifiedKey::from_der(chain, key, &provider)?,
            validity: Validity {
                from: moment(certificate.validity.not_before)?,
                until: moment(certificate.validity.not_after)?,
            },
            id: id(&certificate),
        })
    }
}

fn is_for(certificate: &X509Certificate<'_>, name: &str) -> bool {
    let names = certificate.subject_alternative_name().ok().flatten();
    names.is_some_and(|extension| {
        let SubjectAlternativeName { general_names } = extension.value;
        general_names.iter().any(|known| {
            matches!(known, GeneralName::DNSName(known) if known.eq_ignore_ascii_case(name))
        })
    })
}

fn id(certificate: &X509Certificate<'_>) -> Option<CertificateIdentifier<'static>> {
    let authority =
        certificate
            .iter_extensions()
            .find_map(|extension| match extension.parsed_extension() {
                ParsedExtension::AuthorityKeyIdentifier(key) => key.key_identifier.as_ref(),
                _ => None,
            })?;
    let serial = certificate.tbs_certificate.raw_serial();
    let id = CertificateIdentifier::new(Der::from_slice(authority.0), Der::from_slice(serial));
    Some(id.into_owned())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, Issuer, KeyPair};

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn pem(known: &[&str], other_key: bool) -> String {
        let key = KeyPair::generate().unwrap();
        let authority = KeyPair::generate().unwrap();
        let issuer = Issuer::new(CertificateParams::default(), authority);
        let mut params = CertificateParams::new(names(known)).unwrap();
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let key = if other_key {
            KeyPair::generate().unwrap()
        } else {
            key
        };
        key.serialize_pem() + &certificate.pem()
    }

    #[test]
    fn a_key_with_its_certificate_is_read_with_what_renewal_needs() {
        let issued = Issued::parse(
            &pem(&["a.example", "b.example"], false),
            &names(&["B.example"]),
        );
        let issued = issued.unwrap();
        assert!(issued.validity.from < issued.validity.until);
        assert!(issued.id.is_some());
    }

    #[test]
    fn what_is_no_certificate_for_these_names_and_this_key_is_told_apart() {
        let own = names(&["a.example"]);
        let error = |text: &str| Issued::parse(text, &own).err().unwrap();
        assert!(matches!(error(""), UnusableError::Pem(_)));
        assert!(matches!(
            error(&pem(&["c.example"], false)),
            UnusableError::Name(_)
        ));
        assert!(matches!(
            error(&pem(&["a.example"], true)),
            UnusableError::Key(_)
        ));
        let key_alone = KeyPair::generate().unwrap().serialize_pem();
        assert!(matches!(error(&key_alone), UnusableError::Pem(_)));
    }
}
