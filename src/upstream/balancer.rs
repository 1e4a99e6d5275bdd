//! Which endpoint gets the next attempt. Synchronous, without a queue.

use std::sync::Arc;

use super::endpoint::{Endpoint, Lease};

/// The endpoints one request has tried, by their place in its list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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

/// Takes the untried endpoint with the fewest requests in flight, the first of equals. `None`
/// when there is none.
pub(super) fn pick(endpoints: &[Arc<Endpoint>], tried: &mut Tried) -> Option<Lease> {
    let (at, endpoint) = endpoints
        .iter()
        .enumerate()
        .filter(|(at, _)| !tried.contains(*at))
        .min_by_key(|(_, endpoint)| endpoint.in_flight())?;
    tried.insert(at);
    Some(endpoint.lease())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use tokio::runtime::Handle;

    use crate::{
        config::spec::{Scheme, TargetSpec},
        tasks::Tasks,
        upstream::{pool::Pool, target::Target},
    };

    fn endpoints(count: u16) -> Vec<Arc<Endpoint>> {
        let spec = TargetSpec::new("app:3000".parse().unwrap());
        let target = Arc::new(Target::new(&spec, Scheme::Http).unwrap());
        (0..count)
            .map(|port| {
                let pool = Pool::new(1, 1, Duration::from_secs(1));
                let tasks = Tasks::new(Handle::current());
                let address = ([127, 0, 0, 1], 1000 + port).into();
                Endpoint::new(
                    Arc::clone(&target),
                    address,
                    pool,
                    tasks,
                    Duration::from_secs(1),
                )
            })
            .collect()
    }

    #[tokio::test]
    async fn picks_each_endpoint_once_and_then_none() {
        let endpoints = endpoints(3);
        let mut tried = Tried::default();
        let ports: Vec<u16> = std::iter::from_fn(|| pick(&endpoints, &mut tried))
            .map(|lease| lease.address().port())
            .collect();
        assert_eq!(ports, [1000, 1001, 1002]);
    }

    #[tokio::test]
    async fn prefers_the_endpoint_with_fewer_requests() {
        let endpoints = endpoints(2);
        let first = pick(&endpoints, &mut Tried::default()).unwrap();
        let second = pick(&endpoints, &mut Tried::default()).unwrap();
        assert_ne!(first.address(), second.address());
        drop(first);
        let third = pick(&endpoints, &mut Tried::default()).unwrap();
        assert_eq!(third.address().port(), 1000);
    }

    #[test]
    fn nothing_to_pick_is_none() {
        assert!(pick(&[], &mut Tried::default()).is_none());
    }
}
