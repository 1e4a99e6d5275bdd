//! A request of our own for something of the site, whole and with a limit: for pages that are kept
//! in case the site goes away. Not on the request's way.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Request, Response,
    header::{ACCEPT, ACCEPT_ENCODING, CONNECTION, HOST, USER_AGENT},
};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout_at};

use super::{
    Upstream,
    wire::{Transport, Wire},
};
use crate::failure::{AttemptError, Sent, UpstreamFailure};

/// As the application's log shows it.
const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("intermission-snapshot/", env!("CARGO_PKG_VERSION")));
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Why nothing was fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No endpoint could be reached.
    #[error("the application cannot be reached: {}", .0.cause.label())]
    Unreachable(AttemptError),
    /// No answer came, or not to its end.
    #[error("the application's answer broke off")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It took too long.
    #[error("the application takes longer than {} s", .0.as_secs())]
    Late(Duration),
    /// The body is longer than wanted.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The path is none.
    #[error("the path is not valid")]
    Path(#[from] http::Error),
}

impl Upstream {
    /// Fetches `path` from the first endpoint that answers. At most `limit` bytes, within `time`.
    ///
    /// # Errors
    /// See [`FetchError`]; statuses are no errors here.
    pub async fn fetch(
        &self,
        path: &str,
        host: &HeaderValue,
        limit: usize,
        time: Duration,
    ) -> Result<Response<Bytes>, FetchError> {
        let deadline = Instant::now() + time;
        let request = Request::get(path)
            .header(HOST, host)
            .header(USER_AGENT, AGENT)
            .header(ACCEPT, "text/html, */*;q=0.5")
            .header(ACCEPT_ENCODING, "identity")
            // Visitors come that way; many applications redirect others.
            .header(FORWARDED_PROTO, "https")
            .header(CONNECTION, "close")
            .body(Empty::new())?;
        let fetched = async {
            let wire = self.open_any().await.map_err(FetchError::Unreachable)?;
            exchange(wire, request, limit).await
        };
        let fetched = timeout_at(deadline, fetched).await;
        fetched.unwrap_or(Err(FetchError::Late(time)))
    }

    /// A connection to the first endpoint that takes one.
    async fn open_any(&self) -> Result<Transport, AttemptError> {
        // Waits until there are any.
        self.endpoints.get().await?;
        let mut failed = None;
        for endpoint in self.endpoints.known() {
            let opened = self.connector.open(endpoint.target(), endpoint.address());
            match tokio::time::timeout(self.spec.timeouts.connect, opened).await {
                Ok(Ok(wire)) => return Ok(wire),
                Ok(Err(error)) => failed = Some(error),
                Err(_) => failed = failed.or(Some(no_endpoint(UpstreamFailure::ConnectTimeout))),
            }
        }
        Err(failed.unwrap_or_else(|| no_endpoint(UpstreamFailure::NoEndpoint)))
    }
}

fn no_endpoint(cause: UpstreamFailure) -> AttemptError {
    AttemptError {
        cause: cause.into(),
        sent: Sent::No,
        source: None,
    }
}

async fn exchange(
    wire: Transport,
    request: Request<Empty<Bytes>>,
    limit: usize,
) -> Result<Response<Bytes>, FetchError> {
    let broken = |error: hyper::Error| FetchError::Broken(Box::new(error));
    let (wire, _) = Wire::new(wire);
    let (mut sender, driver) = http1::handshake(TokioIo::new(wire)).await.map_err(broken)?;
    let fetched = async {
        let (head, body) = sender
            .send_request(request)
            .await
            .map_err(broken)?
            .into_parts();
        let body = Limited::new(body, limit).collect().await;
        let body = body.map_err(|error| match error.is::<LengthLimitError>() {
            true => FetchError::TooLarge(limit),
            false => FetchError::Broken(error),
        })?;
        Ok(Response::from_parts(head, body.to_bytes()))
    };
    // Its end alone says nothing: who waits for the answer learns of it, and what it means.
    let driver = async {
        drop(driver.await);
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        result = fetched => result,
        never = driver => match never {},
    }
}
