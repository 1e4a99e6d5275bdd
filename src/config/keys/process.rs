//! The keys of the process.

use super::{
    Key,
    Preset::{Found, Nothing, Written},
    SECRET, SECRET_PEM, key,
};

/// The keys of `intermission.toml`.
pub const PROCESS: &[Key] = &[
    key(
        "listen",
        "address or list of addresses",
        Written(r#""0.0.0.0:8080""#),
    ),
    key(
        "listen_tls",
        "address or list of addresses",
        Found("`\":8443\"` where there is a `[tls]`, else none"),
    ),
    key(
        "admin",
        "address or \"off\"",
        Written(r#""127.0.0.1:9090""#),
    ),
    key("admin_token", SECRET, Nothing),
    key("admin_token_file", "path of a file with a secret", Nothing),
    key("workers", "1 to 1024", Found("the cores available")),
    key("name", "token", Written(r#""intermission""#)),
    key(
        "trusted_proxies",
        "list of IP addresses or CIDR ranges",
        Written("[]"),
    ),
    key("drain", "duration", Written(r#""30s""#)),
    key("data", "path", Written(r#""/var/lib/intermission""#)),
    key(
        "log.access",
        "\"json\", \"text\" or \"off\"",
        Written(r#""json""#),
    ),
    key("log.format", "\"json\" or \"text\"", Written(r#""json""#)),
    key(
        "log.level",
        "\"error\", \"warn\", \"info\", \"debug\" or \"trace\"",
        Written(r#""info""#),
    ),
    key(
        "dns.servers",
        "list of IP addresses, port optional",
        Written("[]"),
    ),
    key("dns.timeout", "duration", Written(r#""2s""#)),
    key("clients.handshake_timeout", "duration", Written(r#""10s""#)),
    key("clients.head_timeout", "duration", Written(r#""10s""#)),
    key("clients.idle_timeout", "duration", Written(r#""75s""#)),
    key(
        "clients.head_size",
        "size, 8 KiB to 64 KiB",
        Written(r#""64 KiB""#),
    ),
    key("clients.head_fields", "10 to 1000", Written("100")),
    key(
        "clients.connections",
        "1 to 1000000",
        Found("what the limit of open files allows"),
    ),
    key(
        "clients.connections_per_address",
        "1 to 1000000",
        Found("half of `connections`, at least 1000"),
    ),
    key("clients.requests_per_connection", "1 to 1000000", Nothing),
    key("clients.streams", "1 to 1000", Written("128")),
    key("clients.body_timeout", "duration", Written(r#""20s""#)),
    key("clients.body_rate", "0 to 1000000", Written("240")),
    key(
        "proxy_protocol.from",
        "list of IP addresses or CIDR ranges",
        Written("[]"),
    ),
    key("tls.certificate_file", "path of a PEM file", Nothing),
    key(
        "tls.key_file",
        "path of a PEM file",
        Found("the file of the certificate"),
    ),
    key("tls.certificate", SECRET_PEM, Nothing),
    key("tls.key", SECRET_PEM, Found("the text of the certificate")),
    key(
        "acme.directory",
        "https: URL",
        Written(r#""https://acme-v02.api.letsencrypt.org/directory""#),
    ),
    key(
        "acme.ca_file",
        "path of a PEM file",
        Found("the public authorities"),
    ),
];
