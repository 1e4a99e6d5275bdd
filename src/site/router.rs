//! Which site a host belongs to. Total: what no site claims belongs to the site that refuses.

use std::{collections::HashMap, sync::Arc};

use http::HeaderValue;

use super::Site;
use crate::{config::spec::HostPattern, message::host::site_name};

/// Hosts and their sites.
pub struct Router {
    exact: HashMap<String, Arc<Site>>,
    /// By the part after the star, with its dot.
    wildcards: HashMap<String, Arc<Site>>,
    any: Arc<Site>,
    sites: Vec<Arc<Site>>,
}

impl Router {
    /// Of these sites; `unclaimed` gets the hosts that none of them claims.
    #[must_use]
    pub fn new(sites: Vec<Arc<Site>>, unclaimed: Arc<Site>) -> Self {
        let mut router = Self {
            exact: HashMap::new(),
            wildcards: HashMap::new(),
            any: unclaimed,
            sites,
        };
        for site in &router.sites {
            for host in site.hosts() {
                match host {
                    HostPattern::Exact(name) => {
                        router.exact.insert(name.clone(), Arc::clone(site));
                    }
                    HostPattern::Wildcard(suffix) => {
                        router.wildcards.insert(suffix.clone(), Arc::clone(site));
                    }
                    HostPattern::Any => router.any = Arc::clone(site),
                }
            }
        }
        router
    }

    /// The site for a host: the exact name, else the longest wildcard, else the catch-all.
    #[must_use]
    pub fn route(&self, host: Option<&HeaderValue>) -> &Arc<Site> {
        let Some(host) = host else { return &self.any };
        let name = site_name(host);
        if let Some(site) = self.exact.get(name.as_ref()) {
            return site;
        }
        if !self.wildcards.is_empty() {
            for (dot, _) in name.match_indices('.') {
                // A star stands for at least one label.
                let suffix = name.get(dot..).filter(|_| dot > 0);
                if let Some(site) = suffix.and_then(|suffix| self.wildcards.get(suffix)) {
                    return site;
                }
            }
        }
        &self.any
    }

    /// All configured sites.
    #[must_use]
    pub fn sites(&self) -> &[Arc<Site>] {
        &self.sites
    }
}
