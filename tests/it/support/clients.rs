//! One request, asked over HTTP/1.1 or HTTP/2, as each kind of client would.

use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;

use super::{
    h1::{self, Response},
    h2,
};

/// The protocol a client speaks to the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    H1,
    H2,
}

impl Protocol {
    pub(crate) const BOTH: [Self; 2] = [Self::H1, Self::H2];

    /// As the access log names it.
    pub(crate) const fn version(self) -> &'static str {
        match self {
            Self::H1 => "1.1",
            Self::H2 => "2",
        }
    }
}

/// What kind of program asks, as its fields tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Navigation,
    Json,
    Text,
    Image,
    Grpc,
    EventStream,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] = [
        Self::Navigation,
        Self::Json,
        Self::Text,
        Self::Image,
        Self::Grpc,
        Self::EventStream,
    ];

    /// What such a client sends.
    pub(crate) const fn fields(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Navigation => &[
                ("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-dest", "document"),
            ],
            Self::Json => &[("accept", "application/json")],
            Self::Text => &[("accept", "text/plain")],
            Self::Image => &[
                ("accept", "image/avif,image/webp,*/*"),
                ("sec-fetch-dest", "image"),
            ],
            Self::Grpc => &[("content-type", "application/grpc"), ("te", "trailers")],
            Self::EventStream => &[("accept", "text/event-stream")],
        }
    }

    /// As whom we answer it. Only a page's EventSource, which only ever reads, would give up for
    /// good on a 503; whoever sends something must not be told 200.
    pub(crate) fn answered_as(self, method: &str) -> Self {
        match self {
            Self::EventStream if !matches!(method, "GET" | "HEAD" | "OPTIONS") => Self::Json,
            kind => kind,
        }
    }

    /// The status of our answer to it.
    pub(crate) const fn status(self) -> u16 {
        match self {
            Self::Navigation | Self::Json | Self::Text | Self::Image => 503,
            Self::Grpc | Self::EventStream => 200,
        }
    }

    /// How the type of our answer to it begins.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Navigation => "text/html",
            Self::Json => "application/problem+json",
            Self::Text => "text/plain",
            Self::Image => "image/",
            Self::Grpc => "application/grpc",
            Self::EventStream => "text/event-stream",
        }
    }
}

/// A request that both protocols can carry.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) host: String,
    pub(crate) target: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Ask {
    pub(crate) fn new(method: &'static str, target: &str) -> Self {
        Self {
            method,
            host: "shop.test".to_owned(),
            target: target.to_owned(),
            fields: Vec::new(),
            body: Bytes::new(),
        }
    }

    pub(crate) fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// As this kind of client asks.
    pub(crate) fn by(mut self, kind: Kind) -> Self {
        for (name, value) in kind.fields() {
            self = self.with(name, value);
        }
        self
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Asks on a connection of its own.
    pub(crate) fn ask(&self, address: SocketAddr, protocol: Protocol) -> Response {
        match protocol {
            Protocol::H1 => self.ask_h1(address),
            Protocol::H2 => h2::Client::connect(address).ask(self.to_h2()),
        }
    }

    fn ask_h1(&self, address: SocketAddr) -> Response {
        let mut client = h1::Client::connect(address);
        client.send(self.h1_head());
        let length = u64::try_from(self.body.len()).expect("a length is a number");
        // Aside: an answer may come before the body is taken.
        let sending = client.send_aside(length, &self.body);
        let response = client.response(self.method == "HEAD");
        client.line.abandon();
        drop(sending.join());
        response
    }

    /// The head as HTTP/1.1 writes it.
    pub(crate) fn h1_head(&self) -> String {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\n",
            self.method, self.target, self.host
        );
        for (name, value) in &self.fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        head + "\r\n"
    }

    /// For [`h2::Client::ask`].
    pub(crate) fn to_h2(&self) -> Request<Bytes> {
        let mut request = Request::builder()
            .method(self.method)
            .uri(format!("http://{}{}", self.host, self.target));
        for (name, value) in &self.fields {
            request = request.header(name, value);
        }
        request
            .body(self.body.clone())
            .expect("a request that HTTP/2 can carry")
    }
}
