//! A page of the site itself, in place of the built-in one (`fallback.snapshot`). Whoever fetches
//! it puts it here; requests find the last good one, or the built-in page while there is none.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use http::{HeaderValue, header};

use super::{PageError, packed::Packed, unavailable_head};
use crate::{
    config::spec::{OwnPage, SiteSpec},
    markup::{html::language, policy::policy},
};

/// The last good one, ready to be sent.
#[derive(Debug, Default)]
pub struct Snapshot(ArcSwapOption<Packed>);

impl Snapshot {
    /// Nothing yet; `None` for a site that wants none.
    pub(super) fn of(site: &SiteSpec) -> Option<Arc<Self>> {
        matches!(site.own.page, Some(OwnPage::Snapshot(_))).then(Arc::default)
    }

    /// Shows this page from now on. It has to stand alone. Compresses: not on a worker.
    ///
    /// # Errors
    /// When it does not stand alone or cannot be compressed; the previous one stays.
    pub fn show(&self, html: &str) -> Result<(), PageError> {
        let policy = policy(html).map_err(PageError::Alone)?;
        let mut head = unavailable_head(HeaderValue::try_from(policy)?);
        head.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        if let Some(language) = language(html) {
            head.insert(header::CONTENT_LANGUAGE, HeaderValue::try_from(language)?);
        }
        let page = Packed::new(html, &head)?;
        self.0.store(Some(Arc::new(page)));
        Ok(())
    }

    /// Whether there is one.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.0.load().is_some()
    }

    /// The last good one.
    pub(super) fn get(&self) -> Option<Arc<Packed>> {
        self.0.load_full()
    }
}
