//! Requests that belong to another address of the same site are sent there (step 7 of the
//! request's way): whether the origin is well or not, and before the gate.
//!
//! The status is 308, not 301: after 301 many clients turn a POST into a GET (RFC 9110 section
//! 15.4.2), and search engines take both for permanent.

use std::{
    borrow::Cow,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Response, StatusCode, Uri,
    header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, X_CONTENT_TYPE_OPTIONS},
};

use super::{Asked, Body};
use crate::{
    config::spec::RedirectSpec,
    message::{
        body::Fixed,
        host::{port, site_name},
        scheme::claim,
    },
    telemetry::record::Outcome,
};

/// Where authorities look to see who a host belongs to (RFC 8555 section 8.3): without encryption,
/// and at that very host.
const CHALLENGES: &str = "/.well-known/acme-challenge/";

/// The usual port of https.
const HTTPS: u16 = 443;

const TEXT: &str = "This is elsewhere: see the Location field.\n";

/// What a site has for it.
#[derive(Debug)]
pub(super) struct Redirect {
    spec: RedirectSpec,
    /// Whether a peer that is not trusted has been doubted in the log.
    has_doubted: AtomicBool,
}

impl Redirect {
    /// `None` for a site that sends nobody elsewhere.
    pub(super) fn new(spec: &RedirectSpec) -> Option<Self> {
        (*spec != RedirectSpec::default()).then(|| Self {
            spec: spec.clone(),
            has_doubted: AtomicBool::new(false),
        })
    }

    /// The answer to a request that belongs elsewhere, in one step whatever is wrong with its
    /// address.
    pub(super) fn answer(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
        asked: &Asked,
    ) -> Option<Response<Body>> {
        if uri.path().starts_with(CHALLENGES) {
            return None;
        }
        let location = location(&self.spec, uri, asked.host.as_ref(), asked.is_encrypted)?;
        if self.spec.https.is_some() && !asked.is_encrypted && claim(headers) == Some(true) {
            self.doubt(asked);
        }
        asked.record.answered_by(Outcome::Redirect);
        Some(response(location, asked.preferences.is_head()))
    }

    /// Says once that a peer's word is not taken.
    fn doubt(&self, asked: &Asked) {
        if !self.has_doubted.swap(true, Relaxed) {
            tracing::warn!(
                site = asked.site.name(),
                peer = %asked.connection.client(),
                "a peer says that the client came encrypted, and is not in `trusted_proxies`; the \
                 client is sent to https all the same, and for ever if that peer is the proxy that \
                 decrypts. List it there if it is yours"
            );
        }
    }
}

/// The right address of a request that has come to a wrong one. Its path and query stay as they
/// are.
fn location(
    spec: &RedirectSpec,
    uri: &Uri,
    host: Option<&HeaderValue>,
    is_encrypted: bool,
) -> Option<HeaderValue> {
    let name = host.map(site_name);
    let upgrade = spec.https.filter(|_| !is_encrypted);
    let canonical = spec.host.as_deref();
    let is_there = canonical.is_none_or(|canonical| name.as_deref() == Some(canonical));
    if upgrade.is_none() && is_there {
        return None;
    }
    // A client of HTTP/1.0 that names no host can only be sent to the one that is set.
    let name = canonical.map(Cow::Borrowed).or(name)?;
    let port = match upgrade {
        Some(port) => Some(port.get()).filter(|port| *port != HTTPS),
        None => host.and_then(port),
    };
    let port = port.map_or_else(String::new, |port| format!(":{port}"));
    let scheme = if upgrade.is_some() || is_encrypted {
        "https"
    } else {
        "http"
    };
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let slash = if target.starts_with('/') { "" } else { "/" };
    let address = format!("{scheme}://{name}{port}{slash}{target}");
    HeaderValue::from_maybe_shared(Bytes::from(address)).ok()
}

/// Kept by the browser that asked, for an hour: what was a mistake ends. Caches between would give
/// it to clients that came another way.
fn response(location: HeaderValue, is_head: bool) -> Response<Body> {
    let body = if is_head {
        Fixed::empty()
    } else {
        Fixed::new(Bytes::from_static(TEXT.as_bytes()))
    };
    let mut response = Response::new(Body::Page(body));
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().extend([
        (LOCATION, location),
        (
            CACHE_CONTROL,
            HeaderValue::from_static("private, max-age=3600"),
        ),
        (CONTENT_TYPE, plain),
        (CONTENT_LENGTH, HeaderValue::from(TEXT.len())),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ]);
    response
}

#[cfg(test)]
mod tests;
