//! What is done to the heads of a site's messages, and where requests are sent instead.

use std::{num::NonZeroU16, time::Duration};

use http::{HeaderName, HeaderValue};

/// `[redirect]`: the one address a site has, in place of several.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RedirectSpec {
    /// The port of encrypted requests, where unencrypted ones are sent there; `None`: they are
    /// served. Default 443.
    pub https: Option<NonZeroU16>,
    /// The host that requests for all other hosts of the site are sent to, in lower case.
    pub host: Option<String>,
}

/// `[hsts]`: what `Strict-Transport-Security` says (RFC 6797).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HstsSpec {
    /// How long browsers come back encrypted only. Whole seconds; 0: no longer.
    pub max_age: Duration,
    /// Whether that holds for all names below this one. Default false.
    pub include_subdomains: bool,
    /// Whether browsers may be shipped with it. Default false.
    pub preload: bool,
}

/// `[headers]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeadersSpec {
    /// `host`: sent to the origin instead of the client's.
    pub host: Option<HeaderValue>,
    /// On the way to the origin; `None`: nothing.
    pub request: Option<FieldsSpec>,
    /// On the way to the client; `None`: nothing.
    pub response: Option<FieldsSpec>,
}

/// `[headers.request]` and `[headers.response]`. No field is in both lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldsSpec {
    /// Fields with their only value.
    pub set: Vec<(HeaderName, HeaderValue)>,
    /// Fields that are taken away.
    pub remove: Vec<HeaderName>,
}
