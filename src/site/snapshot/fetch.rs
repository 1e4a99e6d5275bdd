//! Fetches a page with all that it refers to on the same site.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use tokio::task::{JoinError, spawn_blocking};

use crate::{
    config::spec::{HostPattern, SiteSpec},
    markup::{
        assets::media_type,
        snapshot::{Bundled, File, Files, bundle},
    },
    upstream::{Upstream, fetch::FetchError},
};

const PAGE_LIMIT: usize = 512 * 1024;
/// Of all files together.
const FILES_LIMIT: usize = 1536 * 1024;
const MOST_FILES: usize = 100;
/// Style sheets, what they import, and so on.
const MOST_ROUNDS: usize = 8;
/// For the page, and for each file.
const TIME: Duration = Duration::from_secs(10);

/// A page that stands alone.
pub(super) struct Fetched {
    pub html: String,
    /// In words.
    pub left_out: BTreeSet<String>,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(super) enum SnapshotError {
    #[error("the page cannot be fetched")]
    Fetch(#[from] FetchError),
    #[error("the page was answered with {0}, not with 200")]
    Status(StatusCode),
    #[error("the page is not HTML but {0}")]
    Type(String),
    #[error("the page came compressed, which was not asked for")]
    Coding,
    #[error("the page is not UTF-8")]
    Encoding,
    #[error("the page is empty")]
    Empty,
    #[error("the page cannot be put together")]
    Bundle(#[from] JoinError),
}

/// Fetches `path` of a site.
pub(super) async fn fetch(
    site: &SiteSpec,
    path: &str,
    upstream: &Upstream,
) -> Result<Fetched, SnapshotError> {
    let host = host(site);
    let html = page(upstream.fetch(path, &host, PAGE_LIMIT, TIME).await?)?;
    let name = String::from_utf8_lossy(host.as_bytes()).into_owned();
    let page = Arc::new(Page {
        html,
        host: name,
        path: path.to_owned(),
    });
    let mut files = Files::new();
    let mut left = FILES_LIMIT;
    for _ in 0..MOST_ROUNDS {
        let missing = bundled(&page, &mut files).await?.missing;
        if missing.is_empty() {
            break;
        }
        for path in missing {
            let is_wanted = files.len() < MOST_FILES && left > 0;
            let file = match is_wanted {
                true => file(&path, upstream, &host, left).await,
                false => None,
            };
            left = left.saturating_sub(file.as_ref().map_or(0, |file| file.bytes.len()));
            files.insert(path, file);
        }
    }
    let bundled = bundled(&page, &mut files).await?;
    Ok(Fetched {
        html: bundled.html,
        left_out: bundled.left_out,
    })
}

/// A page as it was fetched, and where from.
struct Page {
    html: String,
    host: String,
    path: String,
}

/// Puts a page together beside the other work of this thread, which one that is made to be slow
/// must not hold up.
async fn bundled(page: &Arc<Page>, files: &mut Files) -> Result<Bundled, SnapshotError> {
    let (page, known) = (Arc::clone(page), std::mem::take(files));
    let work = move || {
        let bundled = bundle(&page.html, (&page.host, &page.path), &known);
        (known, bundled)
    };
    let (known, bundled) = spawn_blocking(work).await?;
    *files = known;
    Ok(bundled)
}

/// The host that the application is asked for: its own, else the site's first name.
fn host(site: &SiteSpec) -> HeaderValue {
    let named = site.hosts.iter().find_map(|host| match host {
        HostPattern::Exact(name) => HeaderValue::try_from(name).ok(),
        HostPattern::Wildcard(_) | HostPattern::Any => None,
    });
    let target = site.upstream.targets.first();
    let target = target.and_then(|target| HeaderValue::try_from(target.authority.as_str()).ok());
    let own = site.headers.host.clone();
    own.or(named)
        .or(target)
        .unwrap_or(HeaderValue::from_static("localhost"))
}

fn page(response: Response<Bytes>) -> Result<String, SnapshotError> {
    if response.status() != StatusCode::OK {
        return Err(SnapshotError::Status(response.status()));
    }
    let kind = kind(response.headers());
    if kind != "text/html" && kind != "application/xhtml+xml" {
        return Err(SnapshotError::Type(kind));
    }
    if is_coded(response.headers()) {
        return Err(SnapshotError::Coding);
    }
    let text = String::from_utf8(response.into_body().into());
    let text = text.map_err(|_| SnapshotError::Encoding)?;
    if text.trim().is_empty() {
        return Err(SnapshotError::Empty);
    }
    Ok(text.replace("\r\n", "\n"))
}

async fn file(path: &str, upstream: &Upstream, host: &HeaderValue, left: usize) -> Option<File> {
    let fetched = upstream.fetch(&format!("/{path}"), host, left, TIME).await;
    let response = fetched.ok()?;
    if response.status() != StatusCode::OK || is_coded(response.headers()) {
        return None;
    }
    let kind = kind(response.headers());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/+-.".contains(c);
    let is_own =
        (kind.starts_with("image/") || kind.starts_with("font/")) && kind.chars().all(is_plain);
    Some(File {
        media_type: if is_own {
            Some(kind)
        } else {
            media_type(path).map(str::to_owned)
        },
        bytes: response.into_body().into(),
    })
}

fn kind(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE);
    let text = value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let kind = text.split(';').next().unwrap_or_default();
    kind.trim().to_ascii_lowercase()
}

fn is_coded(headers: &HeaderMap) -> bool {
    let coding = headers.get(header::CONTENT_ENCODING);
    coding.is_some_and(|coding| coding != "identity")
}
