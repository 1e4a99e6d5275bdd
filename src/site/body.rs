//! The body of an answer: the origin's, streamed, or ours, in memory.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::Asked;
use crate::{
    message::body::Fixed,
    upstream::{OriginBody, OriginBodyError},
};

/// One of the two, unboxed: nothing is allocated per frame.
#[expect(
    clippy::large_enum_variant,
    reason = "a box would be one more allocation for each forwarded request"
)]
pub enum Body {
    /// From the origin, for this request.
    Origin(OriginBody, Arc<Asked>),
    /// From us.
    Page(Fixed),
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = OriginBodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, OriginBodyError>>> {
        match self.get_mut() {
            Self::Origin(body, asked) => {
                let frame = Pin::new(body).poll_frame(cx);
                if let Poll::Ready(Some(Err(error))) = &frame {
                    asked.broke_off(error);
                }
                frame
            }
            Self::Page(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never| match never {}),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Origin(body, _) => body.is_end_stream(),
            Self::Page(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Origin(body, _) => body.size_hint(),
            Self::Page(body) => body.size_hint(),
        }
    }
}
