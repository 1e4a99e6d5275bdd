//! Step 4 of the request's way, and the last on the way back: opens the record, gives the request
//! its id, and follows the response to its last byte.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, Version, header::CONNECTION};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::{connection::ClientRequest, worker::Worker};
use crate::{
    message::request_id::{self, X_REQUEST_ID},
    telemetry::{
        connection::{ConnectionState, Turn},
        record::{Ended, Outcome, Record},
    },
};

/// A request with its record.
pub(super) struct Opened {
    pub(super) request: ClientRequest,
    pub(super) record: Arc<Record>,
    pub(super) request_id: HeaderValue,
    pub(super) connection: Arc<ConnectionState>,
}

/// Opens a record per request.
#[derive(Clone)]
pub(super) struct AccessLogLayer {
    worker: Arc<Worker>,
    connection: Arc<ConnectionState>,
}

impl AccessLogLayer {
    pub(super) fn new(worker: &Arc<Worker>, connection: &Arc<ConnectionState>) -> Self {
        Self {
            worker: Arc::clone(worker),
            connection: Arc::clone(connection),
        }
    }
}

impl<S> Layer<S> for AccessLogLayer {
    type Service = AccessLog<S>;

    fn layer(&self, inner: S) -> AccessLog<S> {
        AccessLog {
            inner,
            around: self.clone(),
        }
    }
}

/// The service of [`AccessLogLayer`].
#[derive(Clone)]
pub(super) struct AccessLog<S> {
    inner: S,
    around: AccessLogLayer,
}

impl<S, B> Service<ClientRequest> for AccessLog<S>
where
    S: Service<Opened, Response = Response<B>, Error = Infallible>,
    B: Body,
{
    type Response = Response<Recorded<B>>;
    type Error = Infallible;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: ClientRequest) -> Self::Future {
        let connection = Arc::clone(&self.around.connection);
        let request_id =
            request_id::of_request(request.headers(), connection.forwarder().trusted());
        let telemetry = Arc::clone(&self.around.worker.shared.telemetry);
        let record = Record::open(
            &request,
            request_id.clone(),
            Arc::clone(&connection),
            telemetry,
        );
        if request.body().is_end_stream() {
            record.request_body_ended();
        }
        let around = self.around.clone();
        let version = request.version();
        let opened = Opened {
            request,
            record: Arc::clone(&record),
            request_id: request_id.clone(),
            connection,
        };
        ResponseFuture {
            inner: self.inner.call(opened),
            record,
            request_id,
            around,
            version,
        }
    }
}

pin_project! {
    /// Waits for the response head.
    pub(super) struct ResponseFuture<F> {
        #[pin]
        inner: F,
        record: Arc<Record>,
        request_id: HeaderValue,
        around: AccessLogLayer,
        version: Version,
    }
}

impl<F, B> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
    B: Body,
{
    type Output = Result<Response<Recorded<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let connection = &this.around.connection;
        let mut response = match this.inner.poll(cx) {
            Poll::Ready(Ok(response)) => response,
            Poll::Ready(Err(never)) => match never {},
            Poll::Pending => {
                connection.turn(Turn::WaitsForUs);
                return Poll::Pending;
            }
        };
        connection.turn(Turn::WentOn);
        this.record.answered(response.status());
        let headers = response.headers_mut();
        headers.entry(X_REQUEST_ID).or_insert_with(|| {
            let mut id = this.request_id.clone();
            // It never comes again: a compressor must not keep it in the place of what does
            // (RFC 7541 section 6.2.3).
            id.set_sensitive(*this.version == Version::HTTP_2);
            id
        });
        let status = response.status();
        if *this.version < Version::HTTP_2 && status != StatusCode::SWITCHING_PROTOCOLS {
            this.around
                .announce_close(response.headers_mut(), this.record);
        }
        let is_http_1_0 = *this.version <= Version::HTTP_10;
        let connection = is_http_1_0.then(|| Arc::clone(&this.around.connection));
        let record = Arc::clone(this.record);
        Poll::Ready(Ok(
            response.map(|body| Recorded::new(body, record, connection))
        ))
    }
}

impl AccessLogLayer {
    /// A connection that will be closed after this response says so.
    fn announce_close(&self, headers: &mut HeaderMap, record: &Record) {
        // What is left of a request that is not forwarded must never be taken for the next one.
        let unread = !record.is_request_read() && record.outcome() != Some(Outcome::Forwarded);
        if unread {
            self.connection.leaves_request_unread();
        }
        let ends = self.connection.is_spent() || self.worker.shared.closes_connections();
        if unread || ends {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

/// A body whose end is recorded.
pub(crate) struct Recorded<B: Body> {
    inner: B,
    record: Arc<Record>,
    bytes: u64,
    ended: Option<Ended>,
    /// Where the end of the connection would pass for the end of the body.
    reset_on_failure: Option<Arc<ConnectionState>>,
}

impl<B: Body> Recorded<B> {
    fn new(inner: B, record: Arc<Record>, reset_on_failure: Option<Arc<ConnectionState>>) -> Self {
        Self {
            inner,
            record,
            bytes: 0,
            ended: None,
            reset_on_failure,
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Recorded<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = &mut *self;
        let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) else {
            this.record.connection().turn(Turn::WaitsForUs);
            return Poll::Pending;
        };
        this.record.connection().turn(Turn::WentOn);
        match &frame {
            Some(Ok(frame)) => {
                let length = frame.data_ref().map_or(0, Bytes::len);
                this.bytes += u64::try_from(length).unwrap_or(u64::MAX);
                if frame.is_trailers() {
                    this.ended = Some(Ended::Complete);
                }
            }
            Some(Err(_)) => {
                this.ended = Some(Ended::Cut);
                if let Some(connection) = &this.reset_on_failure {
                    connection.must_be_reset();
                }
            }
            None => this.ended = Some(Ended::Complete),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B: Body> Drop for Recorded<B> {
    fn drop(&mut self) {
        let ended = match self.ended {
            Some(ended) => ended,
            // Hyper does not ask again after the last piece of a known length.
            None if self.inner.is_end_stream() => Ended::Complete,
            None => Ended::ClientGone,
        };
        self.record.response_ended(ended, self.bytes);
    }
}
