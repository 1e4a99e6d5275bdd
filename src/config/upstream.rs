//! `upstream` and `[balance]`: where the origin is, in each of its forms, and how a request gets to
//! one of its endpoints.

use http::HeaderName;
use rustls::pki_types::CertificateDer;

use super::{
    fault::Fault,
    names,
    reader::{Table, Value},
    spec::{BalanceSpec, HashKey, Scheme, TargetSpec},
    upstream_tls,
};

const WAY_OUT: &str = "write upstream = \"http://app:3000\"";
/// The largest weight.
const HEAVIEST: usize = 1000;

/// What `upstream` says.
pub(super) struct Origins {
    pub(super) scheme: Scheme,
    /// At least one.
    pub(super) targets: Vec<TargetSpec>,
    /// Of all entries together.
    pub(super) ca: Vec<CertificateDer<'static>>,
}

/// One entry, with its place.
struct Entry<'r> {
    url: Value<'r>,
    scheme: Scheme,
    spec: TargetSpec,
    ca: Vec<CertificateDer<'static>>,
}

/// Reads `upstream`: a URL, a table, or a list of either.
pub(super) fn origins(file: &Table<'_>) -> Option<Origins> {
    let value = file.require("upstream", WAY_OUT)?;
    let items = if value.is_list() {
        value.list()?
    } else {
        vec![value.clone()]
    };
    if items.is_empty() {
        value.reject("names no application", WAY_OUT);
    }
    let entries: Vec<Option<Entry<'_>>> = items.iter().map(entry).collect();
    let entries: Vec<Entry<'_>> = entries.into_iter().collect::<Option<_>>()?;
    let scheme = entries.first()?.scheme;
    if let Some(other) = entries.iter().find(|entry| entry.scheme != scheme) {
        other.url.reject(
            "is encrypted where others are not, or the other way round",
            "write http:// or https:// in front of all of them; two sites may differ",
        );
    }
    advise(&value, &entries);
    Some(Origins {
        scheme,
        targets: entries.iter().map(|entry| entry.spec.clone()).collect(),
        ca: entries.into_iter().flat_map(|entry| entry.ca).collect(),
    })
}

fn entry<'r>(value: &Value<'r>) -> Option<Entry<'r>> {
    if value.node().is_str() {
        let (scheme, authority) = value.read("a URL", names::upstream)?;
        let (url, ca) = (value.clone(), Vec::new());
        let spec = TargetSpec::new(authority);
        return Some(Entry {
            url,
            scheme,
            spec,
            ca,
        });
    }
    let table = value.table_or("a URL or a table", WAY_OUT)?;
    let boolean = |key: &str| table.get(key).and_then(|value| value.boolean());
    let (srv, backup, http2) = (boolean("srv"), boolean("backup"), boolean("http2"));
    let proxy_protocol = boolean("proxy_protocol");
    let weight = table
        .get("weight")
        .and_then(|value| value.whole(&(0..=HEAVIEST)));
    let weight = weight.and_then(|weight| u16::try_from(weight).ok());
    let url = table.require("url", "write url = \"https://app:3000\"");
    let is_srv = srv == Some(true);
    let parse = if is_srv {
        names::service
    } else {
        names::upstream
    };
    if http2 == Some(true)
        && proxy_protocol == Some(true)
        && let Some(value) = table.get("proxy_protocol")
    {
        let problem = "stands beside `http2`, whose connections serve many clients at once";
        value.reject(problem, "leave out one of the two");
    }
    let read = url.as_ref().and_then(|url| url.read("a URL", parse));
    let (ca, tls) = upstream_tls::tls(&table, read.as_ref().map(|(scheme, _)| *scheme));
    let (scheme, authority) = read?;
    let default = TargetSpec::new(authority);
    let spec = TargetSpec {
        srv: is_srv,
        weight: weight.unwrap_or(default.weight),
        backup: backup.unwrap_or(default.backup),
        proxy_protocol: proxy_protocol.unwrap_or(default.proxy_protocol),
        http2: http2.unwrap_or(default.http2),
        tls,
        ..default
    };
    Some(Entry {
        url: url?,
        scheme,
        spec,
        ca,
    })
}

/// Warns of what can be used and is probably not meant.
fn advise(value: &Value<'_>, entries: &[Entry<'_>]) {
    let warn = |value: &Value<'_>, problem: &str, way_out: &str| {
        let problem = value.problem(problem, way_out);
        value.report().add(problem.into_warning());
    };
    if entries.iter().all(|entry| entry.spec.backup) {
        let way_out = "leave out `backup` where it is used every day";
        warn(
            value,
            "has backups only: they serve as if they were none",
            way_out,
        );
    } else {
        let mut primaries = entries.iter().filter(|entry| !entry.spec.backup);
        if primaries.all(|entry| entry.spec.weight == 0) {
            let way_out = "give at least one a weight; 0 means: only when no other can serve";
            warn(
                value,
                "has no weight but 0: it counts as 1 everywhere",
                way_out,
            );
        }
    }
    for (at, entry) in entries.iter().enumerate() {
        let same = |other: &Entry<'_>| {
            other.spec.authority == entry.spec.authority && other.spec.srv == entry.spec.srv
        };
        if entries.iter().take(at).any(same) {
            let way_out = "remove it; `weight` gives one more of the requests";
            warn(
                &entry.url,
                "is listed twice: the second has no effect",
                way_out,
            );
        }
    }
}

/// Reads `[balance]`.
pub(super) fn balance(table: &Table<'_>) -> BalanceSpec {
    BalanceSpec {
        hash: table
            .get("hash")
            .and_then(|value| value.read("what to go by", hash_key)),
        sticky: table
            .get("sticky")
            .and_then(|value| value.read("a cookie's name", names::token)),
    }
}

fn hash_key(text: &str) -> Result<HashKey, Fault> {
    const EXAMPLES: &str = "write \"client-ip\", \"cookie:NAME\" or \"header:NAME\"";
    let fault = |problem: &'static str| Fault::new(problem, EXAMPLES);
    match text.split_once(':') {
        None if text == "client-ip" => Ok(HashKey::ClientIp),
        Some(("cookie", name)) => names::token(name)
            .map(HashKey::Cookie)
            .map_err(|_| fault("names no cookie")),
        Some(("header", name)) => name
            .parse::<HeaderName>()
            .map(HashKey::Header)
            .map_err(|_| fault("names no header field")),
        None | Some(_) => Err(fault("is nothing that requests can be told apart by")),
    }
}
