//! Configuration: text in, [`spec`]s or all problems out.
//!
//! A directory holds `intermission.toml` (the process) and `sites/*.toml` (one file a site).
//! [`load()`] reads all of it and reports everything that is wrong at once, each problem with its
//! place and a way out; [`from_flags`] makes the same specs of a command line alone. Nothing here
//! knows of a live thing, and nothing past here sees unparsed text. Not on the request's way: it
//! runs before, at the start and at each reload.

mod address;
mod admission;
mod brand;
mod breaker;
mod bundle;
mod custom;
mod fault;
mod find;
mod flags;
mod flow;
mod headers;
mod health;
mod hidden;
mod identity;
mod image;
pub mod keys;
mod language;
mod legal;
mod load;
mod look;
mod maintenance;
mod names;
mod problem;
mod process;
mod reader;
mod redirect;
mod render;
mod report;
mod secret;
mod site;
mod source;
pub mod spec;
mod svg;
mod tls;
mod units;
mod upstream;
mod upstream_tls;
mod variables;
mod variant;

pub use find::{NoConfig, find_dir};
pub use flags::{Flags, from_flags, override_addresses, warn_of_admin};
pub use identity::{IdentityError, read_again};
pub use load::{Loaded, load, load_process, load_with};
pub use problem::{Problem, Problems, Severity};
