//! An outage that is known and no longer young: what follows from it is said before anything is
//! prepared for an origin that nobody is going to ask.
//!
//! The short way around the attempt loop of [`super::forward`], with the same end. It touches
//! neither the network nor the request.

use tokio::time::Instant;

use super::{Upstream, endpoint::Admission};
use crate::failure::UpstreamFailure;

impl Upstream {
    /// Why every endpoint is out. `None` as soon as one may be picked or is due for a trial, or
    /// requests are held. One load while all is well.
    pub(super) fn known_outage(&self) -> Option<UpstreamFailure> {
        let set = self.endpoints.current();
        let candidates = set.candidates();
        let first = candidates.first()?;
        if first.endpoint.state().is_quiet() {
            return None;
        }
        let now = Instant::now();
        let mut known = None;
        for candidate in candidates {
            let (admission, cause) = candidate.endpoint.standing(now);
            if admission != Admission::Ejected {
                return None;
            }
            // What the application said of itself was not said to this request.
            let cause = cause.filter(|cause| !matches!(cause, UpstreamFailure::Status(_)));
            known = known.or(cause);
        }
        let hold = self.health.hold.as_ref();
        if hold.is_some_and(|hold| !hold.is_over(now)) {
            return None;
        }
        // Perhaps the names lead elsewhere by now.
        self.endpoints.ask_again();
        Some(known.unwrap_or(UpstreamFailure::NoEndpoint))
    }
}
