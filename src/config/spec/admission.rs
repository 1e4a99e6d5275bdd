//! What clients may ask of one site: the keys of `[limits]` that are answered with 413 and 429.

use std::{num::NonZeroU32, time::Duration};

/// `limits.body` and `[limits.rate]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AdmissionSpec {
    /// Bytes of a request body; `None`, the default: any number.
    pub body: Option<u64>,
    /// Requests per client address; `None`, the default: any number.
    pub rate: Option<RateSpec>,
}

/// `[limits.rate]`: a bucket of tokens for each client address (IPv6: for each /64).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateSpec {
    /// Tokens that are added in each `per`.
    pub requests: NonZeroU32,
    /// Default 1 s.
    pub per: Duration,
    /// Tokens that the bucket holds. Default: `requests`.
    pub burst: NonZeroU32,
}

impl RateSpec {
    /// How long it takes until there is one more token.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.per / self.requests.get()
    }
}
