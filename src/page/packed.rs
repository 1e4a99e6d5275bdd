//! A page in every content coding, for pages that are few and known when they are made.

use std::io;

use http::HeaderMap;

use super::encoded::Ready;
use crate::message::preferences::Coding;

/// One page.
#[derive(Debug)]
pub(super) struct Packed {
    br: Ready,
    gzip: Ready,
    identity: Ready,
}

impl Packed {
    /// Packs it. `head` is the one it has without a coding.
    pub(super) fn new(page: &str, head: &HeaderMap) -> io::Result<Self> {
        let ready = |coding| Ready::new(page, head.clone(), coding);
        Ok(Self {
            br: ready(Coding::Br)?,
            gzip: ready(Coding::Gzip)?,
            identity: ready(Coding::Identity)?,
        })
    }

    /// In one coding.
    pub(super) const fn get(&self, coding: Coding) -> &Ready {
        match coding {
            Coding::Br => &self.br,
            Coding::Gzip => &self.gzip,
            Coding::Identity => &self.identity,
        }
    }
}
