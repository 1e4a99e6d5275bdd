//! How many connections the limit of open files allows.

use crate::config::spec::ProcessSpec;

/// Descriptors that are no connections, beside those of workers: files, pipes, signals, look-ups.
const OWN: usize = 24;

/// What one worker needs for its event loop.
const PER_WORKER: usize = 3;

/// Client connections that can be served: as configured, else what descriptors allow, counting
/// one to the origin for each.
pub(super) fn places(process: &ProcessSpec) -> usize {
    let own = OWN
        + process.workers.get() * (PER_WORKER + process.listen.len() + process.listen_tls.len());
    process.clients.connections.map_or_else(
        || (raise_descriptor_limit().saturating_sub(own) / 2).max(8),
        std::num::NonZeroUsize::get,
    )
}

/// Takes all the descriptors the system grants us.
fn raise_descriptor_limit() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    );
    let limit = if raised.is_ok() { maximum } else { current };
    limit
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(1 << 20)
        .min(1 << 20)
}
