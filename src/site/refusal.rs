//! Short answers of our own to requests that are not forwarded, whatever the origin does.

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode, Version,
    header::{
        ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
    },
};

use super::Body;
use crate::message::body::Fixed;

const METHODS: HeaderValue =
    HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
const READING: HeaderValue = HeaderValue::from_static("GET, HEAD");

/// Why a request is answered here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No host, several, or not a host (RFC 9112 section 3.2).
    Host,
    /// A target that no origin could be asked for.
    Target,
    /// A target that is longer than we read.
    TargetTooLong,
    /// A request body that broke off or is not framed as HTTP.
    Body,
    /// A request body of which nothing more came in time.
    BodyTimeout,
    /// CONNECT and TRACE.
    Method,
    /// A transfer coding other than chunked (RFC 9112 section 6.1).
    Coding,
    /// A question about the proxy itself: `OPTIONS *`.
    Options,
    /// A host that no site claims. HTTP/2 clients put several hosts on one connection, so there
    /// the answer is 421: try another connection (RFC 9110 section 15.5.20). Elsewhere it is 404.
    Unclaimed,
    /// A reserved path behind which there is nothing.
    Reserved,
    /// A reserved path that can only be read.
    ReadOnly,
}

/// What the shape of a refusal depends on.
#[derive(Debug, Clone, Copy)]
pub struct Addressee {
    version: Version,
    is_head: bool,
}

impl Addressee {
    /// Who sent this request.
    #[must_use]
    pub fn of<B>(request: &Request<B>) -> Self {
        Self {
            version: request.version(),
            is_head: *request.method() == Method::HEAD,
        }
    }
}

impl Refusal {
    /// The answer to a request. After what is not quite HTTP, the connection is not
    /// trusted any further (RFC 9112 section 3.2 and 6.3); HTTP/2 frames each stream by itself.
    #[must_use]
    pub fn response(self, to: Addressee) -> Response<Body> {
        let text = self.text();
        let body = if to.is_head {
            Fixed::empty()
        } else {
            Fixed::new(Bytes::from_static(text.as_bytes()))
        };
        let mut response = Response::new(Body::Page(body));
        *response.status_mut() = self.status(to.version);
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        headers.insert(CONTENT_LENGTH, HeaderValue::from(text.len()));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if to.version < Version::HTTP_2 && self.is_faulty() {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        match self {
            Self::Method | Self::Options => drop(headers.insert(ALLOW, METHODS)),
            Self::ReadOnly => drop(headers.insert(ALLOW, READING)),
            _ => {}
        }
        response
    }

    fn is_faulty(self) -> bool {
        match self {
            Self::Host
            | Self::Target
            | Self::TargetTooLong
            | Self::Body
            | Self::BodyTimeout
            | Self::Coding
            // What follows a CONNECT may be meant for the tunnel that there is not.
            | Self::Method => true,
            Self::Options | Self::Unclaimed | Self::Reserved | Self::ReadOnly => {
                false
            }
        }
    }

    fn status(self, version: Version) -> StatusCode {
        match self {
            Self::Host | Self::Target | Self::Body => StatusCode::BAD_REQUEST,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            Self::Method | Self::ReadOnly => StatusCode::METHOD_NOT_ALLOWED,
            Self::Coding => StatusCode::NOT_IMPLEMENTED,
            Self::Options => StatusCode::OK,
            Self::Unclaimed if version == Version::HTTP_2 => StatusCode::MISDIRECTED_REQUEST,
            Self::Unclaimed | Self::Reserved => StatusCode::NOT_FOUND,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Host => "The host is missing or not valid.\n",
            Self::Target => "The request target is not valid.\n",
            Self::TargetTooLong => "The request target is too long.\n",
            Self::Body => "The request body is not valid.\n",
            Self::BodyTimeout => "The request body took too long.\n",
            Self::Method | Self::ReadOnly => "This method is not allowed here.\n",
            Self::Coding => "This transfer coding is not supported.\n",
            Self::Options => "",
            Self::Unclaimed => "No site is configured for this host.\n",
            Self::Reserved => "There is nothing here.\n",
        }
    }
}
