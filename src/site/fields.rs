//! What a site does to the head of every answer, the origin's and ours: the owner's own fields,
//! and `Strict-Transport-Security` (RFC 6797). The last thing on the way back through a site.

use http::{HeaderMap, HeaderName, HeaderValue, header::STRICT_TRANSPORT_SECURITY};

use crate::{
    config::spec::{FieldsSpec, HstsSpec, SiteSpec},
    message::fields::edit,
};

/// Fields that say what an answer of ours is. An owner's value is about the application's answers,
/// and here would make browsers, caches and search engines take the page for something else.
const OURS: [&str; 27] = [
    "accept-ranges",
    "age",
    "allow",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-location",
    "content-range",
    "content-security-policy",
    "content-type",
    "etag",
    "expires",
    "grpc-message",
    "grpc-retry-pushback-ms",
    "grpc-status",
    "last-modified",
    "link",
    "location",
    "pragma",
    "proxy-status",
    "refresh",
    "retry-after",
    "set-cookie",
    "vary",
    "x-request-id",
    "x-robots-tag",
];

/// What is done to the heads of a site's answers.
#[derive(Debug)]
pub(super) struct AnswerFields {
    /// To the origin's.
    forwarded: Option<FieldsSpec>,
    /// To ours: fields that are added where they are missing.
    own: Vec<(HeaderName, HeaderValue)>,
    hsts: Option<HeaderValue>,
}

/// Whose answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Origin,
    Us,
}

impl AnswerFields {
    /// `None` for a site whose answers are left as they are.
    pub(super) fn new(spec: &SiteSpec) -> Option<Self> {
        let forwarded = spec.headers.response.clone();
        if forwarded.is_none() && spec.hsts.is_none() {
            return None;
        }
        let set = forwarded.iter().flat_map(|fields| &fields.set);
        let own = set.filter(|(name, _)| !OURS.contains(&name.as_str()));
        Some(Self {
            own: own.cloned().collect(),
            forwarded,
            hsts: spec.hsts.as_ref().map(hsts),
        })
    }

    /// Does it to one.
    pub(super) fn apply(&self, headers: &mut HeaderMap, by: By, is_encrypted: bool) {
        match by {
            By::Origin => {
                if let Some(fields) = &self.forwarded {
                    edit(headers, fields);
                }
            }
            By::Us => {
                for (name, value) in &self.own {
                    headers.entry(name).or_insert_with(|| value.clone());
                }
            }
        }
        match &self.hsts {
            Some(hsts) if is_encrypted => {
                headers.insert(STRICT_TRANSPORT_SECURITY, hsts.clone());
            }
            // Not to be sent without encryption (RFC 6797 section 7.2).
            Some(_) => drop(headers.remove(STRICT_TRANSPORT_SECURITY)),
            None => {}
        }
    }
}

/// The field's value (RFC 6797 section 6.1).
fn hsts(spec: &HstsSpec) -> HeaderValue {
    let mut text = format!("max-age={}", spec.max_age.as_secs());
    for (is_on, directive) in [
        (spec.include_subdomains, "; includeSubDomains"),
        (spec.preload, "; preload"),
    ] {
        if is_on {
            text.push_str(directive);
        }
    }
    HeaderValue::try_from(text).expect("a number and fixed words are a valid field value")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_value_says_what_is_configured() {
        let year = Duration::from_secs(31_536_000);
        for (include_subdomains, preload, wanted) in [
            (false, false, "max-age=31536000"),
            (true, false, "max-age=31536000; includeSubDomains"),
            (true, true, "max-age=31536000; includeSubDomains; preload"),
        ] {
            let spec = HstsSpec {
                max_age: year,
                include_subdomains,
                preload,
            };
            assert_eq!(hsts(&spec), wanted);
        }
    }
}
