//! Step 5 of the request's way: which site a request is for, if it is one to forward at all.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{ALLOW, MAX_FORWARDS, TRANSFER_ENCODING},
};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::{access_log::Opened, worker::Worker};
use crate::{
    message::{host, preferences::Preferences},
    site::{
        Body, Routed,
        handle::{Asked, refusal},
    },
};

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// Finds the site.
#[derive(Clone)]
pub(super) struct RouteLayer {
    worker: Arc<Worker>,
}

impl RouteLayer {
    pub(super) fn new(worker: &Arc<Worker>) -> Self {
        Self { worker: Arc::clone(worker) }
    }
}

impl<S> Layer<S> for RouteLayer {
    type Service = Route<S>;

    fn layer(&self, inner: S) -> Route<S> {
        Route { inner, worker: Arc::clone(&self.worker) }
    }
}

/// The service of [`RouteLayer`].
#[derive(Clone)]
pub(super) struct Route<S> {
    inner: S,
    worker: Arc<Worker>,
}

impl<S> Service<Opened> for Route<S>
where
    S: Service<Routed, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut opened: Opened) -> Self::Future {
        match self.host_of(&mut opened.request) {
            Ok(host) => {
                let routed = self.route(opened, host);
                ResponseFuture::Passed { inner: self.inner.call(routed) }
            }
            Err(refused) => ResponseFuture::Refused { response: Some(refused) },
        }
    }
}

impl<S> Route<S> {
    fn route(&self, opened: Opened, host: Option<HeaderValue>) -> Routed {
        let Opened { request, record, request_id, connection } = opened;
        let runtime = self.worker.shared.runtime.load();
        let site = Arc::clone(runtime.router.route(host.as_ref()));
        record.routed(site.metrics(), host.as_ref());
        let preferences =
            Preferences::capture(request.method(), request.uri(), request.headers());
        let asked = Asked {
            site,
            host,
            record,
            request_id,
            preferences,
            connection,
            worker: self.worker.id,
            identity: Arc::clone(&runtime.identity),
        };
        Routed { request, asked: Arc::new(asked) }
    }

    /// The host of a request that may be forwarded, or our answer to one that may not.
    fn host_of<B>(&self, request: &mut Request<B>) -> Result<Option<HeaderValue>, Response<Body>> {
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
            let text = "This method is not allowed here.\n";
            return Err(with_methods(refusal(StatusCode::METHOD_NOT_ALLOWED, text)));
        }
        let host = host::of_request(request.uri(), request.headers(), request.version())
            .map_err(|_| refusal(StatusCode::BAD_REQUEST, "The host is missing or not valid.\n"))?;
        // Hyper has refused what is not chunked in the end; other codings are not ours to undo
        // (RFC 9112 section 6.1).
        let coding = request.headers().get(TRANSFER_ENCODING);
        if coding.is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
            let text = "This transfer coding is not supported.\n";
            return Err(refusal(StatusCode::NOT_IMPLEMENTED, text));
        }
        if *request.method() == Method::OPTIONS {
            answer_options(request)?;
        } else if request.uri().path() == "*" {
            return Err(refusal(StatusCode::BAD_REQUEST, "The request target is not valid.\n"));
        }
        Ok(host)
    }
}

/// `OPTIONS *` asks us, and so does one that may not be forwarded any further (RFC 9110 sections
/// 7.6.2 and 9.3.7).
fn answer_options<B>(request: &mut Request<B>) -> Result<(), Response<Body>> {
    let for_us = || Err(with_methods(refusal(StatusCode::OK, "")));
    if request.uri().path() == "*" {
        return for_us();
    }
    let Some(left) = request.headers().get(MAX_FORWARDS) else { return Ok(()) };
    match left.to_str().ok().and_then(|text| text.trim().parse::<u32>().ok()) {
        Some(0) => for_us(),
        Some(left) => {
            request.headers_mut().insert(MAX_FORWARDS, HeaderValue::from(left - 1));
            Ok(())
        }
        // Not a number: not ours to interpret.
        None => Ok(()),
    }
}

fn with_methods(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(METHODS));
    response
}

pin_project! {
    /// Either the answer we had at once, or the one that comes from below.
    #[project = ResponseFutureProj]
    pub(super) enum ResponseFuture<F> {
        Refused { response: Option<Response<Body>> },
        Passed { #[pin] inner: F },
    }
}

impl<F> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<Body>, Infallible>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project() {
            ResponseFutureProj::Passed { inner } => inner.poll(cx),
            ResponseFutureProj::Refused { response } => {
                Poll::Ready(Ok(response.take().expect("a future is not polled after its end")))
            }
        }
    }
}
