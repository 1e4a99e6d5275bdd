//! On which terms clients may encrypt.

use std::sync::Arc;

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs::{Ticketer, default_provider},
    server::NoServerSessionStorage,
};

use super::{acme, certificates::LiveCertificates};

/// HTTP/2 among the protocols of a handshake (RFC 9113 section 3.3).
pub const ALPN_H2: &[u8] = b"h2";
const ALPN_HTTP_1_1: &[u8] = b"http/1.1";

/// TLS 1.3 and 1.2 with what the library holds safe, the hybrid key exchange X25519MLKEM768 first.
///
/// Made once for the process: tickets outlive reloads, and hold for every worker, because all that
/// a session is resumed with is in the ticket itself (RFC 5077), under keys that change every six
/// hours. Data before the handshake has ended is never taken: it could be anybody's copy
/// (RFC 8470).
///
/// # Errors
/// When the system gives no random numbers for the keys of tickets.
pub fn terms(certificates: Arc<LiveCertificates>) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    let protocols = [ALPN_H2, ALPN_HTTP_1_1, acme::ALPN];
    config.alpn_protocols = protocols.map(<[u8]>::to_vec).to_vec();
    config.ticketer = Ticketer::new()?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    // One is enough: clients open several connections, but each handshake brings a ticket of its
    // own.
    config.send_tls13_tickets = 1;
    Ok(Arc::new(config))
}
