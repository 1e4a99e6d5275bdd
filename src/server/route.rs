//! Step 5 of the request's way: which site a request is for, if it is one to forward at all.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response,
    header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, MAX_FORWARDS, TRANSFER_ENCODING},
};
use hyper::ext::Protocol;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::{access_log::Opened, settings::longest_target, worker::Worker};
use crate::{
    message::{body::Fixed, host, preferences::Preferences},
    runtime::Runtime,
    site::{
        Body, Routed,
        handle::Asked,
        refusal::{Addressee, Refusal},
    },
    telemetry::record::Outcome,
};

/// Finds the site.
#[derive(Clone)]
pub(super) struct RouteLayer {
    worker: Arc<Worker>,
}

impl RouteLayer {
    pub(super) fn new(worker: &Arc<Worker>) -> Self {
        Self {
            worker: Arc::clone(worker),
        }
    }
}

impl<S> Layer<S> for RouteLayer {
    type Service = Route<S>;

    fn layer(&self, inner: S) -> Route<S> {
        Route {
            inner,
            worker: Arc::clone(&self.worker),
        }
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
        let handle = &self.worker.shared.runtime;
        // Before all else: a certificate is to be had for any host, whatever its site says.
        let proof = handle
            .certificates()
            .challenges()
            .answer(opened.request.uri());
        if let Some(proof) = proof {
            opened.record.answered_by(Outcome::Own);
            return ResponseFuture::Proved { proof: Some(proof) };
        }
        let runtime = handle.load();
        let longest = longest_target(&runtime.config.process);
        match host_of(&mut opened.request, longest) {
            Ok(host) => {
                let routed = self.route(&runtime, opened, host);
                ResponseFuture::Passed {
                    inner: self.inner.call(routed),
                }
            }
            Err(refused) => ResponseFuture::Refused {
                refused,
                to: Addressee::of(&opened.request),
            },
        }
    }
}

impl<S> Route<S> {
    fn route(&self, runtime: &Runtime, opened: Opened, host: Option<HeaderValue>) -> Routed {
        let Opened {
            request,
            record,
            request_id,
            connection,
        } = opened;
        let site = Arc::clone(runtime.router.route(host.as_ref()));
        record.routed(site.metrics(), host.as_ref());
        let preferences = Preferences::capture(request.method(), request.uri(), request.headers());
        let is_encrypted =
            site.minds_encryption() && connection.forwarder().is_encrypted(request.headers());
        let asked = Asked {
            site,
            host,
            record,
            request_id,
            preferences,
            connection,
            is_encrypted,
            worker: self.worker.id,
            identity: Arc::clone(&runtime.identity),
        };
        Routed {
            request,
            asked: Arc::new(asked),
        }
    }
}

/// The host of a request that may be forwarded, or why it may not.
fn host_of<B>(
    request: &mut Request<B>,
    longest_target: usize,
) -> Result<Option<HeaderValue>, Refusal> {
    let is_allowed = match *request.method() {
        Method::CONNECT => is_websocket(request),
        Method::TRACE => false,
        _ => true,
    };
    if !is_allowed {
        return Err(Refusal::Method);
    }
    let target = request.uri().path_and_query();
    if target.is_some_and(|target| target.as_str().len() > longest_target) {
        return Err(Refusal::TargetTooLong);
    }
    let uri = request.uri();
    let scheme = uri.scheme_str();
    // The authority alone is a target for CONNECT only, and other schemes are not ours to serve.
    if !matches!(scheme, None | Some("http" | "https")) || scheme.is_none() && uri.host().is_some()
    {
        return Err(Refusal::Target);
    }
    let host = host::of_request(request.uri(), request.headers(), request.version())
        .map_err(|_| Refusal::Host)?;
    // Hyper has refused what is not chunked in the end; other codings are not ours to undo.
    let mut codings = request.headers().get_all(TRANSFER_ENCODING).iter();
    let is_chunked = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    if !codings.next().is_none_or(is_chunked) || codings.next().is_some() {
        return Err(Refusal::Coding);
    }
    if *request.method() == Method::OPTIONS {
        pass_options(request)?;
    } else if request.uri().path() == "*" {
        return Err(Refusal::Target);
    }
    Ok(host)
}

/// Whether a CONNECT opens a WebSocket over HTTP/2 (RFC 8441 section 5). There is no other that we
/// would know how to pass on.
fn is_websocket<B>(request: &Request<B>) -> bool {
    let protocol = request.extensions().get::<Protocol>();
    protocol.is_some_and(|protocol| protocol.as_str() == "websocket")
}

/// `OPTIONS *` asks us, and so does one that may not be forwarded any further (RFC 9110 sections
/// 7.6.2 and 9.3.7). Another is counted down.
fn pass_options<B>(request: &mut Request<B>) -> Result<(), Refusal> {
    if request.uri().path() == "*" {
        return Err(Refusal::Options);
    }
    let Some(left) = request.headers().get(MAX_FORWARDS) else {
        return Ok(());
    };
    match left
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse::<u32>().ok())
    {
        Some(0) => Err(Refusal::Options),
        Some(left) => {
            request
                .headers_mut()
                .insert(MAX_FORWARDS, HeaderValue::from(left - 1));
            Ok(())
        }
        // Not a number: not ours to interpret.
        None => Ok(()),
    }
}

/// What an authority came for (RFC 8555 section 8.3).
fn proved(proof: Bytes) -> Response<Body> {
    let length = HeaderValue::from(proof.len());
    let mut response = Response::new(Body::Page(Fixed::new(proof)));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(CONTENT_LENGTH, length);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pin_project! {
    /// Either the answer we had at once, or the one that comes from below.
    #[project = ResponseFutureProj]
    pub(super) enum ResponseFuture<F> {
        Proved { proof: Option<Bytes> },
        Refused { refused: Refusal, to: Addressee },
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
            ResponseFutureProj::Proved { proof } => {
                Poll::Ready(Ok(proved(proof.take().unwrap_or_default())))
            }
            ResponseFutureProj::Refused { refused, to } => Poll::Ready(Ok(refused.response(*to))),
        }
    }
}
