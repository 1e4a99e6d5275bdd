//! Where a site's HTML comes from.

use std::sync::Arc;

use super::{
    PageError,
    key::PageKey,
    render::{Html, Renderer},
};
use crate::config::spec::SiteSpec;

/// What makes the pages of one site. Pages depend on nothing but the site's spec and their key.
#[derive(Debug)]
pub(super) enum Source {
    /// The built-in page with the owner's brand and words.
    BuiltIn(Arc<SiteSpec>),
}

impl Source {
    /// One page.
    ///
    /// # Errors
    /// When its template fails.
    pub(super) fn page(&self, key: &PageKey) -> Result<Html, PageError> {
        match self {
            Self::BuiltIn(site) => Ok(Renderer::new(site)?.page(*key)?),
        }
    }

    /// The pages to have before anybody asks.
    ///
    /// # Errors
    /// When a template fails.
    pub(super) fn ready(&self) -> Result<Vec<(PageKey, Html)>, PageError> {
        match self {
            Self::BuiltIn(site) => {
                let renderer = Renderer::new(site)?;
                PageKey::ready(site)
                    .map(|key| Ok((key, renderer.page(key)?)))
                    .collect()
            }
        }
    }
}
