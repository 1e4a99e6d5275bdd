//! Finds out that a connection leads nowhere although nobody has closed it: a host that is gone, a
//! firewall that has forgotten it.
//!
//! Only a connection with requests on it that brings nothing is asked (PING, RFC 9113 section
//! 6.7), and the longer it is well but silent the more seldom: gRPC servers close connections that
//! are asked more than three times within five minutes of silence (gRPC's A8 proposal).

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use h2::{Ping, PingPong};
use tokio::time::{Instant, Sleep, sleep};

/// How long a connection may be silent before it is asked, the first time, the second and ever
/// after.
const PAUSES: [Duration; 3] = [
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(310),
];
/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks one connection.
pub(super) struct KeepAlive {
    pings: PingPong,
    timer: Pin<Box<Sleep>>,
    pace: Pace,
    /// What had come when it was looked at last, in bytes.
    heard: u64,
    /// Which pause it is.
    pauses: usize,
    is_asked: bool,
}

/// How long is waited.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pauses: [Duration; 3],
    patience: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            pauses: PAUSES,
            patience: PATIENCE,
        }
    }
}

impl KeepAlive {
    pub(super) fn new(pings: PingPong, pace: Pace) -> Self {
        let [first, ..] = pace.pauses;
        Self {
            pings,
            timer: Box::pin(sleep(first)),
            pace,
            heard: 0,
            pauses: 0,
            is_asked: false,
        }
    }

    /// Ready when nobody is there any more. `heard` is what has come in all, in bytes.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, heard: u64, is_used: bool) -> Poll<()> {
        if self.is_asked && self.pings.poll_pong(cx).is_ready() {
            self.is_asked = false;
            self.heard = heard;
            self.pauses += 1;
            self.pause();
        }
        loop {
            ready!(self.timer.as_mut().poll(cx));
            if !is_used || heard != self.heard {
                self.heard = heard;
                self.pauses = 0;
                self.pause();
            } else if self.is_asked {
                return Poll::Ready(());
            } else {
                self.is_asked = self.pings.send_ping(Ping::opaque()).is_ok();
                self.wait(self.pace.patience);
                // Polled once, so that the answer wakes this task.
                let _ = self.pings.poll_pong(cx);
            }
        }
    }

    fn pause(&mut self) {
        let [.., longest] = self.pace.pauses;
        let pause = self.pace.pauses.get(self.pauses).copied();
        self.wait(pause.unwrap_or(longest));
    }

    fn wait(&mut self, time: Duration) {
        self.timer.as_mut().reset(Instant::now() + time);
    }
}

#[cfg(test)]
mod tests;
