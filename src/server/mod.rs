//! Bytes in: listeners, connections, and the layers that every request passes.

pub mod access_log;
pub mod connection;
pub mod fallback;
mod gathered;
pub mod guard;
mod handshake;
pub mod inherited;
pub mod io;
pub mod listener;
pub mod listening;
mod opening;
mod proxy_protocol;
mod recognise;
pub mod route;
mod settings;
mod socket;
pub mod stack;
mod streams;
mod unreadable;
pub mod worker;
