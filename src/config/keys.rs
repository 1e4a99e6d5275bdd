//! Every key that exists, once: its type and its default.
//!
//! The reader takes from here what it knows and what it suggests; tests compare the documentation
//! with it and prove that the defaults named here are those that hold.

mod walk;

pub(super) use walk::check;

/// One key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// With its tables. `LANG` stands for any language, `[]` for the entries of a list.
    pub path: &'static str,
    /// What it holds; for people.
    pub kind: &'static str,
    /// What holds when it is not there.
    pub default: Preset,
}

/// What holds when a key is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// It has to be there.
    Required,
    /// Nothing: the feature is off.
    Nothing,
    /// As if this were written.
    Written(&'static str),
    /// Something found out at the start; in words.
    Found(&'static str),
}

use Preset::{Found, Nothing, Required, Written};

const fn key(path: &'static str, kind: &'static str, default: Preset) -> Key {
    Key {
        path,
        kind,
        default,
    }
}

/// The type of keys whose values nobody is shown.
const SECRET: &str = "secret";
/// The same, in a form of its own: a certificate may have its key behind it.
const SECRET_PEM: &str = "secret PEM";

/// The names of those keys, without their tables.
pub(super) fn secrets() -> impl Iterator<Item = &'static str> {
    let all = PROCESS.iter().chain(SITE);
    let secrets = all.filter(|key| [SECRET, SECRET_PEM].contains(&key.kind));
    secrets.filter_map(|key| key.path.rsplit('.').next())
}

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

/// The keys of `sites/NAME.toml`.
pub const SITE: &[Key] = &[
    key("hosts", "list of host patterns", Required),
    key("upstream", "URL, table, or list of either", Required),
    key("upstream[].url", "URL", Required),
    key("upstream[].weight", "0 to 1000", Written("1")),
    key("upstream[].backup", "true or false", Written("false")),
    key("upstream[].srv", "true or false", Written("false")),
    key(
        "upstream[].proxy_protocol",
        "true or false",
        Written("false"),
    ),
    key(
        "upstream[].ca_file",
        "path of a PEM file",
        Found("the public authorities"),
    ),
    key("upstream[].http2", "true or false", Written("false")),
    key(
        "upstream[].server_name",
        "host name or IP address",
        Found("the host of `url`"),
    ),
    key(
        "upstream[].client_certificate_file",
        "path of a PEM file",
        Nothing,
    ),
    key(
        "upstream[].client_key_file",
        "path of a PEM file",
        Found("`client_certificate_file`"),
    ),
    key("upstream[].insecure", "true or false", Written("false")),
    key(
        "balance.hash",
        "\"client-ip\", \"cookie:NAME\" or \"header:NAME\"",
        Nothing,
    ),
    key("balance.sticky", "name of a cookie", Nothing),
    key("brand.name", "text", Nothing),
    key(
        "brand.theme",
        "\"calm\", \"bold\" or \"plain\"",
        Written(r#""calm""#),
    ),
    key(
        "brand.tone",
        "\"formal\" or \"friendly\"",
        Written(r#""formal""#),
    ),
    key(
        "brand.font",
        "\"sans\", \"serif\", \"rounded\", \"mono\" or list of font families",
        Found("the theme's"),
    ),
    key("brand.logo", "path of an SVG, PNG or WebP file", Nothing),
    key(
        "brand.logo_dark",
        "path of an SVG, PNG or WebP file",
        Found("`logo` on a white ground"),
    ),
    key(
        "brand.favicon",
        "path of an SVG, PNG, WebP or ICO file",
        Nothing,
    ),
    key("brand.color", "colour", Found("a calm blue")),
    key("brand.color_dark", "colour", Found("fitted from `color`")),
    key("brand.background", "colour", Found("white")),
    key("brand.background_dark", "colour", Found("nearly black")),
    key("brand.text", "colour", Found("fitted to `background`")),
    key(
        "brand.text_dark",
        "colour",
        Found("fitted to `background_dark`"),
    ),
    key("brand.phone", "telephone number", Nothing),
    key("brand.email", "mail address", Nothing),
    key("brand.chat", "https: or http: URL", Nothing),
    key("brand.address", "text", Nothing),
    key("brand.hours", "text", Nothing),
    key("brand.status_page", "https: or http: URL", Nothing),
    key("brand.links", "list of tables", Written("[]")),
    key("brand.links[].text", "text", Required),
    key(
        "brand.links[].url",
        "https:, http:, tel: or mailto: URL",
        Required,
    ),
    key("brand.social", "list of tables", Written("[]")),
    key("brand.social[].text", "text", Required),
    key(
        "brand.social[].url",
        "https:, http:, tel: or mailto: URL",
        Required,
    ),
    key("brand.imprint_file", "path of a Markdown file", Nothing),
    key("brand.privacy_file", "path of a Markdown file", Nothing),
    key("page.LANG.headline", "text", Found("the built-in text")),
    key("page.LANG.message", "text", Found("the built-in text")),
    key(
        "page.LANG.maintenance.headline",
        "text",
        Found("the built-in text"),
    ),
    key(
        "page.LANG.maintenance.message",
        "text",
        Found("the built-in text"),
    ),
    key(
        "page.LANG.busy.headline",
        "text",
        Found("the built-in text"),
    ),
    key("page.LANG.busy.message", "text", Found("the built-in text")),
    key("page.LANG.still_works", "text or list of texts", Nothing),
    key("page.LANG.eta", "text", Nothing),
    key("page.LANG.action.text", "text", Required),
    key(
        "page.LANG.action.url",
        "https:, http:, tel: or mailto: URL",
        Nothing,
    ),
    key("page.LANG.action.code", "text", Nothing),
    key("page.LANG.hours", "text", Found("`brand.hours`")),
    key(
        "page.LANG.imprint_file",
        "path of a Markdown file",
        Found("the one of `[brand]`"),
    ),
    key(
        "page.LANG.privacy_file",
        "path of a Markdown file",
        Found("the one of `[brand]`"),
    ),
    key("page.variant", "list of tables", Written("[]")),
    key("page.variant[].path", "path or list of paths", Found("any")),
    key(
        "page.variant[].host",
        "host pattern or list of host patterns",
        Found("any"),
    ),
    key(
        "page.variant[].utm_campaign",
        "text or list of texts",
        Found("any"),
    ),
    key(
        "page.variant[].utm_source",
        "text or list of texts",
        Found("any"),
    ),
    key("page.variant[].from", "date and time", Found("always")),
    key("page.variant[].until", "date and time", Found("always")),
    key(
        "page.variant[].LANG",
        "table with the keys of `[page.LANG]`",
        Found("the words of `[page.LANG]`"),
    ),
    key("fallback.failures", "true or false", Written("true")),
    key(
        "fallback.statuses",
        "list of statuses, 500 to 599",
        Written("[502, 503, 504]"),
    ),
    key("fallback.api", "true or false", Written("false")),
    key(
        "fallback.language",
        "language tag",
        Found("the only `[page.LANG]`, else `\"en\"`"),
    ),
    key("fallback.languages", "list of language tags", Found("all")),
    key("fallback.template", "path of an HTML file", Nothing),
    key("fallback.snapshot", "path of the site", Nothing),
    key("timeouts.connect", "duration", Written(r#""3s""#)),
    key("timeouts.first_byte", "duration", Written(r#""15s""#)),
    key("timeouts.between_bytes", "duration", Written(r#""30s""#)),
    key("timeouts.total", "duration", Written(r#""8s""#)),
    key("retry.attempts", "1 to 10", Written("2")),
    key("retry.budget_percent", "0 to 1000", Written("20")),
    key("retry.budget_per_second", "0 to 10000", Written("3")),
    key("hold.time", "duration", Written(r#""2s""#)),
    key("hold.requests", "1 to 100000", Written("1000")),
    key("health.probe", "true or false", Written("true")),
    key("health.path", "path", Written(r#""/""#)),
    key(
        "health.host",
        "host, port optional",
        Found("`headers.host`, else the host of the URL"),
    ),
    key(
        "health.statuses",
        "list of statuses, 200 to 599",
        Written("[]"),
    ),
    key("health.text", "text", Nothing),
    key("health.interval", "duration", Written(r#""5s""#)),
    key("health.timeout", "duration", Written(r#""2s""#)),
    key("health.fails", "1 to 100", Written("2")),
    key("breaker.enabled", "true or false", Written("true")),
    key("breaker.refused", "1 to 1000", Written("2")),
    key("breaker.timeouts", "1 to 1000", Written("3")),
    key("breaker.success_percent", "1 to 100", Written("80")),
    key("breaker.shortest", "duration", Written(r#""100ms""#)),
    key("breaker.longest", "duration", Written(r#""10s""#)),
    key("breaker.ramp", "duration", Written(r#""10s""#)),
    key("limits.connections", "1 to 65536", Written("1024")),
    key("limits.idle_timeout", "duration", Written(r#""60s""#)),
    key("limits.requests", "1 to 65536", Nothing),
    key("limits.endpoint_requests", "1 to 65536", Nothing),
    key("limits.queue", "0 to 65536", Written("100")),
    key("limits.queue_timeout", "duration", Written(r#""1s""#)),
    key("limits.adaptive", "true or false", Written("false")),
    key("limits.priority", "list of path prefixes", Written("[]")),
    key("limits.body", "size, 1 B to 1024 GiB", Nothing),
    key("limits.rate.requests", "1 to 1000000", Required),
    key("limits.rate.per", "duration", Found("one second")),
    key("limits.rate.burst", "1 to 1000000", Found("`requests`")),
    key("retry_after.start", "duration", Written(r#""30s""#)),
    key(
        "retry_after.after_5_minutes",
        "duration",
        Written(r#""2m""#),
    ),
    key("retry_after.after_1_hour", "duration", Written(r#""10m""#)),
    key("maintenance.on", "true or false", Written("false")),
    key(
        "maintenance.allow",
        "list of IP addresses or CIDR ranges",
        Written("[]"),
    ),
    key("maintenance.window", "list of tables", Written("[]")),
    key("maintenance.window[].from", "date and time", Required),
    key("maintenance.window[].until", "date and time", Required),
    key("redirect.https", "true or false", Written("false")),
    key("redirect.https_port", "1 to 65535", Written("443")),
    key("redirect.host", "host", Nothing),
    key("hsts.max_age", "duration", Nothing),
    key("hsts.include_subdomains", "true or false", Written("false")),
    key("hsts.preload", "true or false", Written("false")),
    key("headers.host", "host, port optional", Found("the client's")),
    key(
        "headers.request.set",
        "table of fields and values",
        Written("{}"),
    ),
    key("headers.request.remove", "list of fields", Written("[]")),
    key(
        "headers.response.set",
        "table of fields and values",
        Written("{}"),
    ),
    key("headers.response.remove", "list of fields", Written("[]")),
    key("tls.certificate_file", "path of a PEM file", Nothing),
    key(
        "tls.key_file",
        "path of a PEM file",
        Found("the file of the certificate"),
    ),
    key("tls.certificate", SECRET_PEM, Nothing),
    key("tls.key", SECRET_PEM, Found("the text of the certificate")),
    key("tls.acme", "mail address", Nothing),
];

/// The path of a name in a table.
pub(super) fn join(table: &str, name: &str) -> String {
    if table.is_empty() {
        name.to_owned()
    } else {
        format!("{table}.{name}")
    }
}

#[cfg(test)]
mod tests;
