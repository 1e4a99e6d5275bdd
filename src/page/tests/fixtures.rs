//! Sites to make pages of.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use http::StatusCode;

use super::{PageError, Pages};
use crate::config::spec::{
    ActionSpec, AdmissionSpec, BrandSpec, CauseTextSpec, Color, FallbackSpec, HeadersSpec,
    HostPattern, Language, LinkSpec, LogoSpec, MaintenanceSpec, OwnSpec, PageTextSpec,
    RedirectSpec, RetryAfterSpec, Scheme, SiteSpec, TargetSpec, UpstreamSpec,
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
            languages: Language::ALL.to_vec(),
        },
        retry_after: RetryAfterSpec {
            start: Duration::from_secs(30),
            after_5_minutes: Duration::from_mins(2),
            after_1_hour: Duration::from_mins(10),
        },
        redirect: RedirectSpec::default(),
        hsts: None,
        headers: HeadersSpec::default(),
        admission: AdmissionSpec::default(),
        own: OwnSpec::default(),
        tls: None,
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
        color: Some(Color::new(0x0a, 0x7a, 0x5c)),
        phone: Some("+49 (0)30 1234 56-78".to_owned()),
        email: Some("hallo@blumen-krause.example".to_owned()),
        links: vec![link("Gutscheine per Post", "https://post.example/krause")],
        social: vec![
            link("Instagram", "https://social.example/blumenkrause"),
            link("Pinterest", "https://pins.example/blumenkrause"),
        ],
        chat: Some("https://chat.example/blumenkrause".to_owned()),
        address: Some("Lindenstraße 12\n10969 Berlin".to_owned()),
        hours: Some("Mo–Fr 9–18 Uhr\nSa 9–14 Uhr".to_owned()),
        status_page: Some("https://status.blumen-krause.example".to_owned()),
        ..BrandSpec::default()
    }
}

/// Words with all that they can have.
pub(super) fn own_words() -> PageTextSpec {
    PageTextSpec {
        outage: CauseTextSpec {
            headline: Some("Wir gießen kurz die Blumen".to_owned()),
            message: Some(
                "Unser Laden im Netz macht eine kleine Pause.\nWir sind gleich wieder für Sie da."
                    .to_owned(),
            ),
        },
        still_works: ["Bestellungen am Telefon", "Abholung im Laden"]
            .map(str::to_owned)
            .to_vec(),
        eta: Some("gegen 15 Uhr".to_owned()),
        action: Some(ActionSpec {
            text: "Zum Sommerstrauß".to_owned(),
            url: Some("https://post.example/sommer".to_owned()),
            code: Some("SOMMER10".to_owned()),
        }),
        hours: Some("Mo–Fr 9–18 Uhr\nSa 9–14 Uhr".to_owned()),
        ..PageTextSpec::default()
    }
}
