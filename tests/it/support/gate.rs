//! A door that stays shut until a test opens it: order without sleeping.

use std::{
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

/// Shared between a test and an origin's script.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// Lets everyone through, now and later.
    pub(crate) fn open(&self) {
        *self.0.0.lock().expect("no holder panics") = true;
        self.0.1.notify_all();
    }

    /// Whether it is open, after waiting a little for it.
    pub(crate) fn is_open_within(&self, time: Duration) -> bool {
        let open = self.0.0.lock().expect("no holder panics");
        *self
            .0
            .1
            .wait_timeout_while(open, time, |open| !*open)
            .expect("no holder panics")
            .0
    }
}
