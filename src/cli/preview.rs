//! `intermission preview`: every page, before an outage shows it.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::Args;
use tokio::{net::TcpListener, runtime::Handle};

use super::{complain, explain, read, run::control_thread, say};
use crate::{
    config::{self, Problems},
    preview::{self, Gallery, Live, Read},
    tasks::Tasks,
};

/// Show every page of every site.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  intermission preview
  intermission preview --config ./config --listen 127.0.0.1:8090
  intermission preview --config ./config --out ./pages

Then open the address it names. The gallery shows the pages by language, cause, design, client,
colour scheme and width, says what could be better, and follows the files as they change.")]
pub struct Preview {
    /// Directory with intermission.toml and sites/*.toml [default: /etc/intermission, else ./config]
    #[arg(long, value_name = "DIR", env = "INTERMISSION_CONFIG")]
    config: Option<PathBuf>,
    /// Where the gallery is served
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Write the pages into this directory instead of serving them
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Preview {
    pub(super) fn run(&self) -> ExitCode {
        match self.show() {
            Ok(()) => ExitCode::SUCCESS,
            Err(text) => complain(text),
        }
    }

    fn show(&self) -> Result<(), String> {
        let dir = config::find_dir(self.config.as_deref()).map_err(|error| explain(&error))?;
        if let Some(out) = &self.out {
            let gallery = Gallery::new(read(&dir)?).map_err(|error| explain(&error))?;
            let count = preview::write(&gallery, out).map_err(|error| explain(&error))?;
            say(format_args!(
                "{count} files in {}; open index.html",
                out.display()
            ));
            return Ok(());
        }
        let control = control_thread().map_err(|error| explain(&error))?;
        let from = dir.clone();
        let live = Live::open(dir, Arc::new(move || read(&from)))?;
        let served = control.block_on(self.serve(live));
        control.shutdown_background();
        served.map_err(|error| explain(&error))
    }

    async fn serve(&self, live: Arc<Live>) -> io::Result<()> {
        let listener = TcpListener::bind(self.listen).await?;
        let address = listener.local_addr()?;
        say(format_args!(
            "The gallery is at http://{address}/. Stop it with Ctrl-C."
        ));
        let tasks = Tasks::new(Handle::current());
        tokio::select! {
            served = preview::serve(listener, live, &tasks) => served,
            stopped = tokio::signal::ctrl_c() => stopped,
        }
    }
}

/// The files, or what is wrong with them in words.
fn read(dir: &Path) -> Result<Read, String> {
    let loaded = read::load(dir).map_err(|problems| problems.to_string())?;
    let warnings = loaded.warnings.into_iter();
    Ok(Read {
        config: loaded.config,
        warnings: warnings
            .map(|warning| Problems::new(vec![warning]).to_string())
            .collect(),
    })
}
