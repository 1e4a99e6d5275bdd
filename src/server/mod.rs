//! Bytes in: listeners, connections, and the layers that every request passes.

pub mod access_log;
pub mod connection;
pub mod fallback;
pub mod guard;
pub mod io;
pub mod listener;
pub mod listening;
pub mod route;
pub mod stack;
pub mod worker;
