//! Certificates on the disk, looked at now and then: what has been renewed is put to use without a
//! signal, and what is about to expire is said.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{task::spawn_blocking, time::sleep};

use crate::{
    config,
    failure::chain,
    server::worker::Shared,
    tasks::clock::{Clock, WallClock},
    tls::{Certificates, Entry, Remaining, certified},
};

/// Soon enough for whoever renews days before, and for somebody who waits beside it.
const EVERY: Duration = Duration::from_secs(60);

/// Looks for as long as the process runs.
pub(super) async fn watch(shared: Arc<Shared>) {
    let mut said = Said::default();
    loop {
        let certificates = shared.runtime.certificates().load();
        // Disks may be slow; the control thread has other duties.
        let look = spawn_blocking(move || {
            said.look(&certificates, WallClock.timestamp());
            said
        });
        said = look.await.unwrap_or_default();
        sleep(EVERY).await;
    }
}

/// What the log says already, by site.
#[derive(Debug, Default)]
struct Said {
    broken: HashMap<Option<String>, String>,
    expiring: HashMap<Option<String>, (Timestamp, Remaining)>,
}

impl Said {
    fn look(&mut self, certificates: &Certificates, now: Timestamp) {
        for entry in certificates.entries() {
            self.renew(entry);
            self.warn(entry, now);
        }
    }

    /// Puts what the files hold in place, if it differs and can be used.
    fn renew(&mut self, entry: &Entry) {
        let Some(files) = &entry.files else { return };
        let site = entry.site.as_deref().unwrap_or_default();
        let read = config::read_again(files);
        let spec = match read {
            Ok(spec) => spec,
            Err(error) => return self.complain(entry, chain(&error)),
        };
        self.broken.remove(&entry.site);
        if entry.slot.get().is_some_and(|used| used.cert == spec.chain) {
            return;
        }
        match certified(&spec, site) {
            Ok(key) => {
                entry.slot.put(key);
                tracing::info!(
                    site,
                    "a renewed certificate was found and is used from now on"
                );
            }
            Err(error) => self.complain(entry, chain(&error)),
        }
    }

    /// Once for each thing that is wrong.
    fn complain(&mut self, entry: &Entry, error: String) {
        if self.broken.get(&entry.site) != Some(&error) {
            let site = entry.site.as_deref().unwrap_or_default();
            tracing::warn!(
                site,
                error,
                "the certificate's files cannot be used as they are; the one before stays"
            );
            self.broken.insert(entry.site.clone(), error);
        }
    }

    /// Once for each step towards the end.
    fn warn(&mut self, entry: &Entry, now: Timestamp) {
        let Some(expires) = entry.expires() else {
            return;
        };
        let remaining = Remaining::of(expires, now);
        // Those that are fetched may be made for a week. Whatever keeps one from being renewed is
        // said where it is fetched.
        if entry.is_fetched() && remaining != Remaining::Nothing {
            return;
        }
        let said = self
            .expiring
            .insert(entry.site.clone(), (expires, remaining));
        let (Some(complaint), true) = (remaining.complaint(), said != Some((expires, remaining)))
        else {
            return;
        };
        let site = entry.site.as_deref().unwrap_or_default();
        if remaining == Remaining::Nothing {
            tracing::error!(site, %expires, "{complaint}");
        } else {
            tracing::warn!(site, %expires, "{complaint}");
        }
    }
}

#[cfg(test)]
mod tests;
