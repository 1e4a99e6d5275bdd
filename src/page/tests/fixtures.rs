//! Sites to make pages of.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use http::StatusCode;

use super::{PageError, Pages};
use crate::config::spec::{
    BrandSpec, Color, FallbackSpec, HeadersSpec, HostPattern, Language, LinkSpec, LogoSpec,
    MaintenanceSpec, RetryAfterSpec, Scheme, SiteSpec, TargetSpec, UpstreamSpec,
};

impl Pages {
    /// Pages that share nothing with others.
    pub(super) fn build(site: &SiteSpec) -> Result<Self, PageError> {
        Self::new(&Arc::new(site.clone()), &Arc::default())
    }
}

/// A site with this brand, and defaults.
pub(super) fn site(brand: BrandSpec) -> SiteSpec {
    SiteSpec {
        name: "shop".to_owned(),
        hosts: vec![HostPattern::Any],
        upstream: UpstreamSpec::new(
            Scheme::Http,
            vec![TargetSpec::new("app:3000".parse().unwrap())],
        ),
        brand,
        pages: BTreeMap::new(),
        variants: Vec::new(),
        maintenance: MaintenanceSpec::default(),
        fallback: FallbackSpec {
            failures: true,
            statuses: vec![StatusCode::BAD_GATEWAY],
            api: false,
            language: Language::En,
        },
        retry_after: RetryAfterSpec {
            start: Duration::from_secs(30),
            after_5_minutes: Duration::from_mins(2),
            after_1_hour: Duration::from_mins(10),
        },
        headers: HeadersSpec::default(),
    }
}

/// A brand with all it can have.
pub(super) fn florist() -> BrandSpec {
    let logo = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 64"><g fill="#0a7a5c"><circle cx="32" cy="16" r="12"/><circle cx="16" cy="32" r="12"/><circle cx="48" cy="32" r="12"/><circle cx="32" cy="48" r="12"/></g><circle cx="32" cy="32" r="9" fill="#f2b134"/><text x="76" y="43" font-family="Georgia,serif" font-size="30" fill="#16332b">Blumen Krause</text></svg>"##;
    let link = |text: &str, url: &str| LinkSpec {
        text: text.to_owned(),
        url: url.to_owned(),
    };
    BrandSpec {
        name: "Blumen Krause".to_owned(),
        logo: Some(LogoSpec {
            media_type: "image/svg+xml",
            bytes: Bytes::from(logo),
        }),
        color: Some(Color {
            r: 0x0a,
            g: 0x7a,
            b: 0x5c,
        }),
        phone: Some("+49 (0)30 1234 56-78".to_owned()),
        email: Some("hallo@blumen-krause.example".to_owned()),
        links: vec![
            link("Status", "https://status.blumen-krause.example"),
            link("Instagram", "https://social.example/blumenkrause"),
        ],
    }
}
