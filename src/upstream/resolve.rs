//! Asks name servers. What becomes of their answers: `known` and `endpoints`.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures_util::future::{join, join_all};
use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    lookup::Lookup,
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{RData, RecordType, rdata::SRV},
    },
};
use tokio::time::{Instant, timeout};

use super::known::{Answer, Place, Unresolved};
use crate::{config::spec::DnsSpec, failure::UpstreamFailure};

/// The most SRV records of one name that are looked at.
const MOST_RECORDS: usize = 64;

/// The two kinds of address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

/// Looks names up. One for the process.
#[derive(Clone)]
pub struct Names {
    resolver: Option<Arc<TokioResolver>>,
    timeout: Duration,
}

impl Names {
    /// With the name servers of the configuration, else with the system's.
    #[must_use]
    pub fn new(spec: &DnsSpec) -> Self {
        let resolver = build(spec);
        if let Err(error) = &resolver {
            tracing::error!(%error, "name resolution cannot be set up; only addresses will work");
        }
        Self {
            resolver: resolver.ok().map(Arc::new),
            timeout: spec.timeout,
        }
    }

    /// The longest that one look-up takes.
    pub(super) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The addresses of one kind. To be called on the control thread alone: the resolver's own
    /// sockets must outlive any worker.
    pub(super) async fn addresses(&self, name: &str, family: Family, port: u16) -> Answer {
        let kind = match family {
            Family::V4 => RecordType::A,
            Family::V6 => RecordType::AAAA,
        };
        let found = match self.ask(name, kind).await {
            Ok(found) => found,
            Err(answer) => return answer,
        };
        let ips = found
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::A(address) => Some(IpAddr::from(address.0)),
                RData::AAAA(address) => Some(IpAddr::from(address.0)),
                _ => None,
            });
        let places = ips.map(|ip| Place::plain(SocketAddr::new(ip, port)));
        answer(places.collect(), Instant::from_std(found.valid_until()))
    }

    /// All addresses of a host, none where there is no answer. Called on the control thread alone.
    pub async fn find(&self, name: &str) -> Vec<IpAddr> {
        let (v6, v4) = join(
            self.addresses(name, Family::V6, 0),
            self.addresses(name, Family::V4, 0),
        )
        .await;
        let places = [v4, v6].into_iter().flat_map(|answer| match answer {
            Answer::Places(places, _) => places,
            Answer::Denied(_) | Answer::Failed(_) => Vec::new(),
        });
        places.map(|place| place.address.ip()).collect()
    }

    /// What SRV records lead to (RFC 2782). Of a host that cannot be looked up now, what was known
    /// stays. Called on the control thread alone, as [`Names::addresses`].
    pub(super) async fn service(&self, name: &str, known: &[Place]) -> Answer {
        let found = match self.ask(name, RecordType::SRV).await {
            Ok(found) => found,
            Err(answer) => return answer,
        };
        let records = found
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                // A root as target: the service decidedly is not there.
                RData::SRV(service) if !service.target.is_root() => Some(service),
                _ => None,
            });
        let hosts = join_all(records.take(MOST_RECORDS).map(|record| self.host(record))).await;
        let mut until = Instant::from_std(found.valid_until());
        let (mut places, mut failure) = (Vec::new(), None);
        for (host, answers) in hosts {
            for said in answers {
                match said {
                    Answer::Places(more, end) => {
                        places.extend(more);
                        until = until.min(end);
                    }
                    Answer::Denied(_) => {}
                    Answer::Failed(why) => {
                        let stay = known
                            .iter()
                            .filter(|place| place.host.as_ref() == Some(&host));
                        places.extend(stay.cloned());
                        failure = Some(why);
                    }
                }
            }
        }
        let mut seen = Vec::new();
        places.retain(|place| {
            let is_new = !seen.contains(&place.address);
            seen.push(place.address);
            is_new
        });
        match failure {
            Some(why) if places.is_empty() => Answer::Failed(why),
            _ => answer(places, until),
        }
    }

    /// The addresses of a record's host, with what the record says of them.
    async fn host(&self, record: &SRV) -> (Arc<str>, [Answer; 2]) {
        let name = record.target.to_ascii();
        let (v4, v6) = join(
            self.addresses(&name, Family::V4, record.port),
            self.addresses(&name, Family::V6, record.port),
        )
        .await;
        let host: Arc<str> = name.into();
        let complete = |answer| match answer {
            Answer::Places(places, until) => {
                let of_record = |place| Place {
                    priority: record.priority,
                    // A weight of 0 is a very small chance.
                    weight: record.weight.max(1),
                    host: Some(Arc::clone(&host)),
                    ..place
                };
                Answer::Places(places.into_iter().map(of_record).collect(), until)
            }
            Answer::Denied(why) => Answer::Denied(why),
            Answer::Failed(why) => Answer::Failed(why),
        };
        let answers = [v4, v6].map(complete);
        (host, answers)
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Result<Lookup, Answer> {
        let Some(resolver) = &self.resolver else {
            return Err(Answer::Failed(Unresolved::new(UpstreamFailure::NameError)));
        };
        match timeout(self.timeout, resolver.lookup(name, kind)).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(classify(error)),
            Err(_) => Err(Answer::Failed(Unresolved::new(
                UpstreamFailure::NameTimeout,
            ))),
        }
    }
}

/// An answer with nothing of use in it is one, too.
fn answer(places: Vec<Place>, until: Instant) -> Answer {
    if places.is_empty() {
        Answer::Denied(Unresolved::new(UpstreamFailure::NoEndpoint))
    } else {
        Answer::Places(places, until)
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
    // A lost packet costs half the time, not all of it.
    options.timeout = spec.timeout / 2;
    options.attempts = 1;
    // What is kept, and for how long, is decided here and not in a second cache below.
    options.cache_size = 0;
    builder.build()
}

/// A name server's "no" is an answer; that it cannot or will not say is none.
fn classify(error: NetError) -> Answer {
    let code = match &error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => Some(none.response_code),
        NetError::Dns(DnsError::ResponseCode(code)) => Some(*code),
        _ => None,
    };
    let cause = match (&error, code) {
        (_, Some(ResponseCode::NoError)) => UpstreamFailure::NoEndpoint,
        (NetError::Timeout, _) => UpstreamFailure::NameTimeout,
        _ => UpstreamFailure::NameError,
    };
    let why = Unresolved {
        cause,
        source: Some(Arc::new(error)),
    };
    match code {
        Some(ResponseCode::NoError | ResponseCode::NXDomain) => Answer::Denied(why),
        _ => Answer::Failed(why),
    }
}
