//! Proving names to clients: certificates by name, from files or by ACME.
//!
//! A handshake ([`crate::server`], step 2 of the request's way) asks [`Certificates`] for the
//! [`Slot`] of a name and takes what is in it by then. Files fill a slot once, ACME whenever a
//! certificate comes or is renewed: connections that stand are never touched.

pub mod acme;
mod certificates;
mod expiry;
mod slot;
mod terms;

pub use certificates::{Certificates, Entry, LiveCertificates, UnusableIdentity, certified};
pub use expiry::Remaining;
pub use slot::Slot;
pub use terms::{ALPN_H2, terms};
