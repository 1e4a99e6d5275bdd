//! `[maintenance]`: planned spans, the switch, and points in time as they are written in files.

use ipnet::IpNet;
use jiff::fmt::temporal::{Pieces, PiecesOffset};

use super::{
    address,
    fault::Fault,
    reader::{Table, Value},
    spec::{MaintenanceSpec, Moment, WindowSpec},
};

/// More would not have been planned by hand.
const MOST_WINDOWS: usize = 100;
const EXAMPLE: &str = "write for example 2026-12-01T22:00:00+01:00";

/// Reads `[maintenance]`.
pub(super) fn maintenance(table: &Table<'_>) -> MaintenanceSpec {
    let list = |key: &str| table.get(key).and_then(|value| value.list());
    let windows = list("window").unwrap_or_default();
    if let (Some(value), true) = (table.get("window"), windows.len() > MOST_WINDOWS) {
        let problem = format!("has {} entries", windows.len());
        value.reject(&problem, &format!("keep at most {MOST_WINDOWS}"));
    }
    let allow = list("allow").unwrap_or_default();
    MaintenanceSpec {
        on: table
            .get("on")
            .and_then(|value| value.boolean())
            .unwrap_or_default(),
        windows: windows.iter().filter_map(window).collect(),
        allow: allow.iter().filter_map(allowed).collect(),
    }
}

fn allowed(item: &Value<'_>) -> Option<IpNet> {
    let range = item.read("an IP address or range", address::range)?;
    if range.prefix_len() == 0 {
        let problem = "lets everyone in: nobody will see that the site is maintained";
        let way_out = "name the addresses of those who work on it";
        item.report()
            .add(item.problem(problem, way_out).into_warning());
    }
    Some(range)
}

fn window(item: &Value<'_>) -> Option<WindowSpec> {
    const WAY_OUT: &str = "write [[maintenance.window]] with from and until below it";
    let window = item.table_or("a table", WAY_OUT)?;
    let from = window.require("from", EXAMPLE);
    let until = window.require("until", EXAMPLE);
    span(&from?, &until?).map(|(from, until)| WindowSpec { from, until })
}

/// Two points in time of which the second is later.
fn span(from: &Value<'_>, until: &Value<'_>) -> Option<(Moment, Moment)> {
    let (first, last) = (moment(from), moment(until));
    let (first, last) = (first?, last?);
    if last.at <= first.at {
        until.reject(
            "is no later than its `from`",
            "let it end after it has begun",
        );
        return None;
    }
    Some((first, last))
}

/// The ends of a span of which either may be missing.
pub(super) fn limits(table: &Table<'_>) -> (Option<Moment>, Option<Moment>) {
    match (table.get("from"), table.get("until")) {
        (Some(from), Some(until)) => span(&from, &until).unzip(),
        (from, until) => {
            let read = |value: Option<Value<'_>>| value.and_then(|value| moment(&value));
            (read(from), read(until))
        }
    }
}

/// A point in time, with or without quotes.
fn moment(value: &Value<'_>) -> Option<Moment> {
    let Some(written) = value.node().as_datetime() else {
        return value.read("a date and time such as 2026-12-01T22:00:00+01:00", parse);
    };
    match parse(&written.to_string()) {
        Ok(moment) => Some(moment),
        Err(fault) => {
            value.reject(&fault.problem.clone(), &fault.advice(true));
            None
        }
    }
}

/// Reads RFC 3339.
fn parse(text: &str) -> Result<Moment, Fault> {
    let fault = || Fault::new("is not a date and time", EXAMPLE);
    let pieces = Pieces::parse(text.trim()).map_err(|_| fault())?;
    let time = pieces.time().ok_or_else(fault)?;
    let offset = match pieces.offset() {
        Some(PiecesOffset::Numeric(offset)) => offset.offset(),
        Some(_) => jiff::tz::Offset::UTC,
        None => {
            let problem = "does not say by whose clock: it has no offset from UTC";
            let way_out = "add it: Z for UTC itself, +01:00 for Berlin in winter, +02:00 in summer";
            return Err(Fault::new(problem, way_out));
        }
    };
    let there = pieces.date().to_datetime(time);
    let at = offset.to_timestamp(there).map_err(|_| fault())?;
    Ok(Moment { at, offset })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_moment_needs_a_date_a_time_and_an_offset() {
        let berlin = parse("2026-12-01T22:00:00+01:00").unwrap();
        assert_eq!(berlin.at.to_string(), "2026-12-01T21:00:00Z");
        assert_eq!(berlin.offset, jiff::tz::offset(1));
        assert_eq!(parse("2026-12-01 21:00Z").unwrap().at, berlin.at);
        for bad in [
            "",
            "tomorrow",
            "2026-12-01",
            "22:00+01:00",
            "2026-13-01T22:00:00Z",
        ] {
            assert_eq!(
                parse(bad).unwrap_err().problem,
                "is not a date and time",
                "{bad}"
            );
        }
        let clockless = parse("2026-12-01T22:00:00").unwrap_err();
        assert!(clockless.problem.contains("no offset"));
        assert!(parse("-009999-01-01T00:00:00+23:59").is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[-+0-9TZ:. ]*|\\PC*") {
            let _ = parse(&text);
        }
    }
}
