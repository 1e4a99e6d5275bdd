//! Response bodies on their way to the client: streamed, never collected.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::{driver::poll_driven, endpoint::Lease};

/// An origin's response body on its way to the client. Holds the connection until its end.
pub struct OriginBody {
    incoming: Incoming,
    lease: Option<Lease>,
    /// Longest silence; `None` for streams that are silent by nature.
    between_bytes: Option<Duration>,
    silence: Option<Pin<Box<Sleep>>>,
    /// It broke off, which is told when what came before has been passed on.
    broken: Option<hyper::Error>,
}

/// Why a response body broke off.
#[derive(Debug, thiserror::Error)]
pub enum OriginBodyError {
    /// The connection ended too early, or what came is not HTTP.
    #[error("the response broke off")]
    Broken(#[source] hyper::Error),
    /// Nothing came for too long.
    #[error("the response stalled")]
    Stalled,
}

impl OriginBody {
    pub(super) fn new(incoming: Incoming, lease: Lease, between_bytes: Option<Duration>) -> Self {
        let mut body = Self {
            incoming,
            lease: Some(lease),
            between_bytes,
            silence: None,
            broken: None,
        };
        body.finish_if_ended();
        body
    }

    /// Reads what is left, within bounds.
    pub(super) async fn discard(mut self) {
        const MOST: usize = 64 * 1024;
        const PATIENCE: Duration = Duration::from_secs(1);
        // Too long or too slow: dropping it closes the connection.
        read_away(&mut self, MOST, PATIENCE).await;
    }

    /// Gives the connection back as soon as nothing more can come.
    fn finish_if_ended(&mut self) {
        if self.incoming.is_end_stream() {
            self.finish();
        }
    }

    fn finish(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.finish();
        }
    }

    fn poll_incoming(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let incoming = &mut self.incoming;
        match self.lease.as_mut().and_then(Lease::driver) {
            Some(driver) => poll_driven(driver, cx, |cx| Pin::new(&mut *incoming).poll_frame(cx)),
            None => Pin::new(incoming).poll_frame(cx),
        }
    }

    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(limit) = self.between_bytes else {
            return Poll::Pending;
        };
        let timer = self.silence.get_or_insert_with(|| Box::pin(sleep(limit)));
        timer.as_mut().poll(cx)
    }

    /// A piece came: the clock starts anew with the next wait.
    fn reset_silence(&mut self) {
        if let (Some(timer), Some(limit)) = (&mut self.silence, self.between_bytes) {
            timer.as_mut().reset(Instant::now() + limit);
        }
    }
}

impl Body for OriginBody {
    type Data = Bytes;
    type Error = OriginBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, OriginBodyError>>> {
        let this = &mut *self;
        if let Some(error) = this.broken.take() {
            return Poll::Ready(Some(Err(OriginBodyError::Broken(error))));
        }
        match this.poll_incoming(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                this.reset_silence();
                if frame.is_trailers() {
                    this.finish();
                } else {
                    this.finish_if_ended();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.lease = None;
                this.broken = Some(error);
                // A failed body ends the connection to the client, and with it what is not flushed.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Ready(None) => {
                this.finish();
                Poll::Ready(None)
            }
            Poll::Pending => {
                ready!(this.poll_silence(cx));
                this.lease = None;
                Poll::Ready(Some(Err(OriginBodyError::Stalled)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// Reads and forgets a body until it ends, or this many bytes or so much time are used up.
pub(super) async fn read_away<B>(body: &mut B, most: usize, patience: Duration)
where
    B: Body<Data = Bytes> + Unpin,
{
    let read = async {
        let mut left = most;
        while left > 0
            && let Some(Ok(frame)) = body.frame().await
        {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        }
    };
    drop(timeout(patience, read).await);
}
