//! How many connections the limit of open files allows.

use crate::config::spec::ProcessSpec;

/// Descriptors that are no connections: sockets we listen on, event loops, files.
const OWN_DESCRIPTORS: usize = 32;

/// Client connections that can be served: as configured, else what descriptors allow, counting
/// one to the origin for each.
pub(super) fn places(process: &ProcessSpec) -> usize {
    process.clients.connections.map_or_else(
        || (raise_descriptor_limit().saturating_sub(OWN_DESCRIPTORS) / 2).max(8),
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
