//! How the directory is spoken to: HTTP/1.1 over TLS, a connection for each request, with a
//! deadline and a limit.
//!
//! The library's own client knows no deadline and brings another verifier along.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Request, Response, StatusCode, Uri,
    header::{HOST, RETRY_AFTER, USER_AGENT},
    uri::{Authority, Scheme},
};
use http_body_util::{BodyExt, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use jiff::Timestamp;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, InvalidDnsNameError, ServerName},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use crate::tasks::clock::{Clock, WallClock};

const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("intermission/", env!("CARGO_PKG_VERSION")));
/// For one request, from the look-up to the last byte.
const DEADLINE: Duration = Duration::from_secs(30);
/// For one of several addresses to take the connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Chains of certificates are a few KiB.
const LARGEST: usize = 1024 * 1024;

/// Finds the addresses of a host.
pub type LookUp =
    Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = Vec<IpAddr>> + Send>> + Send + Sync>;

/// Speaks to one directory. Clones share everything.
#[derive(Clone)]
pub(super) struct Client(Arc<Inner>);

struct Inner {
    tls: TlsConnector,
    look_up: LookUp,
    /// What the last refusal said about when to come back.
    again: Mutex<Option<Duration>>,
}

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClientError {
    /// The directory, or something it links to, is not asked over TLS (RFC 8555 section 6.1).
    #[error("{0} is no address that begins with https://")]
    Address(Uri),
    /// No certificate could be for the host.
    #[error("the host is not valid")]
    Host(#[from] InvalidDnsNameError),
    /// Name servers know no address.
    #[error("{0} has no address, or no name server answers")]
    Unknown(String),
    /// TCP or TLS.
    #[error("no connection to {0}")]
    Connect(String, #[source] io::Error),
    /// HTTP.
    #[error("the exchange broke off")]
    Exchange(#[from] hyper::Error),
    /// The body broke off or is too long.
    #[error("the answer broke off or is too long")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An error that is not told in ACME's way.
    #[error("the answer is {0}")]
    Status(StatusCode),
    /// It took too long.
    #[error("no answer within {} s", DEADLINE.as_secs())]
    Late,
}

impl Client {
    /// Trusts these authorities, or the usual public ones.
    ///
    /// # Errors
    /// When one of them is not usable.
    pub(super) fn new(
        authorities: &[CertificateDer<'static>],
        look_up: LookUp,
    ) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        if authorities.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        for authority in authorities {
            roots.add(authority.clone())?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(Inner {
            tls: TlsConnector::from(Arc::new(config)),
            look_up,
            again: Mutex::default(),
        })))
    }

    /// What the last refusal since the last call said about when to come back.
    pub(super) fn again(&self) -> Option<Duration> {
        self.0
            .again
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl HttpClient for Client {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let answer = timeout(DEADLINE, inner.ask(request))
                .await
                .unwrap_or(Err(ClientError::Late));
            answer.map_err(|error| Error::Other(Box::new(error)))
        })
    }
}

impl Inner {
    async fn ask(
        &self,
        mut request: Request<BodyWrapper<Bytes>>,
    ) -> Result<BytesResponse, ClientError> {
        let uri = std::mem::take(request.uri_mut());
        let stream = self.connect(&uri).await?;
        let host = uri.authority().map_or("", Authority::as_str);
        let host = HeaderValue::from_str(host).map_err(|_| ClientError::Address(uri.clone()))?;
        if let Some(target) = uri.path_and_query() {
            *request.uri_mut() = Uri::from(target.clone());
        }
        request.headers_mut().insert(HOST, host);
        request.headers_mut().insert(USER_AGENT, AGENT);
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let exchange = async {
            let answer = sender.send_request(request).await?;
            whole(answer).await
        };
        let answer = tokio::select! {
            answer = exchange => answer?,
            // Its end alone says nothing: the exchange learns of it.
            () = async { drop(connection.await); std::future::pending().await } => {
                return Err(ClientError::Late);
            }
        };
        self.judge(answer)
    }

    async fn connect(
        &self,
        uri: &Uri,
    ) -> Result<tokio_rustls::client::TlsStream<TcpStream>, ClientError> {
        let is_secret = uri.scheme() == Some(&Scheme::HTTPS);
        let Some(host) = uri.host().filter(|_| is_secret) else {
            return Err(ClientError::Address(uri.clone()));
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned())?;
        let port = uri.port_u16().unwrap_or(443);
        let addresses = match host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => (self.look_up)(host.to_owned()).await,
        };
        let mut failed = None;
        for address in addresses {
            let address = SocketAddr::new(address, port);
            match timeout(CONNECT, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    let stream = self.tls.connect(name.clone(), stream).await;
                    return stream.map_err(|error| ClientError::Connect(host.to_owned(), error));
                }
                Ok(Err(error)) => failed = Some(error),
                Err(_) => failed = failed.or(Some(io::ErrorKind::TimedOut.into())),
            }
        }
        Err(match failed {
            Some(error) => ClientError::Connect(host.to_owned(), error),
            None => ClientError::Unknown(host.to_owned()),
        })
    }

    /// Notes when a refusal wants us back; an error page of something in between is no answer.
    fn judge(&self, answer: Response<Bytes>) -> Result<BytesResponse, ClientError> {
        let (parts, body) = answer.into_parts();
        let is_error = parts.status.is_client_error() || parts.status.is_server_error();
        if is_error {
            let now = WallClock.timestamp();
            let again = retry_after(&parts.headers, now);
            *self.again.lock().unwrap_or_else(PoisonError::into_inner) = again;
            // The library wants to read a problem (RFC 9457) and nothing else.
            if serde_json::from_slice::<instant_acme::Problem>(&body).is_err() {
                return Err(ClientError::Status(parts.status));
            }
        }
        Ok(BytesResponse {
            parts,
            body: Box::new(body),
        })
    }
}

async fn whole(answer: Response<hyper::body::Incoming>) -> Result<Response<Bytes>, ClientError> {
    let (parts, body) = answer.into_parts();
    let body = Limited::new(body, LARGEST)
        .collect()
        .await
        .map_err(ClientError::Body)?;
    Ok(Response::from_parts(parts, body.to_bytes()))
}

/// Seconds, or a date (RFC 9110 section 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    date.duration_since(SystemTime::from(now)).ok()
}

#[cfg(test)]
mod tests;
