//! The product as a black box: real processes, real sockets, origins that lie. A file a subject.

mod config_errors;
mod examples;
mod house;
