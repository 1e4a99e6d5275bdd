//! `intermission demo`: the shop that can be broken, behind the proxy.

use std::{
    net::{SocketAddr, TcpListener},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use clap::Args;

use super::{complain, explain, run::control_thread, say};
use crate::{
    app::{App, StartError},
    config::{
        self, Flags, Problems,
        spec::{AccessLogFormat, Color, Config, LogFormat},
    },
    demo::{CONTROL_PORT, DemoOrigin},
    telemetry::log,
};

/// The first port that is tried for the proxy.
const PORT: u16 = 8080;

/// Start a small shop behind the proxy.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  intermission demo
Then open the control page it names, break the shop, and reload the shop's page.")]
pub struct Demo {
    /// Print one line per request
    #[arg(long)]
    log: bool,
}

impl Demo {
    pub(super) fn run(&self) -> ExitCode {
        let served = control_thread()
            .map_err(StartError::from)
            .and_then(|control| {
                let code = control.block_on(self.serve());
                control.shutdown_background();
                code
            });
        served.unwrap_or_else(|error| complain(explain(&error)))
    }

    async fn serve(&self) -> Result<ExitCode, StartError> {
        let origin = DemoOrigin::start(CONTROL_PORT).await?;
        let config = match self.config(&origin) {
            Ok(config) => config,
            Err(problems) => return Ok(complain(problems)),
        };
        let _log = log::start(&config.process.log);
        let app = App::start(config)?;
        let shop = app.clients().first().map_or(PORT, SocketAddr::port);
        origin.set_shop_url(format!("http://127.0.0.1:{shop}"));
        introduce(&origin, &app, shop);
        Ok(app.run(None).await)
    }

    fn config(&self, origin: &DemoOrigin) -> Result<Config, Problems> {
        let mut config = config::from_flags(&Flags {
            upstream: format!("http://{}", origin.origin()),
            listen: Some(format!("127.0.0.1:{}", free_port())),
            admin: Some("127.0.0.1:0".to_owned()),
            name: Some("Blumen Krause".to_owned()),
        })?;
        let log = &mut config.process.log;
        log.access = if self.log {
            AccessLogFormat::Text
        } else {
            AccessLogFormat::Off
        };
        log.format = LogFormat::Text;
        log.level = tracing::Level::WARN;
        for site in &mut config.sites {
            let site = Arc::make_mut(site);
            site.brand.color = Some(Color::new(0x0a, 0x7a, 0x5c));
            site.brand.phone = Some("+49 30 1234567".to_owned());
            site.brand.email = Some("blumen@krause.example".to_owned());
            // So that a hanging shop does not hang the demonstration.
            site.upstream.timeouts.first_byte = Duration::from_secs(3);
            // So that a slow shop passes its probes, late as it is.
            if let Some(probe) = &mut site.upstream.health.probe {
                probe.timeout = Duration::from_secs(3);
            }
            // Who breaks the shop wants to see the page, not how it is put off.
            site.upstream.hold = None;
        }
        Ok(config)
    }
}

/// A free port near the usual one, else any.
fn free_port() -> u16 {
    (PORT..PORT + 20)
        .filter(|port| *port != CONTROL_PORT)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap_or(0)
}

fn introduce(origin: &DemoOrigin, app: &App, shop: u16) {
    let (control, direct) = (origin.control(), origin.origin());
    let admin = app
        .admin()
        .map_or_else(String::new, |admin| format!("http://{admin}/metrics"));
    say(format_args!(
        "\
The demo is running. Stop it with Ctrl-C.

  the shop, through the proxy   http://127.0.0.1:{shop}/
  break it and repair it        http://{control}/
  the shop itself, for compare  http://{direct}/
  what the proxy has counted    {admin}

Or from a shell:
  curl -X POST http://{control}/mode/refused
  curl -i -H 'Accept: text/html' http://127.0.0.1:{shop}/
  curl -X POST http://{control}/mode/healthy"
    ));
}
