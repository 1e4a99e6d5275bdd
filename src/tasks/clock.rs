//! The wall clock. Durations are measured with `tokio::time::Instant`; this is for telling people
//! and other machines what time it is.

use jiff::Timestamp;

/// Says what time it is.
pub trait Clock {
    /// Now.
    fn timestamp(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct WallClock;

impl Clock for WallClock {
    fn timestamp(&self) -> Timestamp {
        Timestamp::now()
    }
}
