//! Words to the service manager (`sd_notify(3)`, units of `Type=notify-reload` or `notify`).
//! Where there is none (`NOTIFY_SOCKET` is not set), nothing is said. Nothing here can fail in a
//! way that matters to a request.

use std::time::Duration;

use sd_notify::NotifyState::{
    self, ExtendTimeoutUsec, Ready, Reloading, Status, Stopping, Watchdog,
};
use tokio::time::interval;

/// What the end may take beyond `drain`: to write out logs and to join threads.
const MARGIN: Duration = Duration::from_secs(10);

/// Up, or done with a reload. The words are shown by `systemctl status`.
pub(super) fn ready(status: &str) {
    say(&[Ready, Status(status)]);
}

/// About to read the configuration again. The time tells this reload from earlier ones.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => say(&[Reloading, now, Status("reading the configuration")]),
        Err(_) => say(&[Reloading]),
    }
}

/// About to end, which may take as long as `drain`, whatever `TimeoutStopSec` says.
pub(super) fn stopping(drain: Duration) {
    let limit = u32::try_from((drain + MARGIN).as_micros()).unwrap_or(u32::MAX);
    say(&[
        Stopping,
        ExtendTimeoutUsec(limit),
        Status("finishing requests in flight"),
    ]);
}

/// Tells twice in each `WatchdogSec` that the control thread is alive; ends at once where the unit
/// has none.
pub(super) async fn watchdog() {
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return;
    };
    let mut turns = interval((limit / 2).max(Duration::from_millis(1)));
    loop {
        turns.tick().await;
        say(&[Watchdog]);
    }
}

fn say(words: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(words) {
        tracing::warn!(%error, "the service manager cannot be told how we are");
    }
}
