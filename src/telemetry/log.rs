//! The process's own log: to standard error, through a thread that never blocks the others.

use tracing::Level;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{EnvFilter, fmt::time::FormatTime};

use crate::{
    config::spec::{LogFormat, LogSpec},
    tasks::clock::{Clock, WallClock},
};

/// Lines that may wait to be written. What repeats itself is not logged each time, so there are few;
/// the appender's own 128,000 places would take 4 MB.
const QUEUE: usize = 4 * 1024;

/// Sets up the process's log. What is still queued is written when the guard is dropped.
pub fn start(spec: &LogSpec) -> WorkerGuard {
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(QUEUE)
        .finish(std::io::stderr());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(spec.level))
        .with_timer(Iso)
        .with_target(false)
        .with_writer::<NonBlocking>(writer);
    // A second start, as in tests, keeps the first log.
    let started = match spec.format {
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .try_init(),
        LogFormat::Text => builder.with_ansi(false).try_init(),
    };
    drop(started);
    guard
}

/// What is logged. Of what clients do to HTTP/2 nothing, unless somebody looks for it: a flood of
/// them would be a flood of lines.
fn filter(level: Level) -> EnvFilter {
    let quiet = if level <= Level::INFO { ",h2=off" } else { "" };
    EnvFilter::new(format!("{level}{quiet}"))
}

/// ISO 8601 with milliseconds, in UTC.
struct Iso;

impl FormatTime for Iso {
    fn format_time(&self, w: &mut tracing_subscriber::fmt::format::Writer<'_>) -> std::fmt::Result {
        write!(w, "{:.3}", WallClock.timestamp())
    }
}
