//! What comes: a response body with its trailers.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, RecvStream};
use http::{HeaderMap, Response};
use http_body::{Frame, SizeHint};

use crate::upstream::inbound::{Inbound, InboundError};

/// A response body as it comes over HTTP/2.
pub(in crate::upstream) struct Download {
    stream: RecvStream,
    /// What is still to come, in bytes, where the head told it.
    left: Option<u64>,
    has_ended: bool,
}

impl Download {
    /// `length` is what the head says of it.
    fn new(stream: RecvStream, length: Option<u64>) -> Self {
        Self {
            stream,
            left: length,
            has_ended: false,
        }
    }

    pub(in crate::upstream) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, InboundError>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        let data = match ready!(self.stream.poll_data(cx)) {
            Some(Ok(data)) => data,
            Some(Err(error)) => {
                self.has_ended = true;
                return Poll::Ready(self.broken(error).map(Err));
            }
            None => {
                let trailers = ready!(self.stream.poll_trailers(cx));
                self.has_ended = true;
                return Poll::Ready(match trailers {
                    Ok(trailers) => trailers.map(|fields| Ok(Frame::trailers(fields))),
                    Err(error) => self.broken(error).map(Err),
                });
            }
        };
        // Room for as much again. It only fails on a stream that has ended, which shows next.
        let _ = self.stream.flow_control().release_capacity(data.len());
        let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
        self.left = self.left.map(|left| left.saturating_sub(length));
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    /// A stream that is reset for no reason had been answered to its end before (RFC 9113 section
    /// 8.1), which is gainsaid only by a length.
    fn broken(&self, error: h2::Error) -> Option<InboundError> {
        let is_whole = error.is_reset()
            && error.reason() == Some(Reason::NO_ERROR)
            && self.left.is_none_or(|left| left == 0);
        (!is_whole).then(|| InboundError::Http2(Box::new(error)))
    }

    pub(in crate::upstream) fn is_end_stream(&self) -> bool {
        self.has_ended || self.stream.is_end_stream()
    }

    pub(in crate::upstream) fn size_hint(&self) -> SizeHint {
        if self.is_end_stream() {
            return SizeHint::with_exact(0);
        }
        self.left
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// A response with its body as others take it.
pub(super) fn inbound(response: Response<RecvStream>) -> Response<Inbound> {
    let length = length_of(response.headers());
    response.map(|stream| Inbound::Http2(Box::new(Download::new(stream, length))))
}

/// The length that a head tells; `None` where it tells none.
fn length_of(headers: &HeaderMap) -> Option<u64> {
    let length = headers.get(http::header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}
