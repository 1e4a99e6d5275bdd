//! What is known about requests afterwards: records, metrics, the access log.

pub mod access_log;
pub mod acme;
pub mod addresses;
pub mod connection;
pub mod failure_log;
pub mod handshakes;
pub mod histogram;
pub mod log;
pub mod metrics;
pub mod outage_id;
mod outcome;
pub mod record;
