//! Where a site's HTML comes from.

use std::sync::Arc;

use super::{
    PageError,
    custom::Custom,
    key::PageKey,
    render::{Html, Renderer},
};
use crate::config::spec::SiteSpec;

/// What makes the pages of one site: the owner's template, else the built-in page with the owner's
/// brand and words. Pages depend on nothing but the site's spec and their key.
///
/// What rendering needs is set up for each page anew: that is quick, pages are made once, and there
/// may be a thousand sites.
#[derive(Debug)]
pub(super) struct Source(Arc<SiteSpec>);

impl Source {
    pub(super) const fn new(site: Arc<SiteSpec>) -> Self {
        Self(site)
    }

    /// One page.
    ///
    /// # Errors
    /// When the built-in template fails.
    pub(super) fn page(&self, key: PageKey) -> Result<Html, PageError> {
        match Custom::new(&self.0)? {
            Some(custom) => custom.page(key),
            None => Ok(Renderer::new(&self.0)?.page(key)?),
        }
    }

    /// What [`Source::ready`] makes.
    pub(super) fn keys(&self) -> impl Iterator<Item = PageKey> {
        PageKey::ready(&self.0)
    }

    /// The pages to have before anybody asks.
    ///
    /// # Errors
    /// When the built-in template fails.
    pub(super) fn ready(&self) -> Result<Vec<(PageKey, Html)>, PageError> {
        let keys = PageKey::ready(&self.0);
        if let Some(custom) = Custom::new(&self.0)? {
            return keys.map(|key| Ok((key, custom.page(key)?))).collect();
        }
        let renderer = Renderer::new(&self.0)?;
        keys.map(|key| Ok((key, renderer.page(key)?))).collect()
    }
}
