//! What must hold whatever anybody sends: one `check` a target, which panics when it does not.
//!
//! libFuzzer calls them with bytes of its own making (`targets/`), and an ordinary test of the
//! product with the corpus (`tests/it/fuzz.rs`). They look at the product from outside, through
//! what it offers to every caller, and at nothing else.

mod config;
mod connection;
mod forwarded;
mod host;
mod input;
mod markdown;
mod markup;
mod page;
mod preferences;
mod proxy_protocol;
mod template;

/// A check, by the name of its target and of its corpus.
pub type Target = (&'static str, fn(&[u8]));

/// All there are.
pub const TARGETS: [Target; 11] = [
    ("config", config::check),
    ("connection_h1", connection::check_h1),
    ("connection_h2", connection::check_h2),
    ("forwarded", forwarded::check),
    ("host", host::check),
    ("markdown", markdown::check),
    ("markup", markup::check),
    ("page", page::check),
    ("preferences", preferences::check),
    ("proxy_protocol", proxy_protocol::check),
    ("template", template::check),
];

/// Runs the check of this name.
///
/// # Panics
/// When what must hold does not, which is what it is for.
pub fn check(target: &str, data: &[u8]) {
    let check = TARGETS.iter().find(|(name, _)| *name == target);
    let (_, check) = check.expect("a target of this name");
    check(data);
}
