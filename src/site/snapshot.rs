//! Keeps a page of the site itself at hand (`fallback.snapshot`): fetched while the origin is well,
//! at the start, at each reload and once a day, and kept on disk for a start without the origin.
//!
//! Not on the request's way, and nothing here can take a page away: what cannot be fetched, used or
//! written is said in the log, and the last good page stays.

mod disk;
mod fetch;

use std::{sync::Arc, time::Duration};

use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    config::spec::{OwnPage, SiteSpec, SnapshotSpec},
    failure::chain,
    page::snapshot::Snapshot,
    tasks::Tasks,
    upstream::Upstream,
};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// How soon a fetch that failed is repeated at first, and at the longest.
const AGAIN: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(3600));

/// Keeps one site's snapshot; ends with it.
pub(super) struct Keeper {
    page: Arc<Snapshot>,
    wanted: Arc<Notify>,
    _task: DropGuard,
}

/// What the task needs, and no site.
struct Work {
    site: Arc<SiteSpec>,
    spec: SnapshotSpec,
    upstream: Arc<Upstream>,
    page: Arc<Snapshot>,
}

impl Keeper {
    /// Starts keeping, with the page that is on disk. `None` for a site that wants none.
    pub(super) fn start(
        site: &Arc<SiteSpec>,
        upstream: &Arc<Upstream>,
        tasks: &Tasks,
    ) -> Option<Self> {
        let Some(OwnPage::Snapshot(spec)) = &site.own.page else {
            return None;
        };
        let work = Work {
            site: Arc::clone(site),
            spec: spec.clone(),
            upstream: Arc::clone(upstream),
            page: Arc::default(),
        };
        work.recall();
        let (page, wanted) = (Arc::clone(&work.page), Arc::new(Notify::new()));
        let ended = CancellationToken::new();
        let until = ended.clone();
        let asked = Arc::clone(&wanted);
        tasks.spawn_on_control(async move {
            until.run_until_cancelled(work.run(&asked)).await;
        });
        Some(Self {
            page,
            wanted,
            _task: ended.drop_guard(),
        })
    }

    /// The page, as far as there is one.
    pub(super) fn page(&self) -> &Arc<Snapshot> {
        &self.page
    }

    /// Fetches it again now.
    pub(super) fn refresh(&self) {
        self.wanted.notify_one();
    }
}

impl Work {
    /// Shows what was kept when the process ended last.
    fn recall(&self) {
        let Some(file) = &self.spec.file else {
            return;
        };
        let site = &self.site.name;
        let shown = match disk::read(file) {
            Ok(Some(html)) => self.page.show(&html),
            Ok(None) => return,
            Err(error) => {
                let (error, file) = (chain(&error), file.display().to_string());
                tracing::warn!(site, file, error, "the page kept on disk cannot be read");
                return;
            }
        };
        if let Err(error) = shown {
            let (error, file) = (chain(&error), file.display().to_string());
            tracing::warn!(site, file, error, "the page kept on disk cannot be used");
        }
    }

    async fn run(&self, wanted: &Notify) {
        let mut again = AGAIN.0;
        loop {
            let pause = if self.fetch().await {
                again = AGAIN.0;
                // So that many sites do not fetch at once.
                DAY.mul_f64(0.9 + 0.2 * fastrand::f64())
            } else {
                let pause = again;
                again = (again * 2).min(AGAIN.1);
                pause
            };
            // Either end of it is a reason to fetch.
            drop(timeout(pause, wanted.notified()).await);
        }
    }

    /// Whether there is a fresh page now.
    async fn fetch(&self) -> bool {
        let (site, path) = (&self.site.name, &self.spec.path);
        let fetched = match fetch::fetch(&self.site, path, &self.upstream).await {
            Ok(fetched) => fetched,
            Err(error) => {
                let error = chain(&error);
                tracing::warn!(site, path, error, "no snapshot: the page before stays");
                return false;
            }
        };
        if !fetched.left_out.is_empty() {
            let left_out = fetched
                .left_out
                .iter()
                .take(10)
                .cloned()
                .collect::<Vec<_>>();
            let left_out = left_out.join(", ");
            tracing::warn!(site, path, left_out, "the snapshot does without these");
        }
        let (page, html) = (Arc::clone(&self.page), fetched.html.clone());
        let shown = tokio::task::spawn_blocking(move || page.show(&html)).await;
        match shown {
            Ok(Ok(())) => {
                let bytes = fetched.html.len();
                tracing::info!(site, path, bytes, "snapshot taken");
                self.keep(fetched.html).await;
                true
            }
            Ok(Err(error)) => {
                let error = chain(&error);
                tracing::warn!(site, path, error, "no snapshot: the page before stays");
                false
            }
            // The process is ending.
            Err(_) => false,
        }
    }

    async fn keep(&self, html: String) {
        let Some(file) = self.spec.file.clone() else {
            return;
        };
        let shown = file.display().to_string();
        let written = tokio::task::spawn_blocking(move || disk::write(&file, &html)).await;
        if let Ok(Err(error)) = written {
            let (site, file, error) = (&self.site.name, shown, chain(&error));
            let way_out = "let the user of this process write there, or set `data`";
            tracing::warn!(
                site,
                file,
                error,
                way_out,
                "the snapshot is kept in memory only"
            );
        }
    }
}
