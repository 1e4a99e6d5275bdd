//! Bytes in: listeners, connections, and the layers that every request passes.

pub mod access_log;
pub mod connection;
pub mod fallback;
mod gathered;
pub mod guard;
mod handshake;
pub mod io;
pub mod listener;
pub mod listening;
mod recognise;
pub mod route;
mod socket;
pub mod stack;
mod unreadable;
pub mod worker;
