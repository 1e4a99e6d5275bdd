//! The layers every request passes, in their order, on one page.
//!
//! Left of the fallback the error type is `Infallible`, right of it a failure: the types prove
//! that every failure becomes an answer. All of them are always ready: capacity is refused in an
//! answer, never waited for here.

use std::{convert::Infallible, pin::Pin, sync::Arc};

use tower::{Service, ServiceBuilder, service_fn};

use super::{
    access_log::{AccessLogLayer, Recorded},
    connection::ClientRequest,
    fallback::FallbackLayer,
    route::RouteLayer,
    worker::Worker,
};
use crate::{
    site::{self, Body},
    telemetry::connection::ConnectionState,
};

type Answer = http::Response<Recorded<Body>>;

/// What the layers together are: a service that always has an answer.
pub(super) trait Stack:
    Service<ClientRequest, Response = Answer, Error = Infallible, Future: Send + 'static>
    + Clone
    + Unpin
    + Send
    + 'static
{
}

impl<S> Stack for S where
    S: Service<ClientRequest, Response = Answer, Error = Infallible, Future: Send + 'static>
        + Clone
        + Unpin
        + Send
        + 'static
{
}

/// The stack of one connection.
pub(super) fn service(
    worker: &Arc<Worker>,
    connection: &Arc<ConnectionState>,
) -> PerConnection<impl Stack + use<>> {
    PerConnection(
        ServiceBuilder::new()
            .layer(AccessLogLayer::new(worker, connection)) // one record per request, and its id
            .layer(RouteLayer::new(worker)) //                 request → routed, or refused
            .layer(FallbackLayer) //                           failure → answer; catches panics
            .service(service_fn(site::handle::handle)), //     reserved paths → upstream
    )
}

/// Hands hyper's requests to the stack. The layers are a few reference counts to clone.
pub(super) struct PerConnection<S>(S);

impl<S> hyper::service::Service<ClientRequest> for PerConnection<S>
where
    S: Stack,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = S::Future;

    fn call(&self, request: ClientRequest) -> S::Future {
        self.0.clone().call(request)
    }
}

/// The same with small futures: HTTP/2 moves those of its streams about a dozen times.
pub(super) struct PerStream<S>(pub(super) PerConnection<S>);

impl<S> hyper::service::Service<ClientRequest> for PerStream<S>
where
    S: Stack,
{
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<S::Future>>;

    fn call(&self, request: ClientRequest) -> Self::Future {
        Box::pin(hyper::service::Service::call(&self.0, request))
    }
}
