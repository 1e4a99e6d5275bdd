//! A request of our own for something of the site, whole and with a limit: for pages that are kept
//! in case the site goes away. Not on the request's way.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Request, Response,
    header::{ACCEPT, ACCEPT_ENCODING, CONNECTION, HOST, USER_AGENT},
};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use tokio::time::{Instant, timeout_at};

use super::{
    Upstream, ask::ask, connect::Purpose, endpoint::Endpoint, inbound::Inbound, wire::Transport,
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
            let opened = self.open_any().await;
            let (endpoint, wire) = opened.map_err(FetchError::Unreachable)?;
            let to = (&self.connector, endpoint.target());
            let whole = ask(to, wire, request, async |response| {
                whole(response, limit).await
            });
            whole.await.map_err(unanswered)?
        };
        let fetched = timeout_at(deadline, fetched).await;
        fetched.unwrap_or(Err(FetchError::Late(time)))
    }

    /// A connection to the first endpoint that takes one.
    async fn open_any(&self) -> Result<(Arc<Endpoint>, Transport), AttemptError> {
        // Waits until there are any.
        self.endpoints.get().await?;
        let mut failed = None;
        for endpoint in self.endpoints.known() {
            let (target, address) = (endpoint.target(), endpoint.address());
            let opened = self.connector.open(target, address, Purpose::Requests);
            match tokio::time::timeout(self.spec.timeouts.connect, opened).await {
                Ok(Ok(wire)) => return Ok((endpoint, wire)),
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

/// The answer with all of its body.
async fn whole(response: Response<Inbound>, limit: usize) -> Result<Response<Bytes>, FetchError> {
    let (head, body) = response.into_parts();
    let body = Limited::new(body, limit).collect().await;
    let body = body.map_err(|error| match error.is::<LengthLimitError>() {
        true => FetchError::TooLarge(limit),
        false => FetchError::Broken(error),
    })?;
    Ok(Response::from_parts(head, body.to_bytes()))
}

fn unanswered(error: AttemptError) -> FetchError {
    match error.source {
        Some(source) => FetchError::Broken(source),
        None => FetchError::Unreachable(error),
    }
}
