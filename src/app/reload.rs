//! A reload: all of the new configuration, or none of it.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use tokio::task::spawn_blocking;

use super::{App, acme, complete};
use crate::{
    config::spec::{Config, ProcessSpec},
    failure::chain,
    runtime::Runtime,
};

/// Reads the configuration again; problems are logged by whoever reads.
pub type Reread = Arc<dyn Fn() -> Option<Config> + Send + Sync>;

impl App {
    /// Swaps in what the files say now, or keeps everything as it is. Returns which.
    pub(super) async fn reload(&mut self, reread: Option<&Reread>) -> bool {
        let Some(reread) = reread.cloned() else {
            tracing::warn!("reload ignored: this process was started without configuration files");
            return false;
        };
        // Reading files and compressing pages takes its time; the control thread has other duties.
        let applied = match spawn_blocking(move || reread()).await {
            Ok(Some(config)) => self.apply(config).await,
            Ok(None) | Err(_) => false,
        };
        let metrics = &self.shared.telemetry.metrics;
        metrics.last_reload_failed.store(!applied, Relaxed);
        if applied {
            metrics.reloads_applied.fetch_add(1, Relaxed);
            tracing::info!("configuration reloaded");
        } else {
            metrics.reloads_refused.fetch_add(1, Relaxed);
            tracing::error!("reload refused: the previous configuration stays in force");
        }
        applied
    }

    async fn apply(&mut self, config: Config) -> bool {
        let previous = self.shared.runtime.load_full();
        warn_of_restart(&previous.config.process, &config.process);
        let bound = self.listening.prepare(&config.process, self.workers.len());
        let bound = match bound {
            Ok(bound) => bound,
            Err(error) => return refuse(&error),
        };
        let (around, telemetry) = (self.around.clone(), Arc::clone(&self.shared.telemetry));
        let build = spawn_blocking(move || {
            Runtime::build(config, Some(&previous), &around, &telemetry.metrics)
        });
        match build.await {
            Ok(Ok(runtime)) => {
                self.acme.want(acme::wants(&runtime));
                self.shared.runtime.store(runtime);
                self.listening.apply(bound, &self.workers);
                complete(&self.shared);
                true
            }
            Ok(Err(error)) => refuse(&error),
            Err(error) => refuse(&error),
        }
    }
}

fn refuse(error: &(dyn std::error::Error + 'static)) -> bool {
    let error = chain(error);
    tracing::error!(error, "the new configuration cannot be put to work");
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
