//! Step 6 of the request's way: below it everything may fail, above it nothing can.
//!
//! Turns a failure into the answer that suits the client, and a panic into a failure.

use std::{
    convert::Infallible,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::Response;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::{
    failure::{FailedWith, Failure},
    site::{Body, Routed, handle::Asked},
    telemetry::record::Outcome,
};

/// Answers failures.
#[derive(Clone, Copy)]
pub(super) struct FallbackLayer;

impl<S> Layer<S> for FallbackLayer {
    type Service = Fallback<S>;

    fn layer(&self, inner: S) -> Fallback<S> {
        Fallback { inner }
    }
}

/// The service of [`FallbackLayer`].
#[derive(Clone)]
pub(super) struct Fallback<S> {
    inner: S,
}

impl<S> Service<Routed> for Fallback<S>
where
    S: Service<Routed, Response = Response<Body>, Error = FailedWith>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // What is below is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, routed: Routed) -> Self::Future {
        let asked = Arc::clone(&routed.asked);
        ResponseFuture {
            inner: self.inner.call(routed),
            asked,
        }
    }
}

pin_project! {
    /// Waits for a response or a failure.
    pub(super) struct ResponseFuture<F> {
        #[pin]
        inner: F,
        asked: Arc<Asked>,
    }
}

impl<F> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<Body>, FailedWith>>,
{
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // The panic itself was logged by the hook; a future that panicked is not polled again.
        let polled = catch_unwind(AssertUnwindSafe(|| this.inner.poll(cx)))
            .unwrap_or_else(|_| Poll::Ready(Err(Failure::Internal.into())));
        polled.map(|result| Ok(result.unwrap_or_else(|failed| answer(&failed, this.asked))))
    }
}

fn answer(failed: &FailedWith, asked: &Asked) -> Response<Body> {
    asked.record.failed(failed.failure);
    asked.record.answered_by(Outcome::Page);
    let status = &asked.identity.proxy_status;
    asked
        .site
        .respond(failed, &asked.preferences, &asked.request_id, status)
        .map(Body::Page)
}
