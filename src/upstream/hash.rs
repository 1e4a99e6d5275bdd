//! Where consistent hashing puts a request: rendezvous hashing with bounded load. Pure.
//!
//! Rendezvous (Thaler and Ravishankar 1998) rather than a ring: it keeps no table that would have to
//! be rebuilt when endpoints come and go, takes weights as they are, moves only the keys of what is
//! gone, and its second choice is as well spread as its first. It looks at every endpoint, of which
//! there are few. Bounded load after Mirrokni, Thorup and Zadimoghaddam (2016).

/// How many times its share of the load an endpoint takes before it is passed over, in per cent.
const BOUND: f64 = 1.25;

/// In flight, up to which an endpoint is never passed over: a browser asks for several things at
/// once, and a site with little load must not spread those.
const FREE: usize = 8;

/// What the choice sees of an endpoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) id: u64,
    /// Above 0.
    pub(super) weight: f64,
    pub(super) in_flight: usize,
}

/// The place of the endpoint for this key; `None` without endpoints.
pub(super) fn place(slots: impl Iterator<Item = Slot> + Clone, key: u64) -> Option<usize> {
    let weights: f64 = slots.clone().map(|slot| slot.weight).sum();
    let in_flight: usize = slots.clone().map(|slot| slot.in_flight).sum();
    let takes_more = |slot: &Slot| {
        let bound = (BOUND * number(in_flight + 1) * slot.weight / weights).ceil();
        slot.in_flight < FREE || number(slot.in_flight + 1) <= bound
    };
    let best = |slots: &mut dyn Iterator<Item = (usize, Slot)>| {
        let scored = slots.map(|(at, slot)| (at, score(&slot, key)));
        scored
            .min_by(|(_, one), (_, other)| one.total_cmp(other))
            .map(|(at, _)| at)
    };
    let mut free = slots
        .clone()
        .enumerate()
        .filter(|(_, slot)| takes_more(slot));
    best(&mut free).or_else(|| best(&mut slots.enumerate()))
}

/// The lower the better; by chance, but always the same. A weight of 2 halves it in the mean, which
/// is what makes shares follow weights.
fn score(slot: &Slot, key: u64) -> f64 {
    let drawn = u32::try_from(mix(key ^ slot.id) >> 32).unwrap_or(u32::MAX);
    let uniform = (f64::from(drawn) + 0.5) / (f64::from(u32::MAX) + 1.0);
    -uniform.ln() / slot.weight
}

/// The key of some bytes (FNV-1a).
pub(super) fn key(bytes: &[u8]) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325;
    let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    mix(bytes.iter().fold(start, fold))
}

/// Every bit depends on every bit (the finaliser of SplitMix64).
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(weights: &[u16]) -> Vec<Slot> {
        let slot = |(at, weight): (u64, &u16)| Slot {
            id: key(&at.to_be_bytes()),
            weight: f64::from(*weight),
            in_flight: 0,
        };
        (0..).zip(weights).map(slot).collect()
    }

    fn keys() -> impl Iterator<Item = u64> {
        (0..30_000_u32).map(|at| key(&at.to_be_bytes()))
    }

    fn shares(slots: &[Slot]) -> Vec<u32> {
        let mut shares = vec![0; slots.len()];
        for key in keys() {
            shares[place(slots.iter().copied(), key).unwrap()] += 1;
        }
        shares
    }

    #[test]
    fn shares_follow_weights() {
        let shares = shares(&slots(&[1, 2, 3]));
        for (share, wanted) in shares.iter().zip([5_000, 10_000, 15_000_u32]) {
            assert!(share.abs_diff(wanted) < 500, "{shares:?}");
        }
    }

    #[test]
    fn only_the_keys_of_an_endpoint_that_is_gone_move() {
        let all = slots(&[1, 1, 1, 1]);
        for key in keys() {
            let before = place(all.iter().copied(), key).unwrap();
            let after = place(all.iter().take(3).copied(), key).unwrap();
            assert!(before == 3 || before == after);
        }
    }

    #[test]
    fn a_key_that_everybody_asks_for_overflows_to_others() {
        let mut slots = slots(&[1, 1, 1]);
        let hot = key(b"hot");
        for _ in 0..300 {
            let at = place(slots.iter().copied(), hot).unwrap();
            slots[at].in_flight += 1;
        }
        let loads: Vec<_> = slots.iter().map(|slot| slot.in_flight).collect();
        assert!(loads.iter().all(|load| *load <= 126), "{loads:?}");
    }

    #[test]
    fn a_few_requests_at_once_stay_together() {
        let mut slots = slots(&[1, 1, 1]);
        let one = place(slots.iter().copied(), 7).unwrap();
        for _ in 0..FREE {
            assert_eq!(place(slots.iter().copied(), 7), Some(one));
            slots[one].in_flight += 1;
        }
    }

    #[test]
    fn nothing_to_choose_from_is_none() {
        assert_eq!(place(std::iter::empty(), 1), None);
    }
}
