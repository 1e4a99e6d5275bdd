//! `[health]` → [`HealthSpec`]: how endpoints are probed.

use std::{ops::RangeInclusive, time::Duration};

use http::{HeaderValue, StatusCode, uri::PathAndQuery};

use super::{
    fault::Fault,
    names,
    reader::{Table, Value},
    spec::{HealthSpec, ProbeSpec},
};

const INTERVAL: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_hours(1);
const TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_mins(1);
/// In characters.
const LONGEST_TEXT: usize = 1000;

/// `host` is what requests are given as `Host`, where the site says so.
pub(super) fn health(table: &Table<'_>, host: Option<HeaderValue>) -> HealthSpec {
    let default = ProbeSpec::default();
    let get = |key: &str| table.get(key);
    let probe = ProbeSpec {
        path: get("path")
            .and_then(|value| value.read("a path", path))
            .unwrap_or(default.path),
        host: get("host")
            .and_then(|value| value.read("a host", names::host_field))
            .or(host),
        statuses: get("statuses")
            .and_then(|value| value.list())
            .map_or(default.statuses, |items| statuses(&items)),
        text: get("text").and_then(|value| value.read("text", text)),
        interval: table.duration("interval", INTERVAL, default.interval),
        timeout: table.duration("timeout", TIMEOUT, default.timeout),
        fails: get("fails")
            .and_then(|value| value.count(&(1..=100)))
            .and_then(|fails| fails.try_into().ok())
            .unwrap_or(default.fails),
    };
    let is_on = get("probe").and_then(|value| value.boolean());
    if is_on == Some(false) {
        let others = [
            "path", "host", "statuses", "text", "interval", "timeout", "fails",
        ];
        for value in others.into_iter().filter_map(get) {
            let problem = "has no effect: `probe` is false";
            let problem = value.problem(problem, "leave it out, or set probe = true");
            table.report().add(problem.into_warning());
        }
        return HealthSpec { probe: None };
    }
    HealthSpec { probe: Some(probe) }
}

fn path(text: &str) -> Result<String, Fault> {
    let parsed = text.parse::<PathAndQuery>().ok();
    let is_path = text.starts_with('/') && !text.contains('#') && parsed.is_some();
    is_path.then(|| text.to_owned()).ok_or_else(|| {
        let way_out = "write a path such as \"/health\": it begins with / and has no spaces";
        Fault::new("is not a path", way_out)
    })
}

fn text(text: &str) -> Result<String, Fault> {
    if text.is_empty() {
        return Err(Fault::new(
            "is empty",
            "leave it out, or write what the body contains",
        ));
    }
    if text.chars().count() > LONGEST_TEXT {
        let way_out = format!("write at most {LONGEST_TEXT} characters");
        return Err(Fault::new("is too long", way_out));
    }
    Ok(text.to_owned())
}

fn statuses(items: &[Value<'_>]) -> Vec<StatusCode> {
    let mut statuses = Vec::new();
    for item in items {
        let number = item.whole(&(200..=599));
        let status = number
            .and_then(|number| u16::try_from(number).ok())
            .and_then(|number| StatusCode::from_u16(number).ok());
        if let Some(status) = status.filter(|status| !statuses.contains(status)) {
            statuses.push(status);
        }
    }
    statuses
}
