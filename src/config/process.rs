//! `intermission.toml` → [`ProcessSpec`].

use std::{
    net::SocketAddr, num::NonZeroUsize, ops::RangeInclusive, path::PathBuf,
    thread::available_parallelism, time::Duration,
};

use tracing::Level;

use super::{
    address, names,
    reader::{Table, Value},
    spec::{AccessLogFormat, ClientsSpec, DnsSpec, LogFormat, LogSpec, ProcessSpec},
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
        admin: Some(SocketAddr::from(([127, 0, 0, 1], 9090))),
        workers: available_parallelism().unwrap_or(NonZeroUsize::MIN),
        name: "intermission".to_owned(),
        trusted_proxies: Vec::new(),
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
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            head_size: DEFAULT_HEAD_SIZE,
            head_fields: 100,
            connections: None,
        },
        data: PathBuf::from("/var/lib/intermission"),
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
    if let (Some(admin), Some(value)) = (admin, file.get("admin").or_else(|| file.get("listen")))
        && listen.iter().any(|address| overlap(*address, admin))
    {
        value.reject(
            "leaves one address to clients and administration",
            "give each its own port",
        );
    }
    ProcessSpec {
        listen,
        admin,
        workers: file
            .get("workers")
            .and_then(|value| value.count(&(1..=1024)))
            .unwrap_or(default.workers),
        name: file
            .get("name")
            .and_then(|value| value.read("a token", names::token))
            .unwrap_or(default.name),
        trusted_proxies: trusted_proxies(file),
        drain: file.duration("drain", Duration::ZERO..=DAY, default.drain),
        log: log(&file.table("log"), &default.log),
        dns: dns(&file.table("dns"), &default.dns),
        clients: clients(&file.table("clients"), &default.clients),
        data: file
            .get("data")
            .and_then(|value| value.file())
            .unwrap_or(default.data),
    }
}

/// Whether a connection to one could also be meant for the other.
pub(super) fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let any = a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() != 0 && a.port() == b.port() && (a.ip() == b.ip() || any)
}

/// Whether a connection to this address would be one to ourselves.
pub(super) fn listens(process: &ProcessSpec, at: SocketAddr) -> bool {
    process.listen.iter().any(|own| overlap(*own, at))
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
    let Some(value) = file.get("trusted_proxies") else {
        return Vec::new();
    };
    let mut ranges = Vec::new();
    for item in value.list().unwrap_or_default() {
        let Some(range) = item.read("an IP address or range", address::range) else {
            continue;
        };
        if range.prefix_len() == 0 {
            let problem = "believes everyone: any client can forge its address";
            let way_out = "name the addresses of the proxies in front of this one";
            file.report()
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
    ClientsSpec {
        head_timeout: clients.duration("head_timeout", MILLISECOND..=HOUR, default.head_timeout),
        idle_timeout: clients.duration("idle_timeout", MILLISECOND..=DAY, default.idle_timeout),
        head_size: head_size
            .and_then(|bytes| usize::try_from(bytes).ok())
            .unwrap_or(default.head_size),
        head_fields: clients
            .get("head_fields")
            .and_then(|value| value.whole(&(10..=1000)))
            .unwrap_or(default.head_fields),
        connections: clients
            .get("connections")
            .and_then(|value| value.count(&(1..=1_000_000)))
            .or(default.connections),
    }
}
