//! The product as a black box: real processes, real sockets, origins that lie.

mod config_errors;
mod examples;
