//! A reload: all of the new configuration, or none of it.

use std::sync::atomic::Ordering::Relaxed;

use super::App;
use crate::{
    config::spec::{Config, ProcessSpec},
    runtime::Runtime,
};

/// Reads the configuration again; problems are logged by whoever reads.
pub type Reread = Box<dyn Fn() -> Option<Config> + Send>;

impl App {
    /// Swaps in what the files say now, or keeps everything as it is.
    pub(super) fn reload(&mut self, reread: Option<&Reread>) {
        let Some(reread) = reread else {
            tracing::warn!("reload ignored: this process was started without configuration files");
            return;
        };
        let applied = self.apply(reread());
        let metrics = &self.shared.telemetry.metrics;
        if applied {
            metrics.reloads_applied.fetch_add(1, Relaxed);
            metrics.last_reload_failed.store(false, Relaxed);
            tracing::info!("configuration reloaded");
        } else {
            metrics.reloads_refused.fetch_add(1, Relaxed);
            metrics.last_reload_failed.store(true, Relaxed);
            tracing::error!("reload refused: the previous configuration stays in force");
        }
    }

    fn apply(&mut self, config: Option<Config>) -> bool {
        let Some(config) = config else { return false };
        let previous = self.shared.runtime.load_full();
        warn_of_restart(&previous.config.process, &config.process);
        let bound = self
            .listening
            .prepare(&config.process.listen, self.workers.len());
        let bound = match bound {
            Ok(bound) => bound,
            Err(error) => return refuse(&error),
        };
        let metrics = &self.shared.telemetry.metrics;
        match Runtime::build(config, Some(&previous), &self.around, metrics) {
            Ok(runtime) => {
                self.shared.runtime.store(runtime);
                self.listening.apply(bound, &self.workers);
                true
            }
            Err(error) => refuse(&error),
        }
    }
}

fn refuse(error: &dyn std::error::Error) -> bool {
    let cause = error.source().map(ToString::to_string);
    tracing::error!(%error, cause, "the new configuration cannot be put to work");
    false
}

/// What belongs to the process and not to a site is fixed when it starts.
fn warn_of_restart(before: &ProcessSpec, after: &ProcessSpec) {
    let fixed = [
        ("admin", before.admin != after.admin),
        ("workers", before.workers != after.workers),
        ("log", before.log != after.log),
        ("dns", before.dns != after.dns),
        (
            "clients.connections",
            before.clients.connections != after.clients.connections,
        ),
    ];
    for (key, _) in fixed.into_iter().filter(|(_, differs)| *differs) {
        tracing::warn!(key, "this key takes effect at the next start only");
    }
}
