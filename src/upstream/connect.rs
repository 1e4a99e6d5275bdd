//! Opens a connection to an endpoint: TCP, TLS where the upstream wants it, and the protocol that
//! both sides speak.
//!
//! Everything here happens before a byte of a request is written, so that each failure may be
//! followed by another endpoint for any method.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

use super::{
    driver::Driver,
    exchange::Connection,
    http2::{self, Session},
    pool::Place,
    target::Target,
    wire::{Transport, Wire},
};
use crate::{
    config::spec::UpstreamSpec,
    failure::{AttemptError, Failure, Sent, UpstreamFailure, classify},
    message::proxy_protocol::Ends,
    tasks::Tasks,
};

/// The largest read buffer of a connection to an origin: bounds both a response head and the
/// memory of a transfer. Measured: larger ones bring no more speed.
const BUFFER: usize = 128 * 1024;

/// How connections to one upstream are opened.
#[derive(Clone)]
pub(super) struct Connector {
    tasks: Tasks,
    timeout: Duration,
    /// Who is named to targets that want to know; `None`: nobody, the connection is our own.
    pub(super) client: Option<Ends>,
}

/// What a connection is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Requests, in the best protocol that both sides speak.
    Requests,
    /// A request that asks to switch protocols: HTTP/1.1 alone can (RFC 9113 section 8.6).
    Upgrade,
}

/// An open connection, in the protocol that was agreed on.
pub(super) enum Opened {
    Http1(Connection),
    Http2(Arc<Session>),
}

impl Connector {
    pub(super) fn new(spec: &UpstreamSpec, tasks: &Tasks) -> Self {
        Self {
            tasks: tasks.clone(),
            timeout: spec.timeouts.connect,
            client: None,
        }
    }

    /// How long opening one may take.
    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Opens a connection within `limit` or the connect timeout, whichever is shorter.
    pub(super) async fn connect(
        &self,
        (to, address): (&Target, SocketAddr),
        purpose: Purpose,
        place: Place,
        limit: Option<Duration>,
    ) -> Result<Opened, AttemptError> {
        let (limit, cause) = match limit {
            Some(limit) if limit < self.timeout => (limit, UpstreamFailure::Deadline),
            _ => (self.timeout, UpstreamFailure::ConnectTimeout),
        };
        let opening = async {
            let transport = self.open(to, address, purpose).await?;
            if to.speaks_http2(&transport, purpose) {
                let session = http2::open(transport, to, Some(place), &self.tasks).await?;
                return Ok(Opened::Http2(session));
            }
            let connection = http1(transport, place).await?;
            Ok(Opened::Http1(connection))
        };
        let opened = timeout(limit, opening).await;
        opened.unwrap_or_else(|_| Err(unsent(cause.into(), None)))
    }

    /// A session for one request of our own.
    pub(super) async fn session(
        &self,
        transport: Transport,
        to: &Target,
    ) -> Result<Arc<Session>, AttemptError> {
        http2::open(transport, to, None, &self.tasks).await
    }

    /// The bare connection, without a protocol on it.
    pub(super) async fn open(
        &self,
        to: &Target,
        address: SocketAddr,
        purpose: Purpose,
    ) -> Result<Transport, AttemptError> {
        let failed = |error: io::Error| unsent(classify::connect(&error), Some(Box::new(error)));
        let mut stream = TcpStream::connect(address).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        self.announce(to, &mut stream).await.map_err(failed)?;
        let Some(encryption) = &to.encryption else {
            return Ok(Transport::Plain(stream));
        };
        let connector = match purpose {
            Purpose::Requests => &encryption.usual,
            Purpose::Upgrade => &encryption.http1,
        };
        match connector.connect(encryption.name.clone(), stream).await {
            Ok(stream) => Ok(Transport::Tls(Box::new(stream))),
            Err(error) => Err(unsent(
                classify::handshake(&error).into(),
                Some(Box::new(error)),
            )),
        }
    }
}

async fn http1(transport: Transport, place: Place) -> Result<Connection, AttemptError> {
    let (wire, state) = Wire::new(transport);
    let (sender, http) = http1::Builder::new()
        .max_buf_size(BUFFER)
        .handshake(TokioIo::new(wire))
        .await
        .map_err(|error| unsent(classify::exchange(&error).into(), Some(Box::new(error))))?;
    let driver = Driver::new(http.with_upgrades());
    Ok(Connection::new(sender, driver, state, place))
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
