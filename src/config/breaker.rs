//! `[breaker]` → [`BreakerSpec`]: when an endpoint that fails is left alone.

use std::{num::NonZeroU32, ops::RangeInclusive, time::Duration};

use super::{reader::Table, spec::BreakerSpec};

const OPEN: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_hours(1);
const RAMP: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_hours(1);

/// `None` when it is switched off.
pub(super) fn breaker(table: &Table<'_>) -> Option<BreakerSpec> {
    let default = BreakerSpec::default();
    let count = |key: &str, default: NonZeroU32| {
        let count = table.get(key).and_then(|value| value.count(&(1..=1000)));
        count
            .and_then(|count| count.try_into().ok())
            .unwrap_or(default)
    };
    let percent = table.get("success_percent");
    let percent = percent.and_then(|value| value.whole(&(1..=100)));
    let spec = BreakerSpec {
        refused: count("refused", default.refused),
        timeouts: count("timeouts", default.timeouts),
        success_percent: percent
            .and_then(|percent| percent.try_into().ok())
            .unwrap_or(default.success_percent),
        shortest: table.duration("shortest", OPEN, default.shortest),
        longest: table.duration("longest", OPEN, default.longest),
        ramp: table.duration("ramp", RAMP, default.ramp),
    };
    let (shortest, longest) = (table.get("shortest"), table.get("longest"));
    if spec.shortest > spec.longest
        && let Some(value) = shortest.or(longest)
    {
        value.reject(
            "makes `shortest` (default 100ms) longer than `longest` (default 10s)",
            "lower shortest or raise longest",
        );
    }
    if table.get("enabled").and_then(|value| value.boolean()) != Some(false) {
        return Some(spec);
    }
    let others = [
        "refused",
        "timeouts",
        "success_percent",
        "shortest",
        "longest",
        "ramp",
    ];
    for value in others.into_iter().filter_map(|key| table.get(key)) {
        let problem = "has no effect: `enabled` is false";
        let problem = value.problem(problem, "leave it out, or set enabled = true");
        table.report().add(problem.into_warning());
    }
    None
}
