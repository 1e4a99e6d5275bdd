//! What requests pick from: all endpoints of an upstream at one moment, in their order.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc};

use super::{
    endpoint::Endpoint,
    known::{Place, Unresolved},
    sticky,
    target::Target,
};
use crate::config::spec::TargetSpec;

/// The most endpoints of an upstream.
pub(super) const MOST: usize = 64;

/// What to pick from. Never changes; a new answer to a look-up makes a new one.
#[derive(Default)]
pub(super) struct Set {
    candidates: Box<[Candidate]>,
    /// Whether there are both kinds of address.
    is_dual: bool,
    /// Whether every name has been looked up, with or without success.
    pub(super) is_settled: bool,
    /// Why there is no endpoint, or fewer than there should be.
    pub(super) failure: Option<Unresolved>,
}

/// An endpoint with its place among the others.
pub(super) struct Candidate {
    pub(super) endpoint: Arc<Endpoint>,
    /// At least 1.
    pub(super) weight: u32,
    /// Serves while no lower one can; 0 for most.
    pub(super) tier: u32,
    /// See [`sticky::id`].
    pub(super) id: u64,
}

impl Set {
    /// Of endpoints in order.
    pub(super) fn new(endpoints: impl Iterator<Item = (Arc<Endpoint>, Rank)>) -> Self {
        let candidate = |(endpoint, rank): (Arc<Endpoint>, Rank)| Candidate {
            id: sticky::id(endpoint.address()),
            endpoint,
            weight: rank.weight,
            tier: rank.tier,
        };
        let candidates: Box<[_]> = endpoints.map(candidate).collect();
        let is_v6 = |one: &Candidate| one.endpoint.address().is_ipv6();
        Self {
            is_dual: candidates.iter().any(is_v6) && !candidates.iter().all(is_v6),
            candidates,
            is_settled: false,
            failure: None,
        }
    }

    /// Tier by tier.
    pub(super) fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Where the endpoint with this address stands.
    pub(super) fn position(&self, address: SocketAddr) -> Option<usize> {
        let mut all = self.candidates.iter();
        all.position(|candidate| candidate.endpoint.address() == address)
    }

    /// Who could serve in place of one: other addresses of its name that are of the other kind.
    pub(super) fn rivals<'s>(
        &'s self,
        of: &'s Candidate,
    ) -> impl Iterator<Item = (usize, &'s Candidate)> {
        let endpoint = &of.endpoint;
        let all = self.candidates.iter().enumerate();
        all.filter(move |(_, other)| {
            self.is_dual
                && other.tier == of.tier
                && other.endpoint.address().is_ipv6() != endpoint.address().is_ipv6()
                && std::ptr::eq(other.endpoint.target(), endpoint.target())
        })
    }

    /// The one with this address.
    pub(super) fn find(&self, address: SocketAddr) -> Option<&Candidate> {
        self.candidates.get(self.position(address)?)
    }
}

/// How an endpoint stands to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rank {
    pub(super) tier: u32,
    pub(super) weight: u32,
}

/// A place that is going to be an endpoint.
pub(super) struct Placed<'a> {
    pub(super) target: &'a Arc<Target>,
    pub(super) address: SocketAddr,
    pub(super) rank: Rank,
}

/// What decides on a tier, the most important first: backups come after all primaries; higher
/// priority numbers after lower ones of the same name (RFC 2782); last what has no weight.
type Order = (bool, usize, bool);

/// Puts the places of all entries in order. An address that several name is that of the first.
pub(super) fn arrange<'a>(
    entries: impl Iterator<Item = (&'a Arc<Target>, Vec<Place>)>,
) -> Vec<Placed<'a>> {
    let mut taken = BTreeSet::new();
    let mut ordered: Vec<(Order, Placed<'a>)> = Vec::new();
    for (target, places) in entries {
        let priorities: BTreeSet<u16> = places.iter().map(|place| place.priority).collect();
        for place in places {
            let rank = priorities.range(..place.priority).count();
            let (order, weight) = stand(&target.spec, rank, place.weight);
            if taken.insert(place.address) {
                let (address, rank) = (place.address, Rank { tier: 0, weight });
                let placed = Placed {
                    target,
                    address,
                    rank,
                };
                ordered.push((order, placed));
            }
        }
    }
    ordered.sort_by_key(|(order, _)| *order);
    let mut tier = 0;
    let mut before = None;
    for (order, placed) in &mut ordered {
        if before.is_some_and(|before| before != *order) {
            tier += 1;
        }
        (placed.rank.tier, before) = (tier, Some(*order));
    }
    ordered.into_iter().map(|(_, placed)| placed).collect()
}

fn stand(spec: &TargetSpec, rank: usize, own: u16) -> (Order, u32) {
    let is_last = spec.weight == 0;
    let weight = u32::from(spec.weight.max(1)) * u32::from(own.max(1));
    ((spec.backup, rank, is_last), weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::spec::Scheme;

    fn target(weight: u16, backup: bool) -> Arc<Target> {
        let spec = TargetSpec {
            weight,
            backup,
            ..TargetSpec::new("app:80".parse().unwrap())
        };
        Arc::new(Target::new(&spec, Scheme::Http, &[]).unwrap())
    }

    fn place(port: u16, priority: u16, weight: u16) -> Place {
        Place {
            priority,
            weight,
            ..Place::plain(([127, 0, 0, 1], port).into())
        }
    }

    /// Ports with their tiers and weights.
    fn arranged(entries: &[(Arc<Target>, Vec<Place>)]) -> Vec<(u16, u32, u32)> {
        let entries = entries
            .iter()
            .map(|(target, places)| (target, places.clone()));
        let placed = arrange(entries).into_iter();
        placed
            .map(|placed| (placed.address.port(), placed.rank.tier, placed.rank.weight))
            .collect()
    }

    #[test]
    fn backups_come_last_and_what_has_no_weight_before_them() {
        let order = arranged(&[
            (target(1, true), vec![place(4, 0, 1)]),
            (target(0, false), vec![place(3, 0, 1)]),
            (target(5, false), vec![place(1, 0, 1), place(2, 0, 1)]),
        ]);
        assert_eq!(order, [(1, 0, 5), (2, 0, 5), (3, 1, 1), (4, 2, 1)]);
    }

    #[test]
    fn priorities_count_among_the_records_of_one_name() {
        let order = arranged(&[
            (target(2, false), vec![place(2, 20, 3), place(1, 10, 7)]),
            (target(1, false), vec![place(3, 5, 1)]),
        ]);
        assert_eq!(order, [(1, 0, 14), (3, 0, 1), (2, 1, 6)]);
    }

    #[test]
    fn weights_of_nothing_but_0_are_equal() {
        let order = arranged(&[
            (target(0, false), vec![place(1, 0, 1)]),
            (target(0, false), vec![place(2, 0, 1)]),
        ]);
        assert_eq!(order, [(1, 0, 1), (2, 0, 1)]);
    }

    #[test]
    fn an_address_is_one_endpoint_however_often_it_is_named() {
        let order = arranged(&[
            (target(3, false), vec![place(1, 0, 1)]),
            (target(1, true), vec![place(1, 0, 1)]),
        ]);
        assert_eq!(order, [(1, 0, 3)]);
    }
}
