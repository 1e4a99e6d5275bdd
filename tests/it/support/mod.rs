//! What every test stands on: origins that can lie, clients that look at bytes, the proxy itself.
//!
//! Everything here blocks, with a deadline: a test reads like the conversation it describes.

mod actor;
pub(crate) mod check;
pub(crate) mod clients;
pub(crate) mod compose;
pub(crate) mod dns;
pub(crate) mod encrypted;
pub(crate) mod engine;
pub(crate) mod frames;
pub(crate) mod front;
pub(crate) mod gate;
pub(crate) mod h1;
pub(crate) mod h2;
pub(crate) mod h2_frames;
pub(crate) mod h2_origin;
pub(crate) mod head;
pub(crate) mod line;
pub(crate) mod load;
pub(crate) mod optimised;
pub(crate) mod origin;
pub(crate) mod pebble;
pub(crate) mod places;
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod relay;
pub(crate) mod script;
pub(crate) mod tls;

use std::time::Duration;

use tokio::time::Instant;

/// How long a test waits for what must happen. Long, for a busy machine; nothing waits it out when
/// all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Asks again and again until there is an answer, or fails the test at the deadline.
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, &mut ask).unwrap_or_else(|| panic!("not within {PATIENCE:?}: {what}"))
}

/// Asks again and again until there is an answer or the time is over.
pub(crate) fn within<T>(time: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + time;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// Lets time pass, where its passing is what the test is about.
pub(crate) fn let_pass(time: Duration) {
    let never: Option<()> = within(time, || None);
    debug_assert!(never.is_none());
}

/// Runs the same job on several threads at once and gathers what they return.
pub(crate) fn at_once<T: Send>(count: usize, job: impl Fn(usize) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let job = &job;
        let threads: Vec<_> = (0..count).map(|at| scope.spawn(move || job(at))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no thread panics"))
            .collect()
    })
}
