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
    page::Shelf,
    site::{Identity, Site, SiteError, router::Router},
    telemetry::metrics::Metrics,
    tls::{Certificates, LiveCertificates, UnusableIdentity},
    upstream::Surroundings,
};

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
        let pages = in_parallel(&config.sites, |spec| {
            Site::pages(spec, before(spec), &shelf)
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
        Ok(Self {
            router: Router::new(sites, Arc::default()),
            identity,
            shelf,
            certificates,
            config,
        })
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
