//! Every key that exists, once: its type and its default.
//!
//! The reader takes from here what it knows and what it suggests; tests compare the documentation
//! with it and prove that the defaults named here are those that hold.

mod process;
mod site;
mod walk;

pub use self::{process::PROCESS, site::SITE};
pub(super) use walk::check;

/// One key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// With its tables. `LANG` stands for any language, `[]` for the entries of a list.
    pub path: &'static str,
    /// What it holds; for people.
    pub kind: &'static str,
    /// What holds when it is not there.
    pub default: Preset,
}

/// What holds when a key is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// It has to be there.
    Required,
    /// Nothing: the feature is off.
    Nothing,
    /// As if this were written.
    Written(&'static str),
    /// Something found out at the start; in words.
    Found(&'static str),
}

const fn key(path: &'static str, kind: &'static str, default: Preset) -> Key {
    Key {
        path,
        kind,
        default,
    }
}

/// The type of keys whose values nobody is shown.
const SECRET: &str = "secret";
/// The same, in a form of its own: a certificate may have its key behind it.
const SECRET_PEM: &str = "secret PEM";

/// The names of those keys, without their tables.
pub(super) fn secrets() -> impl Iterator<Item = &'static str> {
    let all = PROCESS.iter().chain(SITE);
    let secrets = all.filter(|key| [SECRET, SECRET_PEM].contains(&key.kind));
    secrets.filter_map(|key| key.path.rsplit('.').next())
}

/// The path of a name in a table.
pub(super) fn join(table: &str, name: &str) -> String {
    if table.is_empty() {
        name.to_owned()
    } else {
        format!("{table}.{name}")
    }
}

#[cfg(test)]
mod tests;
