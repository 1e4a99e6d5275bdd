//! How many requests each client address may send to a site, before step 8 of the request's way.
//!
//! Asked only where a site sets `[limits.rate]`, and never for reserved paths. What it remembers is
//! bounded: addresses whose buckets are full again are forgotten, and when there are too many that
//! are not, whole regions share a bucket.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    state::keyed::HashMapStateStore,
};
use tokio::time::Instant;

use crate::{
    config::spec::RateSpec,
    message::block::{block_of, region_of},
};

/// Addresses that are remembered one by one; about 6 MB.
const MOST: usize = 100_000;

/// The least time between two looks for what can be forgotten.
const PAUSE: Duration = Duration::from_secs(10);

/// One bucket of tokens (the generic cell rate algorithm) for each client.
pub(super) struct Rate {
    limiter: RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>,
    clock: DefaultClock,
    swept: Mutex<Instant>,
}

impl Rate {
    pub(super) fn new(spec: &RateSpec) -> Self {
        let burst: NonZeroU32 = spec.burst;
        let quota = Quota::with_period(spec.interval())
            .expect("a valid spec adds no more than a token a nanosecond")
            .allow_burst(burst);
        Self {
            limiter: RateLimiter::hashmap(quota),
            clock: DefaultClock::default(),
            swept: Mutex::new(Instant::now()),
        }
    }

    /// Takes a token for this client.
    ///
    /// # Errors
    /// How long it takes until there is one.
    pub(super) fn admit(&self, client: IpAddr) -> Result<(), Duration> {
        self.admit_among(client, MOST)
    }

    fn admit_among(&self, client: IpAddr, most: usize) -> Result<(), Duration> {
        self.sweep(Instant::now());
        let key = if self.limiter.len() < most {
            block_of(client)
        } else {
            region_of(client)
        };
        let taken = self.limiter.check_key(&key);
        taken.map_err(|refused| refused.wait_time_from(self.clock.now()))
    }

    /// Forgets whose bucket is full again: they are as good as new.
    fn sweep(&self, now: Instant) {
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_duration_since(*swept) < PAUSE {
            return;
        }
        *swept = now;
        drop(swept);
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(requests: u32, per: Duration, burst: u32) -> Rate {
        let number = |number| NonZeroU32::new(number).unwrap();
        Rate::new(&RateSpec {
            requests: number(requests),
            per,
            burst: number(burst),
        })
    }

    fn address(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(number).into()
    }

    #[test]
    fn each_address_has_its_own_bucket_and_is_told_when_to_come_back() {
        let rate = rate(1, Duration::from_secs(60), 3);
        for _ in 0..3 {
            assert_eq!(rate.admit(address(1)), Ok(()));
        }
        let wait = rate.admit(address(1)).unwrap_err();
        assert!(
            wait > Duration::from_secs(50) && wait <= Duration::from_secs(60),
            "{wait:?}"
        );
        assert_eq!(rate.admit(address(2)), Ok(()));
    }

    #[test]
    fn addresses_of_one_network_share_a_bucket() {
        let rate = rate(1, Duration::from_secs(60), 1);
        assert_eq!(rate.admit("2001:db8::1".parse().unwrap()), Ok(()));
        assert!(rate.admit("2001:db8::2".parse().unwrap()).is_err());
        assert_eq!(rate.admit("2001:db8:0:1::1".parse().unwrap()), Ok(()));
    }

    #[test]
    fn a_flood_of_addresses_is_remembered_by_regions() {
        let rate = rate(1, Duration::from_secs(3600), 1);
        for number in 0..3000_u32 {
            // All over the address space.
            let client = address(number.wrapping_mul(0x9e37_79b1));
            let _: Result<(), Duration> = rate.admit_among(client, 1000);
        }
        assert!(rate.limiter.len() <= 1000 + 4096, "{}", rate.limiter.len());
        assert!(rate.limiter.len() >= 1000);
    }

    #[test]
    fn who_has_a_full_bucket_is_forgotten() {
        let rate = rate(1000, Duration::from_millis(1), 1);
        for number in 0..1000 {
            assert_eq!(rate.admit(address(number)), Ok(()));
        }
        // A bucket is full again after a microsecond.
        std::thread::yield_now();
        rate.sweep(Instant::now() + PAUSE);
        assert!(rate.limiter.len() < 100, "{}", rate.limiter.len());
    }
}
