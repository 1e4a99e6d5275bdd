//! What probes and requests say together.

use super::*;
use crate::{
    config::spec::BreakerSpec,
    outage::{Observation, OutageState},
};

const UNWELL: Result<(), ProbeFailure> = Err(ProbeFailure::Status(
    http::StatusCode::INTERNAL_SERVER_ERROR,
));
const GONE: Result<(), ProbeFailure> = Err(ProbeFailure::Unreachable(UpstreamFailure::Refused));

fn rules() -> Rules {
    Rules {
        breaker: Some(BreakerSpec::default()),
        is_probed: true,
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The state after these probes, one a minute, and when that was.
fn probed(results: &[Result<(), ProbeFailure>]) -> (EndpointState, Instant, Verdict) {
    let (state, mut now) = (EndpointState::default(), Instant::now());
    let mut verdict = None;
    for result in results {
        now += seconds(60);
        verdict = Some(state.probed((&rules(), &ProbeSpec::default()), now, *result));
    }
    (state, now, verdict.expect("a probe"))
}

#[test]
fn two_failed_probes_in_a_row_eject_what_has_been_well() {
    let (_, _, verdict) = probed(&[Ok(()), UNWELL, Ok(()), UNWELL]);
    assert_eq!(verdict.change, None);
    let (state, now, verdict) = probed(&[Ok(()), UNWELL, UNWELL]);
    assert_eq!(verdict.change, Some(Change::Opened));
    assert_eq!(state.admission(&rules(), now), Admission::Ejected);
    assert_eq!(state.failed_probes(), 2);
}

#[test]
fn a_probe_that_has_never_passed_ejects_only_where_nothing_is() {
    let (state, now, verdict) = probed(&[UNWELL, UNWELL, UNWELL]);
    assert_eq!(verdict.change, None);
    assert_eq!(state.admission(&rules(), now), Admission::Full);
    let (_, _, verdict) = probed(&[GONE, GONE]);
    assert_eq!(verdict.change, Some(Change::Opened));
}

#[test]
fn no_probe_ejects_what_has_just_answered() {
    let (state, now, _) = probed(&[Ok(()), UNWELL]);
    state.succeeded(now, Use::Request);
    let spec = ProbeSpec::default();
    let verdict = state.probed((&rules(), &spec), now, GONE);
    assert_eq!((verdict.change, verdict.is_belied), (None, true));
    let verdict = state.probed((&rules(), &spec), now + seconds(1), GONE);
    assert_eq!(
        (verdict.change, verdict.is_belied),
        (None, false),
        "said once"
    );
    let verdict = state.probed((&rules(), &spec), now + seconds(6), UNWELL);
    assert_eq!(verdict.change, None, "belied, and not believed since");
    let verdict = state.probed((&rules(), &spec), now + seconds(7), GONE);
    assert_eq!(verdict.change, Some(Change::Opened), "nothing is there");
}

#[test]
fn a_request_from_before_the_ejection_does_not_eject_what_is_back() {
    let (state, now, _) = probed(&[Ok(()), UNWELL, UNWELL]);
    let spec = ProbeSpec::default();
    let back = state.probed((&rules(), &spec), now + seconds(1), Ok(()));
    assert_eq!(back.change, Some(Change::Closed));
    let late = (
        UpstreamFailure::ConnectTimeout,
        Weight::Unresponsive,
        Use::Request,
    );
    let now = now + seconds(2);
    let thrice = |openings| [(); 3].map(|()| state.failed(&rules(), (now, openings), late));
    assert_eq!(thrice(0), [None; 3], "they met what is over");
    assert_eq!(thrice(state.openings()), [None, None, Some(Change::Opened)]);
}

#[test]
fn an_answer_before_the_first_failed_probe_does_not_belie_it() {
    let (state, now, _) = probed(&[Ok(())]);
    state.succeeded(now, Use::Request);
    let spec = ProbeSpec::default();
    for after in [1, 2] {
        let verdict = state.probed((&rules(), &spec), now + seconds(after), UNWELL);
        assert_eq!((verdict.change, verdict.is_belied), (None, false));
    }
    let verdict = state.probed((&rules(), &spec), now + seconds(6), UNWELL);
    assert_eq!(
        verdict.change,
        Some(Change::Opened),
        "it has been idle since"
    );
}

#[test]
fn an_application_that_reports_errors_is_there() {
    let (state, now, _) = probed(&[Ok(())]);
    let cause = UpstreamFailure::Status(http::StatusCode::SERVICE_UNAVAILABLE);
    for _ in 0..100 {
        assert_eq!(state.complained(now, cause, Use::Request), None);
    }
    assert_eq!(state.admission(&rules(), now), Admission::Full);
    assert_eq!(state.last_cause(), Some(cause));
}

/// One endpoint that comes and goes by a seeded schedule, with traffic, probes and the outage state
/// of its site, as they are wired together.
#[test]
fn endpoint_probes_and_outage_agree_after_every_step() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..50 {
        let (state, mut outage) = (EndpointState::default(), OutageState::default());
        let (rules, spec) = (rules(), ProbeSpec::default());
        let (mut now, mut is_there, mut away_for) = (Instant::now(), true, 0);
        for _ in 0..2000 {
            now += Duration::from_millis(random.u64(1..150));
            if random.u32(0..200) == 0 {
                is_there = !is_there;
            }
            away_for = if is_there { 0 } else { away_for + 1 };
            let change = if random.u32(0..3) == 0 {
                let result = if is_there { Ok(()) } else { GONE };
                let change = state.probed((&rules, &spec), now, result).change;
                if is_there {
                    outage.step(now, Observation::Success);
                }
                change
            } else if state.admission(&rules, now) == Admission::Ejected {
                // The page, without asking anybody.
                outage.step(now, Observation::Failure(UpstreamFailure::Refused));
                None
            } else if is_there {
                outage.step(now, Observation::Success);
                state.succeeded(now, Use::Request)
            } else {
                outage.step(now, Observation::Failure(UpstreamFailure::Refused));
                let failed = (UpstreamFailure::Refused, Weight::Unreachable, Use::Request);
                state.failed(&rules, (now, state.openings()), failed)
            };
            match change {
                Some(Change::Opened) => outage.step(now, Observation::Gone),
                Some(Change::Closed) => outage.step(now, Observation::Success),
                None => None,
            };
            let is_ejected = state.out_for(now).is_some();
            let is_down = outage.age(now) > Duration::ZERO || outage.is_troubled();
            assert!(!is_ejected || is_down, "ejected without an outage");
            assert!(away_for < 100 || is_ejected, "not noticed");
            assert_eq!(
                state.admission(&rules, now) == Admission::Ejected,
                is_ejected
            );
        }
    }
}
