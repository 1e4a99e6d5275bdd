//! The task that looks after certificates: one thing at a time, the most urgent first.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{sync::watch, task::spawn_blocking, time::sleep};

use super::{
    Around, Want, Wants,
    attempts::{Pause, after},
    directory::Directory,
    entry::{Entry, Job},
    order::Kind,
    store::{Lock, Store},
};
use crate::{
    failure::chain,
    tasks::clock::{Clock, WallClock},
};

/// The wall clock may be set: it is looked at again at least this often.
const NAP: Duration = Duration::from_secs(600);
/// When a certificate is looked for again that another process orders.
const ANOTHERS: Duration = Duration::from_secs(20);

/// Looks after the certificates of one configuration, until there is another.
pub(super) struct Manager {
    around: Around,
    entries: Vec<Entry>,
    directory: Option<Directory>,
    wants: Wants,
}

impl Manager {
    /// Serves what is on disk.
    pub(super) fn new(wants: Wants, around: Around) -> Self {
        let directory = Directory::new(&wants, &around);
        let entries = directory.as_ref().map(|directory| {
            directory.prepare(&wants);
            recall(&directory.store, wants.list.clone())
        });
        Self {
            around,
            entries: entries.unwrap_or_default(),
            directory,
            wants,
        }
    }

    /// Does what is due, for ever.
    pub(super) async fn run(mut self, mut wanted: watch::Receiver<Wants>) {
        loop {
            self.tell();
            let now = WallClock.timestamp();
            match self.most_urgent() {
                Some((at, due, job)) if due <= now => {
                    match job {
                        Job::Look => self.look(at).await,
                        Job::Order => self.order(at).await,
                    };
                    if wanted.has_changed().is_ok_and(|has_changed| !has_changed) {
                        continue;
                    }
                }
                next => {
                    let due = next.map_or(Timestamp::MAX, |(_, due, _)| due);
                    let nap = Duration::try_from(due.duration_since(now)).unwrap_or(NAP);
                    tokio::select! {
                        () = sleep(nap.min(NAP)) => continue,
                        changed = wanted.changed() => if changed.is_err() { return },
                    }
                }
            }
            let wants = wanted.borrow_and_update().clone();
            self.adopt(wants).await;
        }
    }

    fn most_urgent(&self) -> Option<(usize, Timestamp, Job)> {
        let directory = self.directory.as_ref()?;
        let next = self.entries.iter().enumerate().map(|(at, entry)| {
            let (due, job) = entry.next(&directory.pause);
            (at, due, job)
        });
        next.min_by_key(|(_, due, _)| *due)
    }

    /// What the metrics say of plans.
    fn tell(&self) {
        let pause = self.directory.as_ref().map(|directory| &directory.pause);
        let planned = self.entries.iter().zip(pause.into_iter().cycle());
        let planned = planned.map(|(entry, pause)| {
            let at = entry.ordered(pause).max(Timestamp::UNIX_EPOCH);
            (entry.want.site.clone(), at)
        });
        let metrics = &self.around.telemetry.metrics.acme;
        metrics.planned(planned.collect());
    }

    /// Another configuration: what is in both goes on, without the pauses of before.
    async fn adopt(&mut self, wants: Wants) {
        let is_same = wants.directory == self.wants.directory && wants.data == self.wants.data;
        if !is_same || self.directory.is_none() {
            self.directory = Directory::new(&wants, &self.around);
            self.entries.clear();
        }
        let Some(directory) = &mut self.directory else {
            self.wants = wants;
            return;
        };
        directory.pause.forgive();
        directory.prepare(&wants);
        let before = self.entries.drain(..);
        let mut before: HashMap<_, _> = before.map(|entry| (entry.want.key(), entry)).collect();
        let mut new = Vec::new();
        for want in wants.list.iter().cloned() {
            match before.remove(&want.key()) {
                Some(entry) => self.entries.push(entry.carried(want)),
                None => new.push(want),
            }
        }
        let store = Arc::clone(&directory.store);
        let recalled = spawn_blocking(move || recall(&store, new)).await;
        self.entries.extend(recalled.unwrap_or_default());
        self.wants = wants;
    }

    /// Others may have renewed it, and its authority may have something to say.
    async fn look(&mut self, at: usize) {
        let (Some(directory), Some(entry)) = (&mut self.directory, self.entries.get_mut(at)) else {
            return;
        };
        directory.take_newer(entry).await;
        let now = WallClock.timestamp();
        if entry.is_to_ask(now).is_some() {
            let said = directory.suggestion(entry).await;
            if let Err(failed) = &said {
                let (site, error) = (&entry.want.site, chain(failed));
                tracing::debug!(site, error, "no suggestion");
            }
            entry.suggested(now, said.ok());
        }
        entry.looked(now);
    }

    async fn order(&mut self, at: usize) {
        let preferred = if self.wants.prefers_http {
            Kind::Http01
        } else {
            Kind::TlsAlpn01
        };
        let (Some(directory), Some(entry)) = (&mut self.directory, self.entries.get_mut(at)) else {
            return;
        };
        let names = entry.want.spec.names.clone();
        let lock = directory.on_disk(move |store| store.lock(&names)).await;
        let Some(Some(lock)) = lock else {
            entry.wait(after(WallClock.timestamp(), ANOTHERS));
            return;
        };
        if !directory.take_newer(entry).await && directory.may_order(entry).await {
            let done = directory.order(entry, preferred, &self.around).await;
            let metrics = &self.around.telemetry.metrics.acme;
            let result = done
                .as_ref()
                .map_or_else(|failed| failed.why.label(), |()| "success");
            metrics.ordered(&entry.want.site, result);
            match done {
                Ok(()) => directory.pause = Pause::default(),
                Err(failed) => directory.failed(entry, &failed).await,
            }
        }
        drop::<Lock>(lock);
    }
}

fn recall(store: &Store, wants: Vec<Want>) -> Vec<Entry> {
    let recalled = wants.into_iter().map(|want| Entry::recall(store, want));
    recalled.collect()
}
