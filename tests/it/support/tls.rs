//! Certificates and TLS servers, good ones and those that a client must refuse.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair,
    date_time_ymd,
};
use rustls::{
    ALL_VERSIONS, ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier},
    sign::CertifiedKey,
};

/// A certificate and its key, in PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// An authority of the test's own.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names, no wrong names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "Test authority");
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// What a client that trusts it is given.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server for the loopback that everybody who trusts this authority accepts.
    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        self.config(&["127.0.0.1"], false)
    }

    /// A server for another name.
    pub(crate) fn server_for(&self, name: &str) -> Arc<ServerConfig> {
        self.config(&[name], false)
    }

    /// A server whose time has passed.
    pub(crate) fn expired_server(&self) -> Arc<ServerConfig> {
        self.config(&["127.0.0.1"], true)
    }

    /// A server that wants a certificate from its client.
    pub(crate) fn server_asking_for_a_certificate(&self) -> Arc<ServerConfig> {
        let mut trusted = RootCertStore::empty();
        trusted.add(self.0.der().clone()).expect("a good authority");
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(trusted.into(), provider)
            .build()
            .expect("a usable verifier");
        let (chain, key) = self.certificate(&["127.0.0.1"], false);
        let config = builder()
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key);
        Arc::new(config.expect("a usable TLS config"))
    }

    /// A certificate for these names and its key, in PEM.
    pub(crate) fn pair(&self, names: &[&str]) -> Pair {
        self.pem_pair(names, false)
    }

    /// The same whose time has passed.
    pub(crate) fn expired_pair(&self, names: &[&str]) -> Pair {
        self.pem_pair(names, true)
    }

    fn pem_pair(&self, names: &[&str], expired: bool) -> Pair {
        let (certificate, key) = self.signed(names, expired);
        Pair {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            der: certificate.der().clone(),
        }
    }

    /// A client that trusts this authority and no other.
    pub(crate) fn client(&self) -> ClientConfig {
        self.client_of(ALL_VERSIONS)
    }

    /// The same that knows only these versions.
    pub(crate) fn client_of(&self, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
        client_that_trusts(self.0.der().clone(), versions)
    }

    /// A certificate that this authority signs, with its key.
    pub(crate) fn identity(&self, name: &str) -> Identity {
        let params = CertificateParams::new([name.to_owned()]).expect("a good name");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        Identity {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    fn config(&self, names: &[&str], expired: bool) -> Arc<ServerConfig> {
        let (chain, key) = self.certificate(names, expired);
        let config = builder().with_no_client_auth().with_single_cert(chain, key);
        Arc::new(config.expect("a usable TLS config"))
    }

    fn certificate(
        &self,
        names: &[&str],
        expired: bool,
    ) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let (certificate, key) = self.signed(names, expired);
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        (vec![certificate.der().clone()], key.into())
    }

    fn signed(&self, names: &[&str], expired: bool) -> (Certificate, KeyPair) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names that a certificate may have");
        if expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        (certificate, key)
    }
}

/// A client that trusts this authority and no other, and knows only these versions.
pub(crate) fn client_that_trusts(
    authority: CertificateDer<'static>,
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    let mut trusted = RootCertStore::empty();
    trusted.add(authority).expect("a good authority");
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .expect("the provider knows the default versions")
        .with_root_certificates(trusted)
        .with_no_client_auth()
}

/// A certificate with its key.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
    pub(crate) der: CertificateDer<'static>,
}

impl Pair {
    /// Both in one text.
    pub(crate) fn bundle(&self) -> String {
        format!("{}{}", self.certificate, self.key)
    }
}

/// A server that ends every handshake with an alert: it has no certificate for anybody.
pub(crate) fn alerting_server() -> Arc<ServerConfig> {
    Arc::new(
        builder()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(NoCertificate)),
    )
}

fn builder() -> rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier> {
    ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows the default versions")
}

#[derive(Debug)]
struct NoCertificate;

impl ResolvesServerCert for NoCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        None
    }
}
