//! `intermission healthcheck`: for container platforms. Asks our process, never the upstream: a
//! platform that takes us away because the origin is down takes the page away too.

use std::{
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::Args;

use super::{complain, explain, say};
use crate::config::{self, Flags};

const PATIENCE: Duration = Duration::from_secs(2);

/// Ask the running process whether it is well.
#[derive(Debug, Args)]
#[command(after_help = "\
Example, in a compose file:
  healthcheck:
    test: [\"CMD\", \"intermission\", \"healthcheck\"]")]
pub struct Healthcheck {
    /// The admin address to ask [default: that of the configuration, else 127.0.0.1:9090]
    #[arg(long, value_name = "ADDR", env = "INTERMISSION_ADMIN")]
    admin: Option<String>,
    /// Directory of the configuration
    #[arg(long, value_name = "DIR", env = "INTERMISSION_CONFIG")]
    config: Option<PathBuf>,
}

impl Healthcheck {
    pub(super) fn run(self) -> ExitCode {
        let address = match self.address() {
            Ok(Some(address)) => address,
            Ok(None) => {
                return complain("error: the admin listener is off, so nobody can be asked");
            }
            Err(code) => return code,
        };
        match ask(address) {
            Ok(answer) if is_ready(&answer) => {
                say("ready");
                ExitCode::SUCCESS
            }
            Ok(answer) => {
                let line = answer.lines().next().unwrap_or("no answer").to_owned();
                complain(format!("error: {address} answered: {line}"))
            }
            Err(error) => complain(format!("error: {address} does not answer: {error}")),
        }
    }

    fn address(&self) -> Result<Option<SocketAddr>, ExitCode> {
        let flags = Flags {
            upstream: "http://127.0.0.1".to_owned(),
            listen: None,
            admin: self.admin.clone(),
            name: None,
        };
        // Files that have become wrong since do not change where the running process is.
        let from_files = || {
            let dir = config::find_dir(self.config.as_deref()).ok()?;
            Some(config::load_process(&dir).admin)
        };
        if self.admin.is_none()
            && let Some(admin) = from_files()
        {
            return Ok(admin.map(reachable));
        }
        let config = config::from_flags(&flags).map_err(|problems| complain(explain(&problems)))?;
        Ok(config.process.admin.map(reachable))
    }
}

/// Who listens on all addresses is asked on the loopback one.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn ask(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(4096).read_to_string(&mut answer)?;
    Ok(answer)
}

fn is_ready(answer: &str) -> bool {
    answer.split_ascii_whitespace().nth(1) == Some("200")
}
