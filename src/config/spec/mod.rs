//! Validated configuration: plain data that the constructors of live things take.
//!
//! Nothing here is unparsed, optional for want of a default, or without a unit. Two specs that are
//! equal describe the same thing: a reload keeps what is equal.

mod color;
mod language;
mod maintenance;
mod own;
mod page;
mod palette;
mod secret;
mod upstream;
mod variant;

use std::{
    collections::BTreeMap, net::SocketAddr, num::NonZeroUsize, path::PathBuf, sync::Arc,
    time::Duration,
};

use http::HeaderValue;
use ipnet::IpNet;

pub use self::{
    color::Color,
    language::Language,
    maintenance::{MaintenanceSpec, Moment, WindowSpec},
    own::{LegalSpec, LegalText, OwnPage, OwnSpec, SnapshotSpec, TemplateSpec},
    page::{
        ActionSpec, BrandSpec, CauseTextSpec, FallbackSpec, FontSpec, LinkSpec, LogoSpec,
        PageTextSpec, RetryAfterSpec, Theme, Tone,
    },
    palette::{ColorScheme, Palette, Repair},
    secret::Secret,
    upstream::{
        BalanceSpec, BreakerSpec, HashKey, HealthSpec, HoldSpec, LimitsSpec, ProbeSpec, RetrySpec,
        Scheme, TargetSpec, TimeoutsSpec, UpstreamSpec,
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
    /// How long requests in flight may take after a signal to stop. Default 30 s.
    pub drain: Duration,
    /// What is logged and how.
    pub log: LogSpec,
    /// Name servers.
    pub dns: DnsSpec,
    /// Limits of client connections.
    pub clients: ClientsSpec,
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
    /// Other words for some visitors, the first that matches before the others.
    pub variants: Vec<VariantSpec>,
    /// When it is taken away on purpose.
    pub maintenance: MaintenanceSpec,
    /// When our answer replaces the origin's.
    pub fallback: FallbackSpec,
    /// How long we ask clients to wait.
    pub retry_after: RetryAfterSpec,
    /// Fields that are set on the way to the origin.
    pub headers: HeadersSpec,
    /// A page and legal texts of the owner's own.
    pub own: OwnSpec,
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

/// `[headers]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeadersSpec {
    /// `host`: sent to the origin instead of the client's.
    pub host: Option<HeaderValue>,
}
