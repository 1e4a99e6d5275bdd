//! The ways to one endpoint: HTTP/1.1 connections that wait for a request, sessions that requests
//! share, and how there come to be more of them.

use std::{net::SocketAddr, time::Duration};

use tokio::time::Instant;

use super::{
    connect::{Connector, Opened, Purpose},
    exchange::Connection,
    http2::Sessions,
    link::Link,
    pool::Pool,
    target::Target,
};
use crate::{
    config::spec::LimitsSpec,
    failure::{AttemptError, Failure, Sent, UpstreamFailure},
    tasks::WorkerId,
};

/// What a request needs of an endpoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) worker: WorkerId,
    pub(super) purpose: Purpose,
}

/// Where a way leads.
pub(super) type Destination<'a> = (&'a Target, SocketAddr);

/// The ways to one endpoint.
pub(super) struct Ways {
    pool: Pool,
    /// Where HTTP/2 is spoken.
    sessions: Option<Sessions>,
}

impl Ways {
    pub(super) fn new(workers: usize, limits: &LimitsSpec, http2: bool) -> Self {
        let (most, idle_timeout) = (limits.connections.get(), limits.idle_timeout);
        Self {
            pool: Pool::new(workers, most, idle_timeout),
            sessions: http2.then(|| Sessions::new(workers, idle_timeout)),
        }
    }

    /// One that is there already.
    pub(super) fn kept(&self, wanted: Wanted, now: Instant) -> Option<Link> {
        if let Some(sessions) = self.sessions_for(wanted.purpose)
            && let Some(stream) = sessions.take(wanted.worker)
        {
            return Some(Link::Http2(stream));
        }
        self.pool.take(wanted.worker, now).map(Link::Http1)
    }

    /// A new one, or a place on one that others open.
    pub(super) async fn connect(
        &self,
        connector: &Connector,
        to: Destination<'_>,
        wanted: Wanted,
        limit: Option<Duration>,
    ) -> Result<Link, AttemptError> {
        if let Some(sessions) = self.sessions_for(wanted.purpose) {
            let began = Instant::now();
            let open = async {
                // Waiting for another who opened one may have taken some of it.
                let left = limit.map(|limit| limit.saturating_sub(began.elapsed()));
                self.open(connector, to, wanted.purpose, left).await
            };
            let patience = connector.timeout();
            let patience = limit.map_or(patience, |limit| limit.min(patience));
            return sessions.connect(wanted.worker, open, patience).await;
        }
        match self.open(connector, to, wanted.purpose, limit).await? {
            Opened::Http1(connection) => Ok(Link::Http1(connection)),
            // It is never offered where sessions are not kept.
            Opened::Http2(_) => Err(unsent(Failure::Internal)),
        }
    }

    /// A new connection, if there is a place for one.
    async fn open(
        &self,
        connector: &Connector,
        to: Destination<'_>,
        purpose: Purpose,
        limit: Option<Duration>,
    ) -> Result<Opened, AttemptError> {
        let Some(place) = self.pool.reserve() else {
            return Err(unsent(UpstreamFailure::PoolFull.into()));
        };
        connector.connect(to, purpose, place, limit).await
    }

    fn sessions_for(&self, purpose: Purpose) -> Option<&Sessions> {
        let sessions = self.sessions.as_ref();
        sessions.filter(|_| purpose == Purpose::Requests)
    }

    /// Keeps a connection for the next request.
    pub(super) fn put(&self, worker: WorkerId, connection: Connection) {
        self.pool.put(worker, connection);
    }

    /// Closes what has been idle for too long or has ended.
    pub(super) fn sweep(&self, now: Instant) {
        self.pool.sweep(now);
        if let Some(sessions) = &self.sessions {
            sessions.sweep(now);
        }
    }

    /// Those that wait for a request.
    pub(super) fn idle(&self) -> usize {
        self.pool.idle() + self.sessions.as_ref().map_or(0, Sessions::idle)
    }

    /// Connections in all.
    pub(super) fn in_all(&self) -> usize {
        self.pool.open()
    }
}

fn unsent(cause: Failure) -> AttemptError {
    AttemptError {
        cause,
        sent: Sent::No,
        source: None,
    }
}
