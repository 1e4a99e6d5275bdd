//! The choice, alone and with a breaker that is played.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use fastrand::Rng;
use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};
use tokio::runtime::Handle;

use super::*;
use crate::{
    config::spec::{BalanceSpec, LimitsSpec, Scheme, TargetSpec},
    failure::UpstreamFailure,
    tasks::Tasks,
    upstream::{
        breaker::Rules,
        endpoint::{Common, Endpoint, Outcome},
        health::Health,
        load::Load,
        set::Rank,
        target::Target,
        ways::Ways,
    },
};

/// Endpoints at the ports from 1000 on, with these tiers and weights.
fn set(ranks: &[(u32, u32)]) -> Set {
    let spec = TargetSpec::new("app:3000".parse().unwrap());
    let target = Arc::new(Target::new(&spec, Scheme::Http, &[]).unwrap());
    let rules = Rules {
        breaker: None,
        is_probed: false,
    };
    let common = Arc::new(Common {
        tasks: Tasks::new(Handle::current()),
        between_bytes: Duration::from_secs(1),
        health: Health::new(rules, "app".to_owned(), None, None),
    });
    let endpoints = ranks.iter().zip(1000..).map(|(&(tier, weight), port)| {
        let ways = Ways::new(1, &LimitsSpec::default(), false);
        let address = ([127, 0, 0, 1], port).into();
        let endpoint = Endpoint::new(
            Arc::clone(&target),
            address,
            ways,
            Arc::clone(&common),
            None,
        );
        (endpoint, Rank { tier, weight })
    });
    Set::new(endpoints)
}

fn view(at: usize, tier: u32, weight: f64) -> View {
    View {
        at,
        tier,
        id: hash::key(&at.to_be_bytes()),
        weight,
        share: 1.0,
        latency: Some(5_000_000),
        in_flight: 0,
    }
}

fn ask(set: &Set, tried: &mut Tried) -> Option<Lease> {
    pick(set, tried, Want::default(), Instant::now())
}

/// How often each is chosen of 20,000 times.
fn shares(views: &[View], affinity: impl Fn(u64) -> Affinity<'static>) -> BTreeMap<usize, f64> {
    let mut rng = Rng::with_seed(1);
    let mut shares = BTreeMap::new();
    for round in 0..20_000 {
        let key = hash::key(&u64::to_be_bytes(round));
        let at = choose(views, affinity(key), &mut rng).unwrap();
        *shares.entry(at).or_insert(0.0) += 1.0 / 20_000.0;
    }
    shares
}

fn unbound(_: u64) -> Affinity<'static> {
    Affinity::default()
}

fn hashed(key: u64) -> Affinity<'static> {
    Affinity {
        key: Some(key),
        sticky: None,
    }
}

#[tokio::test]
async fn picks_each_endpoint_once_and_then_none() {
    for count in [1, 2, 3, 64] {
        let set = set(&vec![(0, 1); count]);
        let mut tried = Tried::default();
        let picked = std::iter::from_fn(|| ask(&set, &mut tried));
        let mut ports: Vec<u16> = picked.map(|lease| lease.address().port()).collect();
        ports.sort_unstable();
        let all: Vec<u16> = (1000..).take(count).collect();
        assert_eq!(ports, all);
    }
}

#[tokio::test]
async fn prefers_the_endpoint_with_fewer_requests() {
    let set = set(&[(0, 1), (0, 1)]);
    let first = ask(&set, &mut Tried::default()).unwrap();
    let others = (0..1000).filter(|_| {
        let second = ask(&set, &mut Tried::default()).unwrap();
        first.address() != second.address()
    });
    assert!(others.count() > 700, "four of five go to the idle one");
}

#[tokio::test]
async fn a_backup_is_picked_after_all_primaries_were_tried() {
    let set = set(&[(0, 1), (0, 1), (1, 1)]);
    for _ in 0..50 {
        let mut tried = Tried::default();
        let [_, _, third] = [(); 3].map(|()| ask(&set, &mut tried).unwrap().address().port());
        assert_eq!(third, 1002);
    }
}

#[test]
fn nothing_to_pick_is_none() {
    assert!(
        pick(
            &Set::default(),
            &mut Tried::default(),
            Want::default(),
            Instant::now()
        )
        .is_none()
    );
    assert!(choose(&[], Affinity::default(), &mut Rng::with_seed(1)).is_none());
}

#[test]
fn shares_follow_weights_with_and_without_hashing() {
    let views = [view(0, 0, 1.0), view(1, 0, 2.0), view(2, 0, 5.0)];
    for shares in [shares(&views, unbound), shares(&views, hashed)] {
        for (at, wanted) in [(0, 0.125), (1, 0.25), (2, 0.625)] {
            assert!((shares[&at] - wanted).abs() < 0.015, "{shares:?}");
        }
    }
}

#[test]
fn the_slower_one_gets_less_by_the_square_and_never_nothing() {
    let mut views = [view(0, 0, 1.0), view(1, 0, 1.0)];
    for (latency, wanted) in [(6_000_000, 0.41), (10_000_000, 0.2), (50_000_000, 0.01)] {
        views[1].latency = Some(latency);
        let share = shares(&views, unbound)[&1];
        assert!((share - wanted).abs() < 0.02, "{share} of {wanted}");
        assert!(share > 0.0);
    }
}

#[test]
fn one_that_has_not_answered_yet_is_neither_shunned_nor_flooded() {
    let mut views = [view(0, 0, 1.0), view(1, 0, 1.0)];
    views[1].latency = None;
    assert!((shares(&views, unbound)[&1] - 0.5).abs() < 0.02);
    views[1].in_flight = 1;
    assert!((shares(&views, unbound)[&1] - 0.2).abs() < 0.02);
}

#[test]
fn a_returning_endpoint_gets_its_ramp_and_no_more() {
    let mut views = [view(0, 0, 1.0), view(1, 0, 1.0), view(2, 0, 1.0)];
    views[2].share = 0.1;
    for shares in [shares(&views, unbound), shares(&views, hashed)] {
        assert!((0.02..0.08).contains(&shares[&2]), "{shares:?}");
    }
}

#[test]
fn a_returning_primary_takes_over_from_its_backup_bit_by_bit() {
    for (share, wanted) in [(0.1, 0.1), (0.5, 0.5), (1.0, 1.0)] {
        let mut views = [view(0, 0, 1.0), view(1, 1, 1.0)];
        views[0].share = share;
        let got = shares(&views, unbound)[&0];
        assert!((got - wanted).abs() < 0.02, "{got} of {wanted}");
    }
    let mut alone = [view(0, 0, 1.0)];
    alone[0].share = 0.1;
    assert!(
        (shares(&alone, unbound)[&0] - 1.0).abs() < 0.01,
        "nobody else is there"
    );
}

#[test]
fn a_cookie_holds_only_within_the_tier_that_serves() {
    let views = [view(0, 0, 1.0), view(1, 0, 1.0), view(2, 1, 1.0)];
    let spec = BalanceSpec {
        hash: None,
        sticky: Some("origin".to_owned()),
    };
    let forwarder = Forwarder::new(([192, 0, 2, 1], 1).into(), false, &[]);
    let mut rng = Rng::with_seed(1);
    for held in [1, 2] {
        let cookie = format!("origin={:016x}", views[held].id);
        let head = [(http::header::COOKIE, cookie.parse().unwrap())];
        let affinity = Affinity::of(&spec, &head.into_iter().collect(), &forwarder);
        for _ in 0..50 {
            let at = choose(&views, affinity, &mut rng).unwrap();
            assert!(at == held || held == 2 && at < 2);
        }
    }
}

proptest! {
    #[test]
    fn the_choice_is_one_of_those_offered_and_the_same_under_the_same_seed(
        seed: u64,
        key: Option<u64>,
        facts in prop::collection::vec((0..3_u32, 1..100_u16, 0..100_usize, any::<Option<u32>>(), 1..=100_u8), 0..20),
    ) {
        let mut views: Vec<View> = (0..).step_by(3).zip(&facts).map(|(at, (tier, weight, in_flight, latency, share))| View {
            in_flight: *in_flight,
            latency: latency.map(u64::from),
            share: f64::from(*share) / 100.0,
            ..view(at, *tier, f64::from(*weight))
        }).collect();
        views.sort_by_key(|view| view.tier);
        let affinity = Affinity { key, sticky: None };
        let choice = choose(&views, affinity, &mut Rng::with_seed(seed));
        prop_assert_eq!(choice, choose(&views, affinity, &mut Rng::with_seed(seed)));
        prop_assert_eq!(choice.is_some(), !views.is_empty());
        if let Some(at) = choice {
            prop_assert!(views.iter().any(|view| view.at == at));
        }
    }
}

/// An endpoint with a breaker: two failures in a row, and it is out for 100 ms doubling to 10 s.
struct Played {
    load: Load,
    is_dead: bool,
    failures: u32,
    opened: u32,
    out_until: Instant,
    asked: u32,
}

impl Played {
    fn view(&self, at: usize, now: Instant) -> Option<View> {
        let latency = self.load.cost(now);
        (now >= self.out_until).then(|| View {
            latency,
            ..view(at, 0, 1.0)
        })
    }

    fn ask(&mut self, now: Instant) {
        self.asked += 1;
        if !self.is_dead {
            self.load
                .observe(Outcome::Answered(Duration::from_millis(5)), now);
            return;
        }
        self.load
            .observe(Outcome::Failed(UpstreamFailure::Refused.into()), now);
        self.failures += 1;
        if self.failures >= 2 {
            let open = Duration::from_millis(100 << self.opened.min(6));
            (self.out_until, self.opened) = (now + open, self.opened + 1);
        }
    }
}

/// What the dead one of three gets of a second at 1000 requests per second.
fn share_of_the_dead(has_breaker: bool, seed: u64) -> f64 {
    let began = Instant::now();
    let mut rng = Rng::with_seed(seed);
    let mut all: Vec<Played> = (0..3)
        .map(|at| Played {
            load: Load::new(began),
            is_dead: at == 2,
            failures: 0,
            opened: 0,
            out_until: began,
            asked: 0,
        })
        .collect();
    for millisecond in 0..1000 {
        let now = began + Duration::from_millis(millisecond);
        let views: Vec<View> = (0..)
            .zip(&all)
            .filter_map(|(at, one)| one.view(at, now))
            .collect();
        let at = choose(&views, Affinity::default(), &mut rng).unwrap();
        assert!(
            now >= all[at].out_until,
            "an ejected endpoint is never picked"
        );
        all[at].ask(now);
        if !has_breaker {
            all[at].out_until = began;
        }
    }
    f64::from(all[2].asked) / 1000.0
}

#[test]
fn a_dead_endpoint_of_three_gets_less_than_one_per_cent_within_a_second() {
    for seed in 0..50 {
        for has_breaker in [true, false] {
            let share = share_of_the_dead(has_breaker, seed);
            assert!(share < 0.01, "{share} with breaker: {has_breaker}");
        }
    }
}
