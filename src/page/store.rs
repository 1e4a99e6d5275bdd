//! Where pages wait to be sent. What most visitors of an outage see is made when a site is loaded;
//! the rest at its first use, because all pages of many sites would fill the memory.
//!
//! To look a page up takes no lock. What is made at first use is kept within one budget for the
//! whole process; where that is used up, the pages made at load still answer.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use arc_swap::ArcSwap;
use http::{HeaderMap, HeaderValue, header};
use sha2::{Digest, Sha256};

use super::{
    PageError,
    encoded::{Ready, Rent},
    key::PageKey,
    render::Html,
    source::Source,
    unavailable_head,
};
use crate::{failure::chain, message::preferences::Coding};

/// What all sites' pages that were made at first use may take together.
const BUDGET: usize = 128 * 1024 * 1024;
/// What a page takes beside its body: its head and its place.
const OVERHEAD: usize = 3 * 1024;

type Made = HashMap<(PageKey, Coding), Arc<Ready>>;
type Fingerprint = [u8; 32];

/// What the pages of all sites share. Outlives reloads.
#[derive(Debug)]
pub struct Shelf {
    /// Pages in use, by what is in them: sites that say the same hold the same.
    known: Mutex<HashMap<Fingerprint, Weak<Ready>>>,
    used: Arc<AtomicUsize>,
    budget: usize,
}

/// The pages of one site.
#[derive(Debug)]
pub(super) struct Store {
    source: Source,
    shelf: Arc<Shelf>,
    made: ArcSwap<Made>,
}

impl Default for Shelf {
    fn default() -> Self {
        Self::with_budget(BUDGET)
    }
}

impl Shelf {
    /// With room for so many bytes of pages made at first use.
    pub(super) fn with_budget(budget: usize) -> Self {
        Self {
            known: Mutex::default(),
            used: Arc::default(),
            budget,
        }
    }

    /// Bytes of pages made at first use.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(Relaxed)
    }

    /// Packs a page unless an equal one is packed already.
    fn pack(&self, html: &Html, key: PageKey, coding: Coding) -> Result<Packed, PageError> {
        let fingerprint = fingerprint(html, key, coding);
        if let Some(same) = self.find(&fingerprint) {
            return Ok(Packed::Found(same));
        }
        let head = head(html, key)?;
        let page = Ready::new(&html.text, head, coding)?;
        Ok(Packed::New(fingerprint, page))
    }

    /// Puts a page where sites that say the same find it.
    fn share(&self, fingerprint: Fingerprint, page: Ready) -> Arc<Ready> {
        let page = Arc::new(page);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() == known.capacity() {
            known.retain(|_, page| page.strong_count() > 0);
        }
        match known.get(&fingerprint).and_then(Weak::upgrade) {
            // Somebody else has been faster.
            Some(same) => same,
            None => {
                known.insert(fingerprint, Arc::downgrade(&page));
                page
            }
        }
    }

    fn find(&self, fingerprint: &Fingerprint) -> Option<Arc<Ready>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(fingerprint).and_then(Weak::upgrade)
    }
}

/// A page that is ready, with or without work.
enum Packed {
    Found(Arc<Ready>),
    New(Fingerprint, Ready),
}

impl Store {
    /// Without a page so far.
    pub(super) fn new(source: Source, shelf: &Arc<Shelf>) -> Self {
        Self {
            source,
            shelf: Arc::clone(shelf),
            made: ArcSwap::default(),
        }
    }

    /// Makes the pages to have before anybody asks, as far as they are not made.
    pub(super) fn make_ready(&self) -> Result<(), PageError> {
        let made = self.made.load();
        // What nearly all browsers take.
        let is_made = |key| made.contains_key(&(key, Coding::Br));
        if self.source.keys().all(is_made) {
            return Ok(());
        }
        for (key, html) in self.source.ready()? {
            let page = match self.shelf.pack(&html, key, Coding::Br)? {
                Packed::Found(same) => same,
                Packed::New(fingerprint, page) => self.shelf.share(fingerprint, page),
            };
            self.put(key, Coding::Br, &page);
        }
        Ok(())
    }

    /// A page, made now if it has not been asked for before. `None` when that fails or there is no
    /// room for it.
    pub(super) fn get(&self, key: PageKey, coding: Coding) -> Option<Arc<Ready>> {
        let made = self.made.load();
        if let Some(page) = made.get(&(key, coding)) {
            return Some(Arc::clone(page));
        }
        // Pages made at load may have their other codings: their number does not depend on clients.
        let is_bounded = made.contains_key(&(key, Coding::Br));
        if !is_bounded && self.shelf.used() >= self.shelf.budget {
            return None;
        }
        drop(made);
        match self.make(key, coding) {
            Ok(page) => Some(page),
            Err(error) => {
                // Which no valid spec causes; the client gets plain text.
                tracing::error!(error = chain(&error), "a page cannot be made");
                None
            }
        }
    }

    fn make(&self, key: PageKey, coding: Coding) -> Result<Arc<Ready>, PageError> {
        let html = self.source.page(key)?;
        let page = match self.shelf.pack(&html, key, coding)? {
            Packed::Found(same) => same,
            Packed::New(fingerprint, mut page) => {
                let bytes = page.body.len() + OVERHEAD;
                page.rent = Some(Rent::take(&self.shelf.used, bytes));
                self.shelf.share(fingerprint, page)
            }
        };
        self.put(key, coding, &page);
        Ok(page)
    }

    fn put(&self, key: PageKey, coding: Coding, page: &Arc<Ready>) {
        self.made.rcu(|made| {
            let mut made = Made::clone(made);
            made.insert((key, coding), Arc::clone(page));
            made
        });
    }
}

fn fingerprint(html: &Html, key: PageKey, coding: Coding) -> Fingerprint {
    let coding = match coding {
        Coding::Br => b'b',
        Coding::Gzip => b'g',
        Coding::Identity => b'i',
    };
    let parts = [html.policy.as_bytes(), key.language.tag().as_bytes()];
    let mut hash = Sha256::new();
    hash.update([coding]);
    for part in parts {
        // No policy and no tag has a zero in it.
        hash.update(part);
        hash.update([0]);
    }
    hash.update(&html.text);
    hash.finalize().into()
}

fn head(html: &Html, key: PageKey) -> Result<HeaderMap, PageError> {
    let mut head = unavailable_head(HeaderValue::try_from(html.policy.as_str())?);
    head.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    head.insert(
        header::CONTENT_LANGUAGE,
        HeaderValue::from_static(key.language.tag()),
    );
    Ok(head)
}
