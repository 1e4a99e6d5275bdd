//! `limits.body` and `[limits.rate]`: what clients may ask of a site.

use std::{num::NonZeroU32, ops::RangeInclusive, time::Duration};

use super::{
    reader::Table,
    spec::{AdmissionSpec, RateSpec},
};

const BODY: RangeInclusive<u64> = 1..=1 << 40;
const REQUESTS: RangeInclusive<usize> = 1..=1_000_000;
const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Reads them from `[limits]`.
pub(super) fn admission(limits: &Table<'_>) -> AdmissionSpec {
    AdmissionSpec {
        body: limits.get("body").and_then(|value| value.size(&BODY)),
        rate: rate(limits),
    }
}

fn rate(limits: &Table<'_>) -> Option<RateSpec> {
    const WAY_OUT: &str = "write for example requests = 100, per = \"1s\"";
    limits.get("rate")?;
    let table = limits.table("rate");
    let count = |key: &str| -> Option<NonZeroU32> {
        let number = table.get(key)?.count(&REQUESTS)?;
        number.try_into().ok()
    };
    table.require("requests", WAY_OUT)?;
    let requests = count("requests")?;
    let rate = RateSpec {
        requests,
        per: table.duration("per", MILLISECOND..=DAY, SECOND),
        burst: count("burst").unwrap_or(requests),
    };
    if rate.interval().is_zero()
        && let Some(value) = table.get("per")
    {
        value.reject(
            "is too short for so many requests",
            "allow fewer, or in a longer time",
        );
        return None;
    }
    Some(rate)
}
