//! `intermission.toml` → [`ProcessSpec`].

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    ops::RangeInclusive,
    path::PathBuf,
    thread::available_parallelism,
    time::Duration,
};

use tracing::Level;

use super::{
    address, names,
    reader::{Table, Value},
    secret::secret,
    spec::{AccessLogFormat, ClientsSpec, DnsSpec, LogFormat, LogSpec, ProcessSpec, Secret},
    tls,
};

const MILLISECOND: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
const KIB: u64 = 1024;
const HEAD_SIZE: RangeInclusive<u64> = 8 * KIB..=64 * KIB;
const DEFAULT_HEAD_SIZE: usize = 64 * 1024;

/// What holds without any file.
pub(super) fn defaults() -> ProcessSpec {
    ProcessSpec {
        listen: vec![SocketAddr::from(([0, 0, 0, 0], 8080))],
        listen_tls: Vec::new(),
        admin: Some(SocketAddr::from(([127, 0, 0, 1], 9090))),
        admin_token: None,
        workers: available_parallelism().unwrap_or(NonZeroUsize::MIN),
        name: "intermission".to_owned(),
        trusted_proxies: Vec::new(),
        proxy_protocol: Vec::new(),
        drain: Duration::from_secs(30),
        log: LogSpec {
            access: AccessLogFormat::Json,
            format: LogFormat::Json,
            level: Level::INFO,
        },
        dns: DnsSpec {
            servers: Vec::new(),
            timeout: Duration::from_secs(2),
        },
        clients: ClientsSpec {
            handshake_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            head_size: DEFAULT_HEAD_SIZE,
            head_fields: 100,
            connections: None,
            connections_per_address: None,
            requests_per_connection: None,
            streams: 128,
            body_timeout: Duration::from_secs(20),
            body_rate: NonZeroU32::new(240),
        },
        data: PathBuf::from("/var/lib/intermission"),
        tls: None,
        acme: tls::lets_encrypt(),
    }
}

/// Reads the file.
pub(super) fn read(file: &Table<'_>) -> ProcessSpec {
    let default = defaults();
    let admin = file
        .get("admin")
        .and_then(|value| value.read("an address or \"off\"", address::listen_or_off))
        .unwrap_or(default.admin);
    let listen = file
        .get("listen")
        .map_or(default.listen, |value| listen(&value));
    let listen_tls = file
        .get("listen_tls")
        .map_or(default.listen_tls, |value| self::listen(&value));
    check_overlaps(file, &listen, &listen_tls, admin);
    let admin_token = secret(file, "admin_token");
    check_token(file, admin);
    ProcessSpec {
        listen,
        listen_tls,
        admin,
        admin_token,
        workers: file
            .get("workers")
            .and_then(|value| value.count(&(1..=1024)))
            .unwrap_or(default.workers),
        name: file
            .get("name")
            .and_then(|value| value.read("a token", names::token))
            .unwrap_or(default.name),
        trusted_proxies: trusted_proxies(file),
        proxy_protocol: proxy_protocol(&file.table("proxy_protocol")),
        drain: file.duration("drain", Duration::ZERO..=DAY, default.drain),
        log: log(&file.table("log"), &default.log),
        dns: dns(&file.table("dns"), &default.dns),
        clients: clients(&file.table("clients"), &default.clients),
        data: file
            .get("data")
            .and_then(|value| value.file())
            .unwrap_or(default.data),
        tls: tls::default(&file.table("tls")),
        acme: tls::directory(&file.table("acme"), default.acme),
    }
}

/// Each address is for one purpose.
fn check_overlaps(
    file: &Table<'_>,
    listen: &[SocketAddr],
    listen_tls: &[SocketAddr],
    admin: Option<SocketAddr>,
) {
    let way_out = "give each its own port";
    let clients = || listen.iter().chain(listen_tls);
    if let (Some(admin), Some(value)) = (admin, file.get("admin").or_else(|| file.get("listen")))
        && clients().any(|address| overlap(*address, admin))
    {
        value.reject("leaves one address to clients and administration", way_out);
    }
    let is_plain = |at: &SocketAddr| listen.iter().any(|plain| overlap(*plain, *at));
    if let Some(value) = file.get("listen_tls")
        && listen_tls.iter().any(is_plain)
    {
        value.reject("is one of `listen`, which does not encrypt", way_out);
    }
}

/// Where clients that encrypt are served unless it is said.
pub(super) const DEFAULT_TLS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 8443);

/// What is wrong with an admin listener that others reach and nobody may read, and the way out.
pub(super) const EXPOSED: (&str, &str) = (
    "can be reached from elsewhere, and there is no token: only /livez and /readyz will answer",
    "set admin_token_file (or admin_token), or keep to 127.0.0.1",
);

/// Whether the admin listener is such a one.
pub(super) fn is_exposed(admin: Option<SocketAddr>, token: Option<&Secret>) -> bool {
    token.is_none() && admin.is_some_and(|admin| !admin.ip().to_canonical().is_loopback())
}

/// Warns where nobody can read what an admin listener offers to all.
fn check_token(file: &Table<'_>, admin: Option<SocketAddr>) {
    let names_token = ["admin_token", "admin_token_file"].map(|key| file.get(key).is_some());
    if let Some(value) = file.get("admin")
        && !names_token.contains(&true)
        && is_exposed(admin, None)
    {
        let problem = value.problem(EXPOSED.0, EXPOSED.1);
        file.report().add(problem.into_warning());
    }
}

/// Whether a connection to one could also be meant for the other.
pub(super) fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let any = a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() != 0 && a.port() == b.port() && (a.ip() == b.ip() || any)
}

/// Whether a connection to this address would be one to ourselves.
pub(super) fn listens(process: &ProcessSpec, at: SocketAddr) -> bool {
    let mut own = process.listen.iter().chain(&process.listen_tls);
    own.any(|own| overlap(*own, at))
}

fn listen(value: &Value<'_>) -> Vec<SocketAddr> {
    let Some(items) = value.list_or_one("an address or a list of them") else {
        return Vec::new();
    };
    if items.is_empty() {
        value.reject(
            "names no address",
            "name at least one, for example \":8080\"",
        );
    }
    let mut seen = Vec::new();
    for item in items {
        let Some(address) = item.read("an address", address::listen) else {
            continue;
        };
        if address.port() != 0 && seen.contains(&address) {
            item.reject("is there twice", "leave one of them out");
        }
        seen.push(address);
    }
    seen
}

fn trusted_proxies(file: &Table<'_>) -> Vec<ipnet::IpNet> {
    let problem = "believes everyone: any client can forge its address";
    let way_out = "name the addresses of the proxies in front of this one";
    ranges(file, "trusted_proxies", (problem, way_out))
}

fn proxy_protocol(table: &Table<'_>) -> Vec<ipnet::IpNet> {
    let problem = "wants a PROXY header from everyone: any client can forge its address";
    let way_out = "name the addresses of the load balancers in front of this one";
    ranges(table, "from", (problem, way_out))
}

/// A list of ranges of peers. One that holds everybody is warned of in these words.
fn ranges(table: &Table<'_>, key: &str, (problem, way_out): (&str, &str)) -> Vec<ipnet::IpNet> {
    let items = table.get(key).and_then(|value| value.list());
    let mut ranges = Vec::new();
    for item in items.unwrap_or_default() {
        let Some(range) = item.read("an IP address or range", address::range) else {
            continue;
        };
        if range.prefix_len() == 0 {
            table
                .report()
                .add(item.problem(problem, way_out).into_warning());
        }
        ranges.push(range);
    }
    ranges
}

fn log(log: &Table<'_>, default: &LogSpec) -> LogSpec {
    let access = [
        ("json", AccessLogFormat::Json),
        ("text", AccessLogFormat::Text),
        ("off", AccessLogFormat::Off),
    ];
    let format = [("json", LogFormat::Json), ("text", LogFormat::Text)];
    let level = [
        ("error", Level::ERROR),
        ("warn", Level::WARN),
        ("info", Level::INFO),
        ("debug", Level::DEBUG),
        ("trace", Level::TRACE),
    ];
    LogSpec {
        access: log
            .get("access")
            .and_then(|v| v.choice(&access))
            .unwrap_or(default.access),
        format: log
            .get("format")
            .and_then(|v| v.choice(&format))
            .unwrap_or(default.format),
        level: log
            .get("level")
            .and_then(|v| v.choice(&level))
            .unwrap_or(default.level),
    }
}

fn dns(dns: &Table<'_>, default: &DnsSpec) -> DnsSpec {
    let servers = dns
        .get("servers")
        .and_then(|value| value.list())
        .unwrap_or_default();
    DnsSpec {
        servers: servers
            .iter()
            .filter_map(|server| server.read("an IP address", address::name_server))
            .collect(),
        timeout: dns.duration("timeout", MILLISECOND..=HOUR, default.timeout),
    }
}

fn clients(clients: &Table<'_>, default: &ClientsSpec) -> ClientsSpec {
    let head_size = clients
        .get("head_size")
        .and_then(|value| value.size(&HEAD_SIZE));
    let connections = |key: &str| clients.get(key)?.count(&(1..=1_000_000));
    let small = |key: &str, range: &RangeInclusive<usize>| -> Option<u32> {
        clients.get(key)?.whole(range)?.try_into().ok()
    };
    ClientsSpec {
        handshake_timeout: clients.duration(
            "handshake_timeout",
            MILLISECOND..=HOUR,
            default.handshake_timeout,
        ),
        head_timeout: clients.duration("head_timeout", MILLISECOND..=HOUR, default.head_timeout),
        idle_timeout: clients.duration("idle_timeout", MILLISECOND..=DAY, default.idle_timeout),
        head_size: head_size
            .and_then(|bytes| usize::try_from(bytes).ok())
            .unwrap_or(default.head_size),
        head_fields: clients
            .get("head_fields")
            .and_then(|value| value.whole(&(10..=1000)))
            .unwrap_or(default.head_fields),
        connections: connections("connections").or(default.connections),
        connections_per_address: connections("connections_per_address"),
        requests_per_connection: connections("requests_per_connection"),
        streams: small("streams", &(1..=1000)).unwrap_or(default.streams),
        body_timeout: clients.duration("body_timeout", MILLISECOND..=HOUR, default.body_timeout),
        body_rate: small("body_rate", &(0..=1_000_000)).map_or(default.body_rate, NonZeroU32::new),
    }
}
