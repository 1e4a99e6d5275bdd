//! Intermission: a reverse proxy that answers for your site when it cannot.
//!
//! It forwards requests to a site's upstream. When the upstream fails, in whatever way, the client
//! gets an answer at once: a branded page with 503 and `Retry-After`, or what suits a client that
//! is no browser.
//!
//! # The way of a request
//!
//! 1. [`server::listener`] accepts a connection on a worker's own socket.
//! 2. [`server::connection`] tells HTTP/1 from HTTP/2, serves it, guards its deadlines, closes it.
//! 3. [`server::stack`] lists the layers that every request passes.
//! 4. [`server::access_log`] opens the [`telemetry::record::Record`] and gives the request its id.
//! 5. [`server::route`] loads the [`runtime::Runtime`] once and finds the [`site::Site`].
//! 6. [`server::fallback`] waits: everything below it may fail, nothing above it can.
//! 7. [`site::handle`] answers reserved paths and passes the rest on.
//! 8. [`upstream::forward`] makes the attempts: pick, check out, send, classify, again or give up.
//! 9. [`failure`] says why there is no origin response; [`page`] says it to the client.
//! 10. The record writes itself when the last byte has gone, or the client has.
//!
//! Beside that way: [`config`] turns files into specs, [`app`] starts, reloads and stops,
//! [`outage`] knows how long an outage lasts, [`admin`] serves health and metrics, [`cli`] is the
//! command line, [`markup`] reads HTML that is not ours, [`preview`] shows all pages, and [`demo`] is the shop that can be
//! broken at will.

pub mod admin;
pub mod app;
pub mod cli;
pub mod config;
pub mod demo;
pub mod failure;
pub mod markup;
pub mod message;
pub mod outage;
pub mod page;
pub mod preview;
pub mod runtime;
pub mod server;
pub mod site;
pub mod tasks;
pub mod telemetry;
pub mod tls;
pub mod upstream;
