//! Which certificate proves which name.
//!
//! Immutable once built, as the rest of a snapshot. What is in its slots may change: when ACME has
//! fetched a certificate, or a file on the disk has been renewed.

use std::{collections::HashMap, fmt, sync::Arc};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use rustls::{
    crypto::aws_lc_rs::sign::any_supported_type,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::{
    acme::{self, Challenges},
    slot::Slot,
};
use crate::config::spec::{
    Config, HostPattern, IdentityFiles, IdentitySpec, SiteSpec, TlsSpec, expiry,
};

/// A certificate and its key cannot be put to use.
#[derive(Debug, thiserror::Error)]
#[error("the certificate of {of} cannot be used")]
pub struct UnusableIdentity {
    of: String,
    #[source]
    source: rustls::Error,
}

/// All of one configuration.
#[derive(Debug, Default)]
pub struct Certificates {
    exact: HashMap<String, Slot>,
    /// By the part after the star, with its dot.
    wildcards: HashMap<String, Slot>,
    /// For every other name: of the site with `"*"`.
    any: Option<Slot>,
    /// For what has none, and for clients that name nobody: the process's.
    default: Option<Slot>,
    /// For names whose certificate has not come yet, where there is no other.
    stand_in: Option<Arc<CertifiedKey>>,
    entries: Vec<Entry>,
}

/// One certificate with what it was made from.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The site; `None`: the process.
    pub site: Option<String>,
    /// The files it is read from, where it is.
    pub files: Option<IdentityFiles>,
    /// What it was made from; only of sites.
    spec: Option<TlsSpec>,
    /// Where it is now.
    pub slot: Slot,
}

impl Entry {
    /// Whether it is fetched and renewed by ACME.
    #[must_use]
    pub const fn is_fetched(&self) -> bool {
        matches!(self.spec, Some(TlsSpec::Acme(_)))
    }

    /// When what is shown now expires; `None` before there is anything.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        self.slot.get()?.cert.first().and_then(expiry)
    }
}

impl Certificates {
    /// Those of a configuration. What ACME has filled in `previous` stays in place.
    ///
    /// # Errors
    /// When a certificate or its key cannot be used.
    pub fn build(config: &Config, previous: Option<&Self>) -> Result<Self, UnusableIdentity> {
        let mut built = Self::default();
        if let Some(spec) = &config.process.tls {
            let slot = Slot::filled(certified(spec, "the process")?);
            built.default = Some(slot.clone());
            built.entries.push(Entry {
                site: None,
                files: spec.files.clone(),
                spec: None,
                slot,
            });
        }
        for site in &config.sites {
            if let Some(spec) = &site.tls {
                built.add(site, spec, previous)?;
            }
        }
        Ok(built)
    }

    fn add(
        &mut self,
        site: &SiteSpec,
        spec: &TlsSpec,
        previous: Option<&Self>,
    ) -> Result<(), UnusableIdentity> {
        let (slot, files) = match spec {
            TlsSpec::Given(given) => {
                let key = certified(given, &format!("site {}", site.name))?;
                (Slot::filled(key), given.files.clone())
            }
            TlsSpec::Acme(_) => {
                self.stand_in = self.stand_in.take().or_else(|| stand_in(previous));
                let known = previous.and_then(|previous| previous.fetched(&site.name));
                (known.unwrap_or_default(), None)
            }
        };
        for host in &site.hosts {
            match host {
                HostPattern::Exact(name) => {
                    self.exact.insert(name.clone(), slot.clone());
                }
                HostPattern::Wildcard(suffix) => {
                    self.wildcards.insert(suffix.clone(), slot.clone());
                }
                HostPattern::Any => self.any = Some(slot.clone()),
            }
        }
        self.entries.push(Entry {
            site: Some(site.name.clone()),
            files,
            spec: Some(spec.clone()),
            slot,
        });
        Ok(())
    }

    /// The slot that ACME fills for a site. It is kept when names are added: until the next
    /// certificate has come, the one before is right for the others.
    #[must_use]
    pub fn fetched(&self, site: &str) -> Option<Slot> {
        let is_it = |entry: &&Entry| entry.site.as_deref() == Some(site) && entry.is_fetched();
        self.entries.iter().find(is_it).map(|it| it.slot.clone())
    }

    /// Every certificate there is a place for.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The certificate for a name, in lower case and without a final dot: that of the site which
    /// has the exact name, else the longest wildcard, else `"*"`; where that has none, and for a
    /// client that names nobody, the process's. What nobody vouches for stands in until the first
    /// certificate of a site has come.
    #[must_use]
    pub fn find(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let of_site = match name {
            Some(name) => self.of_site(name),
            None => self.any.as_ref(),
        };
        let found = of_site.and_then(Slot::get);
        let found = found.or_else(|| self.default.as_ref().and_then(Slot::get));
        found.or_else(|| of_site.and(self.stand_in.clone()))
    }

    fn of_site(&self, name: &str) -> Option<&Slot> {
        if let Some(slot) = self.exact.get(name) {
            return Some(slot);
        }
        if !self.wildcards.is_empty() {
            for (dot, _) in name.match_indices('.') {
                // A star stands for at least one label.
                let suffix = name.get(dot..).filter(|_| dot > 0);
                if let Some(slot) = suffix.and_then(|suffix| self.wildcards.get(suffix)) {
                    return Some(slot);
                }
            }
        }
        self.any.as_ref()
    }
}

/// The one there is already, else one of our own. Without it, handshakes fail until a certificate
/// has come.
fn stand_in(previous: Option<&Certificates>) -> Option<Arc<CertifiedKey>> {
    let known = previous.and_then(|previous| previous.stand_in.clone());
    known.or_else(|| acme::stand_in().ok().map(Arc::new))
}

/// Makes a certificate and its key ready for handshakes.
///
/// # Errors
/// When the key is of a kind that cannot sign, or another certificate's.
pub fn certified(spec: &IdentitySpec, of: &str) -> Result<CertifiedKey, UnusableIdentity> {
    let explain = |source| UnusableIdentity {
        of: of.to_owned(),
        source,
    };
    let key = any_supported_type(&spec.key.0).map_err(explain)?;
    let certified = CertifiedKey::new(spec.chain.clone(), key);
    certified.keys_match().map_err(explain)?;
    Ok(certified)
}

/// The certificates of this moment: what handshakes ask.
pub struct LiveCertificates {
    certificates: ArcSwap<Certificates>,
    challenges: Arc<Challenges>,
}

impl LiveCertificates {
    /// With the first ones.
    #[must_use]
    pub fn new(certificates: Arc<Certificates>) -> Arc<Self> {
        Arc::new(Self {
            certificates: ArcSwap::new(certificates),
            challenges: Arc::default(),
        })
    }

    /// Those of now.
    #[must_use]
    pub fn load(&self) -> Arc<Certificates> {
        self.certificates.load_full()
    }

    /// What authorities come to look for.
    #[must_use]
    pub fn challenges(&self) -> &Arc<Challenges> {
        &self.challenges
    }

    /// From now on, handshakes use these.
    pub fn store(&self, certificates: Arc<Certificates>) {
        self.certificates.store(certificates);
    }
}

impl fmt::Debug for LiveCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.certificates.fmt(f)
    }
}

impl ResolvesServerCert for LiveCertificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // Who speaks that protocol alone comes to look and for nothing else.
        if hello
            .alpn()
            .is_some_and(|mut offered| offered.all(|one| one == acme::ALPN))
        {
            return self.challenges.certificate(hello.server_name()?);
        }
        self.certificates.load().find(hello.server_name())
    }
}

#[cfg(test)]
mod tests;
