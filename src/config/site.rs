//! `sites/NAME.toml` → [`SiteSpec`].

use std::{collections::BTreeMap, num::NonZeroUsize, ops::RangeInclusive, time::Duration};

use http::{StatusCode, uri::Authority};

use super::{
    admission::admission,
    brand,
    breaker::breaker,
    custom, flow, headers,
    health::health,
    language, legal, maintenance, names,
    problem::Problem,
    reader::{Table, Value},
    redirect,
    source::Spot,
    spec::{
        AdmissionSpec, BrandSpec, FallbackSpec, HeadersSpec, HostPattern, HstsSpec, Language,
        MaintenanceSpec, OwnSpec, PageTextSpec, RedirectSpec, RetryAfterSpec, Scheme, SiteSpec,
        TargetSpec, TimeoutsSpec, TlsSpec, UpstreamSpec, VariantSpec,
    },
    tls,
    upstream::{self, Origins},
    variant,
};

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3600);
const STEP: RangeInclusive<Duration> = MILLISECOND..=DAY;

/// A site's file as far as it could be read.
pub(super) struct ReadSite {
    /// The whole, if all its parts are there.
    pub spec: Option<SiteSpec>,
    /// Its hosts with their places, to be compared with those of other files.
    pub hosts: Vec<ClaimedHost>,
    /// Where `upstream` stands.
    pub upstream: Option<Problem>,
    /// Where `redirect.host` stands.
    pub redirect: Option<Problem>,
    /// What a public authority would say of its names, where one is asked.
    pub fetched: Option<Problem>,
}

impl ReadSite {
    /// Its hosts alone.
    pub(super) fn patterns(&self) -> impl Iterator<Item = &HostPattern> {
        self.hosts.iter().map(|host| &host.pattern)
    }
}

/// A host and where it is claimed.
pub(super) struct ClaimedHost {
    pub pattern: HostPattern,
    /// As it is written in the file.
    pub written: String,
    pub key: String,
    pub spot: Spot,
}

/// Reads a file.
pub(super) fn read(name: &str, file: &Table<'_>) -> ReadSite {
    let hosts = hosts(file);
    let patterns: Vec<_> = hosts.iter().map(|host| host.pattern.clone()).collect();
    let headers = headers::headers(&file.table("headers"));
    let upstream = upstream(file, &headers);
    let [own_pages, brand, fallback] = ["page", "brand", "fallback"].map(|name| file.table(name));
    let pages = brand::pages(&own_pages);
    let parts = Parts {
        brand: brand::brand(&brand),
        fallback: self::fallback(&fallback, &own_pages),
        retry_after: retry_after(&file.table("retry_after")),
        redirect: redirect::redirect(&file.table("redirect"), &patterns),
        hsts: redirect::hsts(&file.table("hsts")),
        headers,
        admission: admission(&file.table("limits")),
        variants: variant::variants(&own_pages, &pages),
        maintenance: maintenance::maintenance(&file.table("maintenance")),
        own: OwnSpec {
            page: custom::page(&fallback),
            ..legal::texts(&brand, &own_pages)
        },
        tls: tls::site(&file.table("tls"), &hosts),
        pages,
    };
    legal::check_imprint(file, &own_pages, parts.fallback.language);
    let redirect = file.table("redirect").get("host").map(|value| {
        value.problem(
            "leads to another site, which claims it more exactly",
            "name a host that this site answers for",
        )
    });
    ReadSite {
        redirect,
        fetched: tls::private_name(&file.table("tls"), &hosts),
        spec: upstream.map(|upstream| parts.into_spec(name, patterns, upstream)),
        hosts,
        upstream: file.get("upstream").map(|value| {
            value
                .problem(
                    "is this proxy's own address",
                    "name the address of the application; a request would come back for ever",
                )
                .into_warning()
        }),
    }
}

/// A site of one upstream and nothing else: the start without files.
pub(super) fn bare(name: &str, scheme: Scheme, authority: Authority) -> SiteSpec {
    Parts::default().into_spec(
        name,
        vec![HostPattern::Any],
        UpstreamSpec::new(scheme, vec![TargetSpec::new(authority)]),
    )
}

const DEFAULT_RETRY_AFTER: RetryAfterSpec = RetryAfterSpec {
    start: Duration::from_secs(30),
    after_5_minutes: Duration::from_secs(120),
    after_1_hour: Duration::from_secs(600),
};

/// All of a site but its hosts and upstream.
struct Parts {
    brand: BrandSpec,
    pages: BTreeMap<Language, PageTextSpec>,
    variants: Vec<VariantSpec>,
    maintenance: MaintenanceSpec,
    fallback: FallbackSpec,
    retry_after: RetryAfterSpec,
    redirect: RedirectSpec,
    hsts: Option<HstsSpec>,
    headers: HeadersSpec,
    admission: AdmissionSpec,
    own: OwnSpec,
    tls: Option<TlsSpec>,
}

impl Default for Parts {
    fn default() -> Self {
        let offered = language::Offered::default();
        Self {
            brand: BrandSpec::default(),
            pages: BTreeMap::new(),
            variants: Vec::new(),
            maintenance: MaintenanceSpec::default(),
            fallback: FallbackSpec {
                failures: true,
                statuses: vec![
                    StatusCode::BAD_GATEWAY,
                    StatusCode::SERVICE_UNAVAILABLE,
                    StatusCode::GATEWAY_TIMEOUT,
                ],
                api: false,
                language: offered.default,
                languages: offered.languages,
            },
            retry_after: DEFAULT_RETRY_AFTER,
            redirect: RedirectSpec::default(),
            hsts: None,
            headers: HeadersSpec::default(),
            admission: AdmissionSpec::default(),
            own: OwnSpec::default(),
            tls: None,
        }
    }
}

impl Parts {
    fn into_spec(self, name: &str, hosts: Vec<HostPattern>, upstream: UpstreamSpec) -> SiteSpec {
        SiteSpec {
            name: name.to_owned(),
            hosts,
            upstream,
            brand: self.brand,
            pages: self.pages,
            variants: self.variants,
            maintenance: self.maintenance,
            fallback: self.fallback,
            retry_after: self.retry_after,
            redirect: self.redirect,
            hsts: self.hsts,
            headers: self.headers,
            admission: self.admission,
            own: self.own,
            tls: self.tls,
        }
    }
}

fn hosts(file: &Table<'_>) -> Vec<ClaimedHost> {
    const WAY_OUT: &str = "write hosts = [\"shop.example\"], or [\"*\"] for every host";
    let Some(value) = file.require("hosts", WAY_OUT) else {
        return Vec::new();
    };
    let Some(items) = value.list() else {
        return Vec::new();
    };
    if items.is_empty() {
        value.reject("names no host", WAY_OUT);
    }
    let host = |item: &Value<'_>| {
        let pattern = item.read("a host", names::host_pattern)?;
        let (written, key) = (item.written(), item.path().to_owned());
        Some(ClaimedHost {
            pattern,
            written,
            key,
            spot: item.spot(),
        })
    };
    items.iter().filter_map(host).collect()
}

fn upstream(file: &Table<'_>, headers: &HeadersSpec) -> Option<UpstreamSpec> {
    let timeouts = file.table("timeouts");
    let retry = flow::retry(&file.table("retry"));
    let timeouts = self::timeouts(&timeouts, retry.attempts);
    let hold = flow::hold(&file.table("hold"), timeouts.total);
    let limits = flow::limits(&file.table("limits"));
    let balance = upstream::balance(&file.table("balance"));
    let health = health(&file.table("health"), headers.host.clone());
    let breaker = breaker(&file.table("breaker"));
    let Origins {
        scheme,
        targets,
        ca,
    } = upstream::origins(file)?;
    let defaults = UpstreamSpec::new(scheme, targets);
    Some(UpstreamSpec {
        ca,
        balance,
        timeouts,
        health,
        breaker,
        retry,
        hold,
        limits,
        ..defaults
    })
}

fn timeouts(table: &Table<'_>, attempts: NonZeroUsize) -> TimeoutsSpec {
    let default = TimeoutsSpec::default();
    let timeouts = TimeoutsSpec {
        connect: table.duration("connect", STEP, default.connect),
        first_byte: table.duration("first_byte", STEP, default.first_byte),
        between_bytes: table.duration("between_bytes", STEP, default.between_bytes),
        total: table.duration("total", STEP, default.total),
    };
    let (connect, total) = (table.get("connect"), table.get("total"));
    if attempts.get() == 1 {
        if let Some(total) = total {
            let problem = "has no effect: it bounds repeated attempts, and there is one";
            let way_out = "leave it out, or raise attempts in [retry]";
            table
                .report()
                .add(total.problem(problem, way_out).into_warning());
        }
    } else if timeouts.connect > timeouts.total
        && let Some(value) = connect.or(total)
    {
        value.reject(
            "makes `connect` longer than `total` (default 8s), which bounds all attempts together",
            "lower connect, raise total, or set attempts = 1 in [retry]",
        );
    }
    timeouts
}

fn fallback(table: &Table<'_>, pages: &Table<'_>) -> FallbackSpec {
    let default = Parts::default().fallback;
    let offered = language::offered(table, pages);
    let boolean = |key: &str| table.get(key).and_then(|value| value.boolean());
    let api = boolean("api").unwrap_or(default.api);
    let statuses = match table.get("statuses").and_then(|value| value.list()) {
        Some(items) => statuses(&items),
        None => default.statuses,
    };
    if api
        && statuses.is_empty()
        && let Some(value) = table.get("api")
    {
        let problem = "has no effect: `statuses` is empty, so no answer is ever replaced";
        table.report().add(
            value
                .problem(problem, "leave it out, or list statuses")
                .into_warning(),
        );
    }
    FallbackSpec {
        failures: boolean("failures").unwrap_or(default.failures),
        statuses,
        api,
        language: offered.default,
        languages: offered.languages,
    }
}

fn statuses(items: &[Value<'_>]) -> Vec<StatusCode> {
    let mut statuses = Vec::new();
    for item in items {
        let number = item
            .whole(&(500..=599))
            .and_then(|number| u16::try_from(number).ok());
        if let Some(status) = number.and_then(|number| StatusCode::from_u16(number).ok())
            && !statuses.contains(&status)
        {
            statuses.push(status);
        }
    }
    statuses
}

fn retry_after(table: &Table<'_>) -> RetryAfterSpec {
    let default = DEFAULT_RETRY_AFTER;
    let read = |key: &str, default| table.duration(key, SECOND..=DAY, default);
    let retry_after = RetryAfterSpec {
        start: read("start", default.start),
        after_5_minutes: read("after_5_minutes", default.after_5_minutes),
        after_1_hour: read("after_1_hour", default.after_1_hour),
    };
    let is_growing = retry_after.start <= retry_after.after_5_minutes
        && retry_after.after_5_minutes <= retry_after.after_1_hour;
    let any = ["start", "after_5_minutes", "after_1_hour"]
        .iter()
        .find_map(|key| table.get(key));
    if let Some(value) = any.filter(|_| !is_growing) {
        let problem = "makes the wait shrink as the outage grows older";
        let way_out = "let start, after_5_minutes (default 2m), after_1_hour (default 10m) grow";
        table
            .report()
            .add(value.problem(problem, way_out).into_warning());
    }
    retry_after
}
