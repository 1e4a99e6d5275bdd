//! TLS to one entry of `upstream`: whom we trust, who we are, and which protocols we offer.

use std::sync::Arc;

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{
        WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
    },
    pki_types::{CertificateDer, InvalidDnsNameError, ServerName, UnixTime},
};
use tokio_rustls::TlsConnector;

use crate::config::spec::{TargetSpec, UpstreamTlsSpec};

/// How connections are encrypted.
pub(super) struct Encryption {
    /// The name that is asked for and that the certificate has to be for.
    pub(super) name: ServerName<'static>,
    /// Offers what the target is configured to speak, the better first.
    pub(super) usual: TlsConnector,
    /// Offers HTTP/1.1 alone.
    pub(super) http1: TlsConnector,
}

/// Why there can be no TLS as asked.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// The upstream's host is no name that a certificate could be for.
    #[error("the host of the upstream cannot be checked against a certificate")]
    Name(#[source] InvalidDnsNameError),
    /// A certificate of `ca_file` cannot be used.
    #[error("a certificate authority cannot be used")]
    Authority(#[source] rustls::Error),
    /// Our own certificate cannot be used.
    #[error("the client certificate cannot be used")]
    Identity(#[source] rustls::Error),
    /// The TLS library refused our settings.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
}

impl Encryption {
    /// `certified` is the name that certificates are for where the target does not say; `ca` who
    /// signs them, empty: the usual public authorities.
    pub(super) fn new(
        target: &TargetSpec,
        certified: &str,
        ca: &[CertificateDer<'static>],
    ) -> Result<Self, ConnectorError> {
        let name = match &target.tls.server_name {
            Some(name) => name.clone(),
            None => ServerName::try_from(certified.to_owned()).map_err(ConnectorError::Name)?,
        };
        let mut config = config(&target.tls, ca)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let http1 = TlsConnector::from(Arc::new(config.clone()));
        let usual = if target.http2 {
            config.alpn_protocols.insert(0, b"h2".to_vec());
            TlsConnector::from(Arc::new(config))
        } else {
            http1.clone()
        };
        Ok(Self { name, usual, http1 })
    }
}

fn config(
    spec: &UpstreamTlsSpec,
    ca: &[CertificateDer<'static>],
) -> Result<ClientConfig, ConnectorError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(ConnectorError::Tls)?;
    let builder = if spec.insecure {
        let anybody = Arc::new(Anybody(algorithms));
        builder
            .dangerous()
            .with_custom_certificate_verifier(anybody)
    } else {
        builder.with_root_certificates(roots(ca)?)
    };
    match &spec.identity {
        None => Ok(builder.with_no_client_auth()),
        Some(identity) => builder
            .with_client_auth_cert(identity.chain.clone(), identity.key.0.clone_key())
            .map_err(ConnectorError::Identity),
    }
}

fn roots(ca: &[CertificateDer<'static>]) -> Result<RootCertStore, ConnectorError> {
    let mut roots = RootCertStore::empty();
    if ca.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    for certificate in ca {
        roots
            .add(certificate.clone())
            .map_err(ConnectorError::Authority)?;
    }
    Ok(roots)
}

/// Takes any certificate for any name: `insecure = true`. Only whoever has its key, though.
#[derive(Debug)]
struct Anybody(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
