//! Other words for some visitors: a page's variants.

use std::collections::BTreeMap;

use super::{HostPattern, Language, Moment, PageTextSpec};

/// One entry of `[[page.variant]]`: for requests that meet all conditions it names. The first that
/// matches is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VariantSpec {
    /// Paths, each with all below it; empty: any.
    pub paths: Vec<String>,
    /// Hosts; empty: any.
    pub hosts: Vec<HostPattern>,
    /// Values of the query's `utm_campaign`, exactly; empty: any.
    pub campaigns: Vec<String>,
    /// Values of the query's `utm_source`, exactly; empty: any.
    pub sources: Vec<String>,
    /// Not before.
    pub from: Option<Moment>,
    /// No longer from then on.
    pub until: Option<Moment>,
    /// The words of [`super::SiteSpec::pages`] with this variant's own in their place.
    pub texts: BTreeMap<Language, PageTextSpec>,
}
