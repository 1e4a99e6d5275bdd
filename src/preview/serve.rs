//! The gallery in a browser, at an address of this machine alone unless told otherwise.

use std::{convert::Infallible, path::PathBuf, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::get,
};
use futures_util::{Stream, stream};
use tokio::{net::TcpListener, sync::watch, task::spawn_blocking, time::sleep};

use super::{Gallery, Read, Sample, files::as_text, site::Shot, watch::fingerprint};
use crate::{config::spec::SiteSpec, failure::chain, tasks::Tasks};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Reads the files again; an error is what `check` would print.
type Reread = Arc<dyn Fn() -> Result<Read, String> + Send + Sync>;

/// A gallery that follows its files.
pub struct Live {
    directory: PathBuf,
    /// What the directory was like at first.
    seen: u64,
    reread: Reread,
    gallery: ArcSwap<Gallery>,
    /// Counts the changes.
    changes: watch::Sender<u64>,
}

impl Live {
    /// With the files as they are now.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    pub fn open(directory: PathBuf, reread: Reread) -> Result<Arc<Self>, String> {
        // Before they are read, so that no change in between is missed.
        let seen = fingerprint(&directory);
        let gallery = Gallery::new(reread()?).map_err(|error| chain(&error))?;
        Ok(Arc::new(Self {
            directory,
            seen,
            reread,
            gallery: ArcSwap::from_pointee(gallery),
            changes: watch::Sender::new(0),
        }))
    }

    async fn follow(self: Arc<Self>) {
        let mut seen = self.seen;
        loop {
            sleep(LOOK).await;
            let now = self.look().await;
            if now == seen {
                continue;
            }
            seen = now;
            let this = Arc::clone(&self);
            if spawn_blocking(move || this.refresh()).await.is_ok() {
                self.changes.send_modify(|count| *count += 1);
            }
        }
    }

    async fn look(&self) -> u64 {
        let directory = self.directory.clone();
        spawn_blocking(move || fingerprint(&directory))
            .await
            .unwrap_or_default()
    }

    /// Shows what the files say now, or says why that cannot be shown.
    fn refresh(&self) {
        let before = |problem: String| {
            let shown = self.gallery.load();
            let sites: Vec<Arc<SiteSpec>> = shown
                .sites
                .iter()
                .map(|site| Arc::new(site.spec().clone()))
                .collect();
            Gallery::with_problem(&sites, problem)
        };
        let gallery = match (self.reread)() {
            Ok(read) => Gallery::new(read).or_else(|error| before(chain(&error))),
            Err(problem) => before(problem),
        };
        if let Ok(gallery) = gallery {
            self.gallery.store(Arc::new(gallery));
        }
    }
}

/// Serves until the process ends.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(listener: TcpListener, live: Arc<Live>, tasks: &Tasks) -> std::io::Result<()> {
    tasks.spawn_on_control(Arc::clone(&live).follow());
    let router = Router::new()
        .route("/", get(index))
        .route("/events", get(events))
        .route("/pages/{site}/{*sample}", get(page))
        .route("/.intermission/status", get(status))
        .with_state(live);
    axum::serve(listener, router).await
}

async fn index(State(live): State<Arc<Live>>) -> Response {
    match live.gallery.load().index(true) {
        Ok(html) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, chain(&error)).into_response(),
    }
}

/// Tells the browser of each change.
async fn events(
    State(live): State<Arc<Live>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = live.changes.subscribe();
    let events = stream::unfold(changes, async |mut changes| {
        changes.changed().await.ok()?;
        let count = *changes.borrow_and_update();
        Some((
            Ok(Event::default().event("changed").data(count.to_string())),
            changes,
        ))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

async fn page(
    State(live): State<Arc<Live>>,
    Path((site, path)): Path<(String, String)>,
) -> Response {
    let shot = Sample::at(&path).and_then(|sample| {
        let gallery = live.gallery.load();
        let shot = gallery.site(&site)?.shot(&sample, "identity")?;
        Some((sample, shot))
    });
    match shot {
        Some((sample, shot)) if sample.kind.is_html() => framed(shot),
        Some((_, shot)) => (no_store(), as_text(&shot)).into_response(),
        None => (StatusCode::NOT_FOUND, "There is no such page.\n").into_response(),
    }
}

/// The page under its own policy, but for the gallery, which may frame it.
fn framed(shot: Shot) -> Response {
    let policy = shot.head.get(header::CONTENT_SECURITY_POLICY);
    let policy = policy
        .and_then(|policy| policy.to_str().ok())
        .unwrap_or_default();
    let policy = policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'");
    let mut response = (no_store(), shot.body).into_response();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    if let Ok(policy) = HeaderValue::try_from(policy) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

const fn no_store() -> [(header::HeaderName, &'static str); 1] {
    [(header::CACHE_CONTROL, "no-store")]
}

/// For the pages, which ask whether their site is back: it is not.
async fn status() -> impl IntoResponse {
    let json = (header::CONTENT_TYPE, "application/json");
    ([json], "{\"state\":\"down\",\"wait\":60}")
}
