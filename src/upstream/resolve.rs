//! From the upstream's name to its endpoints.
//!
//! An address needs no look-up. A name is looked up when its first request comes and again, in
//! the background, when its answer has expired: the last good answer serves meanwhile and is given
//! up only for another real answer, so a resolver that is down takes no site with it.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::op::ResponseCode,
};
use http::uri::Authority;
use tokio::time::{Instant, timeout};

use super::endpoint::Endpoint;
use crate::{
    config::spec::DnsSpec,
    failure::{AttemptError, Sent, UpstreamFailure},
    tasks::Tasks,
};

/// Answers are used at least and at most this long, whatever their time to live says: a container
/// runtime's name server is known to promise ten minutes for an address that changes at once.
const TTL_CLAMP: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Looks names up. One for the process.
#[derive(Clone)]
pub struct Names {
    resolver: Option<Arc<TokioResolver>>,
    timeout: Duration,
    tasks: Tasks,
}

impl Names {
    /// With the name servers of the configuration, else with the system's.
    #[must_use]
    pub fn new(spec: &DnsSpec, tasks: Tasks) -> Self {
        let resolver = build(spec);
        if let Err(error) = &resolver {
            tracing::error!(%error, "name resolution cannot be set up; only addresses will work");
        }
        Self {
            resolver: resolver.ok().map(Arc::new),
            timeout: spec.timeout,
            tasks,
        }
    }

    async fn look_up(&self, name: &str) -> Result<(Vec<IpAddr>, Instant), AttemptError> {
        let Some(resolver) = &self.resolver else {
            return Err(failed(UpstreamFailure::NameError, None));
        };
        let (resolver, query) = (Arc::clone(resolver), name.to_owned());
        // On the control thread: the resolver's own sockets must outlive any worker.
        let answer = self
            .tasks
            .on_control(async move { resolver.lookup_ip(query).await });
        match timeout(self.timeout, answer).await {
            Err(_) => Err(failed(UpstreamFailure::NameTimeout, None)),
            Ok(None) => Err(failed(UpstreamFailure::NameError, None)),
            Ok(Some(Err(error))) => Err(failed(classify(&error), Some(error))),
            Ok(Some(Ok(answer))) => {
                let now = Instant::now();
                let until = Instant::from_std(answer.valid_until());
                let until = until.clamp(now + TTL_CLAMP.0, now + TTL_CLAMP.1);
                Ok((answer.iter().collect(), until))
            }
        }
    }
}

fn build(spec: &DnsSpec) -> Result<TokioResolver, NetError> {
    let mut builder = if spec.servers.is_empty() {
        TokioResolver::builder_tokio()?
    } else {
        let servers = spec.servers.iter().map(|address| {
            let on_port = |mut connection: ConnectionConfig| {
                connection.port = address.port();
                connection
            };
            let connections = vec![
                on_port(ConnectionConfig::udp()),
                on_port(ConnectionConfig::tcp()),
            ];
            NameServerConfig::new(address.ip(), true, connections)
        });
        let config = ResolverConfig::from_name_servers(servers.collect());
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
    };
    let options = builder.options_mut();
    options.timeout = spec.timeout;
    // What is kept, and for how long, is decided here and not in a second cache below.
    options.cache_size = 0;
    builder.build()
}

fn classify(error: &NetError) -> UpstreamFailure {
    match error {
        NetError::Timeout => UpstreamFailure::NameTimeout,
        // The name exists, but has no address.
        NetError::Dns(DnsError::NoRecordsFound(none))
            if none.response_code == ResponseCode::NoError =>
        {
            UpstreamFailure::NoEndpoint
        }
        _ => UpstreamFailure::NameError,
    }
}

fn failed(cause: UpstreamFailure, source: Option<NetError>) -> AttemptError {
    let source =
        source.map(|error| -> Box<dyn std::error::Error + Send + Sync> { Box::new(error) });
    AttemptError {
        cause: cause.into(),
        sent: Sent::No,
        source,
    }
}

/// The endpoints of one upstream.
pub(super) struct Endpoints {
    port: u16,
    name: Option<String>,
    current: ArcSwap<Resolved>,
    refreshing: AtomicBool,
    /// When it was last looked up in the background.
    last: Mutex<Option<Instant>>,
    make: Box<dyn Fn(SocketAddr) -> Arc<Endpoint> + Send + Sync>,
}

#[derive(Default)]
struct Resolved {
    endpoints: Arc<[Arc<Endpoint>]>,
    /// `None`: nothing to look up, or nothing found yet.
    until: Option<Instant>,
}

impl Endpoints {
    pub(super) fn new(
        authority: &Authority,
        default_port: u16,
        make: impl Fn(SocketAddr) -> Arc<Endpoint> + Send + Sync + 'static,
    ) -> Arc<Self> {
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']');
        let port = authority.port_u16().unwrap_or(default_port);
        let make = Box::new(make);
        let (name, resolved) = match host.parse::<IpAddr>() {
            Ok(address) => {
                let endpoints = Arc::from([make(SocketAddr::new(address, port))]);
                (
                    None,
                    Resolved {
                        endpoints,
                        until: None,
                    },
                )
            }
            Err(_) => (Some(host.to_owned()), Resolved::default()),
        };
        let (refreshing, last) = (AtomicBool::new(false), Mutex::default());
        Arc::new(Self {
            port,
            name,
            current: ArcSwap::from_pointee(resolved),
            refreshing,
            last,
            make,
        })
    }

    /// What is known now, for sweeping and counting.
    pub(super) fn known(&self) -> Arc<[Arc<Endpoint>]> {
        Arc::clone(&self.current.load().endpoints)
    }

    /// The endpoints to pick from. Waits only when nothing was ever found.
    pub(super) async fn get(
        self: &Arc<Self>,
        names: &Names,
    ) -> Result<Arc<[Arc<Endpoint>]>, AttemptError> {
        let Some(name) = &self.name else {
            return Ok(self.known());
        };
        let current = self.current.load_full();
        match current.until {
            None => Box::pin(self.refresh(name, names)).await,
            Some(until) => {
                if until <= Instant::now() {
                    self.refresh_in_background(names);
                }
                Ok(Arc::clone(&current.endpoints))
            }
        }
    }

    /// Asks again now: an endpoint could not be reached, perhaps because it has moved.
    pub(super) fn refresh_in_background(self: &Arc<Self>, names: &Names) {
        let Some(name) = self.name.clone() else {
            return;
        };
        if self.refreshing.swap(true, Relaxed) {
            return;
        }
        let pause = self.pause_since_last();
        let (this, lookup) = (Arc::clone(self), names.clone());
        names.tasks.spawn_on_control(async move {
            tokio::time::sleep(pause).await;
            if let Err(error) = this.refresh(&name, &lookup).await {
                let cause = error.cause.label();
                tracing::warn!(
                    name,
                    cause,
                    "name not resolved again; the last addresses stay"
                );
            }
            this.refreshing.store(false, Relaxed);
        });
    }

    /// What is left of the least time between two look-ups, so that an outage under load does not
    /// become one of the resolver too.
    fn pause_since_last(&self) -> Duration {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let next = last.map_or(now, |last| (last + TTL_CLAMP.0).max(now));
        *last = Some(next);
        next.saturating_duration_since(now)
    }

    async fn refresh(
        &self,
        name: &str,
        names: &Names,
    ) -> Result<Arc<[Arc<Endpoint>]>, AttemptError> {
        let (addresses, until) = names.look_up(name).await?;
        let known = self.known();
        let endpoint = |ip: IpAddr| {
            let address = SocketAddr::new(ip, self.port);
            let kept = known.iter().find(|endpoint| endpoint.address() == address);
            kept.map_or_else(|| (self.make)(address), Arc::clone)
        };
        let endpoints: Arc<[Arc<Endpoint>]> = addresses.into_iter().map(endpoint).collect();
        self.current.store(Arc::new(Resolved {
            endpoints: Arc::clone(&endpoints),
            until: Some(until),
        }));
        Ok(endpoints)
    }
}
