//! Outages begin, end and go on when they should.

use super::*;

use Observation::{Failure, Gone, Success};

const REFUSED: Observation = Failure(UpstreamFailure::Refused);
const TIMEOUT: Observation = Failure(UpstreamFailure::ReadTimeout);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn an_outage_lasts_from_the_first_of_its_failures_to_the_next_success() {
    let (mut state, start) = (OutageState::default(), Instant::now());
    let mut step = |second, seen| state.step(start + seconds(second), seen);
    assert_eq!(step(0, Success), None);
    assert_eq!(step(1, REFUSED), None);
    assert_eq!(step(3, REFUSED), Some(Transition::Began));
    assert_eq!(step(4, REFUSED), None);
    assert_eq!(step(11, Success), Some(Transition::Ended(seconds(10))));
    assert_eq!(state.age(start + seconds(20)), Duration::ZERO);
}

#[test]
fn failures_with_successes_between_them_are_no_outage() {
    let (mut state, mut now) = (OutageState::default(), Instant::now());
    for _ in 0..100 {
        for seen in [TIMEOUT, TIMEOUT, Success, REFUSED, Success] {
            now += Duration::from_millis(1);
            assert_eq!(state.step(now, seen), None);
        }
    }
    assert!(!state.is_troubled());
}

#[test]
fn it_takes_three_timeouts() {
    let (mut state, now) = (OutageState::default(), Instant::now());
    assert_eq!(state.step(now, TIMEOUT), None);
    assert_eq!(state.step(now, TIMEOUT), None);
    assert_eq!(state.step(now, TIMEOUT), Some(Transition::Began));
}

#[test]
fn what_begins_again_within_a_minute_is_the_same_outage() {
    let (mut state, start) = (OutageState::default(), Instant::now());
    let at = |second| start + seconds(second);
    assert_eq!(state.step(at(0), Gone), Some(Transition::Began));
    assert_eq!(
        state.step(at(10), Success),
        Some(Transition::Ended(seconds(10)))
    );
    assert_eq!(state.step(at(60), Gone), Some(Transition::Resumed));
    assert_eq!(
        state.age(at(70)),
        seconds(70),
        "it began when it first began"
    );
    assert_eq!(
        state.step(at(80), Success),
        Some(Transition::Ended(seconds(80)))
    );
    assert_eq!(state.step(at(140), Gone), Some(Transition::Began));
}

#[test]
fn a_site_has_returned_for_a_while() {
    let (mut state, start) = (OutageState::default(), Instant::now());
    let at = |second| start + seconds(second);
    assert_eq!(state.standing(at(0)), Standing::Up);
    state.step(at(0), Gone);
    assert_eq!(state.standing(at(1)), Standing::Down { since: at(0) });
    state.step(at(5), Success);
    let returned = Standing::Returned {
        at: at(5),
        lasted: seconds(5),
    };
    assert_eq!(state.standing(at(304)), returned);
    assert_eq!(state.standing(at(305)), Standing::Up);
}

/// Any sequence of observations, seeded.
#[test]
fn transitions_alternate_whatever_happens() {
    let mut random = fastrand::Rng::with_seed(4);
    for _ in 0..200 {
        let (mut state, mut now) = (OutageState::default(), Instant::now());
        let (mut is_down, mut last_end) = (false, None);
        for _ in 0..500 {
            now += Duration::from_millis(random.u64(0..20_000));
            let seen = [Success, Success, REFUSED, TIMEOUT, Gone][random.usize(0..5)];
            match state.step(now, seen) {
                Some(Transition::Began) => {
                    assert!(!is_down);
                    assert!(last_end.is_none_or(|end: Instant| now - end >= seconds(60)));
                    is_down = true;
                }
                Some(Transition::Resumed) => {
                    assert!(!is_down && last_end.is_some_and(|end| now - end < seconds(60)));
                    is_down = true;
                }
                Some(Transition::Ended(_)) => {
                    assert!(is_down && seen == Success, "only a success ends it");
                    (is_down, last_end) = (false, Some(now));
                }
                None => assert!(!is_down || seen != Success, "a success ends it at once"),
            }
            assert_eq!(
                is_down,
                matches!(state.standing(now), Standing::Down { .. })
            );
            assert_eq!(is_down, seen == Gone || is_down && seen != Success);
            assert!(is_down || state.age(now).is_zero());
        }
    }
}

#[test]
fn the_list_tells_cause_answers_and_returns() {
    let outage = Outage::default();
    outage.describe("shop", "app:3000");
    outage.answered();
    outage.failed(UpstreamFailure::Terminated);
    outage.answered();
    outage.failed(UpstreamFailure::Refused);
    outage.answered();
    outage.failed(UpstreamFailure::Refused);
    outage.answered();
    let views = outage.views();
    let [view] = &views[..] else {
        panic!("one outage: {views:?}")
    };
    assert_eq!(
        (view.site.as_str(), view.upstream.as_str()),
        ("shop", "app:3000")
    );
    assert_eq!(
        (view.cause, view.main_cause),
        ("connection_refused", "connection_refused")
    );
    assert_eq!((view.answers, view.returns, &view.ended), (3, 0, &None));
    assert!(outage.counts().is_down);

    outage.succeeded();
    outage.answered();
    outage.gone(UpstreamFailure::ReadTimeout);
    outage.answered();
    outage.succeeded();
    let views = outage.views();
    let [view] = &views[..] else {
        panic!("still one: {views:?}")
    };
    assert_eq!((view.answers, view.returns), (4, 2));
    assert!(view.ended.is_some());
    assert_eq!(outage.counts().outages, 1);
    assert!(!outage.counts().is_down);
}
