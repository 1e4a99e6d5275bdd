//! What an exchange goes over: an HTTP/1.1 connection of its own, or a stream among others.

use http::{Request, Response};

use super::{
    clocks::Clocks,
    driver::Driver,
    exchange::{Connection, SendError},
    http2::Stream,
    inbound::Inbound,
    request_body::RequestBody,
};
use crate::tasks::Tasks;

/// A way to an endpoint, for one request.
pub(crate) enum Link {
    Http1(Connection),
    Http2(Stream),
}

impl Link {
    /// Sends a request and waits for the response head.
    pub(super) async fn send(
        &mut self,
        request: Request<RequestBody>,
        clocks: Clocks<'_>,
    ) -> Result<Response<Inbound>, SendError> {
        match self {
            Self::Http1(connection) => {
                let response = connection.send(request, clocks).await?;
                Ok(response.map(Inbound::Http1))
            }
            // Boxed, so that the future of every request has not room for both.
            Self::Http2(stream) => Box::pin(stream.send(request, clocks)).await,
        }
    }

    /// Whether a failure means no more than that what was kept had ended meanwhile.
    pub(super) fn is_stale_after(&self, failed: &SendError) -> bool {
        match self {
            Self::Http1(connection) => connection.is_stale_after(failed),
            Self::Http2(stream) => stream.is_stale(),
        }
    }

    /// Goes on at its own pace where the answer's reader must not be what drives it. Streams always
    /// do.
    pub(super) fn hand_over_where_needed(&mut self, becomes_tunnel: bool, tasks: &Tasks) {
        if let Self::Http1(connection) = self {
            connection.hand_over_where_needed(becomes_tunnel, tasks);
        }
    }

    /// Who moves its bytes, where it is whoever uses it.
    pub(super) fn driver(&mut self) -> Option<&mut Driver> {
        match self {
            Self::Http1(connection) => Some(connection.driver()),
            Self::Http2(_) => None,
        }
    }
}
