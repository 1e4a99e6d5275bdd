//! The demo shop's server-sent events: a tick per second, streamed.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use http_body::{Body, Frame};
use http_body_util::Either;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::serve::DemoBody;

/// Time between two events.
const PERIOD: Duration = Duration::from_secs(1);
/// After so many events the stream ends, and a browser connects again by itself.
const LIMIT: u32 = 600;

/// The body of the event stream: the first event at once, then one per period.
#[derive(Debug)]
pub(super) struct Ticks {
    clock: Interval,
    sent: u32,
}

impl Ticks {
    fn new() -> Self {
        let mut clock = interval(PERIOD);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { clock, sent: 0 }
    }
}

impl Body for Ticks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.sent == LIMIT {
            return Poll::Ready(None);
        }
        ready!(self.clock.poll_tick(context));
        self.sent += 1;
        let event = format!(
            "id: {0}\nevent: tick\ndata: {{\"tick\":{0}}}\n\n",
            self.sent
        );
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(event)))))
    }
}

/// The answer of `/events`.
pub(super) fn stream() -> Response<DemoBody> {
    let mut response = Response::new(Either::Right(Ticks::new()));
    let fields = response.headers_mut();
    fields.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
