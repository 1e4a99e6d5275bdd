//! When a site is taken away on purpose, and who still gets in.

use std::fmt;

use ipnet::IpNet;
use jiff::{
    Timestamp,
    tz::{Offset, TimeZone},
};

/// `[maintenance]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MaintenanceSpec {
    /// `on`: maintained until somebody says otherwise. Default false.
    pub on: bool,
    /// `[[maintenance.window]]`: planned spans. They may overlap.
    pub windows: Vec<WindowSpec>,
    /// Clients that reach the origin all the same.
    pub allow: Vec<IpNet>,
}

/// One entry of `[[maintenance.window]]`. Ends after it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowSpec {
    /// Its first moment.
    pub from: Moment,
    /// The first moment after it.
    pub until: Moment,
}

/// A point in time as its author wrote it: with the offset of the author's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// How far that clock is from UTC.
    pub offset: Offset,
}

impl Moment {
    /// As machines read it (RFC 3339).
    #[must_use]
    pub fn rfc3339(&self) -> String {
        self.at.display_with_offset(self.offset).to_string()
    }
}

/// As people of any language read it.
impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let there = self.at.to_zoned(TimeZone::fixed(self.offset));
        let pattern = if self.offset == Offset::UTC {
            "%Y-%m-%d %H:%M (UTC)"
        } else {
            "%Y-%m-%d %H:%M (UTC%:z)"
        };
        write!(formatter, "{}", there.strftime(pattern))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str, hours: i8) -> Moment {
        Moment {
            at: text.parse().unwrap(),
            offset: jiff::tz::offset(hours),
        }
    }

    #[test]
    fn a_moment_is_written_by_the_clock_of_its_author() {
        let berlin = moment("2026-12-01T21:00:00Z", 1);
        assert_eq!(berlin.to_string(), "2026-12-01 22:00 (UTC+01:00)");
        assert_eq!(berlin.rfc3339(), "2026-12-01T22:00:00+01:00");
        let utc = moment("2026-12-01T21:00:00Z", 0);
        assert_eq!(utc.to_string(), "2026-12-01 21:00 (UTC)");
        assert_eq!(utc.rfc3339(), "2026-12-01T21:00:00+00:00");
    }
}
