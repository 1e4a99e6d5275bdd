//! What the endpoints of one entry of `upstream` have in common.

use std::net::IpAddr;

use rustls::pki_types::CertificateDer;

use super::{
    connect::Purpose,
    encryption::{ConnectorError, Encryption},
    wire::Transport,
};
use crate::config::spec::{Scheme, TargetSpec};

/// One entry of `upstream`.
pub(super) struct Target {
    /// As configured.
    pub(super) spec: TargetSpec,
    /// `None` in cleartext.
    pub(super) encryption: Option<Encryption>,
    /// Where its addresses listen; SRV records bring their own.
    pub(super) port: u16,
}

impl Target {
    /// `ca` is who signs its certificates; empty: the usual public authorities.
    pub(super) fn new(
        spec: &TargetSpec,
        scheme: Scheme,
        ca: &[CertificateDer<'static>],
    ) -> Result<Self, ConnectorError> {
        let default_port = match scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        };
        let certified = if spec.srv {
            domain(spec.authority.host())
        } else {
            bare(spec.authority.host())
        };
        let encryption = match scheme {
            Scheme::Http => None,
            Scheme::Https => Some(Encryption::new(spec, certified, ca)?),
        };
        Ok(Self {
            spec: spec.clone(),
            encryption,
            port: spec.authority.port_u16().unwrap_or(default_port),
        })
    }

    /// Whether HTTP/2 is spoken on a connection to it.
    pub(super) fn speaks_http2(&self, transport: &Transport, purpose: Purpose) -> bool {
        let is_wanted = self.spec.http2 && purpose == Purpose::Requests;
        // In cleartext nobody is asked: it is known before (RFC 9113 section 3.3).
        is_wanted && transport.agreed_on_http2().unwrap_or(true)
    }

    /// As HTTP/2 has it in each request.
    pub(super) fn scheme(&self) -> http::uri::Scheme {
        match self.encryption {
            None => http::uri::Scheme::HTTP,
            Some(_) => http::uri::Scheme::HTTPS,
        }
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
