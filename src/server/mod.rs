//! Bytes in: listeners, connections, and the layers that every request passes.

pub mod access_log;
pub mod connection;
pub mod fallback;
pub mod guard;
pub mod inherited;
pub mod io;
pub mod listener;
pub mod listening;
mod recognise;
pub mod route;
pub mod stack;
mod unreadable;
pub mod worker;
