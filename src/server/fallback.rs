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
        polled.map(|result| {
            let mut response = result.unwrap_or_else(|failed| answer(&failed, this.asked));
            this.asked.site.complete(&mut response, this.asked);
            Ok(response)
        })
    }
}

fn answer(failed: &FailedWith, asked: &Asked) -> Response<Body> {
    asked.record.failed(failed.failure);
    asked.record.answered_by(match failed.failure {
        Failure::Maintenance(_) => Outcome::Maintenance,
        Failure::RateLimited(_) | Failure::TooLarge => Outcome::Refused,
        Failure::Overloaded | Failure::Upstream(_) | Failure::Internal => Outcome::Page,
    });
    asked.site.respond(failed, asked).map(Body::Page)
}

#[cfg(test)]
mod tests {
    use http::{Request, StatusCode};
    use http_body_util::BodyExt;
    use tokio::runtime::Handle;

    use super::*;
    use crate::{
        config::{Flags, from_flags},
        failure::proxy_status::ProxyStatus,
        message::{preferences::Preferences, request_id, via::Via},
        site::{Identity, Site},
        tasks::{Tasks, WorkerId},
        telemetry::{
            connection::ConnectionState,
            metrics::Metrics,
            record::{Record, Telemetry},
        },
        upstream::{Surroundings, resolve::Names},
    };

    fn asked(telemetry: &Arc<Telemetry>) -> Asked {
        let flags = Flags {
            upstream: "http://127.0.0.1:9".to_owned(),
            listen: None,
            admin: None,
            name: Some("My shop".to_owned()),
        };
        let config = from_flags(&flags).unwrap();
        let tasks = Tasks::new(Handle::current());
        let around = Surroundings {
            names: Names::new(&config.process.dns),
            tasks,
            workers: 1,
        };
        let spec = config.sites.first().unwrap();
        let request = Request::get("/path").body(()).unwrap();
        let peer = ([192, 0, 2, 1], 4711).into();
        let connection = ConnectionState::new(peer, &[], None, Arc::clone(telemetry), None);
        let request_id = request_id::new();
        let pages = Site::pages(spec, None, |spec| {
            crate::page::Pages::new(spec, &Arc::default())
        })
        .unwrap();
        let site = Site::new(spec, pages, None, &around, &telemetry.metrics).unwrap();
        let record = Record::open(
            &request,
            request_id.clone(),
            Arc::clone(&connection),
            Arc::clone(telemetry),
        );
        record.routed(site.metrics(), None);
        Asked {
            site,
            host: None,
            record,
            request_id,
            preferences: Preferences::capture(request.method(), request.uri(), request.headers()),
            connection,
            is_encrypted: false,
            worker: WorkerId::new(0),
            identity: Arc::new(Identity {
                via: Via::new("intermission", 1),
                proxy_status: ProxyStatus::new("intermission"),
            }),
        }
    }

    #[tokio::test]
    async fn a_panic_below_becomes_the_branded_page_and_is_counted() {
        let telemetry = Arc::new(Telemetry {
            metrics: Metrics::default(),
            access_log: None,
        });
        let asked = Arc::new(asked(&telemetry));
        let future = ResponseFuture {
            inner: async { panic!("a defect") },
            asked: Arc::clone(&asked),
        };
        let Ok(response) = future.await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(
            response.headers()["proxy-status"],
            "intermission; error=proxy_internal_error"
        );
        assert!(response.headers().contains_key("retry-after"));
        let page = response.into_body().collect().await.unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&page).contains("My shop"));

        let metrics = asked.site.metrics().cloned().unwrap();
        drop(asked);
        assert_eq!(
            metrics.internal.load(std::sync::atomic::Ordering::Relaxed),
            1
        );
    }
}
