//! When endpoints are ejected, tried and brought back.

use super::*;
use crate::upstream::endpoint::Admission::{Ejected, Full, Ramp, Trial};

const PROBED: Rules = rules(true);
const ALONE: Rules = rules(false);

const fn rules(is_probed: bool) -> Rules {
    Rules {
        breaker: Some(BreakerSpec {
            refused: const { std::num::NonZeroU32::new(2).unwrap() },
            timeouts: const { std::num::NonZeroU32::new(3).unwrap() },
            success_percent: 80,
            shortest: Duration::from_millis(100),
            longest: Duration::from_secs(10),
            ramp: Duration::from_secs(10),
        }),
        is_probed,
    }
}

const UNREACHABLE: (Weight, Use) = (Weight::Unreachable, Use::Request);
const UNRESPONSIVE: (Weight, Use) = (Weight::Unresponsive, Use::Request);
const SINGLE: (Weight, Use) = (Weight::Single, Use::Request);
const TRIAL: (Weight, Use) = (Weight::Unreachable, Use::Trial);

fn millis(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// One that was opened at this time by refused connections, with the longest jitter.
fn opened(rules: &Rules, now: Instant) -> Breaker {
    let mut breaker = Breaker::default();
    assert_eq!(breaker.failed(rules, now, UNREACHABLE, 1.0), None);
    let change = breaker.failed(rules, now, UNREACHABLE, 1.0);
    assert_eq!(change, Some(Change::Opened));
    breaker
}

#[test]
fn two_refused_connections_eject_and_one_does_not() {
    let (mut breaker, now) = (Breaker::default(), Instant::now());
    breaker.failed(&ALONE, now, UNREACHABLE, 1.0);
    assert_eq!(breaker.admission(&ALONE, now), Full);
    breaker.succeeded(now, Use::Request);
    assert!(breaker.is_quiet());
    breaker.failed(&ALONE, now, UNREACHABLE, 1.0);
    assert_eq!(
        breaker.admission(&ALONE, now),
        Full,
        "a success was between them"
    );
    assert_eq!(opened(&ALONE, now).admission(&ALONE, now), Ejected);
}

#[test]
fn it_takes_three_timeouts() {
    let (mut breaker, now) = (Breaker::default(), Instant::now());
    let changes: Vec<_> = (0..3)
        .map(|_| breaker.failed(&ALONE, now, UNRESPONSIVE, 1.0))
        .collect();
    assert_eq!(changes, [None, None, Some(Change::Opened)]);
}

#[test]
fn too_small_a_share_of_successes_ejects() {
    let (mut breaker, now) = (Breaker::default(), Instant::now());
    breaker.count_successes(now, 100);
    let mut failed = 0;
    while breaker.failed(&ALONE, now, SINGLE, 1.0).is_none() {
        breaker.succeeded(now, Use::Request);
        failed += 1;
        assert!(failed < 100, "never ejected");
    }
    assert_eq!(
        failed, 25,
        "100 of 126 are less than 80 per cent, 100 of 125 are not"
    );
}

#[test]
fn a_breaker_that_is_off_never_ejects() {
    let rules = Rules {
        breaker: None,
        ..ALONE
    };
    let (mut breaker, now) = (Breaker::default(), Instant::now());
    for _ in 0..100 {
        assert_eq!(breaker.failed(&rules, now, UNREACHABLE, 1.0), None);
    }
    assert_eq!(breaker.admission(&rules, now), Full);
}

#[test]
fn without_probes_one_request_tries_and_the_pause_doubles_up_to_the_longest() {
    let mut now = Instant::now();
    let mut breaker = opened(&ALONE, now);
    for pause in [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000] {
        assert_eq!(breaker.admission(&ALONE, now + millis(pause - 1)), Ejected);
        now += millis(pause);
        assert_eq!(breaker.admission(&ALONE, now), Trial);
        assert!(breaker.begin_trial(&ALONE, now));
        assert_eq!(
            breaker.admission(&ALONE, now),
            Ejected,
            "only one at a time"
        );
        assert!(!breaker.begin_trial(&ALONE, now));
        assert_eq!(breaker.failed(&ALONE, now, TRIAL, 1.0), None);
    }
}

#[test]
fn the_pause_varies_from_half_to_all_of_it() {
    let now = Instant::now();
    let mut breaker = Breaker::default();
    breaker.failed(&ALONE, now, UNREACHABLE, 0.0);
    breaker.failed(&ALONE, now, UNREACHABLE, 0.0);
    assert_eq!(breaker.admission(&ALONE, now + millis(49)), Ejected);
    assert_eq!(breaker.admission(&ALONE, now + millis(50)), Trial);
}

#[test]
fn a_cancelled_trial_leaves_the_next_to_another() {
    let now = Instant::now();
    let (mut breaker, later) = (opened(&ALONE, now), now + millis(100));
    assert!(breaker.begin_trial(&ALONE, later));
    breaker.cancel_trial();
    assert_eq!(breaker.admission(&ALONE, later), Trial);
}

#[test]
fn a_trial_that_succeeds_begins_the_ramp() {
    let now = Instant::now();
    let (mut breaker, back) = (opened(&ALONE, now), now + millis(100));
    assert!(breaker.begin_trial(&ALONE, back));
    assert_eq!(breaker.succeeded(back, Use::Trial), Some(Change::Closed));
    assert_eq!(breaker.admission(&ALONE, back), Ramp(LEAST_SHARE));
    assert_eq!(breaker.admission(&ALONE, back + millis(2500)), Ramp(0.25));
    assert_eq!(breaker.admission(&ALONE, back + millis(10_000)), Full);
    assert!(breaker.is_quiet());
}

#[test]
fn an_answer_to_an_older_request_does_not_bring_it_back() {
    let now = Instant::now();
    let mut breaker = opened(&ALONE, now);
    assert_eq!(breaker.succeeded(now, Use::Request), None);
    assert_eq!(breaker.admission(&ALONE, now), Ejected);
}

#[test]
fn a_passing_probe_closes_it_before_its_time() {
    let now = Instant::now();
    let mut breaker = opened(&PROBED, now);
    assert_eq!(breaker.probe_passed(now + millis(1)), Some(Change::Closed));
    assert_eq!(breaker.probe_passed(now + millis(2)), None);
}

#[test]
fn with_probes_no_request_tries_before_the_longest_time_and_none_where_nothing_is() {
    let now = Instant::now();
    let mut breaker = opened(&PROBED, now);
    assert_eq!(breaker.admission(&PROBED, now + millis(9_999)), Ejected);
    assert_eq!(breaker.admission(&PROBED, now + millis(10_000)), Trial);
    breaker.probe_failed(&PROBED, now, (Reach::Nothing, true), 1.0);
    assert_eq!(breaker.admission(&PROBED, now + millis(10_000)), Ejected);
    breaker.probe_failed(&PROBED, now, (Reach::Something, true), 1.0);
    assert_eq!(breaker.admission(&PROBED, now + millis(10_000)), Trial);
}

#[test]
fn an_endpoint_that_passes_probes_and_fails_requests_is_brought_back_by_requests_alone() {
    let mut now = Instant::now();
    let mut breaker = opened(&PROBED, now);
    breaker.probe_passed(now);
    now += millis(100);
    for _ in 0..3 {
        breaker.failed(&PROBED, now, UNRESPONSIVE, 1.0);
    }
    assert_eq!(breaker.admission(&PROBED, now), Ejected);
    assert_eq!(breaker.probe_passed(now), None, "it was wrong before");
    now += millis(200);
    assert!(
        breaker.begin_trial(&PROBED, now),
        "soon, as probes cannot tell"
    );
    assert_eq!(breaker.succeeded(now, Use::Trial), Some(Change::Closed));
    now += millis(10_000);
    assert_eq!(breaker.admission(&PROBED, now), Full);
    for _ in 0..3 {
        breaker.failed(&PROBED, now, UNRESPONSIVE, 1.0);
    }
    assert_eq!(
        breaker.probe_passed(now),
        Some(Change::Closed),
        "believed again"
    );
}

#[test]
fn a_probe_that_has_failed_with_the_requests_is_believed_when_it_passes() {
    let now = Instant::now();
    let mut breaker = opened(&PROBED, now);
    breaker.probe_passed(now);
    for _ in 0..3 {
        breaker.failed(&PROBED, now, UNRESPONSIVE, 1.0);
    }
    breaker.probe_failed(&PROBED, now, (Reach::Something, false), 1.0);
    assert_eq!(breaker.probe_passed(now), Some(Change::Closed));
}

#[test]
fn an_endpoint_is_not_lost_when_everything_is_switched_off() {
    let now = Instant::now();
    let off = Rules {
        breaker: None,
        is_probed: false,
    };
    assert_eq!(opened(&PROBED, now).admission(&off, now), Full);
}

/// What may happen to an endpoint that is there or not there, and the requests it has.
struct World {
    random: fastrand::Rng,
    rules: Rules,
    breaker: Breaker,
    now: Instant,
    is_there: bool,
    went: Instant,
    trials: u32,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let now = Instant::now();
        Self {
            rules: if random.bool() { PROBED } else { ALONE },
            random,
            breaker: Breaker::default(),
            now,
            is_there: true,
            went: now,
            trials: 0,
        }
    }

    fn step(&mut self) {
        self.now += millis(self.random.u64(0..200));
        if self.random.u32(0..400) == 0 {
            (self.is_there, self.went) = (!self.is_there, self.now);
        }
        let roll = self.random.f64();
        if self.rules.is_probed && self.random.u32(0..4) == 0 {
            if self.is_there {
                self.breaker.probe_passed(self.now);
                assert!(
                    self.breaker.open_since().is_none(),
                    "probes never misled here"
                );
            } else {
                let probe = (Reach::Nothing, self.random.bool());
                self.breaker
                    .probe_failed(&self.rules, self.now, probe, roll);
            }
            return;
        }
        match self.breaker.admission(&self.rules, self.now) {
            Full => self.request(UNREACHABLE, roll),
            Ramp(share) => {
                assert!(share > 0.0 && share < 1.0, "{share}");
                self.request(UNREACHABLE, roll);
            }
            Trial => {
                assert!(self.breaker.begin_trial(&self.rules, self.now));
                self.trials += 1;
                self.request(TRIAL, roll);
            }
            Ejected => assert!(!self.breaker.begin_trial(&self.rules, self.now)),
        }
    }

    fn request(&mut self, failure: (Weight, Use), roll: f64) {
        if self.is_there {
            self.breaker.succeeded(self.now, failure.1);
        } else {
            self.breaker.failed(&self.rules, self.now, failure, roll);
        }
    }

    /// Whatever has happened, an endpoint that is back is eligible in bounded time, and no more
    /// than two requests find out that it is gone.
    fn check(&mut self) {
        let since = self.now.saturating_duration_since(self.went);
        let admission = self.breaker.admission(&self.rules, self.now);
        if self.is_there && since > Duration::from_secs(15) {
            assert!(!matches!(admission, Ejected), "lost for {since:?}");
        }
        assert!(self.breaker.unreachable < 2);
        assert_eq!(
            self.breaker.is_quiet(),
            admission == Full && self.breaker.unreachable == 0
        );
    }
}

#[test]
fn whatever_happens_the_invariants_hold_after_every_step() {
    let mut trials = 0;
    for seed in 0..50 {
        let mut world = World::new(seed);
        for _ in 0..5000 {
            world.step();
            world.check();
        }
        trials += world.trials;
    }
    assert!(trials > 100, "the simulation tries: {trials}");
}
