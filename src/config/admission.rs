//! `limits.body` and `[limits.rate]`: what clients may ask of a site.

use std::{num::NonZeroU32, ops::RangeInclusive, time::Duration};

use super::{
    reader::Table,
    spec::{AdmissionSpec, RateSpec},
};

const BODY: RangeInclusive<u64> = 1..=1 << 40;
const REQUESTS: RangeInclusive<usize> = 1..=1_000_000;
/// With the most requests there may be, still a token a nanosecond.
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
    Some(RateSpec {
        requests,
        per: table.duration("per", MILLISECOND..=DAY, SECOND),
        burst: count("burst").unwrap_or(requests),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Loaded, Problems, load_with};

    fn load(limits: &str) -> Result<Loaded, Problems> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("sites")).unwrap();
        let site = format!("hosts = [\"*\"]\nupstream = \"http://app\"\n{limits}");
        std::fs::write(directory.path().join("sites/shop.toml"), site).unwrap();
        load_with(directory.path(), &|_| None)
    }

    fn admission_of(limits: &str) -> AdmissionSpec {
        let loaded = load(limits).unwrap_or_else(|problems| panic!("{problems}"));
        let site = loaded.config.sites.first().expect("there is one site");
        site.admission.clone()
    }

    #[test]
    fn nothing_is_limited_unless_somebody_says_so() {
        assert_eq!(admission_of(""), AdmissionSpec::default());
        assert_eq!(admission_of("limits.body = \"2 MiB\"").body, Some(2 << 20));
    }

    #[test]
    fn a_rate_needs_no_more_than_a_number() {
        let rate = admission_of("[limits.rate]\nrequests = 10\n").rate.unwrap();
        assert_eq!((rate.burst.get(), rate.interval()), (10, SECOND / 10));
        let text = "[limits.rate]\nrequests = 2\nper = \"1m\"\nburst = 9\n";
        let rate = admission_of(text).rate.unwrap();
        assert_eq!((rate.burst.get(), rate.interval()), (9, SECOND * 30));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_key() {
        for (text, key) in [
            ("[limits.rate]\nper = \"1s\"\n", "limits.rate.requests"),
            ("[limits.rate]\nrequests = 0\n", "limits.rate.requests"),
            (
                "[limits.rate]\nrequests = 5\nburst = 0\n",
                "limits.rate.burst",
            ),
            ("limits.body = \"0 B\"\n", "limits.body"),
            ("limits.body = 5\n", "limits.body"),
            ("limits.rate = 5\n", "limits.rate"),
            ("[limits.rate]\nrequest = 5\n", "did you mean `requests`"),
        ] {
            let Err(problems) = load(text) else {
                panic!("{text}");
            };
            let problems = problems.to_string();
            assert!(problems.contains(key), "{text}: {problems}");
        }
    }
}
