//! The integration tests: one binary, a file a subject.

mod config_errors;
mod examples;
