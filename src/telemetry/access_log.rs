//! The access log: one line per request, formatted and written on a thread of its own.
//!
//! The request path hands over facts and never waits: when the writer cannot keep up, lines are
//! dropped and counted. A full disk or a closed pipe is counted too, and stops nothing.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
};

use http::Version;
use jiff::Timestamp;
use serde::Serialize;

use super::{handshakes::TlsVersion, record::Facts};
use crate::{
    config::spec::AccessLogFormat,
    failure::Failure,
    tasks::clock::{Clock, WallClock},
};

/// Records that may wait to be written: a third of a second's at 25,000 requests per second. Their
/// places take 3.4 MB from the start on.
const QUEUE: usize = 8 * 1024;

/// Hands records to the writer.
pub struct AccessLog {
    queue: SyncSender<Facts>,
    lost: Arc<Lost>,
}

/// Lines that were not written.
#[derive(Debug, Default)]
pub struct Lost {
    queue_full: AtomicU64,
    write_failed: AtomicU64,
}

/// The thread that writes.
pub struct Writer(JoinHandle<()>);

impl AccessLog {
    /// Starts the writer. `None` when nothing is to be logged.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(
        format: AccessLogFormat,
        out: impl Write + Send + 'static,
    ) -> io::Result<Option<(Self, Writer)>> {
        let write_line = match format {
            AccessLogFormat::Off => return Ok(None),
            AccessLogFormat::Json => json_line,
            AccessLogFormat::Text => text_line,
        };
        let (queue, records) = sync_channel(QUEUE);
        let lost = Arc::new(Lost::default());
        let shared = Arc::clone(&lost);
        let thread = std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || write_all(&records, out, write_line, &shared))?;
        Ok(Some((Self { queue, lost }, Writer(thread))))
    }

    pub(super) fn write(&self, facts: Facts) {
        match self.queue.try_send(facts) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.lost.queue_full.fetch_add(1, Relaxed);
            }
        }
    }

    /// Lines lost so far: because the writer could not keep up, and because writing failed.
    #[must_use]
    pub fn lost(&self) -> (u64, u64) {
        (
            self.lost.queue_full.load(Relaxed),
            self.lost.write_failed.load(Relaxed),
        )
    }
}

impl Writer {
    /// Waits until all is written. The log itself must have been dropped.
    pub fn finish(self) {
        drop(self.0.join());
    }
}

type WriteLine = fn(&mut Vec<u8>, &Facts, Timestamp) -> io::Result<()>;

/// Writes what has queued up in one go, so that a busy log costs few system calls.
fn write_all(records: &Receiver<Facts>, mut out: impl Write, line: WriteLine, lost: &Lost) {
    const BATCH: usize = 64 * 1024;
    let mut buffer = Vec::with_capacity(BATCH);
    while let Ok(first) = records.recv() {
        let mut lines = 0;
        for facts in std::iter::once(first).chain(records.try_iter()) {
            let ended = WallClock.timestamp();
            let length = buffer.len();
            if line(&mut buffer, &facts, ended).is_ok() {
                buffer.push(b'\n');
                lines += 1;
            } else {
                buffer.truncate(length);
            }
            if buffer.len() >= BATCH {
                break;
            }
        }
        if out.write_all(&buffer).and_then(|()| out.flush()).is_err() {
            lost.write_failed.fetch_add(lines, Relaxed);
        }
        buffer.clear();
    }
}

/// The names of OpenTelemetry's HTTP conventions where they have one.
#[derive(Serialize)]
struct Line<'a> {
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<&'a str>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'static str>,
    ended: &'static str,
    #[serde(
        rename = "http.request.method",
        skip_serializing_if = "Option::is_none"
    )]
    method: Option<&'a str>,
    #[serde(rename = "url.path")]
    path: &'a str,
    #[serde(rename = "url.query", skip_serializing_if = "Option::is_none")]
    query: Option<String>,
    #[serde(
        rename = "http.response.status_code",
        skip_serializing_if = "Option::is_none"
    )]
    status: Option<u16>,
    #[serde(rename = "server.address", skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    #[serde(rename = "client.address")]
    client: std::net::IpAddr,
    #[serde(rename = "network.protocol.version")]
    version: &'static str,
    #[serde(rename = "url.scheme")]
    scheme: &'static str,
    #[serde(
        rename = "tls.protocol.version",
        skip_serializing_if = "Option::is_none"
    )]
    tls: Option<&'static str>,
    #[serde(
        rename = "user_agent.original",
        skip_serializing_if = "Option::is_none"
    )]
    user_agent: Option<String>,
    #[serde(rename = "outage.id", skip_serializing_if = "Option::is_none")]
    outage: Option<String>,
    #[serde(rename = "http.request.body.size")]
    request_bytes: u64,
    #[serde(rename = "http.response.body.size")]
    response_bytes: u64,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<std::net::SocketAddr>,
    duration_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_ms: Option<f64>,
    request_id: &'a str,
}

impl<'a> Line<'a> {
    fn new(facts: &'a Facts, ended: Timestamp) -> Self {
        let began = jiff::SignedDuration::try_from(facts.duration)
            .ok()
            .and_then(|duration| ended.checked_sub(duration).ok())
            .unwrap_or(ended);
        Self {
            timestamp: format!("{began:.3}"),
            site: facts.site.as_ref().map(|site| site.name()),
            outcome: facts.outcome.label(),
            failure: facts.failure.map(Failure::label),
            ended: facts.ended.label(),
            method: facts.method.as_ref().map(http::Method::as_str),
            path: facts.uri.path(),
            query: facts.uri.query().map(redact),
            status: facts.status.map(|status| status.as_u16()),
            host: facts.host.as_ref().and_then(|host| host.to_str().ok()),
            client: facts.client,
            version: version(facts.version),
            scheme: if facts.tls.is_some() { "https" } else { "http" },
            tls: facts.tls.map(TlsVersion::label),
            user_agent: facts
                .user_agent
                .as_ref()
                .map(|agent| String::from_utf8_lossy(agent.as_bytes()).into_owned()),
            outage: facts.outage.map(|outage| outage.to_string()),
            request_bytes: facts.request_bytes,
            response_bytes: facts.response_bytes,
            attempts: facts.attempts,
            upstream: facts.endpoint,
            duration_ms: milliseconds(facts.duration),
            upstream_ms: facts.upstream.map(milliseconds),
            request_id: facts.request_id.to_str().unwrap_or_default(),
        }
    }
}

fn json_line(out: &mut Vec<u8>, facts: &Facts, ended: Timestamp) -> io::Result<()> {
    serde_json::to_writer(out, &Line::new(facts, ended)).map_err(io::Error::from)
}

fn text_line(out: &mut Vec<u8>, facts: &Facts, ended: Timestamp) -> io::Result<()> {
    let line = Line::new(facts, ended);
    let query = line
        .query
        .as_ref()
        .map_or_else(String::new, |query| format!("?{query}"));
    write!(
        out,
        "{} {} {} {} {}{query} {} {} {} {}B {:.1}ms",
        line.timestamp,
        line.client,
        line.site.unwrap_or("-"),
        line.method.unwrap_or("-"),
        line.path,
        line.status
            .map_or_else(|| "-".to_owned(), |status| status.to_string()),
        line.outcome,
        line.failure.unwrap_or("-"),
        line.response_bytes,
        line.duration_ms,
    )
}

/// Names of query parameters say what was asked; their values may be anybody's secret.
fn redact(query: &str) -> String {
    let mut redacted = String::with_capacity(query.len());
    for pair in query.split('&') {
        if !redacted.is_empty() {
            redacted.push('&');
        }
        let name = pair.split('=').next().unwrap_or_default();
        redacted.push_str(name);
        if name.len() < pair.len() {
            redacted.push_str("=*");
        }
    }
    redacted
}

const fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => "1.1",
    }
}

fn milliseconds(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_values_are_not_logged() {
        assert_eq!(
            redact("utm_source=x&token=s3cret&flag"),
            "utm_source=*&token=*&flag"
        );
        assert_eq!(redact("a=1=2&=3"), "a=*&=*");
    }
}
