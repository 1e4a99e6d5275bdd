//! The part of a page that brings people back by itself: `templates/until.html`,
//! `templates/return.html` and its script.
//!
//! The script is the same on all pages of all sites, so that one hash in the security policy
//! allows it: what differs, it reads from the page's markup.

use askama::Template;

use super::{
    key::PageKey,
    language::{Notice, Words},
};
use crate::config::spec::Moment;

/// The script, as it stands between its tags.
pub(super) const SCRIPT: &str = include_str!("../../templates/return.js");

/// When maintenance ends, as the markup takes it.
pub(super) struct Until {
    /// For programs.
    pub datetime: String,
    /// For people whose browser runs no scripts.
    pub text: String,
}

impl Until {
    pub(super) fn new(moment: Moment) -> Self {
        Self {
            datetime: moment.rfc3339(),
            text: moment.to_string(),
        }
    }
}

/// Its markup.
#[derive(Template)]
#[template(
    ext = "html",
    source = "{% include \"until.html\" %}\n{% include \"return.html\" %}"
)]
struct ReturnBar<'a> {
    words: &'a Words,
    notice: Option<&'a Notice>,
    until: Option<Until>,
}

/// The part alone, with its script: for pages that are not ours.
///
/// # Errors
/// When the template fails.
pub(super) fn return_bar(key: PageKey, words: &Words) -> Result<String, askama::Error> {
    let bar = ReturnBar {
        words,
        notice: key.submission.notice(words),
        until: key.until.map(Until::new),
    };
    Ok(format!("{}\n<script>{SCRIPT}</script>", bar.render()?))
}
