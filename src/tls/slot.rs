//! A place for one site's certificate, which may be filled later and exchanged at any time.

use std::{fmt, sync::Arc};

use arc_swap::ArcSwapOption;
use rustls::sign::CertifiedKey;

/// Shared by the snapshots of the configuration, handshakes and whoever renews.
#[derive(Clone, Default)]
pub struct Slot(Arc<ArcSwapOption<CertifiedKey>>);

impl Slot {
    /// With a certificate that stays.
    #[must_use]
    pub fn filled(key: CertifiedKey) -> Self {
        Self(Arc::new(ArcSwapOption::from_pointee(key)))
    }

    /// The certificate of this moment; `None` before the first has come.
    #[must_use]
    pub fn get(&self) -> Option<Arc<CertifiedKey>> {
        self.0.load_full()
    }

    /// From now on, handshakes use this one.
    pub fn put(&self, key: CertifiedKey) {
        self.0.store(Some(Arc::new(key)));
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.get().is_some() {
            "filled"
        } else {
            "empty"
        };
        f.debug_tuple("Slot").field(&state).finish()
    }
}
