//! One directory with what is kept of it: the account, certificates, and when to ask again.

use std::{sync::Arc, time::Duration};

use instant_acme::{Account, RenewalInfo};
use tokio::{task::spawn_blocking, time::timeout};

use super::{
    Around, Wants,
    account::Accounts,
    attempts::{Pause, after},
    client::Client,
    entry::Entry,
    failure::{Failed, Why},
    issued::Issued,
    order::{self, Kind, Wish},
    store::Store,
};
use crate::{
    failure::chain,
    tasks::clock::{Clock, WallClock},
};

/// For a suggestion about renewal.
const QUESTION: Duration = Duration::from_secs(60);
/// How far behind others one is put.
const TURN: Duration = Duration::from_secs(1);

/// Whom certificates are asked of.
pub(super) struct Directory {
    client: Client,
    pub(super) store: Arc<Store>,
    accounts: Accounts,
    pub(super) pause: Pause,
}

impl Directory {
    /// `None` where nothing is wanted of it and, with a reason in the log, where it can never be
    /// asked.
    pub(super) fn new(wants: &Wants, around: &Around) -> Option<Self> {
        if wants.list.is_empty() {
            return None;
        }
        let url = &wants.directory.url;
        let client = match Client::new(&wants.directory.ca, Arc::clone(&around.look_up)) {
            Ok(client) => client,
            Err(error) => {
                let error = chain(&error);
                tracing::error!(error, "a certificate of `ca_file` in [acme] cannot be used");
                return None;
            }
        };
        let store = Arc::new(Store::new(&wants.data, url));
        Some(Self {
            accounts: Accounts::new(url, &client, &store),
            client,
            store,
            pause: Pause::default(),
        })
    }

    /// Makes the place for what is wanted.
    pub(super) fn prepare(&self, wants: &Wants) {
        if wants.list.is_empty() {
            return;
        }
        if let Err(error) = self.store.prepare() {
            let (error, directory) = (chain(&error), self.store.shown());
            let way_out = "let the user of this process write there, or set `data`";
            tracing::warn!(
                directory,
                error,
                way_out,
                "certificates are kept in memory only: each start orders them anew, and authorities \
                 issue few a week"
            );
        }
    }

    pub(super) async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> T + Send + 'static,
    ) -> Option<T> {
        let store = Arc::clone(&self.store);
        spawn_blocking(move || work(&store)).await.ok()
    }

    /// Whether another process has left something newer.
    pub(super) async fn take_newer(&self, entry: &mut Entry) -> bool {
        let names = entry.want.spec.names.clone();
        let kept = self.on_disk(move |store| store.certificate(&names)).await;
        let newer = kept.and_then(|kept| entry.newer(kept));
        let has_newer = newer.is_some();
        if let Some(newer) = newer {
            let site = &entry.want.site;
            tracing::info!(site, "another process has fetched the certificate");
            entry.take(newer);
        }
        has_newer
    }

    /// Others may have tried in vain.
    pub(super) async fn may_order(&self, entry: &mut Entry) -> bool {
        let names = entry.want.spec.names.clone();
        if let Some(attempts) = self.on_disk(move |store| store.attempts(&names)).await {
            entry.attempts.learn(attempts);
        }
        entry.attempts.ready() <= WallClock.timestamp()
    }

    /// When the authority wants the certificate to be renewed (RFC 9773), unless it is left alone
    /// just now.
    pub(super) async fn suggestion(
        &mut self,
        entry: &Entry,
    ) -> Result<(RenewalInfo, Duration), Failed> {
        let now = WallClock.timestamp();
        if self.pause.until() > now {
            return Err(Failed::because(Why::Unreachable));
        }
        let said = timeout(QUESTION, self.ask(entry)).await;
        let said = said.unwrap_or(Err(Failed::because(Why::Unreachable)));
        if let Err(failed) = &said
            && failed.why.is_of_the_directory()
        {
            self.pause.search(now, self.client.again());
        }
        said
    }

    async fn ask(&mut self, entry: &Entry) -> Result<(RenewalInfo, Duration), Failed> {
        let account = self.accounts.open(&entry.want.spec.contact).await?;
        let id = entry.held.as_ref().and_then(|held| held.id.as_ref());
        let id = id.ok_or(Failed::because(Why::Useless))?;
        Ok(account.renewal_info(id).await?)
    }

    /// Orders in the way that worked last, else in the preferred one, then in the other.
    pub(super) async fn order(
        &mut self,
        entry: &mut Entry,
        preferred: Kind,
        around: &Around,
    ) -> Result<(), Failed> {
        // What was said about an earlier request does not count.
        let _ = self.client.again();
        let account = self.accounts.open(&entry.want.spec.contact).await?;
        let first = entry.attempts.kind.unwrap_or(preferred);
        let done = match self.try_by(&account, entry, first, around).await {
            Err(failed)
                if failed.why.may_differ_by_challenge()
                    && entry.attempts.ready() <= WallClock.timestamp() =>
            {
                let (site, detail) = (&entry.want.site, detail(&failed));
                let (tried, next) = (first.label(), first.other().label());
                tracing::info!(site, tried, next, detail, "trying the other challenge");
                let other = self.try_by(&account, entry, first.other(), around).await;
                other.map_err(|other| telling(failed, other))
            }
            Err(failed) if failed.forgets_us() => {
                self.accounts.forget(&entry.want.spec.contact).await;
                let account = self.accounts.open(&entry.want.spec.contact).await?;
                self.try_by(&account, entry, first, around).await
            }
            Err(failed) if failed.is_stale() => self.try_by(&account, entry, first, around).await,
            done => done,
        };
        self.keep_attempts(entry).await;
        done
    }

    async fn try_by(
        &self,
        account: &Account,
        entry: &mut Entry,
        kind: Kind,
        around: &Around,
    ) -> Result<(), Failed> {
        entry.attempts.begin(WallClock.timestamp());
        self.keep_attempts(entry).await;
        let names = entry.want.spec.names.clone();
        let wish = Wish {
            names: &names,
            replaces: entry.held.as_ref().and_then(|held| held.id.as_ref()),
            kind,
        };
        let pem = order::place(account, &wish, &around.challenges).await?;
        let issued = Issued::parse(&pem, &names).map_err(|error| Failed {
            source: Some(instant_acme::Error::Other(Box::new(error))),
            ..Failed::because(Why::Useless)
        })?;
        let (site, expires) = (&entry.want.site, issued.validity.until);
        let (shown, challenge) = (names.join(", "), kind.label());
        tracing::info!(site, names = shown, challenge, %expires, "certificate issued");
        entry.attempts.succeeded(kind);
        entry.take(issued);
        let kept = self.on_disk(move |store| store.keep_certificate(&names, &pem));
        if let Some(Err(error)) = kept.await {
            let (error, directory) = (chain(&error), self.store.shown());
            tracing::warn!(directory, error, "the certificate is kept in memory only");
        }
        Ok(())
    }

    async fn keep_attempts(&self, entry: &Entry) {
        let (names, attempts) = (entry.want.spec.names.clone(), entry.attempts.clone());
        // That they cannot be kept was said when the directory was prepared.
        let kept = self.on_disk(move |store| store.keep_attempts(&names, &attempts));
        drop(kept.await);
    }

    /// Says why there is no certificate, and when it is tried again.
    pub(super) async fn failed(&mut self, entry: &mut Entry, failed: &Failed) {
        let (now, again) = (WallClock.timestamp(), self.client.again());
        if failed.why.is_of_the_directory() {
            self.pause.search(now, again);
            // Behind the others, so that it cannot keep them from their turn.
            entry.wait(after(self.pause.until(), TURN));
        } else {
            self.pause = Pause::default();
            entry.attempts.failed(now, again);
            self.keep_attempts(entry).await;
        }
        let next = entry.ordered(&self.pause);
        let again = Duration::try_from(next.duration_since(now)).unwrap_or_default();
        let site = &entry.want.site;
        let names = match &failed.name {
            Some(name) => name.clone(),
            None => entry.want.spec.names.join(", "),
        };
        let served = match &entry.held {
            Some(held) => format!(
                "the certificate before, which holds until {}",
                held.validity.until
            ),
            None => "no certificate of the site's own".to_owned(),
        };
        tracing::warn!(
            site,
            names,
            cause = failed.why.label(),
            problem = failed.to_string(),
            detail = detail(failed),
            again_in_seconds = again.as_secs(),
            served,
            "no certificate"
        );
    }
}

/// Of two ways that both failed, the one that says more: that nobody answers is no news where only
/// one of the ports is open.
fn telling(first: Failed, other: Failed) -> Failed {
    let says_little = |failed: &Failed| matches!(failed.why, Why::Connection | Why::NoWay);
    if says_little(&first) && !says_little(&other) {
        other
    } else {
        first
    }
}

/// In the words of whoever knows.
fn detail(failed: &Failed) -> Option<String> {
    failed.source.as_ref().map(|source| chain(source))
}
