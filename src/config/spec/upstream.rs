//! Where a site's origin is, and what is done so that it is reached.

use std::{
    fmt,
    num::{NonZeroU32, NonZeroUsize},
    sync::Arc,
    time::Duration,
};

use http::{HeaderName, HeaderValue, StatusCode, uri::Authority};
use rustls::pki_types::{CertificateDer, ServerName};

use super::tls::IdentitySpec;

/// `upstream` and the tables that say how it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamSpec {
    /// Plain or encrypted; the same for all targets.
    pub scheme: Scheme,
    /// As listed, at least one.
    pub targets: Vec<TargetSpec>,
    /// Certificates that sign the upstream's; empty: the usual public authorities.
    pub ca: Vec<CertificateDer<'static>>,
    /// The clocks of an attempt.
    pub timeouts: TimeoutsSpec,
    /// When a failed attempt is followed by another.
    pub retry: RetrySpec,
    /// How an endpoint is picked.
    pub balance: BalanceSpec,
    /// How endpoints are probed.
    pub health: HealthSpec,
    /// When an endpoint that fails is left alone; `None` when switched off.
    pub breaker: Option<BreakerSpec>,
    /// Whether requests wait for an origin that has just gone; `None` when switched off.
    pub hold: Option<HoldSpec>,
    /// How much the upstream is asked at once.
    pub limits: LimitsSpec,
}

/// How the upstream is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Cleartext.
    Http,
    /// Over TLS.
    Https,
}

/// One entry of `upstream`: an address, or a name that stands for any number of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetSpec {
    /// Host and port as written; the port always present but with `srv`, where names bring theirs.
    pub authority: Authority,
    /// Whether the host is looked up as SRV (RFC 2782) instead of A and AAAA.
    pub srv: bool,
    /// Its share of the requests beside the others' weights; 0: none while others are there.
    /// Default 1.
    pub weight: u16,
    /// Whether it serves only while no other target can. Default false.
    pub backup: bool,
    /// Whether each connection begins with a PROXY header that names the client. Default false.
    pub proxy_protocol: bool,
    /// Whether it is spoken to in HTTP/2: with prior knowledge in cleartext, over TLS where it
    /// agrees (RFC 9113 section 3). Default false: HTTP/1.1.
    pub http2: bool,
    /// How its connections are encrypted, where they are.
    pub tls: UpstreamTlsSpec,
}

/// What is particular about TLS to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamTlsSpec {
    /// The name that is asked for (SNI) and that the certificate has to be for; `None`: the host
    /// of the URL.
    pub server_name: Option<ServerName<'static>>,
    /// Who we are to it; `None`: nobody.
    pub identity: Option<Arc<IdentitySpec>>,
    /// Whether any certificate will do. Default false.
    pub insecure: bool,
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

/// `[retry]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetrySpec {
    /// Attempts in all, at least 1. Default 2.
    pub attempts: NonZeroUsize,
    /// Repeated attempts, in per cent of the requests of the last 10 s. Default 20.
    pub budget_percent: u32,
    /// Repeated attempts that are always allowed, per second. Default 3.
    pub budget_per_second: u32,
}

/// `[balance]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BalanceSpec {
    /// What binds a request to an endpoint; `None`: the better of two.
    pub hash: Option<HashKey>,
    /// The cookie of ours that keeps a client on its endpoint while that one is well.
    pub sticky: Option<String>,
}

/// What consistent hashing looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HashKey {
    /// The client's address.
    ClientIp,
    /// The value of this cookie; requests without it go where load is least.
    Cookie(String),
    /// The value of this field; requests without it go where load is least.
    Header(HeaderName),
}

/// `[health]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthSpec {
    /// The probe; `None` when switched off.
    pub probe: Option<ProbeSpec>,
}

/// What is asked of an endpoint to see whether it is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeSpec {
    /// The path asked for. Default `/`.
    pub path: String,
    /// What the endpoint is told in `Host`; `None`: its own host as configured.
    pub host: Option<HeaderValue>,
    /// Statuses that are well; empty: any below 500. Default empty.
    pub statuses: Vec<StatusCode>,
    /// What the first 64 KiB of the body must contain.
    pub text: Option<String>,
    /// While all is well. Default 5 s.
    pub interval: Duration,
    /// For a whole probe. Default 2 s.
    pub timeout: Duration,
    /// Probes in a row that must fail before an endpoint counts as down. Default 2.
    pub fails: NonZeroU32,
}

/// `[breaker]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSpec {
    /// Refused connections, failed look-ups and handshakes in a row. Default 2.
    pub refused: NonZeroU32,
    /// Timeouts in a row. Default 3.
    pub timeouts: NonZeroU32,
    /// The least share of successes in per cent of the last 10 s, once there were 20. Default 80.
    pub success_percent: u32,
    /// How long it stays open the first time; doubles up to `longest`. Default 100 ms.
    pub shortest: Duration,
    /// Default 10 s.
    pub longest: Duration,
    /// How long a returning endpoint is given less than its share. Default 10 s.
    pub ramp: Duration,
}

/// `[hold]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldSpec {
    /// From the start of an outage. Default 2 s.
    pub time: Duration,
    /// Requests that wait at once. Default 1000.
    pub requests: NonZeroUsize,
}

/// `[limits]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitsSpec {
    /// Connections to one endpoint, over all workers. Default 1024.
    pub connections: NonZeroUsize,
    /// How long an unused connection is kept. Default 60 s.
    pub idle_timeout: Duration,
    /// Requests in flight to the whole site; `None`: no limit.
    pub requests: Option<NonZeroUsize>,
    /// Requests in flight to one endpoint; `None`: no limit.
    pub endpoint_requests: Option<NonZeroUsize>,
    /// Requests that wait for their turn. Default 100.
    pub queue: usize,
    /// The longest that one waits for its turn. Default 1 s.
    pub queue_timeout: Duration,
    /// Whether the limit of requests is found by measuring. Default false.
    pub adaptive: bool,
    /// Path prefixes that go first, the most important first.
    pub priority: Vec<String>,
}

impl TargetSpec {
    /// With the usual weight.
    #[must_use]
    pub const fn new(authority: Authority) -> Self {
        Self {
            authority,
            srv: false,
            weight: 1,
            backup: false,
            proxy_protocol: false,
            http2: false,
            tls: UpstreamTlsSpec {
                server_name: None,
                identity: None,
                insecure: false,
            },
        }
    }
}

impl UpstreamSpec {
    /// With the defaults of all tables.
    #[must_use]
    pub fn new(scheme: Scheme, targets: Vec<TargetSpec>) -> Self {
        Self {
            scheme,
            targets,
            ca: Vec::new(),
            timeouts: TimeoutsSpec::default(),
            retry: RetrySpec::default(),
            balance: BalanceSpec::default(),
            health: HealthSpec::default(),
            breaker: Some(BreakerSpec::default()),
            hold: Some(HoldSpec::default()),
            limits: LimitsSpec::default(),
        }
    }
}

/// As people know it: where its targets are.
impl fmt::Display for UpstreamSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, target) in self.targets.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{}", target.authority)?;
        }
        Ok(())
    }
}

impl Default for TimeoutsSpec {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            first_byte: Duration::from_secs(15),
            between_bytes: Duration::from_secs(30),
            total: Duration::from_secs(8),
        }
    }
}

impl Default for RetrySpec {
    fn default() -> Self {
        Self {
            attempts: const { NonZeroUsize::new(2).expect("two is not zero") },
            budget_percent: 20,
            budget_per_second: 3,
        }
    }
}

impl Default for HealthSpec {
    fn default() -> Self {
        Self {
            probe: Some(ProbeSpec::default()),
        }
    }
}

impl Default for ProbeSpec {
    fn default() -> Self {
        Self {
            path: "/".to_owned(),
            host: None,
            statuses: Vec::new(),
            text: None,
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(2),
            fails: const { NonZeroU32::new(2).expect("two is not zero") },
        }
    }
}

impl Default for BreakerSpec {
    fn default() -> Self {
        Self {
            refused: const { NonZeroU32::new(2).expect("two is not zero") },
            timeouts: const { NonZeroU32::new(3).expect("three is not zero") },
            success_percent: 80,
            shortest: Duration::from_millis(100),
            longest: Duration::from_secs(10),
            ramp: Duration::from_secs(10),
        }
    }
}

impl Default for HoldSpec {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(2),
            requests: const { NonZeroUsize::new(1000).expect("a thousand is not zero") },
        }
    }
}

impl Default for LimitsSpec {
    fn default() -> Self {
        Self {
            connections: const { NonZeroUsize::new(1024).expect("1024 is not zero") },
            idle_timeout: Duration::from_secs(60),
            requests: None,
            endpoint_requests: None,
            queue: 100,
            queue_timeout: Duration::from_secs(1),
            adaptive: false,
            priority: Vec::new(),
        }
    }
}
