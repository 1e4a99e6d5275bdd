//! What the demo's two servers share: bounded accepting, bounded HTTP connections, bounded bodies.

use std::{convert::Infallible, error::Error, pin::pin, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Either, LengthLimitError, Limited};
use hyper::{body::Incoming, server::conn::http1, service::Service};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::events::Ticks;
use crate::message::body::Fixed;

/// Connections of one server at once; the others wait in the kernel's queue.
const CONNECTIONS: usize = 256;
/// How long the accept loop rests after an error, such as no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// A kept connection without a request, or a head that does not end.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);
/// A connection's whole life.
const LIFETIME: Duration = Duration::from_secs(60 * 60);
/// What is left to a response when that life is over.
const GRACE: Duration = Duration::from_secs(10);
/// The memory of one connection's read buffer, and so the size of a request head.
const BUFFER: usize = 32 * 1024;
/// The largest request body that is read.
pub(super) const BODY_SIZE: usize = 64 * 1024;
/// How long a request body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A body of the demo: known in full, or the event stream.
pub(super) type DemoBody = Either<Fixed, Ticks>;

/// Accepts for ever; ends only by being dropped. The connections live and die with their set.
pub(super) async fn accept_all<F>(
    listener: &TcpListener,
    connections: &mut JoinSet<()>,
    serve: impl Fn(TcpStream) -> F,
) -> Infallible
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream));
                }
                Err(error) => {
                    tracing::debug!(%error, "the demo could not accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
}

/// Speaks HTTP/1 on a connection until either side ends it.
pub(super) async fn http<S>(stream: TcpStream, service: S)
where
    S: Service<Request<Incoming>, Response = Response<DemoBody>, Error = Infallible>,
    S::Future: Send + 'static,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = sleep(LIFETIME) => {
            connection.as_mut().graceful_shutdown();
            timeout(GRACE, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection of the demo broke");
    }
}

/// Reads a request body, or says with which status to refuse it.
pub(super) async fn read(body: Incoming) -> Result<Bytes, StatusCode> {
    match timeout(BODY_TIMEOUT, Limited::new(body, BODY_SIZE).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) => Err(refusal(error.as_ref())),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

fn refusal(error: &(dyn Error + 'static)) -> StatusCode {
    if error.is::<LengthLimitError>() {
        StatusCode::PAYLOAD_TOO_LARGE
    } else {
        StatusCode::BAD_REQUEST
    }
}

/// A response with a body that is known in full and never stored by a cache, so that what is on
/// the screen is always what the origin says now.
pub(super) fn response(
    status: StatusCode,
    media_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<DemoBody> {
    let mut response = Response::new(Either::Left(Fixed::new(body.into())));
    *response.status_mut() = status;
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A short text.
pub(super) fn text(status: StatusCode, text: impl Into<String>) -> Response<DemoBody> {
    response(status, "text/plain; charset=utf-8", text.into())
}

/// 405, with the methods that are allowed.
pub(super) fn method_not_allowed(allow: &'static str) -> Response<DemoBody> {
    let mut response = text(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("Only {allow} is possible here.\n"),
    );
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}
