//! Idle connections of one endpoint, kept apart by worker.
//!
//! A connection lives on the worker that opened it, so each worker has a stack of its own: its
//! lock is never waited for by another worker, only by the sweep that closes what has been idle
//! for too long. The last connection used is the first used again: it is the least likely to have
//! been closed at the other end.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::exchange::Connection;
use crate::tasks::WorkerId;

/// Connections a worker keeps for later: more are only open after a burst, and hold memory here and
/// at the origin.
const KEPT: usize = 256;

/// The idle connections, and how many are open at all.
pub(crate) struct Pool {
    idle: Box<[Mutex<Vec<Idle>>]>,
    open: Arc<AtomicUsize>,
    limit: usize,
    idle_timeout: Duration,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

/// One of the connections an endpoint may have; gives its place back when dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<AtomicUsize>);

impl Pool {
    pub(super) fn new(workers: usize, limit: usize, idle_timeout: Duration) -> Self {
        Self {
            idle: (0..workers).map(|_| Mutex::new(Vec::new())).collect(),
            open: Arc::default(),
            limit,
            idle_timeout,
        }
    }

    /// An idle connection that is alive and can take a request now.
    pub(super) fn take(&self, worker: WorkerId, now: Instant) -> Option<Connection> {
        let mut stack = self.stack(worker)?;
        while let Some(mut idle) = stack.pop() {
            // An end the other side has sent is known here.
            if idle.connection.is_alive() && idle.is_young(self.idle_timeout, now) {
                return Some(idle.connection);
            }
        }
        None
    }

    /// Keeps a connection for the next request, if it can take one.
    pub(super) fn put(&self, worker: WorkerId, connection: Connection) {
        if connection.is_ready()
            && let Some(mut stack) = self.stack(worker)
            && stack.len() < KEPT
        {
            connection.rest();
            stack.push(Idle {
                connection,
                since: Instant::now(),
            });
        }
    }

    /// A place for one more connection, if need be that of one another worker keeps for later;
    /// `None` at the limit.
    pub(super) fn reserve(&self) -> Option<Place> {
        self.place().or_else(|| {
            self.evict();
            self.place()
        })
    }

    fn evict(&self) {
        for stack in &self.idle {
            let mut stack = stack.lock().unwrap_or_else(PoisonError::into_inner);
            if !stack.is_empty() {
                drop(stack.remove(0));
                return;
            }
        }
    }

    fn place(&self) -> Option<Place> {
        let taken = self.open.fetch_update(Relaxed, Relaxed, |open| {
            (open < self.limit).then_some(open + 1)
        });
        taken.ok().map(|_| Place(Arc::clone(&self.open)))
    }

    /// Closes what has been idle for too long or has ended.
    pub(super) fn sweep(&self, now: Instant) {
        for stack in &self.idle {
            let mut stack = stack.lock().unwrap_or_else(PoisonError::into_inner);
            stack.retain_mut(|idle| {
                idle.connection.is_alive() && idle.is_young(self.idle_timeout, now)
            });
        }
    }

    /// Connections kept for later.
    pub(super) fn idle(&self) -> usize {
        self.idle
            .iter()
            .map(|stack| stack.lock().unwrap_or_else(PoisonError::into_inner).len())
            .sum()
    }

    /// Connections in all.
    pub(super) fn open(&self) -> usize {
        self.open.load(Relaxed)
    }

    fn stack(&self, worker: WorkerId) -> Option<MutexGuard<'_, Vec<Idle>>> {
        let stack = self.idle.get(worker.index())?;
        Some(stack.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Idle {
    fn is_young(&self, timeout: Duration, now: Instant) -> bool {
        now.saturating_duration_since(self.since) < timeout
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_more_places_than_the_limit_and_each_comes_back() {
        let pool = Pool::new(1, 2, Duration::from_secs(60));
        let first = pool.reserve().unwrap();
        let _second = pool.reserve().unwrap();
        assert!(pool.reserve().is_none());
        drop(first);
        assert_eq!(pool.open(), 1);
        assert!(pool.reserve().is_some());
    }
}
