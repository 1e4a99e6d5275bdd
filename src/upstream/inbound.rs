//! A response body as it comes from the origin, over either protocol.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::http2::download::Download;

/// The body of an origin's response.
pub(super) enum Inbound {
    /// Comes while its connection is driven.
    Http1(Incoming),
    /// Comes by itself. Boxed, so that the others stay small.
    Http2(Box<Download>),
}

/// Why an origin's response broke off.
#[derive(Debug, thiserror::Error)]
pub enum InboundError {
    /// The connection ended too early, or what came is not HTTP/1.1.
    #[error("the HTTP/1.1 message broke off")]
    Http1(#[source] hyper::Error),
    /// The stream was reset, or its connection ended.
    #[error("the HTTP/2 stream broke off")]
    Http2(#[source] Box<h2::Error>),
}

impl Inbound {
    pub(super) const fn is_http1(&self) -> bool {
        matches!(self, Self::Http1(_))
    }
}

impl Body for Inbound {
    type Data = Bytes;
    type Error = InboundError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, InboundError>>> {
        match &mut *self {
            Self::Http1(body) => Pin::new(body).poll_frame(cx).map_err(InboundError::Http1),
            Self::Http2(body) => body.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Http1(body) => body.is_end_stream(),
            Self::Http2(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Http1(body) => body.size_hint(),
            Self::Http2(body) => body.size_hint(),
        }
    }
}
