//! Certificates that are fetched and renewed by themselves (ACME, RFC 8555).
//!
//! A task on the control thread looks after all of them, one order at a time, and puts what it gets
//! into the [`Slot`]s that handshakes read. On the request's way there are [`Challenges`] alone.
//! Whatever fails here, the certificate before goes on being served.

mod account;
mod attempts;
mod challenges;
mod client;
mod directory;
mod entry;
mod failure;
mod issued;
mod manager;
mod order;
mod renewal;
mod store;

use std::{path::PathBuf, sync::Arc};

use tokio::sync::watch;

use self::manager::Manager;
pub use self::{
    challenges::{ALPN, Challenges, StandInError, stand_in},
    client::LookUp,
};
use super::Slot;
use crate::{
    config::spec::{AcmeDirectorySpec, AcmeSpec},
    tasks::Tasks,
    telemetry::record::Telemetry,
};

/// One site's certificate.
#[derive(Clone)]
pub struct Want {
    /// The site, for logs and metrics.
    pub site: String,
    /// What it is asked for with.
    pub spec: AcmeSpec,
    /// Where it goes.
    pub slot: Slot,
}

impl Want {
    /// Two wants with the same key are for one certificate.
    fn key(&self) -> (String, Vec<String>) {
        (self.site.clone(), self.spec.names.clone())
    }
}

/// All certificates that the configuration wants, and how to get them.
#[derive(Clone)]
pub struct Wants {
    /// Whom to ask.
    pub directory: AcmeDirectorySpec,
    /// Where the process keeps its data.
    pub data: PathBuf,
    /// Whether authorities more likely find us at port 80 than at port 443.
    pub prefers_http: bool,
    /// One a site.
    pub list: Vec<Want>,
}

/// What all of this needs of the process.
#[derive(Clone)]
pub struct Around {
    /// Finds the directory.
    pub look_up: LookUp,
    /// Where authorities look.
    pub challenges: Arc<Challenges>,
    /// Where orders are counted.
    pub telemetry: Arc<Telemetry>,
}

/// Tells the task what is wanted. The task ends with it.
pub struct Acme(watch::Sender<Wants>);

impl Acme {
    /// Serves what is on disk, and starts to look after all that is wanted.
    #[must_use]
    pub fn start(wants: Wants, around: Around, tasks: &Tasks) -> Self {
        let (sender, receiver) = watch::channel(wants.clone());
        let manager = Manager::new(wants, around);
        tasks.spawn_on_control(manager.run(receiver));
        Self(sender)
    }

    /// From now on, this is wanted. What failed before is tried again at once.
    pub fn want(&self, wants: Wants) {
        self.0.send_replace(wants);
    }
}
