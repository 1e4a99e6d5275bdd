//! Where the demo's parts are: known one after the other, linked everywhere.

use std::{
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};

/// The addresses of origin, control page and, once it is known, the proxied shop.
#[derive(Debug)]
pub(super) struct Links {
    origin: SocketAddr,
    shop: Mutex<Option<String>>,
}

impl Links {
    /// The shop's own address is not known yet.
    pub(super) fn new(origin: SocketAddr) -> Self {
        Self {
            origin,
            shop: Mutex::new(None),
        }
    }

    /// Where the origin can be asked without the proxy, without a final slash.
    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.origin)
    }

    /// Where visitors go, without a final slash: the proxy, or the origin while there is none.
    pub(super) fn shop(&self) -> String {
        let shop = self
            .shop
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        shop.unwrap_or_else(|| self.origin())
    }

    /// Sets where the proxy listens.
    pub(super) fn set_shop(&self, mut url: String) {
        url.truncate(url.trim_end_matches('/').len());
        *self.shop.lock().unwrap_or_else(PoisonError::into_inner) = Some(url);
    }
}
