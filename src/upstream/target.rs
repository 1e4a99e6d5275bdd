//! What the endpoints of one entry of `upstream` have in common.

use std::net::IpAddr;

use rustls::pki_types::{InvalidDnsNameError, ServerName};

use crate::config::spec::{Scheme, TargetSpec};

/// One entry of `upstream`.
pub(super) struct Target {
    /// As configured.
    pub(super) spec: TargetSpec,
    /// The name that its certificate has to be for; `None` without TLS.
    pub(super) server_name: Option<ServerName<'static>>,
    /// Where its addresses listen; SRV records bring their own.
    pub(super) port: u16,
}

impl Target {
    pub(super) fn new(spec: &TargetSpec, scheme: Scheme) -> Result<Self, InvalidDnsNameError> {
        let default_port = match scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        };
        let certified = if spec.srv {
            domain(spec.authority.host())
        } else {
            bare(spec.authority.host())
        };
        let server_name = match scheme {
            Scheme::Http => None,
            Scheme::Https => Some(ServerName::try_from(certified.to_owned())?),
        };
        Ok(Self {
            spec: spec.clone(),
            server_name,
            port: spec.authority.port_u16().unwrap_or(default_port),
        })
    }

    /// Whether the same look-up leads to it.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        (self.host(), self.port, self.spec.srv) == (other.host(), other.port, other.spec.srv)
    }

    /// The host, without the brackets of an IPv6 address.
    pub(super) fn host(&self) -> &str {
        bare(self.spec.authority.host())
    }

    /// The address, where the host is one.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.host().parse().ok()
    }
}

fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// The name without its service and protocol: what an SRV record leads to is as trustworthy as the
/// name server, and certificates are there because that one is not trusted (RFC 6125 section 6.2.1).
fn domain(host: &str) -> &str {
    let mut rest = host;
    while let Some((_, parent)) = rest.split_once('.').filter(|_| rest.starts_with('_')) {
        rest = parent;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_for_the_name_behind_the_service() {
        for (host, name) in [
            ("_http._tcp.app.internal", "app.internal"),
            ("app.internal", "app.internal"),
            ("_odd", "_odd"),
        ] {
            assert_eq!(domain(host), name);
        }
    }
}
