//! `[retry]`, `[hold]` and `[limits]`: how requests flow when the origin fails or is too slow.

use std::{num::NonZeroUsize, ops::RangeInclusive, time::Duration};

use super::{
    fault::Fault,
    reader::{Table, Value},
    spec::{HoldSpec, LimitsSpec, RetrySpec},
};

const MILLISECOND: Duration = Duration::from_millis(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);
const PLACES: RangeInclusive<usize> = 1..=65536;

/// Reads `[retry]`.
pub(super) fn retry(table: &Table<'_>) -> RetrySpec {
    let default = RetrySpec::default();
    let number = |key: &str, most: usize, default: u32| {
        let number = table.get(key).and_then(|value| value.whole(&(0..=most)));
        number.map_or(default, |number| u32::try_from(number).unwrap_or(u32::MAX))
    };
    let attempts = table.get("attempts");
    let attempts = attempts.and_then(|value| value.count(&(1..=10)));
    let retry = RetrySpec {
        attempts: attempts.unwrap_or(default.attempts),
        budget_percent: number("budget_percent", 1000, default.budget_percent),
        budget_per_second: number("budget_per_second", 10_000, default.budget_per_second),
    };
    let is_empty = retry.budget_percent == 0 && retry.budget_per_second == 0;
    if is_empty
        && retry.attempts.get() > 1
        && let Some(value) = table
            .get("budget_per_second")
            .or(table.get("budget_percent"))
    {
        let problem = "leaves no budget: no request is ever tried at another address";
        let way_out = "raise budget_percent or budget_per_second, or say so with attempts = 1";
        warn(table, &value, problem, way_out);
    }
    retry
}

/// Reads `[hold]`. `total` is `timeouts.total`.
pub(super) fn hold(table: &Table<'_>, total: Duration) -> Option<HoldSpec> {
    let default = HoldSpec::default();
    let time = table.duration("time", Duration::ZERO..=MINUTE, default.time);
    let requests = table.get("requests");
    let hold = HoldSpec {
        time,
        requests: requests
            .clone()
            .and_then(|value| value.count(&(1..=100_000)))
            .unwrap_or(default.requests),
    };
    if let Some(value) = table.get("time").filter(|_| time > total) {
        let problem = "is longer than `total` in [timeouts] (default 8s), which ends the wait";
        warn(table, &value, problem, "lower time, or raise total");
    }
    if let Some(value) = requests.filter(|_| time.is_zero()) {
        let problem = "has no effect: `time` is 0, so no request waits";
        warn(table, &value, problem, "leave it out, or raise time");
    }
    (!time.is_zero()).then_some(hold)
}

/// Reads `[limits]`.
pub(super) fn limits(table: &Table<'_>) -> LimitsSpec {
    let default = LimitsSpec::default();
    let count = |key: &str| -> Option<NonZeroUsize> { table.get(key)?.count(&PLACES) };
    let limits = LimitsSpec {
        connections: count("connections").unwrap_or(default.connections),
        idle_timeout: table.duration("idle_timeout", MILLISECOND..=DAY, default.idle_timeout),
        requests: count("requests"),
        endpoint_requests: count("endpoint_requests"),
        queue: table
            .get("queue")
            .and_then(|value| value.whole(&(0..=65536)))
            .unwrap_or(default.queue),
        queue_timeout: table.duration("queue_timeout", MILLISECOND..=MINUTE, default.queue_timeout),
        adaptive: table
            .get("adaptive")
            .and_then(|value| value.boolean())
            .unwrap_or(default.adaptive),
        priority: priority(table),
    };
    check(table, &limits);
    limits
}

fn priority(table: &Table<'_>) -> Vec<String> {
    let items = table.get("priority").and_then(|value| value.list());
    let path = |text: &str| {
        if text.starts_with('/') && !text.contains(['?', '#']) {
            return Ok(text.to_owned());
        }
        Err(Fault::new(
            "is not the beginning of a path",
            "write for example \"/checkout\"",
        ))
    };
    let read = |item: &Value<'_>| item.read("a path", path);
    items.iter().flatten().filter_map(read).collect()
}

/// What is said in vain.
fn check(table: &Table<'_>, limits: &LimitsSpec) {
    let is_limited =
        limits.requests.is_some() || limits.endpoint_requests.is_some() || limits.adaptive;
    let priority = table
        .get("priority")
        .filter(|_| !limits.priority.is_empty());
    if let Some(value) = priority {
        if !is_limited {
            let problem = "has no effect: nothing limits the requests, so none waits";
            let way_out = "set requests or endpoint_requests, or leave it out";
            warn(table, &value, problem, way_out);
        } else if limits.queue == 0 {
            let problem = "has no effect: `queue` is 0, so no request waits";
            warn(table, &value, problem, "raise queue, or leave it out");
        }
    }
    if let (Some(each), Some(all)) = (limits.endpoint_requests, limits.requests)
        && each > all
        && let Some(value) = table.get("endpoint_requests")
    {
        let problem = "has no effect: it is more than `requests`, which limits the whole site";
        warn(table, &value, problem, "lower it, or raise requests");
    }
}

fn warn(table: &Table<'_>, value: &Value<'_>, problem: &str, way_out: &str) {
    table
        .report()
        .add(value.problem(problem, way_out).into_warning());
}
