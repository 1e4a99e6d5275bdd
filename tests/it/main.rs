//! The product as a black box: real processes, real sockets, origins that lie.
//!
//! `support` holds the origins, clients and the proxy under test; beside it, one file a subject.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking, and shows the proxy's own log when it does"
)]

mod access_log;
mod admin;
mod answers;
mod bad_starts;
mod bad_upstreams;
mod balancing;
mod breaker;
mod browser;
mod capacity;
mod chaos;
mod closing;
mod compose;
mod config_errors;
mod config_flow;
mod counts;
mod custom;
mod demo;
mod dns;
mod documents;
mod examples;
mod failover;
mod failure_matrix;
mod forward;
mod forward_fields;
mod framing;
mod hold;
mod hold_health;
mod house;
mod idle;
mod image;
mod image_wrong;
mod informational;
mod latency;
mod legal;
mod looks;
mod maintenance;
mod malformed;
mod many_sites;
mod outages;
mod overload;
mod preview;
mod probes;
mod real_site;
mod replaced;
mod retries;
mod retries_elsewhere;
mod retries_races;
mod returning;
mod routing;
mod signals;
mod snapshot;
mod stalled;
mod start;
mod status;
mod streaming;
mod support;
mod support_selftest;
mod upgrade;
mod variants;
