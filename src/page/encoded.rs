//! A page in each content coding, with its head: made at load, only referred to afterwards.

use std::io::{self, Read, Write};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderValue, header};

use crate::message::preferences::Coding;

/// One page, ready to be sent in any coding.
#[derive(Debug)]
pub(super) struct Encoded {
    br: Ready,
    gzip: Ready,
    identity: Ready,
}

/// A head and a body that belong together.
#[derive(Debug)]
pub(super) struct Ready {
    /// Complete but for what changes with each answer.
    pub head: HeaderMap,
    /// Shared by all answers.
    pub body: Bytes,
}

impl Encoded {
    /// Compresses as far as possible: it happens once.
    pub(super) fn new(page: String, head: &HeaderMap) -> io::Result<Self> {
        let ready = |body: Vec<u8>, coding: Option<&'static str>| {
            let mut head = head.clone();
            if let Some(coding) = coding {
                head.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
            }
            head.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
            Ready {
                head,
                body: Bytes::from(body),
            }
        };
        Ok(Self {
            br: ready(brotli(page.as_bytes())?, Some("br")),
            gzip: ready(gzip(page.as_bytes())?, Some("gzip")),
            identity: ready(page.into_bytes(), None),
        })
    }

    /// The page in one coding.
    pub(super) const fn get(&self, coding: Coding) -> &Ready {
        match coding {
            Coding::Br => &self.br,
            Coding::Gzip => &self.gzip,
            Coding::Identity => &self.identity,
        }
    }
}

fn brotli(page: &[u8]) -> io::Result<Vec<u8>> {
    const BUFFER: usize = 4096;
    const QUALITY: u32 = 11;
    // A window of 64 KiB: pages are smaller, and it is much cheaper to set up.
    const WINDOW_BITS: u32 = 16;
    let mut packed = Vec::new();
    brotli::CompressorReader::new(page, BUFFER, QUALITY, WINDOW_BITS).read_to_end(&mut packed)?;
    Ok(packed)
}

fn gzip(page: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(page)?;
    encoder.finish()
}
