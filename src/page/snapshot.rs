//! A page of the site itself, in place of the built-in one (`fallback.snapshot`). Whoever fetches
//! it puts it here; requests find the last good one, or the built-in page while there is none.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use http::{HeaderValue, StatusCode, header};

use super::{
    PageError, Parts, encoded::Encoded, key::PageKey, submission::Submission, unavailable_head,
};
use crate::{
    markup::{html::language, policy::policy},
    message::preferences::Preferences,
};

/// The last good one, ready to be sent.
#[derive(Debug, Default)]
pub struct Snapshot(ArcSwapOption<Encoded>);

impl Snapshot {
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
        let page = Encoded::new(html, &head)?;
        self.0.store(Some(Arc::new(page)));
        Ok(())
    }

    /// The page for one client. `None` while there is none, and for who sent something: a page of
    /// the site knows nothing of what became of it.
    pub(super) fn answer(&self, key: PageKey, to: &Preferences) -> Option<Parts> {
        let page = self.0.load();
        let page = page.as_ref()?;
        let ready = page.get(to.coding());
        let is_asked_for = key.submission == Submission::Nothing;
        is_asked_for.then(|| {
            (
                StatusCode::SERVICE_UNAVAILABLE,
                ready.head.clone(),
                ready.body.clone(),
            )
        })
    }
}
