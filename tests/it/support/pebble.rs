//! A certificate authority of the test's own: Debian's `pebble`, with names, addresses and a proxy
//! that belong to it.
//!
//! Everything of one test has a loopback address that no other test uses, so that ports can be
//! chosen before anybody listens on them.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::Command,
    sync::Arc,
};

use rustls::{
    ALL_VERSIONS, ClientConfig,
    pki_types::{CertificateDer, pem::PemObject},
};
use tempfile::TempDir;

use super::{
    dns::{NameServer, Told},
    encrypted::Encrypted,
    eventually, h1,
    process::Process,
    proxy::{Proxy, Setup},
    tls::{Authority, client_that_trusts},
};

/// What one test of certificates needs, chosen and not yet started.
pub(crate) struct Stage {
    host: Ipv4Addr,
    /// Where the proxy listens.
    pub(crate) plain: SocketAddr,
    pub(crate) tls: SocketAddr,
    /// Where the authority listens.
    pub(crate) directory: SocketAddr,
    management: SocketAddr,
    pub(crate) names: NameServer,
    /// Signs the directory's own certificate.
    pub(crate) authority: Arc<Authority>,
    dir: Arc<TempDir>,
}

impl Stage {
    /// All of these names lead to the proxy.
    pub(crate) fn new(names: &[&str]) -> Self {
        let authority = Authority::new();
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("ca.pem"), authority.pem()).expect("a writable directory");
        let stage = Self::with(Arc::new(authority), Arc::new(dir));
        for name in names {
            stage.names.tell(name, Told::Addresses(vec![stage.host]));
        }
        stage
    }

    /// The place of another proxy with the same data.
    pub(crate) fn beside(&self) -> Self {
        Self::with(Arc::clone(&self.authority), Arc::clone(&self.dir))
    }

    fn with(authority: Arc<Authority>, dir: Arc<TempDir>) -> Self {
        let host = address();
        let [plain, tls, directory, management] = free(host);
        Self {
            host,
            plain,
            tls,
            directory,
            management,
            names: NameServer::start("pebble.invalid", Told::Empty),
            authority,
            dir,
        }
    }

    /// Where the proxy keeps its data.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A proxy that asks this directory, without sites yet. `more`: further lines of
    /// `intermission.toml`, which may say where to listen.
    pub(crate) fn setup_for(&self, directory: SocketAddr, more: &str) -> Setup {
        let (data, authority) = (self.data(), self.dir.path().join("ca.pem"));
        let (data, authority) = (data.display(), authority.display());
        let listen = if more.contains("listen ") {
            String::new()
        } else {
            format!("listen = \"{}\"\n", self.plain)
        };
        Setup::new(&format!(
            "{listen}listen_tls = \"{}\"\ndata = \"{data}\"\n{more}\n\
             [acme]\ndirectory = \"https://{directory}/dir\"\nca_file = \"{authority}\"\n",
            self.tls
        ))
    }

    /// A proxy that asks pebble.
    pub(crate) fn setup(&self) -> Setup {
        self.setup_for(self.directory, "")
    }

    /// Starts pebble. `more`: further keys of its configuration, each with a comma in front.
    pub(crate) fn pebble(&self, more: &str, environment: &[(&str, &str)]) -> Pebble {
        let own = self.authority.pair(&[&self.host.to_string()]);
        let path = |name: &str| self.dir.path().join(name);
        let write = |name: &str, text: &str| {
            std::fs::write(path(name), text).expect("a writable directory");
        };
        write("pebble.pem", &own.certificate);
        write("pebble.key", &own.key);
        let config = format!(
            r#"{{"pebble": {{"listenAddress": "{}", "managementListenAddress": "{}",
            "certificate": "{}", "privateKey": "{}", "httpPort": {}, "tlsPort": {}{more}}}}}"#,
            self.directory,
            self.management,
            path("pebble.pem").display(),
            path("pebble.key").display(),
            self.plain.port(),
            self.tls.port(),
        );
        write("pebble.json", &config);
        let mut command = Command::new("pebble");
        command
            .arg("-config")
            .arg(path("pebble.json"))
            .args(["-strict", "-dnsserver", &self.names.address.to_string()])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env("PEBBLE_WFE_NONCEREJECT", "0")
            .env("PEBBLE_AUTHZREUSE", "0")
            .envs(environment.iter().copied());
        let process = Process::start(&mut command, true);
        eventually("pebble listens", || {
            let is_up = |address| TcpStream::connect(address).is_ok();
            (is_up(self.directory) && is_up(self.management)).then_some(())
        });
        Pebble {
            process,
            management: self.management,
            client: Arc::new(self.authority.client()),
        }
    }
}

/// The running authority.
pub(crate) struct Pebble {
    pub(crate) process: Process,
    management: SocketAddr,
    client: Arc<ClientConfig>,
}

impl Pebble {
    /// How many orders were placed.
    pub(crate) fn orders(&self) -> usize {
        self.requests("POST /order-plz")
    }

    /// How many requests of this kind came.
    pub(crate) fn requests(&self, which: &str) -> usize {
        let lines = self.process.stdout().into_iter();
        lines.filter(|line| line.contains(which)).count()
    }

    /// A client that trusts what this run of pebble issues.
    pub(crate) fn trusting(&self) -> Arc<ClientConfig> {
        let mut client = h1::Client::encrypted(self.management, Arc::clone(&self.client));
        let answer = client.ask("GET /roots/0 HTTP/1.1\r\nHost: pebble\r\n\r\n");
        let root = CertificateDer::from_pem_slice(&answer.body).expect("a certificate");
        Arc::new(client_that_trusts(root, ALL_VERSIONS))
    }
}

/// A loopback address that no other test uses.
pub(crate) fn address() -> Ipv4Addr {
    Ipv4Addr::new(
        127,
        fastrand::u8(16..=250),
        fastrand::u8(..),
        fastrand::u8(1..=254),
    )
}

/// Ports of this address that nobody listens on.
fn free<const COUNT: usize>(host: Ipv4Addr) -> [SocketAddr; COUNT] {
    let held: [TcpListener; COUNT] =
        std::array::from_fn(|_| TcpListener::bind((host, 0)).expect("a free port"));
    held.each_ref()
        .map(|held| held.local_addr().expect("a bound socket has an address"))
}

/// The certificate shown for this name to a client that trusts what this one trusts.
pub(crate) fn shown(
    address: SocketAddr,
    name: &str,
    client: &Arc<ClientConfig>,
) -> io::Result<CertificateDer<'static>> {
    Encrypted::connect(address, name, client).map(|connected| connected.certificate())
}

/// Waits until the proxy shows a certificate that this client accepts for the name.
pub(crate) fn accepted(
    proxy: &Proxy,
    stage: &Stage,
    name: &str,
    client: &Arc<ClientConfig>,
) -> CertificateDer<'static> {
    eventually(
        &format!("a certificate for {name}: {:#?}", proxy.log()),
        || shown(stage.tls, name, client).ok(),
    )
}
