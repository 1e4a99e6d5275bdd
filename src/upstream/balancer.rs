//! Which endpoint gets the next attempt. Synchronous, without a queue.

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    endpoint::{Admission, Endpoint, Lease},
    health::is_eligible,
};

/// The endpoints one request has tried, by their place in its list.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tried(u64);

impl Tried {
    fn contains(self, at: usize) -> bool {
        // Endpoints past the 64th count as tried together: nobody gets that far.
        self.0 & bit(at) != 0
    }

    fn insert(&mut self, at: usize) {
        self.0 |= bit(at);
    }
}

fn bit(at: usize) -> u64 {
    1 << at.min(63)
}

/// Takes the untried endpoint with the fewest requests in flight, the first of equals; where none
/// is eligible, a safe request may try one that is out. `None` when there is none.
pub(super) fn pick(
    endpoints: &[Arc<Endpoint>],
    tried: &mut Tried,
    now: Instant,
    is_safe: bool,
) -> Option<Lease> {
    let untried = |(at, _): &(usize, &Arc<Endpoint>)| !tried.contains(*at);
    let eligible = endpoints
        .iter()
        .enumerate()
        .filter(untried)
        .filter(|(_, endpoint)| is_eligible(endpoint.admission(now)))
        .min_by_key(|(_, endpoint)| endpoint.in_flight());
    let (at, lease) = match eligible {
        Some((at, endpoint)) => (at, endpoint.lease()),
        None if is_safe => endpoints
            .iter()
            .enumerate()
            .filter(untried)
            .filter(|(_, endpoint)| endpoint.admission(now) == Admission::Trial)
            .find_map(|(at, endpoint)| Some((at, endpoint.trial()?)))?,
        None => return None,
    };
    tried.insert(at);
    Some(lease)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use tokio::runtime::Handle;

    use crate::{
        config::spec::{Scheme, TargetSpec},
        tasks::Tasks,
        upstream::{breaker::Rules, endpoint::Common, health::Health, pool::Pool, target::Target},
    };

    fn endpoints(count: u16) -> Vec<Arc<Endpoint>> {
        let spec = TargetSpec::new("app:3000".parse().unwrap());
        let target = Arc::new(Target::new(&spec, Scheme::Http).unwrap());
        let rules = Rules {
            breaker: None,
            is_probed: false,
        };
        let common = Arc::new(Common {
            tasks: Tasks::new(Handle::current()),
            between_bytes: Duration::from_secs(1),
            health: Health::new(rules, "app".to_owned()),
        });
        (0..count)
            .map(|port| {
                let pool = Pool::new(1, 1, Duration::from_secs(1));
                let address = ([127, 0, 0, 1], 1000 + port).into();
                Endpoint::new(
                    Arc::clone(&target),
                    address,
                    pool,
                    Arc::clone(&common),
                    None,
                )
            })
            .collect()
    }

    #[tokio::test]
    async fn picks_each_endpoint_once_and_then_none() {
        let endpoints = endpoints(3);
        let mut tried = Tried::default();
        let ports: Vec<u16> =
            std::iter::from_fn(|| pick(&endpoints, &mut tried, Instant::now(), true))
                .map(|lease| lease.address().port())
                .collect();
        assert_eq!(ports, [1000, 1001, 1002]);
    }

    #[tokio::test]
    async fn prefers_the_endpoint_with_fewer_requests() {
        let endpoints = endpoints(2);
        let first = pick(&endpoints, &mut Tried::default(), Instant::now(), true).unwrap();
        let second = pick(&endpoints, &mut Tried::default(), Instant::now(), true).unwrap();
        assert_ne!(first.address(), second.address());
        drop(first);
        let third = pick(&endpoints, &mut Tried::default(), Instant::now(), true).unwrap();
        assert_eq!(third.address().port(), 1000);
    }

    #[test]
    fn nothing_to_pick_is_none() {
        assert!(pick(&[], &mut Tried::default(), Instant::now(), true).is_none());
    }
}
