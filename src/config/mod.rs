//! Configuration: text in, [`spec`]s or all errors out.

pub mod spec;
