//! Validated configuration: plain data that the constructors of live things take.
//!
//! Nothing here is unparsed, optional for want of a default, or without a unit. Two specs that are
//! equal describe the same thing: a reload keeps what is equal.

mod admission;
mod color;
mod fields;
mod language;
mod maintenance;
mod own;
mod page;
mod palette;
mod secret;
mod tls;
mod upstream;
mod variant;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use ipnet::IpNet;

pub use self::{
    admission::{AdmissionSpec, RateSpec},
    color::Color,
    fields::{FieldsSpec, HeadersSpec, HstsSpec, RedirectSpec},
    language::Language,
    maintenance::{MaintenanceSpec, Moment, WindowSpec},
    own::{LegalSpec, LegalText, OwnPage, OwnSpec, SnapshotSpec, TemplateSpec},
    page::{
        ActionSpec, BrandSpec, CauseTextSpec, FallbackSpec, FontSpec, LinkSpec, LogoSpec,
        PageTextSpec, RetryAfterSpec, Theme, Tone,
    },
    palette::{ColorScheme, Palette, Repair},
    secret::Secret,
    tls::{AcmeDirectorySpec, AcmeSpec, IdentityFiles, IdentitySpec, KeySpec, TlsSpec, expiry},
    upstream::{
        BalanceSpec, BreakerSpec, HashKey, HealthSpec, HoldSpec, LimitsSpec, ProbeSpec, RetrySpec,
        Scheme, TargetSpec, TimeoutsSpec, UpstreamSpec, UpstreamTlsSpec,
    },
    variant::VariantSpec,
};

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
    /// Addresses for clients that encrypt. Default: none, or `0.0.0.0:8443` where there is a
    /// `[tls]`.
    pub listen_tls: Vec<SocketAddr>,
    /// Address of health, metrics and administration; `None` when set to `"off"`. Default
    /// `127.0.0.1:9090`.
    pub admin: Option<SocketAddr>,
    /// What has to be shown there for all but health. Without it, only loopback addresses tell
    /// more.
    pub admin_token: Option<Secret>,
    /// Threads that forward requests. Default: the cores available to the container.
    pub workers: NonZeroUsize,
    /// Our name in `Proxy-Status` and, with a suffix of the process's own, in `Via`: an RFC 9110
    /// token. Default `intermission`.
    pub name: String,
    /// Peers whose forwarding fields are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// `proxy_protocol.from`: peers that begin each connection with a PROXY header.
    pub proxy_protocol: Vec<IpNet>,
    /// How long requests in flight may take after a signal to stop. Default 30 s.
    pub drain: Duration,
    /// What is logged and how.
    pub log: LogSpec,
    /// Name servers.
    pub dns: DnsSpec,
    /// Limits of client connections.
    pub clients: ClientsSpec,
    /// What is shown to clients that ask for a name without a certificate of its own, or for none.
    pub tls: Option<IdentitySpec>,
    /// Whom certificates are asked of.
    pub acme: AcmeDirectorySpec,
    /// Where we keep what outlives the process. Default `/var/lib/intermission`.
    pub data: PathBuf,
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
    /// For a TLS handshake. Default 10 s.
    pub handshake_timeout: Duration,
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
    /// Of these, from one address (IPv6: one /64). Default: half of them, at least 1000.
    pub connections_per_address: Option<NonZeroUsize>,
    /// Requests on one connection before it is closed in order; `None`, the default: no limit.
    pub requests_per_connection: Option<NonZeroUsize>,
    /// Streams a client may have open on one HTTP/2 connection. Default 128.
    pub streams: u32,
    /// How long we wait for a request body, all waits together, before its rate counts. Default 20 s.
    pub body_timeout: Duration,
    /// Bytes that buy a request body another second; `None`: any number will do. Default 240.
    pub body_rate: Option<NonZeroU32>,
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
    /// Other words for some visitors, the first that matches before the others.
    pub variants: Vec<VariantSpec>,
    /// When it is taken away on purpose.
    pub maintenance: MaintenanceSpec,
    /// When our answer replaces the origin's.
    pub fallback: FallbackSpec,
    /// What a client may ask of it.
    pub admission: AdmissionSpec,
    /// How long we ask clients to wait.
    pub retry_after: RetryAfterSpec,
    /// Where requests belong that came in another way.
    pub redirect: RedirectSpec,
    /// What browsers are told about coming back encrypted; `None`: nothing.
    pub hsts: Option<HstsSpec>,
    /// Fields that are set and removed on the way to the origin and back.
    pub headers: HeadersSpec,
    /// A page and legal texts of the owner's own.
    pub own: OwnSpec,
    /// What proves its names to clients; `None`: the process's certificate, if there is one.
    pub tls: Option<TlsSpec>,
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
