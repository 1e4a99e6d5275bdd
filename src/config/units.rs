//! Numbers with a unit: durations and sizes.

use std::time::Duration;

use jiff::{
    SpanRelativeTo,
    fmt::friendly::{SpanParser, SpanPrinter},
};

use super::fault::Fault;

/// Bytes a unit of size stands for.
const SIZES: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

/// Reads "3s", "500ms", "1m 30s", "1.5h", "365d". A day has 24 hours.
pub(super) fn duration(text: &str) -> Result<Duration, Fault> {
    const EXAMPLES: &str = "write for example \"3s\", \"500ms\" or \"1m 30s\"";
    if is_number(text) {
        return Err(Fault::new("is a duration without a unit", EXAMPLES)
            .or_rather(format!("{}s", text.trim())));
    }
    SpanParser::new()
        .parse_unsigned_duration(text.trim())
        .ok()
        .or_else(|| with_days(text.trim()))
        .ok_or_else(|| Fault::new("is not a duration", EXAMPLES))
}

fn with_days(text: &str) -> Option<Duration> {
    let span = SpanParser::new().parse_span(text).ok()?;
    let days = SpanRelativeTo::days_are_24_hours();
    Duration::try_from(span.to_duration(days).ok()?).ok()
}

/// Reads "1000 B", "64 KiB", "2 MiB".
pub(super) fn size(text: &str) -> Result<u64, Fault> {
    const EXAMPLES: &str = "write for example \"64 KiB\", \"2 MiB\" or \"1000 B\"";
    let text = text.trim();
    if is_number(text) {
        return Err(Fault::new("is a size without a unit", EXAMPLES).or_rather(format!("{text} B")));
    }
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start();
    let number: u64 = number
        .parse()
        .map_err(|_| Fault::new("is not a size", EXAMPLES))?;
    if let Some((_, bytes)) = SIZES.iter().find(|(name, _)| *name == unit) {
        return number
            .checked_mul(*bytes)
            .ok_or_else(|| Fault::new("is a size beyond all measure", EXAMPLES));
    }
    if unit.starts_with(['.', ',']) {
        return Err(Fault::new("is not a whole number of its unit", EXAMPLES));
    }
    let fault = Fault::new("is a size in an unknown unit", EXAMPLES);
    let meant = |name: &str| {
        name.eq_ignore_ascii_case(unit) || name.replace("iB", "") == unit.to_uppercase()
    };
    match SIZES.iter().find(|(name, _)| meant(name)) {
        Some((name, _)) => Err(fault.or_rather(format!("{number} {name}"))),
        None => Err(fault),
    }
}

/// A duration as it is written in a file.
pub(super) fn written_duration(duration: Duration) -> String {
    SpanPrinter::new().unsigned_duration_to_string(&duration)
}

/// A size as it is written in a file.
pub(super) fn written_size(bytes: u64) -> String {
    let fits = |(_, unit): &&(&str, u64)| bytes > 0 && bytes.is_multiple_of(*unit);
    match SIZES.iter().find(fits) {
        Some((name, unit)) => format!("{} {name}", bytes / unit),
        None => format!("{bytes} B"),
    }
}

fn is_number(text: &str) -> bool {
    text.trim()
        .parse::<f64>()
        .is_ok_and(|number| number.is_finite() && number >= 0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_read_with_their_units() {
        assert_eq!(duration("3s").unwrap(), Duration::from_secs(3));
        assert_eq!(duration(" 500ms ").unwrap(), Duration::from_millis(500));
        assert_eq!(duration("1m 30s").unwrap(), Duration::from_secs(90));
        assert_eq!(duration("1.5h").unwrap(), Duration::from_secs(5400));
        assert_eq!(duration("1d 1h").unwrap(), Duration::from_secs(90_000));
    }

    #[test]
    fn a_bare_number_is_given_the_unit_that_was_probably_meant() {
        assert_eq!(duration("3").unwrap_err().better.as_deref(), Some("3s"));
        assert_eq!(size("8192").unwrap_err().better.as_deref(), Some("8192 B"));
        assert_eq!(
            size("64 kib").unwrap_err().better.as_deref(),
            Some("64 KiB")
        );
        assert_eq!(size("2M").unwrap_err().better.as_deref(), Some("2 MiB"));
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for bad in [
            "",
            "s",
            "-3s",
            "-1d",
            "1d ago",
            "3 s ago",
            "3 parsecs",
            "1y",
            "inf",
            "NaN",
        ] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        for bad in [
            "",
            "KiB",
            "-1 KiB",
            "1.5 KiB",
            "1 XiB",
            "99999999999 GiB",
            "1 KiB 2",
        ] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_duration_reads_back(nanos in 0_u64..u64::MAX / 2) {
            let wanted = Duration::from_nanos(nanos);
            prop_assert_eq!(duration(&written_duration(wanted)).unwrap(), wanted);
        }

        #[test]
        fn every_size_reads_back(bytes: u64) {
            prop_assert_eq!(size(&written_size(bytes)).unwrap(), bytes);
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = duration(&text);
            let _ = size(&text);
        }
    }
}
