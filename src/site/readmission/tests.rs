//! Pages that wait, as `templates/return.js` makes them behave.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::*;

/// The pause before the first question, and the least before any, as in the script.
const FIRST: f64 = 5.0;
const LEAST: f64 = 0.3;
const PAUSE: Duration = Duration::from_secs(5);
/// When the outage begins and ends. Visitors come all the time in between.
const OUTAGE: [f64; 2] = [0.0, 180.0];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Asks,
    Opens,
}

/// What became of the pages: when each question was asked and when each was let in, in seconds.
struct Seen {
    questions: Vec<f64>,
    opened: Vec<f64>,
}

/// Lets so many pages wait through an outage, and on until all are in or the time is over.
fn simulate(pages: usize, seed: u64, door: impl Fn(f64) -> Door) -> Seen {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut readmission = Readmission::default();
    let start = Instant::now();
    let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
    let millis = |seconds: f64| Duration::from_secs_f64(seconds).as_micros();
    let mut events = BinaryHeap::new();
    let [from, to] = OUTAGE;
    for page in 0..pages {
        let comes = from + random.f64() * (to - from);
        let asks = comes + LEAST + random.f64() * FIRST;
        events.push(Reverse((millis(asks), page, Event::Asks)));
    }
    let mut seen = Seen {
        questions: Vec::new(),
        opened: Vec::new(),
    };
    while let Some(Reverse((micros, page, event))) = events.pop() {
        let now = Duration::from_micros(u64::try_from(micros).unwrap()).as_secs_f64();
        if now > 3600.0 {
            break;
        }
        if event == Event::Opens {
            seen.opened.push(now);
            continue;
        }
        seen.questions.push(now);
        let (after, event) = match readmission.ask(at(now), door(now), PAUSE) {
            Turn::Wait(pause) | Turn::Busy(pause) => {
                assert!(pause <= LONGEST, "{pause:?}");
                (LEAST + random.f64() * pause.as_secs_f64(), Event::Asks)
            }
            Turn::Open(after) => (after.as_secs_f64(), Event::Opens),
            // It finds the origin still away, and is a waiting page again.
            Turn::Trial => (LEAST + random.f64() * FIRST, Event::Asks),
        };
        events.push(Reverse((millis(now + after), page, event)));
    }
    seen
}

/// The most of these moments within any one second.
fn busiest(moments: &[f64]) -> usize {
    let mut sorted = moments.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut first = 0;
    let within = sorted.iter().enumerate().map(|(last, at)| {
        while sorted[first] <= at - 1.0 {
            first += 1;
        }
        last + 1 - first
    });
    within.max().unwrap()
}

fn watched(now: f64) -> Door {
    if now < OUTAGE[1] {
        Door::Shut
    } else {
        Door::Open
    }
}

#[test]
fn ten_thousand_pages_come_back_bit_by_bit_and_all_of_them_within_three_minutes() {
    for seed in 0..3 {
        let seen = simulate(10_000, seed, watched);
        assert_eq!(seen.opened.len(), 10_000);
        let most = busiest(&seen.opened);
        assert!(most <= 101, "{most} in one second");
        let end = OUTAGE[1];
        let early = seen.opened.iter().filter(|at| **at < end + 5.0).count();
        assert!(early <= 100, "the origin is given time to warm up: {early}");
        let last = seen.opened.iter().copied().fold(0.0, f64::max);
        assert!(last <= end + 180.0, "the last after {} s", last - end);
        let first = seen.opened.iter().copied().fold(f64::MAX, f64::min);
        assert!(first <= end + 1.0, "the first after {} s", first - end);
    }
}

#[test]
fn the_questions_of_many_pages_stay_few() {
    let seen = simulate(10_000, 7, watched);
    // The last minute of the outage: all are there, and all know how soon to ask.
    let late: Vec<_> = seen
        .questions
        .iter()
        .copied()
        .filter(|at| (120.0..180.0).contains(at))
        .collect();
    let most = busiest(&late);
    assert!(most <= 1000, "{most} questions in one second");
}

#[test]
fn few_pages_wait_for_nothing_but_their_own_next_question() {
    for pages in [1, 2, 10] {
        let seen = simulate(pages, 3, watched);
        assert_eq!(seen.opened.len(), pages);
        let last = seen.opened.iter().copied().fold(0.0, f64::max);
        let asked = OUTAGE[1] + LEAST + PAUSE.as_secs_f64();
        assert!(last <= asked + 1.0, "{pages}: {last}");
    }
}

#[test]
fn a_page_that_asks_alone_after_the_return_has_its_turn_at_once() {
    let (mut readmission, now) = (Readmission::default(), Instant::now());
    let ask = |readmission: &mut Readmission, seconds, door| {
        readmission.ask(now + Duration::from_secs(seconds), door, PAUSE)
    };
    assert_eq!(ask(&mut readmission, 0, Door::Shut), Turn::Wait(PAUSE));
    assert_eq!(
        ask(&mut readmission, 3, Door::Open),
        Turn::Open(Duration::ZERO)
    );
    assert_eq!(
        ask(&mut readmission, 9, Door::Open),
        Turn::Open(Duration::ZERO)
    );
}

#[test]
fn turns_given_before_the_origin_goes_again_are_no_burden_on_those_after() {
    let (mut readmission, now) = (Readmission::default(), Instant::now());
    for _ in 0..1000 {
        readmission.ask(now, Door::Open, PAUSE);
    }
    assert!(
        matches!(readmission.ask(now, Door::Open, PAUSE), Turn::Open(after) if !after.is_zero())
    );
    readmission.ask(now, Door::Shut, PAUSE);
    assert_eq!(
        readmission.ask(now, Door::Open, PAUSE),
        Turn::Open(Duration::ZERO)
    );
}

#[test]
fn where_nobody_probes_one_page_at_a_time_goes_to_see() {
    let (mut readmission, start) = (Readmission::default(), Instant::now());
    let mut trials = Vec::new();
    for tenth in 0_u32..6000 {
        let now = Duration::from_millis(100) * tenth;
        if readmission.ask(start + now, Door::Unwatched(now), PAUSE) == Turn::Trial {
            trials.push(now);
        }
    }
    assert_eq!(trials.first(), Some(&Duration::ZERO));
    let pauses: Vec<_> = trials.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(
        pauses
            .iter()
            .all(|pause| *pause >= TRIAL && *pause <= LONGEST)
    );
    assert!(pauses.last() > pauses.first(), "less often as time goes on");
}

#[test]
fn a_busy_origin_gets_one_a_second_until_it_has_room() {
    let (mut readmission, start) = (Readmission::default(), Instant::now());
    readmission.refused(start);
    let mut let_in = 0;
    for tenth in 0_u32..49 {
        let now = start + Duration::from_millis(100) * tenth;
        match readmission.ask(now, Door::Open, PAUSE) {
            Turn::Open(after) => {
                assert_eq!(after, Duration::ZERO);
                let_in += 1;
            }
            turn => assert_eq!(turn, Turn::Busy(PAUSE)),
        }
    }
    assert_eq!(let_in, 5);
    let turn = readmission.ask(start + BUSY, Door::Open, PAUSE);
    assert_eq!(turn, Turn::Open(Duration::ZERO));
}
