//! The sessions of one endpoint, kept apart by worker as idle connections are.
//!
//! Requests share a session until it is full; then another is opened. Of those that find none, one
//! opens it and the others wait for that one, so that a crowd makes one connection and not a
//! crowd of them.

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};

use super::{session::Session, stream::Stream};
use crate::{
    failure::{AttemptError, Failure, Sent, UpstreamFailure},
    tasks::WorkerId,
    upstream::{connect::Opened, link::Link},
};

/// The sessions of an endpoint.
pub(in crate::upstream) struct Sessions {
    workers: Box<[Mutex<Known>]>,
    idle_timeout: Duration,
}

/// Those of one worker.
#[derive(Default)]
struct Known {
    open: Vec<Arc<Session>>,
    /// Who waits for the one that is being opened; `None` while none is.
    waiting: Option<Vec<oneshot::Sender<Told>>>,
    /// The endpoint chose HTTP/1.1 when it was asked last: nobody can share what comes.
    chose_http1: bool,
}

/// What became of a session that others waited for.
type Told = Result<(), Failure>;

/// What a request that finds no room does.
enum Turn<'s> {
    Share(Stream),
    Open(Option<Opening<'s>>),
    Wait(oneshot::Receiver<Told>),
}

impl Sessions {
    pub(in crate::upstream) fn new(workers: usize, idle_timeout: Duration) -> Self {
        Self {
            workers: (0..workers).map(|_| Mutex::default()).collect(),
            idle_timeout,
        }
    }

    /// A place on a session that is open.
    pub(in crate::upstream) fn take(&self, worker: WorkerId) -> Option<Stream> {
        lock(self.of(worker)?).share()
    }

    /// A place on a session, which is opened if need be; a connection of its own where the
    /// endpoint speaks HTTP/1.1. `open` opens a connection, `patience` is the longest that is
    /// waited for one that another opens.
    pub(in crate::upstream) async fn connect(
        &self,
        worker: WorkerId,
        open: impl Future<Output = Result<Opened, AttemptError>>,
        patience: Duration,
    ) -> Result<Link, AttemptError> {
        let until = Instant::now() + patience;
        while let Some(known) = self.of(worker) {
            match turn(known) {
                Turn::Share(stream) => return Ok(Link::Http2(stream)),
                Turn::Open(opening) => return settle(open.await, opening),
                Turn::Wait(told) => match timeout_at(until, told).await {
                    Ok(Ok(Err(cause))) => return Err(unsent(cause)),
                    // There is one, or nobody opens it any more.
                    Ok(Ok(Ok(())) | Err(_)) => {}
                    Err(_) => return Err(unsent(UpstreamFailure::ConnectTimeout.into())),
                },
            }
        }
        Err(unsent(Failure::Internal))
    }

    /// Closes what has not been used for too long, and forgets what has ended.
    pub(in crate::upstream) fn sweep(&self, now: Instant) {
        for known in &self.workers {
            lock(known).open.retain(|session| {
                let rests = session.rests_since();
                let is_young = |since| now.saturating_duration_since(since) < self.idle_timeout;
                session.is_open() && rests.is_none_or(is_young)
            });
        }
    }

    /// Those that no request is on.
    pub(in crate::upstream) fn idle(&self) -> usize {
        let idle = |known| {
            let known: MutexGuard<'_, Known> = lock(known);
            known
                .open
                .iter()
                .filter(|session| session.used() == 0)
                .count()
        };
        self.workers.iter().map(idle).sum()
    }

    fn of(&self, worker: WorkerId) -> Option<&Mutex<Known>> {
        self.workers.get(worker.index())
    }
}

impl Known {
    fn share(&mut self) -> Option<Stream> {
        self.open.retain(|session| session.is_open());
        let slot = self.open.iter().find_map(Session::claim);
        slot.map(Stream::new)
    }
}

fn turn(known: &Mutex<Known>) -> Turn<'_> {
    let mut held = lock(known);
    if let Some(stream) = held.share() {
        return Turn::Share(stream);
    }
    if held.chose_http1 {
        return Turn::Open(None);
    }
    if let Some(waiting) = &mut held.waiting {
        let (tell, told) = oneshot::channel();
        waiting.push(tell);
        return Turn::Wait(told);
    }
    held.waiting = Some(Vec::new());
    Turn::Open(Some(Opening(known)))
}

/// Takes what was opened into use, and tells those who waited for it.
fn settle(
    opened: Result<Opened, AttemptError>,
    opening: Option<Opening<'_>>,
) -> Result<Link, AttemptError> {
    let known = opening.as_ref().map(|opening| opening.0);
    let (told, link) = match opened {
        Err(error) => (Err(error.cause), Err(error)),
        Ok(Opened::Http1(connection)) => (Ok(()), Ok(Link::Http1(connection))),
        Ok(Opened::Http2(session)) => {
            let slot = session.claim();
            let link = slot.map(|slot| Link::Http2(Stream::new(slot)));
            if let Some(known) = known {
                lock(known).open.push(session);
            }
            (Ok(()), link.ok_or_else(|| unsent(Failure::Internal)))
        }
    };
    if let Some(known) = known {
        lock(known).chose_http1 = matches!(link, Ok(Link::Http1(_)));
    }
    if let Some(opening) = opening {
        opening.tell(told);
    }
    link
}

/// The one who opens a session for all. Dropped before it is there, another takes over.
struct Opening<'s>(&'s Mutex<Known>);

impl Opening<'_> {
    fn tell(self, told: Told) {
        for waiting in lock(self.0).waiting.take().into_iter().flatten() {
            // Who has gone meanwhile need not know.
            let _ = waiting.send(told);
        }
    }
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        drop(lock(self.0).waiting.take());
    }
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unsent(cause: Failure) -> AttemptError {
    AttemptError {
        cause,
        sent: Sent::No,
        source: None,
    }
}
