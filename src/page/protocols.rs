//! Answers in the terms of what is spoken above HTTP: gRPC and event streams.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::{Parts, plain::Plain};
use crate::message::preferences::Preferences;

pub(super) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
pub(super) const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const GRPC_PUSHBACK: HeaderName = HeaderName::from_static("grpc-retry-pushback-ms");

/// Trailers-only: a head that ends the stream, so without a length.
pub(super) fn grpc(plain: &Plain<'_>, to: &Preferences) -> Parts {
    let mut head = HeaderMap::new();
    // The client's own subtype, or it may not recognise the answer.
    let media_type = to.content_type().cloned();
    let media_type = media_type.unwrap_or(HeaderValue::from_static("application/grpc"));
    head.insert(header::CONTENT_TYPE, media_type);
    head.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    head.insert(GRPC_STATUS, HeaderValue::from_static("14"));
    if let Ok(message) = HeaderValue::try_from(plain.grpc_message()) {
        head.insert(GRPC_MESSAGE, message);
    }
    head.insert(
        GRPC_PUSHBACK,
        HeaderValue::from(plain.seconds.saturating_mul(1000)),
    );
    (StatusCode::OK, head, Bytes::new())
}

/// 200, because a browser never comes back to an event stream that answered anything else.
pub(super) fn events(plain: &Plain<'_>) -> Parts {
    let body = Bytes::from(plain.events());
    let mut head = HeaderMap::new();
    head.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    head.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    head.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    head.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    (StatusCode::OK, head, body)
}
