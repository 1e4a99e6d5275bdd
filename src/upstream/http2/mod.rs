//! HTTP/2 to an endpoint: one connection, a *session*, serves many requests at once.
//!
//! In the order of a request: [`sessions`] finds a session with room or opens one, [`stream`] is
//! the exchange, with [`head`] and [`upload`] for what is sent and [`download`] for what comes.
//! [`session`] is the connection itself, which a task of its own drives, and [`keep_alive`] finds
//! out that it leads nowhere. What is done over HTTP/1.1 stands in the files beside this room.

pub(super) mod download;
mod head;
mod keep_alive;
mod session;
mod sessions;
mod stream;
mod upload;

pub(super) use self::{
    session::{Session, open},
    sessions::Sessions,
    stream::Stream,
};
