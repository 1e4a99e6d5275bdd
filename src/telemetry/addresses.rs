//! How many connections each client address has, counted before step 3 of the request's way: one address
//! must not take all the places there are.

use std::{
    collections::HashMap,
    net::IpAddr,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::message::block::block_of;

/// The connections of all addresses that have any.
#[derive(Debug, Default)]
pub struct Addresses {
    /// How many an address may have, where nothing else is configured.
    usual: usize,
    counts: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection among those of its address. It is counted until this is dropped.
#[derive(Debug)]
pub struct Seat {
    addresses: Arc<Addresses>,
    block: IpAddr,
}

impl Addresses {
    /// For a process that may have this many connections: one address may have half of them, so
    /// that others always find room. At least 1000, because behind one address there may be many.
    #[must_use]
    pub fn among(connections: usize) -> Self {
        Self {
            usual: (connections / 2).max(1000),
            counts: Mutex::default(),
        }
    }

    /// Counts a connection; `None` when its address has as many as it may have. An IPv6 address
    /// counts as its network of 64 bits.
    #[must_use]
    pub fn enter(self: &Arc<Self>, address: IpAddr, most: Option<NonZeroUsize>) -> Option<Seat> {
        let most = most.map_or(self.usual, NonZeroUsize::get);
        let block = block_of(address);
        let mut counts = self.counts();
        let count = counts.entry(block).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Seat {
            addresses: Arc::clone(self),
            block,
        })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.addresses.counts();
        let Some(count) = counts.get_mut(&self.block) else {
            return;
        };
        *count -= 1;
        if *count == 0 {
            counts.remove(&self.block);
            // After a crowd has left, its room is given back.
            if counts.capacity() > 1024 && counts.len() < counts.capacity() / 8 {
                counts.shrink_to_fit();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_and_no_more_until_one_ends() {
        let addresses = Arc::new(Addresses::default());
        let [one, other]: [IpAddr; 2] =
            ["192.0.2.1", "192.0.2.2"].map(|text| text.parse().unwrap());
        let two = NonZeroUsize::new(2);
        let first = addresses.enter(one, two);
        let _second = addresses.enter(one, two).unwrap();
        assert!(first.is_some() && addresses.enter(one, two).is_none());
        assert!(addresses.enter(other, two).is_some());
        drop(first);
        assert!(addresses.enter(one, two).is_some());
    }

    #[test]
    fn nothing_is_kept_of_who_has_gone() {
        let addresses = Arc::new(Addresses::among(1));
        let crowd: Vec<_> = (0..5000_u32)
            .filter_map(|number| {
                addresses.enter(std::net::Ipv4Addr::from_bits(number).into(), None)
            })
            .collect();
        assert_eq!(crowd.len(), 5000);
        drop(crowd);
        let counts = addresses.counts();
        assert!(counts.is_empty() && counts.capacity() <= 1024);
    }
}
