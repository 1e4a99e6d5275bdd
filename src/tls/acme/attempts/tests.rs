//! Tests of when an authority may be asked again.

use super::*;

const NOW: i64 = 1_800_000_000;

fn at(seconds: u64) -> Timestamp {
    after(second(NOW), Duration::from_secs(seconds))
}

#[test]
fn the_first_order_may_be_placed_at_once() {
    assert!(Attempts::default().ready() <= at(0));
    assert!(Pause::default().until() <= at(0));
}

#[test]
fn no_more_than_a_handful_of_orders_an_hour() {
    let mut attempts = Attempts::default();
    for minute in 0..4 {
        assert!(attempts.ready() <= at(60 * minute));
        attempts.begin(at(60 * minute));
        attempts.succeeded(Kind::Http01);
    }
    assert_eq!(attempts.ready(), at(3600));
    attempts.forgive();
    assert_eq!(
        attempts.ready(),
        at(3600),
        "looking after it does not lift the limit"
    );
    attempts.begin(at(3600));
    assert_eq!(attempts.ready(), at(3660), "each hour has its own");
}

#[test]
fn pauses_grow_with_failures_and_end_with_success() {
    let mut attempts = Attempts::default();
    let mut before = Duration::ZERO;
    for failure in 0..30 {
        let pause = attempts.failed(at(0), None);
        assert!(pause <= PAUSES.1.mul_f64(1.25), "{pause:?}");
        assert!(
            failure > 9 || pause > before.mul_f64(1.1),
            "{pause:?} {before:?}"
        );
        before = pause;
    }
    assert!(attempts.ready() > at(8 * 3600));
    attempts.succeeded(Kind::TlsAlpn01);
    assert!(attempts.ready() <= at(0));
    assert_eq!(attempts.kind, Some(Kind::TlsAlpn01));
}

#[test]
fn an_authority_that_says_when_is_obeyed_within_reason() {
    let mut attempts = Attempts::default();
    let day = Duration::from_secs(24 * 3600);
    assert_eq!(attempts.failed(at(0), Some(day)), day);
    assert_eq!(attempts.ready(), at(24 * 3600));
    attempts.forgive();
    assert_eq!(attempts.ready(), at(24 * 3600), "nobody else can lift it");
    assert_eq!(attempts.failed(at(0), Some(day * 1000)), LONGEST);
    assert_eq!(attempts.failed(at(0), Some(Duration::MAX)), LONGEST);
}

#[test]
fn a_clock_that_was_wrong_does_not_block_for_ever() {
    let mut attempts = Attempts::default();
    for _ in 0..4 {
        attempts.begin(at(1_000_000));
    }
    attempts.begin(at(0));
    assert!(
        attempts.ready() <= at(0),
        "orders of the future are forgotten"
    );
}

#[test]
fn what_was_tried_is_kept() {
    let mut attempts = Attempts::default();
    attempts.begin(at(0));
    attempts.failed(at(0), None);
    let text = serde_json::to_string(&attempts).unwrap();
    assert_eq!(serde_json::from_str::<Attempts>(&text).unwrap(), attempts);
    assert_eq!(
        serde_json::from_str::<Attempts>("{}").unwrap(),
        Attempts::default()
    );
}
