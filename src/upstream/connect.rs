//! Opens a connection to an endpoint: TCP, TLS where the upstream wants it, HTTP/1.1.
//!
//! Everything here happens before a byte of a request is written, so that each failure may be
//! followed by another endpoint for any method.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use super::{
    driver::Driver,
    exchange::Connection,
    pool::Place,
    target::Target,
    wire::{Transport, Wire},
};
use crate::{
    config::spec::{Scheme, UpstreamSpec},
    failure::{AttemptError, Failure, Sent, UpstreamFailure, classify},
    message::proxy_protocol::Ends,
};

/// The largest read buffer of a connection to an origin: bounds both a response head and the
/// memory of a transfer. Measured: larger ones bring no more speed.
const BUFFER: usize = 128 * 1024;

/// How connections to one upstream are opened.
#[derive(Clone)]
pub(super) struct Connector {
    tls: Option<TlsConnector>,
    timeout: Duration,
    /// Who is named to targets that want to know; `None`: nobody, the connection is our own.
    pub(super) client: Option<Ends>,
}

/// Why a connector cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// There is none.
    #[error("the upstream has no targets")]
    Targets,
    /// The upstream's host is no name that a certificate could be for.
    #[error("the host of the upstream cannot be checked against a certificate")]
    Name(#[source] rustls::pki_types::InvalidDnsNameError),
    /// A certificate of `ca_file` cannot be used.
    #[error("a certificate authority cannot be used")]
    Authority(#[source] rustls::Error),
    /// The TLS library refused our settings.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
}

impl Connector {
    pub(super) fn new(spec: &UpstreamSpec) -> Result<Self, ConnectorError> {
        let tls = match spec.scheme {
            Scheme::Http => None,
            Scheme::Https => Some(tls_connector(spec)?),
        };
        Ok(Self {
            tls,
            timeout: spec.timeouts.connect,
            client: None,
        })
    }

    /// Opens a connection within `limit` or the connect timeout, whichever is shorter.
    pub(super) async fn connect(
        &self,
        to: &Target,
        address: SocketAddr,
        place: Place,
        limit: Option<Duration>,
    ) -> Result<Connection, AttemptError> {
        let (limit, cause) = match limit {
            Some(limit) if limit < self.timeout => (limit, UpstreamFailure::Deadline),
            _ => (self.timeout, UpstreamFailure::ConnectTimeout),
        };
        let wire = match timeout(limit, self.open(to, address)).await {
            Ok(opened) => opened?,
            Err(_) => return Err(unsent(cause.into(), None)),
        };
        let (wire, state) = Wire::new(wire);
        let (sender, http) = http1::Builder::new()
            .max_buf_size(BUFFER)
            .handshake(TokioIo::new(wire))
            .await
            .map_err(|error| unsent(classify::exchange(&error).into(), Some(Box::new(error))))?;
        let driver = Driver::new(http.with_upgrades());
        Ok(Connection::new(sender, driver, state, place))
    }

    /// The bare connection, without a protocol on it.
    pub(super) async fn open(
        &self,
        to: &Target,
        address: SocketAddr,
    ) -> Result<Transport, AttemptError> {
        let failed = |error: io::Error| unsent(classify::connect(&error), Some(Box::new(error)));
        let mut stream = TcpStream::connect(address).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        self.announce(to, &mut stream).await.map_err(failed)?;
        let (Some(connector), Some(name)) = (&self.tls, &to.server_name) else {
            return Ok(Transport::Plain(stream));
        };
        match connector.connect(name.clone(), stream).await {
            Ok(stream) => Ok(Transport::Tls(Box::new(stream))),
            Err(error) => Err(unsent(
                classify::handshake(&error).into(),
                Some(Box::new(error)),
            )),
        }
    }
}

fn unsent(
    cause: Failure,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
) -> AttemptError {
    AttemptError {
        cause,
        sent: Sent::No,
        source,
    }
}

fn tls_connector(spec: &UpstreamSpec) -> Result<TlsConnector, ConnectorError> {
    let mut roots = rustls::RootCertStore::empty();
    if spec.ca.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    for certificate in &spec.ca {
        roots
            .add(certificate.clone())
            .map_err(ConnectorError::Authority)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(ConnectorError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}
