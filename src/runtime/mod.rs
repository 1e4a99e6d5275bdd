//! The live snapshot: everything a request needs that comes from the configuration.
//!
//! A reload builds a whole new one and swaps it in. A request loads it once, when it is routed,
//! and finishes on what it started with.

mod parallel;

use std::{collections::HashMap, sync::Arc};

use arc_swap::{ArcSwap, Guard};

use self::parallel::in_parallel;
use crate::{
    config::spec::{Config, SiteSpec},
    failure::proxy_status::ProxyStatus,
    message::via::Via,
    page::{Pages, Shelf},
    site::{Identity, Site, SiteError, router::Router},
    telemetry::metrics::Metrics,
    tls::{Certificates, LiveCertificates, UnusableIdentity},
    upstream::Surroundings,
};

/// With more sites than these, a start and a reload do not wait for pages: half a millisecond each
/// for every language. Until they are made beside the first requests, one that is wanted is made
/// when it is.
const AT_ONCE: usize = 100;

/// Immutable once built.
pub struct Runtime {
    /// What it was built from.
    pub config: Config,
    /// Hosts and sites.
    pub router: Router,
    /// Our name among proxies.
    pub identity: Arc<Identity>,
    /// What the pages of all sites share.
    pub shelf: Arc<Shelf>,
    /// Whether any upstream gets PROXY headers.
    pub names_clients: bool,
    /// What proves names to clients.
    pub certificates: Arc<Certificates>,
}

/// Why a snapshot cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A site cannot be built.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// A certificate cannot be used.
    #[error(transparent)]
    Identity(#[from] UnusableIdentity),
}

impl Runtime {
    /// Builds one. What is equal in `previous` is kept, with its connections and its state.
    ///
    /// # Errors
    /// When a site cannot be built, or a certificate not be used; nothing has changed then.
    pub fn build(
        config: Config,
        previous: Option<&Self>,
        around: &Surroundings,
        metrics: &Metrics,
    ) -> Result<Self, BuildError> {
        let shelf = previous.map_or_else(Arc::default, |runtime| Arc::clone(&runtime.shelf));
        let before: HashMap<_, _> = previous
            .into_iter()
            .flat_map(|runtime| runtime.router.sites())
            .map(|site| (site.name(), site))
            .collect();
        let before = |spec: &SiteSpec| before.get(spec.name.as_str()).copied();
        let is_large = config.sites.len() > AT_ONCE;
        let make = if is_large { Pages::later } else { Pages::new };
        let pages = in_parallel(&config.sites, |spec| {
            Site::pages(spec, before(spec), |spec| make(spec, &shelf))
        });
        let sites = config
            .sites
            .iter()
            .zip(pages)
            .map(|(spec, pages)| Site::new(spec, pages?, before(spec), around, metrics))
            .collect::<Result<Vec<_>, SiteError>>()?;
        let known = previous.map(|runtime| &*runtime.certificates);
        let certificates = Arc::new(Certificates::build(&config, known)?);
        let identity = match previous.filter(|runtime| runtime.same_name(&config)) {
            Some(runtime) => Arc::clone(&runtime.identity),
            None => Arc::new(identity(&config.process.name)),
        };
        let mut targets = config.sites.iter().flat_map(|site| &site.upstream.targets);
        Ok(Self {
            router: Router::new(sites, Arc::default()),
            identity,
            shelf,
            names_clients: targets.any(|target| target.proxy_protocol),
            certificates,
            config,
        })
    }

    /// Whether pages are still to be made.
    #[must_use]
    pub fn is_to_be_completed(&self) -> bool {
        self.config.sites.len() > AT_ONCE
    }

    /// Makes the pages that a start or a reload has not waited for. May take seconds: not on a
    /// worker.
    pub fn complete(&self) {
        for site in self.router.sites() {
            site.make_ready();
        }
        let sites = self.config.sites.len();
        tracing::info!(sites, "the pages of all sites are made");
    }

    fn same_name(&self, config: &Config) -> bool {
        self.config.process.name == config.process.name
    }
}

fn identity(name: &str) -> Identity {
    Identity {
        via: Via::new(name, fastrand::u32(..)),
        proxy_status: ProxyStatus::new(name),
    }
}

/// Where the current snapshot is found.
pub struct RuntimeHandle {
    runtime: ArcSwap<Runtime>,
    certificates: Arc<LiveCertificates>,
}

impl RuntimeHandle {
    /// With the first snapshot.
    #[must_use]
    pub fn new(runtime: Runtime) -> Arc<Self> {
        let certificates = LiveCertificates::new(Arc::clone(&runtime.certificates));
        Arc::new(Self {
            runtime: ArcSwap::from_pointee(runtime),
            certificates,
        })
    }

    /// The current one.
    #[must_use]
    pub fn load(&self) -> Guard<Arc<Runtime>> {
        self.runtime.load()
    }

    /// The current one, to be kept for a while.
    #[must_use]
    pub fn load_full(&self) -> Arc<Runtime> {
        self.runtime.load_full()
    }

    /// The certificates of the current one, whichever that is by then.
    #[must_use]
    pub fn certificates(&self) -> &Arc<LiveCertificates> {
        &self.certificates
    }

    /// Swaps in a new one.
    pub fn store(&self, runtime: Runtime) {
        self.certificates.store(Arc::clone(&runtime.certificates));
        self.runtime.store(Arc::new(runtime));
    }
}
