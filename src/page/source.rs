//! Where a site's HTML comes from.

use std::sync::Arc;

use super::{
    PageError,
    custom::Custom,
    key::PageKey,
    render::{Html, Renderer},
};
use crate::config::spec::{OwnPage, SiteSpec, TemplateSpec};

/// What makes the pages of one site. Pages depend on nothing but the site's spec and their key.
#[derive(Debug)]
pub(super) enum Source {
    /// The built-in page with the owner's brand and words.
    BuiltIn(Arc<SiteSpec>),
    /// The owner's template.
    Custom(Arc<SiteSpec>, Arc<TemplateSpec>),
}

impl Source {
    /// As the site says.
    pub(super) fn of(site: &Arc<SiteSpec>) -> Self {
        match &site.own.page {
            Some(OwnPage::Template(template)) => {
                Self::Custom(Arc::clone(site), Arc::clone(template))
            }
            // A snapshot stands in for some of these pages, and for none until it is taken.
            Some(OwnPage::Snapshot(_)) | None => Self::BuiltIn(Arc::clone(site)),
        }
    }

    /// One page.
    ///
    /// # Errors
    /// When its template fails.
    pub(super) fn page(&self, key: &PageKey) -> Result<Html, PageError> {
        match self {
            Self::BuiltIn(site) => Ok(Renderer::new(site)?.page(*key)?),
            Self::Custom(site, template) => Custom::new(site, template)?.page(*key),
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
            Self::Custom(site, template) => {
                let custom = Custom::new(site, template)?;
                PageKey::ready(site)
                    .map(|key| Ok((key, custom.page(key)?)))
                    .collect()
            }
        }
    }
}
