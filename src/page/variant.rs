//! Which variant of a page a visitor sees. What the visitor sent is only compared, never shown.

use std::borrow::Cow;

use http::HeaderValue;
use jiff::Timestamp;

use crate::{
    config::spec::{HostPattern, VariantSpec},
    message::host::site_name,
};

/// Fields of a query that are looked at. Campaigns have four or five.
const MOST_FIELDS: usize = 64;

/// What a choice depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visit<'a> {
    /// With its port, if it had one.
    pub host: Option<&'a HeaderValue>,
    /// As it was sent.
    pub path: &'a str,
    /// Without its question mark.
    pub query: &'a str,
    /// The time on the wall.
    pub now: Timestamp,
}

/// The first variant whose conditions are all met.
pub(super) fn matching(variants: &[VariantSpec], visit: &Visit<'_>) -> Option<u16> {
    let mut counted = (0_u16..).zip(variants);
    counted
        .find(|(_, variant)| visit.meets(variant))
        .map(|(at, _)| at)
}

impl Visit<'_> {
    fn meets(&self, variant: &VariantSpec) -> bool {
        let any = |paths: &[String]| paths.is_empty() || paths.iter().any(|path| self.is_at(path));
        variant.from.is_none_or(|from| from.at <= self.now)
            && variant.until.is_none_or(|until| self.now < until.at)
            && any(&variant.paths)
            && self.is_for(&variant.hosts)
            && self.comes_with("utm_campaign", &variant.campaigns)
            && self.comes_with("utm_source", &variant.sources)
    }

    /// At this path or below it.
    fn is_at(&self, path: &str) -> bool {
        self.path
            .strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || path.ends_with('/') || rest.starts_with('/'))
    }

    fn is_for(&self, hosts: &[HostPattern]) -> bool {
        if hosts.is_empty() {
            return true;
        }
        let Some(name) = self.host.map(site_name) else {
            return false;
        };
        hosts.iter().any(|host| match host {
            HostPattern::Exact(exact) => *exact == *name,
            HostPattern::Wildcard(suffix) => {
                name.len() > suffix.len() && name.ends_with(suffix.as_str())
            }
            HostPattern::Any => true,
        })
    }

    /// Whether a field of the query has one of these values.
    fn comes_with(&self, field: &str, values: &[String]) -> bool {
        let sent = || {
            let fields = self.query.split('&').take(MOST_FIELDS);
            fields.filter_map(|pair| pair.split_once('='))
        };
        values.is_empty()
            || sent().any(|(name, value)| {
                decoded(name).as_ref() == field.as_bytes() && {
                    let value = decoded(value);
                    values.iter().any(|wanted| wanted.as_bytes() == &*value)
                }
            })
    }
}

/// A name or value of a query without its percent-encoding (WHATWG URL, section 5.1). What is no
/// such encoding stands for itself.
fn decoded(text: &str) -> Cow<'_, [u8]> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let (byte, after) = match (first, after) {
            (b'+', after) => (b' ', after),
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => (high * 16 + low, after),
                _ => (b'%', rest.get(1..).unwrap_or_default()),
            },
            (other, after) => (other, after),
        };
        bytes.push(byte);
        rest = after;
    }
    Cow::Owned(bytes)
}

fn digit(letter: u8) -> Option<u8> {
    char::from(letter)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::spec::Moment;

    fn visit<'a>(path: &'a str, query: &'a str) -> Visit<'a> {
        let now = "2026-12-01T12:00:00Z".parse().unwrap();
        let host = None;
        Visit {
            host,
            path,
            query,
            now,
        }
    }

    fn campaign(values: &[&str]) -> VariantSpec {
        VariantSpec {
            campaigns: values.iter().map(|value| (*value).to_owned()).collect(),
            ..VariantSpec::default()
        }
    }

    #[test]
    fn the_first_variant_whose_conditions_are_all_met_is_chosen() {
        let variants = [
            VariantSpec {
                paths: vec!["/sale".to_owned()],
                ..campaign(&["winter"])
            },
            campaign(&["winter", "spring sale"]),
            VariantSpec::default(),
        ];
        let chosen = |path, query| matching(&variants, &visit(path, query));
        assert_eq!(chosen("/sale/shoes", "utm_campaign=winter"), Some(0));
        assert_eq!(chosen("/", "a=b&utm_campaign=winter"), Some(1));
        assert_eq!(chosen("/", "utm_campaign=spring+sale"), Some(1));
        assert_eq!(chosen("/", "utm%5Fcampaign=spring%20sale&gclid=x"), Some(1));
        assert_eq!(chosen("/", "utm_campaign=Winter"), Some(2));
        assert_eq!(matching(&variants[..2], &visit("/", "")), None);
        assert_eq!(matching(&variants[..2], &visit("/", "utm_campaign")), None);
    }

    #[test]
    fn a_path_stands_for_all_below_it_and_not_for_longer_names() {
        let at = |path, prefix| visit(path, "").is_at(prefix);
        assert!(at("/sale", "/sale") && at("/sale/", "/sale") && at("/sale/x", "/sale"));
        assert!(at("/sale/x", "/sale/") && at("/x", "/"));
        assert!(!at("/salesmen", "/sale") && !at("/sale", "/sale/") && !at("/a/sale", "/sale"));
    }

    #[test]
    fn hosts_are_compared_as_sites_are_found() {
        let is_for = |host: &'static str, patterns: &[HostPattern]| {
            let host = HeaderValue::from_static(host);
            let host = Some(&host);
            let visit = Visit {
                host,
                ..visit("/", "")
            };
            visit.is_for(patterns)
        };
        let exact = [HostPattern::Exact("shop.example".to_owned())];
        let below = [HostPattern::Wildcard(".shop.example".to_owned())];
        assert!(is_for("Shop.Example:8080", &exact) && !is_for("x.shop.example", &exact));
        assert!(is_for("x.shop.example", &below) && !is_for("shop.example", &below));
        assert!(!visit("/", "").is_for(&exact) && visit("/", "").is_for(&[]));
    }

    #[test]
    fn a_variant_lasts_from_its_first_moment_to_before_its_last() {
        let moment = |text: &str| {
            Some(Moment {
                at: text.parse().unwrap(),
                offset: jiff::tz::Offset::UTC,
            })
        };
        let lasts = |from, until| {
            let variant = VariantSpec {
                from,
                until,
                ..VariantSpec::default()
            };
            visit("/", "").meets(&variant)
        };
        let (before, now, after) = (
            moment("2026-12-01T11:59:59Z"),
            moment("2026-12-01T12:00:00Z"),
            moment("2026-12-01T12:00:01Z"),
        );
        assert!(lasts(before, after) && lasts(now, after) && lasts(None, after));
        assert!(!lasts(after, None) && !lasts(before, now));
    }

    proptest! {
        #[test]
        fn no_query_panics_and_encoding_changes_nothing(value in "\\PC*", junk in "[%+&=a-f0-9]*") {
            let encoded: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let query = format!("{junk}&utm_campaign={encoded}");
            let variants = [campaign(&[&value])];
            let found = matching(&variants, &visit("/", &query));
            prop_assert!(found.is_some() || junk.matches('&').count() >= MOST_FIELDS - 1);
        }
    }
}
