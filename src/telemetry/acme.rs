//! Counts of certificates that are fetched. Never on the request path: labels are looked up.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

/// By site.
#[derive(Debug, Default)]
pub struct AcmeMetrics {
    orders: Mutex<BTreeMap<(String, &'static str), u64>>,
    renewals: Mutex<BTreeMap<String, Timestamp>>,
}

impl AcmeMetrics {
    /// Each site and result with the number of orders.
    pub(crate) fn each_order_count(
        &self,
        mut visit: impl FnMut(&str, &str, u64) -> fmt::Result,
    ) -> fmt::Result {
        let orders = locked(&self.orders).clone();
        orders
            .iter()
            .try_for_each(|((site, result), count)| visit(site, result, *count))
    }

    /// Each site with the time of its next order.
    pub(crate) fn each_renewal(
        &self,
        mut visit: impl FnMut(&str, Timestamp) -> fmt::Result,
    ) -> fmt::Result {
        let renewals = locked(&self.renewals).clone();
        renewals.iter().try_for_each(|(site, at)| visit(site, *at))
    }

    /// An order ended so.
    pub(crate) fn ordered(&self, site: &str, result: &'static str) {
        let mut orders = locked(&self.orders);
        let count = orders.entry((site.to_owned(), result)).or_default();
        *count = count.saturating_add(1);
    }

    /// When each certificate is ordered next; others are not.
    pub(crate) fn planned(&self, renewals: BTreeMap<String, Timestamp>) {
        *locked(&self.renewals) = renewals;
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
