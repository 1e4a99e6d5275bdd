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
mod acme;
mod acme_failures;
mod admin;
mod admin_access;
mod answers;
mod bad_starts;
mod bad_upstreams;
mod balancing;
mod behind;
mod breaker;
mod browser;
mod capacity;
mod chaos;
mod closing;
mod compose;
mod config_errors;
mod config_flow;
mod conformance;
mod counts;
mod custom;
mod demo;
mod deploy;
mod dns;
mod documents;
mod examples;
mod failover;
mod failure_matrix;
mod fields;
mod floods;
mod forward;
mod forward_fields;
mod framing;
mod fuzz;
mod grpc;
mod h2_upstream;
mod hold;
mod hold_health;
mod house;
mod idle;
mod image;
mod image_wrong;
mod informational;
mod latency;
mod legal;
mod limits;
mod looks;
mod lying_origins;
mod maintenance;
mod malformed;
mod many_sites;
mod other_clients;
mod outages;
mod overload;
mod pressure;
mod preview;
mod privilege;
mod probes;
mod proxy_protocol;
mod real_site;
mod redirects;
mod reload_keeps;
mod replaced;
mod retries;
mod retries_elsewhere;
mod retries_races;
mod returning;
mod routing;
mod secrets;
mod service;
mod shell;
mod signals;
mod smuggling;
mod smuggling_h2;
mod snapshot;
mod stalled;
mod start;
mod status;
mod streaming;
mod support;
mod support_selftest;
mod tls;
mod tls_config;
mod tls_hostile;
mod upgrade;
mod upstream_tls;
mod variants;
mod websocket_h2;
mod workflows;
