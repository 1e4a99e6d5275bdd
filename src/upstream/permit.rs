//! How many requests are in flight at once, to the whole upstream and to one endpoint.
//!
//! A permit is taken before the first attempt and kept until the response has ended. Below the
//! limits that is a count and no lock; at them requests wait in [`super::queue`]. Tunnels and
//! streams of events give theirs back when they begin: they last, and hardly ask for anything.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        atomic::{
            AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{
    adaptive::Gradient,
    endpoint::Endpoint,
    queue::{Busy, Queue},
};
use crate::config::spec::LimitsSpec;

/// The most that measuring finds, unless told otherwise.
const MOST: usize = 1000;

/// The limits of one upstream, for all workers.
pub(super) struct Limits {
    /// Of the whole upstream.
    limit: AtomicUsize,
    in_flight: AtomicUsize,
    /// Of each endpoint.
    each: Option<usize>,
    queue: Queue,
    gradient: Option<Mutex<Gradient>>,
    priority: Vec<String>,
}

/// One request's share. Gives it back when dropped.
pub(crate) struct Permit {
    limits: Arc<Limits>,
    endpoint: Option<Arc<Endpoint>>,
}

impl Limits {
    /// `None` when nothing is limited.
    pub(super) fn new(spec: &LimitsSpec) -> Option<Arc<Self>> {
        let requests = spec.requests.map(NonZeroUsize::get);
        let each = spec.endpoint_requests.map(NonZeroUsize::get);
        if requests.is_none() && each.is_none() && !spec.adaptive {
            return None;
        }
        let gradient = spec
            .adaptive
            .then(|| Gradient::new(requests.unwrap_or(MOST), Instant::now()));
        let limit = match &gradient {
            Some(gradient) => gradient.limit(),
            None => requests.unwrap_or(usize::MAX),
        };
        Some(Arc::new(Self {
            limit: AtomicUsize::new(limit),
            in_flight: AtomicUsize::new(0),
            each,
            queue: Queue::new(spec.priority.len() + 1, spec.queue, spec.queue_timeout),
            gradient: gradient.map(Mutex::new),
            priority: spec.priority.clone(),
        }))
    }

    /// Takes what `take` takes together with a permit, if nobody waits who came before.
    pub(super) fn try_admit<T>(
        self: &Arc<Self>,
        mut take: impl FnMut(Permit) -> Option<T>,
    ) -> Option<T> {
        if self.queue.is_empty() {
            self.permit().and_then(&mut take)
        } else {
            None
        }
    }

    /// As [`Limits::try_admit`], waiting for it in the queue.
    pub(super) async fn admit<T>(
        self: &Arc<Self>,
        class: usize,
        mut take: impl FnMut(Permit) -> Option<T>,
    ) -> Result<T, Busy> {
        let taken = self
            .queue
            .wait(class, || self.permit().and_then(&mut take))
            .await?;
        // The limit may have grown by more than this one.
        if self.in_flight.load(SeqCst) < self.limit.load(Relaxed) {
            self.queue.pass();
        }
        Ok(taken)
    }

    /// An answer came, or was given up, after so long.
    pub(super) fn observe(&self, now: Instant, took: Duration) {
        // Not worth waiting for: another worker is just saying the same.
        if let Some(gradient) = &self.gradient
            && let Ok(mut gradient) = gradient.try_lock()
        {
            gradient.observe(now, took, self.in_flight.load(Relaxed));
            self.limit.store(gradient.limit(), Relaxed);
        }
    }

    fn permit(self: &Arc<Self>) -> Option<Permit> {
        let limit = self.limit.load(Relaxed);
        let taken = self.in_flight.fetch_update(SeqCst, SeqCst, |in_flight| {
            (in_flight < limit).then_some(in_flight + 1)
        });
        taken.ok().map(|_| Permit {
            limits: Arc::clone(self),
            endpoint: None,
        })
    }

    /// How important a path is: 0 comes first.
    pub(super) fn class(&self, path: &str) -> usize {
        let is_below = |prefix: &String| {
            path.strip_prefix(prefix.as_str()).is_some_and(|rest| {
                rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/')
            })
        };
        let found = self.priority.iter().position(is_below);
        found.unwrap_or(self.priority.len())
    }
}

impl Permit {
    /// Takes a place at this endpoint and gives back the one at another. `false` when it is full.
    pub(super) fn enter(&mut self, endpoint: &Arc<Endpoint>) -> bool {
        let Some(each) = self.limits.each else {
            return true;
        };
        let has_room = endpoint.take_place(each);
        if has_room && let Some(before) = self.endpoint.replace(Arc::clone(endpoint)) {
            before.give_place();
            self.limits.queue.pass();
        }
        has_room
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(endpoint) = &self.endpoint {
            endpoint.give_place();
        }
        self.limits.in_flight.fetch_sub(1, SeqCst);
        self.limits.queue.pass();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, poll};

    use super::*;

    fn limits(spec: &LimitsSpec) -> Arc<Limits> {
        Limits::new(spec).unwrap()
    }

    #[test]
    fn without_limits_there_is_nothing() {
        assert!(Limits::new(&LimitsSpec::default()).is_none());
    }

    #[tokio::test]
    async fn a_permit_that_is_dropped_is_the_next_ones() {
        let limits = limits(&LimitsSpec {
            requests: NonZeroUsize::new(1),
            ..LimitsSpec::default()
        });
        let first = limits.try_admit(Some).unwrap();
        assert!(limits.try_admit(Some).is_none());
        let mut waiting = Box::pin(limits.admit(0, Some));
        assert!(poll!(&mut waiting).is_pending());
        drop(first);
        assert!(limits.try_admit(Some).is_none(), "nobody overtakes");
        let second = waiting.now_or_never().unwrap();
        assert!(second.is_ok());
        drop(second);
        assert!(limits.try_admit(Some).is_some());
    }

    #[test]
    fn a_prefix_stands_for_itself_and_what_is_below_it() {
        let limits = limits(&LimitsSpec {
            requests: NonZeroUsize::new(1),
            priority: ["/checkout", "/cart", "/api/"].map(str::to_owned).into(),
            ..LimitsSpec::default()
        });
        let classes = [
            "/checkout",
            "/checkout/pay",
            "/cart",
            "/cartoons",
            "/api/x",
            "/api",
            "/",
        ];
        assert_eq!(
            classes.map(|path| limits.class(path)),
            [0, 0, 1, 3, 2, 3, 3]
        );
    }

    #[test]
    fn measuring_moves_the_limit() {
        let limits = limits(&LimitsSpec {
            adaptive: true,
            ..LimitsSpec::default()
        });
        let mut permits = Vec::new();
        while let Some(permit) = limits.try_admit(Some) {
            permits.push(permit);
        }
        assert_eq!(permits.len(), 20);
        for seconds in 1..100 {
            let now = Instant::now() + Duration::from_secs(seconds);
            limits.observe(now, Duration::from_millis(10));
        }
        assert!(limits.try_admit(Some).is_some());
    }
}
