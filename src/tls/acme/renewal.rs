//! When a certificate is renewed: when its authority suggests (RFC 9773), else after two thirds of
//! its life. Pure: it takes a random number.

use std::time::Duration;

use instant_acme::SuggestedWindow;
use jiff::{SignedDuration, Timestamp};

use super::issued::Validity;

/// Without a suggestion, renewal falls in this part of a certificate's life: late enough for those
/// of 90 days, early enough for those of six, and not for all at once.
const PART: (f64, f64) = (0.62, 0.68);
/// How often an authority is asked for its suggestion (RFC 9773 section 4.3.2 wants limits).
const ASKED: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(24 * 3600));

/// By the certificate alone. `random` is of 0..1.
pub(super) fn by_age(validity: Validity, random: f64) -> Timestamp {
    let part = PART.0 + (PART.1 - PART.0) * random;
    within(validity.from, validity.until, part)
}

/// A moment of the suggested window (RFC 9773 section 4.2), which may have passed already.
pub(super) fn by_suggestion(window: &SuggestedWindow, random: f64) -> Option<Timestamp> {
    let (start, end) = ends(window)?;
    Some(within(start, end, random))
}

/// Whether the window suggests this moment, among others.
pub(super) fn is_inside(window: &SuggestedWindow, moment: Timestamp) -> bool {
    ends(window).is_some_and(|(start, end)| start <= moment && moment <= end)
}

/// A window that ends before it starts is a mistake: as if there were none.
fn ends(window: &SuggestedWindow) -> Option<(Timestamp, Timestamp)> {
    let moment = |at: i64| Timestamp::from_second(at).ok();
    let start = moment(window.start.unix_timestamp())?;
    let end = moment(window.end.unix_timestamp())?;
    (start <= end).then_some((start, end))
}

/// When to ask for a suggestion again, of what the authority said.
pub(super) fn asked_again(said: Duration) -> Duration {
    said.clamp(ASKED.0, ASKED.1)
}

fn within(from: Timestamp, until: Timestamp, part: f64) -> Timestamp {
    let whole = until.duration_since(from).max(SignedDuration::ZERO);
    let part = SignedDuration::try_from_secs_f64(whole.as_secs_f64() * part);
    part.ok()
        .and_then(|part| from.checked_add(part).ok())
        .unwrap_or(until)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3600;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn window(start: &str, end: &str) -> SuggestedWindow {
        let text = format!(r#"{{"start":"{start}","end":"{end}"}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn without_a_suggestion_a_certificate_is_renewed_after_two_thirds_of_its_life() {
        let validity = Validity {
            from: at(0),
            until: at(90 * DAY),
        };
        for random in [0.0, 0.5, 0.999] {
            let renewed = by_age(validity, random);
            assert!(
                renewed >= at(55 * DAY) && renewed <= at(62 * DAY),
                "{renewed}"
            );
        }
        assert!(by_age(validity, 0.9) > by_age(validity, 0.1));
    }

    #[test]
    fn a_validity_that_makes_no_sense_is_renewed_at_once() {
        let validity = Validity {
            from: at(10),
            until: at(0),
        };
        assert_eq!(by_age(validity, 0.5), at(10));
    }

    #[test]
    fn a_suggestion_is_followed_within_its_window() {
        let window = window("2026-01-02T00:00:00Z", "2026-01-04T00:00:00Z");
        let start = window.start.unix_timestamp();
        assert_eq!(by_suggestion(&window, 0.0), Some(at(start)));
        assert_eq!(by_suggestion(&window, 0.5), Some(at(start + DAY)));
    }

    #[test]
    fn a_window_that_ends_before_it_starts_is_none() {
        let window = window("2026-01-04T00:00:00Z", "2026-01-02T00:00:00Z");
        assert_eq!(by_suggestion(&window, 0.5), None);
    }

    #[test]
    fn an_authority_is_asked_neither_all_the_time_nor_never() {
        assert_eq!(asked_again(Duration::ZERO), ASKED.0);
        assert_eq!(asked_again(Duration::MAX), ASKED.1);
        let hours = Duration::from_secs(6 * 3600);
        assert_eq!(asked_again(hours), hours);
    }
}
