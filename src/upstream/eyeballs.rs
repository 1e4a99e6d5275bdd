//! Two kinds of address, one of which may lead nowhere (Happy Eyeballs, RFC 8305).
//!
//! A name with IPv6 and IPv4 addresses is several endpoints. Where a new connection to one of them
//! takes long, one of the other kind is tried beside it, and whichever stands first gets the
//! request. The other steps of the RFC are the resolver's, which asks for both at once, and the
//! balancer's, which chooses by what it has seen and not by kind.

use std::{pin::pin, sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use tokio::time::{Instant, timeout};

use super::{
    connect::Connector,
    endpoint::{Endpoint, Lease, Outcome},
    link::Link,
    ways::Wanted,
};
use crate::failure::{AttemptError, Failure, UpstreamFailure};

/// How long the first connection is alone: RFC 8305 section 8, "Connection Attempt Delay".
const DELAY: Duration = Duration::from_millis(250);

/// How a race went in which the first did not win.
enum Lost {
    Failed(Failure),
    /// It may still come; nobody waits for it.
    Slow,
}

impl Lease {
    /// Connects to this endpoint or to its rival, and is a lease of that one then.
    pub(super) async fn race(
        &mut self,
        rival: Arc<Endpoint>,
        connector: &Connector,
        wanted: Wanted,
        limit: Option<Duration>,
    ) -> Result<Link, AttemptError> {
        let own = Arc::clone(self.endpoint());
        let began = Instant::now();
        let one = pin!(own.connect(connector, wanted, limit));
        let two = async {
            let left = limit.map(|limit| limit.saturating_sub(began.elapsed()));
            rival.connect(connector, wanted, left).await
        };
        let mut one = one;
        let (result, lost) = match timeout(DELAY, one.as_mut()).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => (two.await, Lost::Failed(error.cause)),
            Err(_) => match select(one, pin!(two)).await {
                Either::Left((Ok(connection), _)) => return Ok(connection),
                Either::Left((Err(error), two)) => (two.await, Lost::Failed(error.cause)),
                Either::Right((Ok(connection), _)) => (Ok(connection), Lost::Slow),
                Either::Right((Err(failed), one)) => match one.await {
                    Ok(connection) => {
                        rival
                            .lease()
                            .settle(Outcome::Failed(failed.cause), Instant::now());
                        return Ok(connection);
                    }
                    Err(error) => (Err(failed), Lost::Failed(error.cause)),
                },
            },
        };
        let before = std::mem::replace(self, rival.lease());
        let now = Instant::now();
        match lost {
            Lost::Failed(cause) => before.settle(Outcome::Failed(cause), now),
            // Slower than the other is no failure, but reason enough to ask the other next time.
            Lost::Slow => {
                let slow = Outcome::Failed(UpstreamFailure::ConnectTimeout.into());
                own.load().observe(slow, now);
            }
        }
        result
    }
}
