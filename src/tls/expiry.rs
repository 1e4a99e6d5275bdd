//! How long a certificate is still good for.

use jiff::{SignedDuration, Timestamp};

/// What is left of a certificate's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remaining {
    /// More than three weeks.
    Enough,
    /// Up to 21 days: by then a renewal that works by itself has long been done.
    ThreeWeeks,
    /// Up to 7 days.
    Week,
    /// It has expired.
    Nothing,
}

impl Remaining {
    /// At this time.
    #[must_use]
    pub fn of(expires: Timestamp, now: Timestamp) -> Self {
        let left = expires.duration_since(now);
        if left <= SignedDuration::ZERO {
            Self::Nothing
        } else if left <= SignedDuration::from_hours(7 * 24) {
            Self::Week
        } else if left <= SignedDuration::from_hours(21 * 24) {
            Self::ThreeWeeks
        } else {
            Self::Enough
        }
    }

    /// What to say about it; `None` where there is nothing to say.
    #[must_use]
    pub const fn complaint(self) -> Option<&'static str> {
        match self {
            Self::Enough => None,
            Self::ThreeWeeks => Some("the certificate expires within 21 days"),
            Self::Week => Some("the certificate expires within 7 days"),
            Self::Nothing => Some("the certificate has expired: most clients refuse it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_weeks_are_told_apart() {
        let expires: Timestamp = "2026-12-24T12:00:00Z".parse().unwrap();
        for (now, remaining) in [
            ("2026-12-03T11:59:59Z", Remaining::Enough),
            ("2026-12-03T12:00:00Z", Remaining::ThreeWeeks),
            ("2026-12-17T12:00:00Z", Remaining::Week),
            ("2026-12-24T11:59:59Z", Remaining::Week),
            ("2026-12-24T12:00:00Z", Remaining::Nothing),
        ] {
            assert_eq!(
                Remaining::of(expires, now.parse().unwrap()),
                remaining,
                "{now}"
            );
        }
    }
}
