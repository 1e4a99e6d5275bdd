//! Runs the streams of one HTTP/2 connection, and gives up those whose client takes nothing.
//!
//! A client can keep a stream's window shut for ever (RFC 9113 section 5.2), and with it the
//! request, the answer and the connection to the origin behind it. Hyper waits; this does not. Not
//! concerned with what the whole connection waits for: that is [`super::guard`].

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use hyper::rt::Executor;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep};

use crate::{
    tasks::Tasks,
    telemetry::connection::{ConnectionState, Turn},
};

/// Runs streams of one connection.
#[derive(Clone)]
pub(super) struct Streams {
    tasks: Tasks,
    connection: Arc<ConnectionState>,
    patience: Duration,
}

impl Streams {
    /// `patience`: how long a client may take nothing of an answer.
    pub(super) fn new(
        tasks: &Tasks,
        connection: &Arc<ConnectionState>,
        patience: Duration,
    ) -> Self {
        Self {
            tasks: tasks.clone(),
            connection: Arc::clone(connection),
            patience,
        }
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        self.tasks.spawn(Watched {
            stream,
            connection: Arc::clone(&self.connection),
            patience: self.patience,
            stalled: None,
        });
    }
}

pin_project! {
    /// One stream. Dropping it resets it, and ends what is done for it.
    struct Watched<F> {
        #[pin]
        stream: F,
        connection: Arc<ConnectionState>,
        patience: Duration,
        stalled: Option<Pin<Box<Sleep>>>,
    }
}

impl<F: Future<Output = ()>> Future for Watched<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        // All streams of a connection are polled on one thread, one after the other.
        this.connection.turn(Turn::Still);
        if this.stream.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        match (this.connection.last_turn(), &mut *this.stalled) {
            (Turn::WaitsForUs, stalled) => {
                *stalled = None;
                return Poll::Pending;
            }
            (Turn::WentOn, Some(timer)) => timer.as_mut().reset(Instant::now() + *this.patience),
            (Turn::Still | Turn::WentOn, _) => {}
        }
        let timer = this
            .stalled
            .get_or_insert_with(|| Box::pin(sleep(*this.patience)));
        timer.as_mut().poll(cx)
    }
}
