//! What an answer of ours may depend on, taken from a request before the request is sent away.
//!
//! Taking it runs on every request, healthy ones too, so it only copies references. Reading it
//! runs only when we answer.

pub(in crate::message) mod weighted;

use http::{HeaderMap, HeaderValue, Method, Uri, uri::PathAndQuery};

use super::client_kind::{ClientKind, Evidence};
use crate::config::spec::Language;

/// The parts of a request that decide the shape of our answer. Where a field is repeated, its
/// first line counts.
#[derive(Debug, Clone)]
pub struct Preferences {
    method: Method,
    target: Option<PathAndQuery>,
    accept: Option<HeaderValue>,
    accept_encoding: Option<HeaderValue>,
    accept_language: Option<HeaderValue>,
    content_type: Option<HeaderValue>,
    fetch_dest: Option<HeaderValue>,
    fetch_mode: Option<HeaderValue>,
    upgrade: Option<HeaderValue>,
}

/// The content codings that pages are kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coding {
    /// Brotli.
    Br,
    /// Gzip.
    Gzip,
    /// None.
    Identity,
}

impl Preferences {
    /// Keeps references to what an answer may need. Neither parses nor allocates.
    #[must_use]
    pub fn capture(method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        let mut this = Self {
            method: method.clone(),
            target: uri.path_and_query().cloned(),
            accept: None,
            accept_encoding: None,
            accept_language: None,
            content_type: None,
            fetch_dest: None,
            fetch_mode: None,
            upgrade: None,
        };
        for (name, value) in headers {
            let kept = match name.as_str() {
                "accept" => &mut this.accept,
                "accept-encoding" => &mut this.accept_encoding,
                "accept-language" => &mut this.accept_language,
                "content-type" => &mut this.content_type,
                "sec-fetch-dest" => &mut this.fetch_dest,
                "sec-fetch-mode" => &mut this.fetch_mode,
                "upgrade" => &mut this.upgrade,
                _ => continue,
            };
            if kept.is_none() {
                *kept = Some(value.clone());
            }
        }
        this
    }

    /// What kind of client asked.
    #[must_use]
    pub fn client_kind(&self) -> ClientKind {
        fn bytes(field: Option<&HeaderValue>) -> Option<&[u8]> {
            field.map(HeaderValue::as_bytes)
        }
        ClientKind::of(&Evidence {
            method: &self.method,
            path: self.path(),
            accept: bytes(self.accept.as_ref()),
            content_type: bytes(self.content_type.as_ref()),
            fetch_dest: bytes(self.fetch_dest.as_ref()),
            fetch_mode: bytes(self.fetch_mode.as_ref()),
            upgrade: bytes(self.upgrade.as_ref()),
        })
    }

    /// The language to answer in: the heaviest of `available` that the client names, the first
    /// named among equals, `default` when it names none of them.
    #[must_use]
    pub fn language(&self, available: &[Language], default: Language) -> Language {
        let Some(field) = &self.accept_language else {
            return default;
        };
        let wishes = Wishes::read(field.as_bytes());
        let mut best = (default, 0, usize::MAX);
        // The default comes first, so that a star, which says nothing of order, means it.
        for language in std::iter::once(&default).chain(available) {
            let (weight, place) = wishes.of(*language);
            if weight > best.1 || (weight == best.1 && weight > 0 && place < best.2) {
                best = (*language, weight, place);
            }
        }
        best.0
    }

    /// The coding to answer in: the heaviest that the client names, Brotli before gzip among
    /// equals. No coding when the client names none, as old clients do.
    #[must_use]
    pub fn coding(&self) -> Coding {
        let field = self
            .accept_encoding
            .as_ref()
            .map_or(&b""[..], HeaderValue::as_bytes);
        let (mut br, mut gzip, mut identity, mut star) = (None, None, None, None);
        for (name, weight) in weighted::items(field) {
            let is = |coding: &str| name.eq_ignore_ascii_case(coding.as_bytes());
            let named = if is("br") {
                &mut br
            } else if is("gzip") || is("x-gzip") {
                &mut gzip
            } else if is("identity") {
                &mut identity
            } else if is("*") {
                &mut star
            } else {
                continue;
            };
            *named = Some(weight);
        }
        let (br, gzip) = (br.or(star).unwrap_or(0), gzip.or(star).unwrap_or(0));
        let identity = identity.unwrap_or(0);
        if br > 0 && br >= gzip && br >= identity {
            Coding::Br
        } else if gzip > 0 && gzip >= identity {
            Coding::Gzip
        } else {
            Coding::Identity
        }
    }

    /// The request's method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Whether the answer must have no body.
    #[must_use]
    pub fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    /// Whether the request only asks for something (RFC 9110 section 9.2.1).
    #[must_use]
    pub fn is_safe(&self) -> bool {
        self.method.is_safe()
    }

    /// The path of the request's target, without its query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.as_ref().map_or("/", PathAndQuery::path)
    }

    /// The query of the request's target; empty without one.
    #[must_use]
    pub fn query(&self) -> &str {
        self.target
            .as_ref()
            .and_then(PathAndQuery::query)
            .unwrap_or_default()
    }

    /// The media type of the request's body, as the client wrote it.
    #[must_use]
    pub fn content_type(&self) -> Option<&HeaderValue> {
        self.content_type.as_ref()
    }
}

/// How much something is wanted, and at which place of the list.
type Wish = (weighted::Weight, usize);

/// What an `Accept-Language` says of each language we have, read once however long it is.
struct Wishes {
    named: [(Language, Option<Wish>); Language::ALL.len()],
    /// What stands for all languages that the list does not name.
    star: Option<Wish>,
}

impl Wishes {
    fn read(field: &[u8]) -> Self {
        let mut wishes = Self {
            named: Language::ALL.map(|language| (language, None)),
            star: None,
        };
        for (place, (range, weight)) in weighted::items(field).enumerate() {
            if range == b"*" {
                wishes.star = wishes.star.or(Some((weight, usize::MAX)));
            } else if let Some(language) = Language::serving(range) {
                wishes.add(language, (weight, place));
            }
        }
        wishes
    }

    /// Of several ranges that one language serves, as `de-AT` and `de`, the heaviest counts.
    fn add(&mut self, language: Language, wish: Wish) {
        let mut named = self.named.iter_mut();
        if let Some((_, before)) = named.find(|(known, _)| *known == language)
            && before.is_none_or(|(heaviest, _)| wish.0 > heaviest)
        {
            *before = Some(wish);
        }
    }

    fn of(&self, language: Language) -> Wish {
        let mut named = self.named.iter();
        let named = named.find(|(known, _)| *known == language);
        let named = named.and_then(|(_, wish)| *wish);
        named.or(self.star).unwrap_or((0, usize::MAX))
    }
}

#[cfg(test)]
mod tests;
