//! Validated configuration: plain data that the constructors of live things take.
//!
//! Nothing here is unparsed, optional for want of a default, or without a unit. Two specs that are
//! equal describe the same thing: a reload keeps what is equal.

use std::{collections::BTreeMap, net::SocketAddr, num::NonZeroUsize, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, StatusCode, uri::Authority};
use ipnet::IpNet;
use rustls::pki_types::CertificateDer;

/// Everything one process runs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// What holds for the whole process.
    pub process: ProcessSpec,
    /// The sites, in the order of their file names.
    pub sites: Vec<Arc<SiteSpec>>,
}

/// `intermission.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessSpec {
    /// Addresses for clients. Default `0.0.0.0:8080`.
    pub listen: Vec<SocketAddr>,
    /// Address of health, metrics and administration; `None` when set to `"off"`. Default
    /// `127.0.0.1:9090`.
    pub admin: Option<SocketAddr>,
    /// Threads that forward requests. Default: the cores available to the container.
    pub workers: NonZeroUsize,
    /// Our name in `Proxy-Status` and, with a suffix of the process's own, in `Via`: an RFC 9110
    /// token. Default `intermission`.
    pub name: String,
    /// Peers whose forwarding fields are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How long requests in flight may take after a signal to stop. Default 30 s.
    pub drain: Duration,
    /// What is logged and how.
    pub log: LogSpec,
    /// Name servers.
    pub dns: DnsSpec,
    /// Limits of client connections.
    pub clients: ClientsSpec,
}

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSpec {
    /// One line per request on standard output. Default JSON.
    pub access: AccessLogFormat,
    /// The process's own messages on standard error. Default JSON.
    pub format: LogFormat,
    /// The least level that is logged. Default info.
    pub level: tracing::Level,
}

/// How the access log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessLogFormat {
    /// One JSON object a line, with OpenTelemetry's HTTP names.
    Json,
    /// One readable line.
    Text,
    /// Nothing.
    Off,
}

/// How the process's own log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// Readable lines.
    Text,
}

/// `[dns]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsSpec {
    /// Name servers; empty: those of the system.
    pub servers: Vec<SocketAddr>,
    /// How long a look-up may take. Default 2 s.
    pub timeout: Duration,
}

/// `[clients]`: what a client connection may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientsSpec {
    /// From the first byte of a request head to its end. Default 10 s.
    pub head_timeout: Duration,
    /// A kept connection without a request. Default 75 s.
    pub idle_timeout: Duration,
    /// Bytes of a request head (RFC 9112 section 3: at least 8000). Default 64 KiB.
    pub head_size: usize,
    /// Fields of a request head. Default 100.
    pub head_fields: usize,
    /// Connections at once. Default: what the limit of open files allows, less what we need.
    pub connections: Option<NonZeroUsize>,
}

/// `sites/NAME.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteSpec {
    /// The file's name without its ending: the `site` label.
    pub name: String,
    /// The hosts this site answers for.
    pub hosts: Vec<HostPattern>,
    /// Where its origin is.
    pub upstream: UpstreamSpec,
    /// Whose page it is.
    pub brand: BrandSpec,
    /// The owner's own words, by language.
    pub pages: BTreeMap<Language, PageTextSpec>,
    /// When our answer replaces the origin's.
    pub fallback: FallbackSpec,
    /// How long we ask clients to wait.
    pub retry_after: RetryAfterSpec,
    /// Fields that are set on the way to the origin.
    pub headers: HeadersSpec,
}

/// One entry of `hosts`. Names are lower case, without a port and without a final dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// `shop.example`
    Exact(String),
    /// `*.shop.example`: the part after the star, with its dot. Matches any number of labels.
    Wildcard(String),
    /// `*`
    Any,
}

/// `upstream`, `[timeouts]`, `[retry]`, `[limits]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamSpec {
    /// Plain or encrypted.
    pub scheme: Scheme,
    /// Host and port as written, the port always present.
    pub authority: Authority,
    /// Certificates that sign the upstream's; empty: the usual public authorities.
    pub ca: Vec<CertificateDer<'static>>,
    /// The clocks of an attempt.
    pub timeouts: TimeoutsSpec,
    /// Attempts in all, at least 1. Default 2.
    pub attempts: NonZeroUsize,
    /// Connections to one endpoint, over all workers. Default 1024.
    pub connections: NonZeroUsize,
    /// How long an unused connection is kept. Default 60 s.
    pub idle_timeout: Duration,
}

/// How the upstream is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Cleartext HTTP/1.1.
    Http,
    /// HTTP/1.1 over TLS.
    Https,
}

/// `[timeouts]`: the four clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeoutsSpec {
    /// TCP and TLS handshake. Default 3 s.
    pub connect: Duration,
    /// From the flushed request to the end of the response head. Default 15 s.
    pub first_byte: Duration,
    /// Between two pieces of a body, and for the upstream to take some of ours. Default 30 s.
    pub between_bytes: Duration,
    /// All attempts together, once there is more than one. Default 8 s.
    pub total: Duration,
}

/// `[brand]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BrandSpec {
    /// The site's name. Empty: the page speaks of "this site".
    pub name: String,
    /// The logo, inlined.
    pub logo: Option<LogoSpec>,
    /// The main colour.
    pub color: Option<Color>,
    /// Shown and linked with `tel:`.
    pub phone: Option<String>,
    /// Shown and linked with `mailto:`.
    pub email: Option<String>,
    /// What still works elsewhere: status page, social networks.
    pub links: Vec<LinkSpec>,
}

/// A logo as it is inlined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoSpec {
    /// `image/svg+xml`, `image/png` or `image/webp`.
    pub media_type: &'static str,
    /// The file's bytes.
    pub bytes: Bytes,
}

/// An sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color {
    /// Red.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
}

/// A link on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkSpec {
    /// What is read.
    pub text: String,
    /// Where it goes: `https:`, `http:`, `tel:` or `mailto:`.
    pub url: String,
}

/// Languages with built-in texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// German.
    De,
    /// English.
    En,
}

/// `[page.LANG]`: the owner's words in place of the built-in ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PageTextSpec {
    /// The heading.
    pub headline: Option<String>,
    /// The paragraph below it.
    pub message: Option<String>,
}

/// `[fallback]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FallbackSpec {
    /// `failures`: whether the branded page is shown when the proxy got no answer; otherwise a
    /// plain short 503. Default true.
    pub failures: bool,
    /// `statuses`: answers of the application that are replaced. Default 502, 503, 504.
    pub statuses: Vec<StatusCode>,
    /// `api`: whether JSON and gRPC answers with those statuses are replaced too. Default false.
    pub api: bool,
    /// `language`: the page's language when the client names none that we have.
    pub language: Language,
}

/// `[retry_after]`: grows with the age of the outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfterSpec {
    /// Default 30 s.
    pub start: Duration,
    /// Default 120 s.
    pub after_5_minutes: Duration,
    /// Default 600 s.
    pub after_1_hour: Duration,
}

/// `[headers]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeadersSpec {
    /// `host`: sent to the origin instead of the client's.
    pub host: Option<HeaderValue>,
}
