//! One certificate that is wanted: what is held, what was tried, and what is due next.

use std::{io, time::Duration};

use instant_acme::{CertificateIdentifier, RenewalInfo};
use jiff::Timestamp;

use super::{
    Want,
    attempts::{Attempts, Pause, after},
    issued::{Issued, Validity},
    renewal,
    store::Store,
};
use crate::failure::chain;

/// How soon another process's renewal is noticed.
const LOOK: Duration = Duration::from_secs(3600);
/// When an authority is asked again that did not say what it suggests.
const UNSAID: Duration = Duration::from_secs(6 * 3600);

/// A certificate that is wanted.
pub(super) struct Entry {
    pub(super) want: Want,
    pub(super) attempts: Attempts,
    pub(super) held: Option<Held>,
    /// When it is renewed; long ago while nothing is held.
    pub(super) renew: Timestamp,
    /// When disk is looked at.
    look: Timestamp,
    /// When its authority is asked for a suggestion.
    ask: Timestamp,
    /// Others come first until then.
    busy: Timestamp,
}

/// What is known of the certificate in the slot.
pub(super) struct Held {
    pub(super) validity: Validity,
    pub(super) id: Option<CertificateIdentifier<'static>>,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Job {
    /// See what others have done and what the authority suggests.
    Look,
    /// Order a certificate.
    Order,
}

impl Entry {
    /// With what is on disk: its certificate is served from here on.
    pub(super) fn recall(store: &Store, want: Want) -> Self {
        let mut attempts = store.attempts(&want.spec.names);
        attempts.forgive();
        let mut entry = Self {
            want,
            attempts,
            held: None,
            renew: Timestamp::MIN,
            look: Timestamp::MIN,
            ask: Timestamp::MIN,
            busy: Timestamp::MIN,
        };
        let kept = store.certificate(&entry.want.spec.names);
        if let Some(kept) = entry.newer(kept) {
            let (site, expires) = (&entry.want.site, kept.validity.until);
            tracing::info!(site, %expires, "the certificate kept on disk is used");
            entry.take(kept);
        }
        entry
    }

    /// The same after a reload: what failed may be tried again at once, as somebody may have seen to
    /// it.
    pub(super) fn carried(mut self, want: Want) -> Self {
        if let Some(key) = self.want.slot.get().filter(|_| want.slot.get().is_none()) {
            want.slot.put(key.as_ref().clone());
        }
        self.want = want;
        self.attempts.forgive();
        self.busy = Timestamp::MIN;
        self
    }

    /// When it is ordered: not before it may be, and not while the directory is left alone.
    pub(super) fn ordered(&self, directory: &Pause) -> Timestamp {
        let allowed = self.attempts.ready().max(directory.until());
        self.renew.max(allowed).max(self.busy)
    }

    /// What is next, and when.
    pub(super) fn next(&self, directory: &Pause) -> (Timestamp, Job) {
        let order = self.ordered(directory);
        if self.held.is_none() || order <= self.look {
            (order, Job::Order)
        } else {
            (self.look, Job::Look)
        }
    }

    /// Whether its authority is to be asked for a suggestion.
    pub(super) fn is_to_ask(&self, now: Timestamp) -> Option<&CertificateIdentifier<'static>> {
        let held = self.held.as_ref().filter(|_| self.ask <= now);
        held.and_then(|held| held.id.as_ref())
    }

    /// The certificate that is on disk, if it holds longer than what is held.
    pub(super) fn newer(&self, kept: io::Result<Option<String>>) -> Option<Issued> {
        let (site, names) = (&self.want.site, &self.want.spec.names);
        let kept = match kept {
            Ok(kept) => kept?,
            Err(error) => {
                let error = chain(&error);
                tracing::warn!(site, error, "the certificate kept on disk cannot be read");
                return None;
            }
        };
        match Issued::parse(&kept, names) {
            Ok(issued) => {
                let held = self.held.as_ref().map(|held| held.validity.until);
                held.is_none_or(|held| issued.validity.until > held)
                    .then_some(issued)
            }
            Err(error) => {
                let error = chain(&error);
                tracing::warn!(site, error, "the certificate kept on disk cannot be used");
                None
            }
        }
    }

    /// Serves it.
    pub(super) fn take(&mut self, issued: Issued) {
        self.renew = renewal::by_age(issued.validity, fastrand::f64());
        (self.look, self.ask) = (Timestamp::MIN, Timestamp::MIN);
        self.held = Some(Held {
            validity: issued.validity,
            id: issued.id,
        });
        self.want.slot.put(issued.key);
    }

    /// Disk has been looked at.
    pub(super) fn looked(&mut self, now: Timestamp) {
        let later = after(now, LOOK);
        let is_asked_for = self.held.as_ref().is_some_and(|held| held.id.is_some());
        self.look = if is_asked_for {
            later.min(self.ask.max(now))
        } else {
            later
        };
    }

    /// What its authority suggests, and when it wants to be asked again.
    pub(super) fn suggested(&mut self, now: Timestamp, said: Option<(RenewalInfo, Duration)>) {
        let Some((information, again)) = said else {
            self.ask = after(now, UNSAID.mul_f64(0.75 + 0.5 * fastrand::f64()));
            return;
        };
        self.ask = after(now, renewal::asked_again(again));
        let Some(moment) = renewal::by_suggestion(&information.suggested_window, fastrand::f64())
        else {
            return;
        };
        // A moment that was drawn before stays, unless the window has moved away from it: to draw
        // again each time would draw early moments more often.
        if !renewal::is_inside(&information.suggested_window, self.renew) {
            self.renew = moment;
        }
    }

    /// No order before then: another process orders, or others come first.
    pub(super) fn wait(&mut self, until: Timestamp) {
        self.busy = until;
    }
}

#[cfg(test)]
mod tests;
