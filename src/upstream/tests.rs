//! Balancer, breaker, probes and outage together, in a world that is played: seeded, without a
//! socket, and with a time of its own.

use std::sync::Mutex;

use fastrand::Rng;
use tokio::runtime::Handle;

use super::{
    balancer::{Tried, Want, pick},
    endpoint::{Common, Lease, Outcome},
    probe::ProbeFailure,
    set::{Rank, Set},
    *,
};
use crate::{
    config::spec::{BreakerSpec, LimitsSpec, ProbeSpec, Scheme},
    failure::UpstreamFailure,
    outage::{Observation, OutageState, Standing},
};

/// Three that serve, and one behind them.
const TIERS: [u32; 4] = [0, 0, 0, 1];
const LONG: Duration = Duration::from_secs(15);

/// What the simulation has counted over all seeds.
#[derive(Debug, Default)]
struct Counts {
    requests: u32,
    trials: u32,
    outages: u32,
    backups: u32,
    /// Requests while an endpoint had been there for long.
    hopeful: u32,
    /// Those of them that failed.
    lost: u32,
}

struct World<'c> {
    random: Rng,
    now: Instant,
    set: Set,
    is_there: [bool; 4],
    changed: [Instant; 4],
    sightings: Arc<Mutex<Vec<Sighting>>>,
    outage: OutageState,
    probe: Option<ProbeSpec>,
    counts: &'c mut Counts,
}

impl<'c> World<'c> {
    fn new(seed: u64, counts: &'c mut Counts) -> Self {
        // What draws without being given a source draws from this one.
        fastrand::seed(seed);
        let mut random = Rng::with_seed(seed);
        let probe = random.bool().then(ProbeSpec::default);
        let rules = Rules {
            breaker: Some(BreakerSpec::default()),
            is_probed: probe.is_some(),
        };
        let health = Health::new(rules, "app".to_owned(), None, None);
        let sightings = Arc::<Mutex<Vec<Sighting>>>::default();
        let seen = Arc::clone(&sightings);
        health.observe(move |sighting| seen.lock().unwrap().push(sighting));
        let now = Instant::now();
        Self {
            random,
            now,
            set: set(&health),
            is_there: [true; 4],
            changed: [now; 4],
            sightings,
            outage: OutageState::default(),
            probe,
            counts,
        }
    }

    fn step(&mut self) {
        self.now += Duration::from_millis(self.random.u64(0..100));
        if self.random.u32(0..300) == 0 {
            let at = self.random.usize(0..4);
            (self.is_there[at], self.changed[at]) = (!self.is_there[at], self.now);
        }
        match self.probe.clone() {
            Some(spec) if self.random.u32(0..4) == 0 => self.probed(&spec),
            _ => self.request(),
        }
        let sightings = std::mem::take(&mut *self.sightings.lock().unwrap());
        for sighting in sightings {
            self.observe(match sighting {
                Sighting::Gone(_) => Observation::Gone,
                Sighting::Back => Observation::Success,
            });
        }
    }

    fn probed(&mut self, spec: &ProbeSpec) {
        let at = self.random.usize(0..4);
        let failed = ProbeFailure::Unreachable(UpstreamFailure::Refused);
        let result = self.is_there[at].then_some(()).ok_or(failed);
        self.endpoint(at).probed(spec, result, self.now);
    }

    /// At most two attempts, as is the default.
    fn request(&mut self) {
        let is_safe = self.random.u32(0..4) > 0;
        let want = Want {
            is_safe,
            ..Want::default()
        };
        let is_hopeful = (0..4).any(|at| self.is_there[at] && self.since(at) > LONG);
        let (mut tried, mut places) = (Tried::default(), Vec::new());
        let mut is_answered = false;
        while !is_answered && places.len() < 2 {
            let eligible = self.eligible();
            let Some(lease) = pick(&self.set, &mut tried, want, self.now) else {
                let is_left = (0..4).any(|at| eligible[at] && !places.contains(&at));
                assert!(!is_left, "an endpoint that may be picked is picked");
                break;
            };
            let at = self.set.position(lease.address()).unwrap();
            assert!(!places.contains(&at), "tried twice");
            places.push(at);
            self.picked(at, is_safe, &eligible);
            is_answered = self.attempt(at, &lease);
        }
        self.counts.requests += 1;
        self.counts.hopeful += u32::from(is_hopeful);
        self.counts.lost += u32::from(is_hopeful && !is_answered);
        self.observe(if is_answered {
            Observation::Success
        } else {
            Observation::Failure(UpstreamFailure::Refused)
        });
    }

    fn picked(&mut self, at: usize, is_safe: bool, eligible: &[bool]) {
        if !eligible[at] {
            assert!(is_safe, "nobody's change is the trial");
            self.counts.trials += 1;
        }
        self.counts.backups += u32::from(at == 3);
    }

    fn attempt(&self, at: usize, lease: &Lease) -> bool {
        let outcome = if self.is_there[at] {
            Outcome::Answered(Duration::from_millis(5))
        } else {
            Outcome::Failed(UpstreamFailure::Refused.into())
        };
        lease.settle(outcome, self.now);
        self.is_there[at]
    }

    fn observe(&mut self, seen: Observation) {
        let before = self.is_down();
        self.outage.step(self.now, seen);
        self.counts.outages += u32::from(!before && self.is_down());
        if seen == Observation::Success {
            assert!(!self.is_down(), "an answer ends it");
        }
    }

    fn check(&self) {
        if self.eligible().iter().all(|is| !is) {
            assert!(self.is_down(), "nobody is left, and that is no outage");
        }
        for endpoint in self.set.candidates() {
            assert_eq!(
                endpoint.endpoint.in_flight(),
                0,
                "every lease is given back"
            );
        }
    }

    fn endpoint(&self, at: usize) -> &Arc<Endpoint> {
        &self.set.candidates()[at].endpoint
    }

    fn eligible(&self) -> [bool; 4] {
        [0, 1, 2, 3].map(|at| self.endpoint(at).is_eligible(self.now))
    }

    fn since(&self, at: usize) -> Duration {
        self.now.saturating_duration_since(self.changed[at])
    }

    fn is_down(&self) -> bool {
        matches!(self.outage.standing(self.now), Standing::Down { .. })
    }
}

fn set(health: &Arc<Health>) -> Set {
    let target = TargetSpec::new("app:3000".parse().unwrap());
    let target = Arc::new(Target::new(&target, Scheme::Http, &[]).unwrap());
    let common = Arc::new(Common {
        tasks: Tasks::new(Handle::current()),
        between_bytes: Duration::from_secs(1),
        health: Arc::clone(health),
    });
    let endpoints: Vec<_> = (1000..)
        .take(TIERS.len())
        .map(|port| {
            let ways = Ways::new(1, &LimitsSpec::default(), false);
            let (target, common) = (Arc::clone(&target), Arc::clone(&common));
            Endpoint::new(target, ([127, 0, 0, 1], port).into(), ways, common, None)
        })
        .collect();
    let known = endpoints.clone();
    health.attach(move || known.clone());
    let ranked = endpoints.into_iter().zip(TIERS);
    Set::new(ranked.map(|(endpoint, tier)| (endpoint, Rank { tier, weight: 1 })))
}

#[tokio::test]
async fn whatever_happens_the_parts_agree_after_every_step() {
    let mut counts = Counts::default();
    for seed in 0..40 {
        let mut world = World::new(seed, &mut counts);
        for _ in 0..4000 {
            world.step();
            world.check();
        }
    }
    eprintln!("{counts:?}");
    assert!(counts.trials > 50 && counts.outages > 20 && counts.backups > 500);
    assert!(counts.lost * 200 < counts.hopeful, "{counts:?}");
}
