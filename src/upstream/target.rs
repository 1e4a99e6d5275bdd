//! What the endpoints of one entry of `upstream` have in common.

use rustls::pki_types::{InvalidDnsNameError, ServerName};

use crate::config::spec::{Scheme, TargetSpec};

/// One entry of `upstream`.
pub(super) struct Target {
    /// As configured.
    pub(super) spec: TargetSpec,
    /// The name that its certificate has to be for; `None` without TLS.
    pub(super) server_name: Option<ServerName<'static>>,
}

impl Target {
    pub(super) fn new(spec: &TargetSpec, scheme: Scheme) -> Result<Self, InvalidDnsNameError> {
        let host = spec.authority.host();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let server_name = match scheme {
            Scheme::Http => None,
            Scheme::Https => Some(ServerName::try_from(host.to_owned())?),
        };
        Ok(Self {
            spec: spec.clone(),
            server_name,
        })
    }
}
