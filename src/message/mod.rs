//! HTTP messages: pure functions on heads and bodies. No policy, no sockets, no state.

pub mod block;
pub mod body;
pub mod client_kind;
pub mod fields;
pub mod forwarded;
pub mod gather;
pub mod grpc;
pub mod hop;
pub mod host;
pub mod preferences;
pub mod proxy_protocol;
pub mod request_id;
pub mod request_line;
pub mod scheme;
pub mod via;
