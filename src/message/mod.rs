//! HTTP messages: pure functions on heads and bodies. No policy, no sockets, no state.

pub mod block;
pub mod body;
pub mod client_kind;
pub mod forwarded;
pub mod gather;
pub mod hop;
pub mod host;
pub mod preferences;
pub mod request_id;
pub mod request_line;
pub mod via;
