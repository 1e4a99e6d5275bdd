//! What is known of a name, and for how long: pure, beside the look-ups themselves.
//!
//! A resolver that is down takes no site with it: what it last said stays, for as long as it
//! takes. Only a real answer changes it, and that a name has no address any more is believed when
//! it has been said twice: name servers of container runtimes deny a name while its container
//! restarts.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use hickory_resolver::net::NetError;
use tokio::time::Instant;

use crate::failure::{AttemptError, Sent, UpstreamFailure};

/// Answers are used at least and at most this long, whatever their time to live says: a container
/// runtime's name server is known to promise ten minutes for an address that changes at once.
pub(super) const TTL_CLAMP: (Duration, Duration) = (LEAST, Duration::from_secs(30));

/// The least time between two look-ups of a name, and between two denials before it is believed.
pub(super) const LEAST: Duration = Duration::from_secs(1);

/// Somewhere the origin can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) address: SocketAddr,
    /// Of its SRV record, lower ones first (RFC 2782); 0 for plain addresses.
    pub(super) priority: u16,
    /// Of its SRV record, at least 1; 1 for plain addresses.
    pub(super) weight: u16,
    /// The host its SRV record names.
    pub(super) host: Option<Arc<str>>,
}

impl Place {
    pub(super) const fn plain(address: SocketAddr) -> Self {
        Self {
            address,
            priority: 0,
            weight: 1,
            host: None,
        }
    }
}

/// What came of a look-up.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// At least one place, to be used until then.
    Places(Vec<Place>, Instant),
    /// The name server says that there is none.
    Denied(Unresolved),
    /// Nobody could say.
    Failed(Unresolved),
}

/// Why a name gave no address.
#[derive(Debug, Clone)]
pub(super) struct Unresolved {
    pub(super) cause: UpstreamFailure,
    pub(super) source: Option<Arc<NetError>>,
}

impl Unresolved {
    pub(super) const fn new(cause: UpstreamFailure) -> Self {
        Self {
            cause,
            source: None,
        }
    }

    /// Of several the one that says most: an existing name without addresses says least.
    pub(super) fn or(self, other: Self) -> Self {
        let rank = |cause| match cause {
            UpstreamFailure::NameTimeout => 2,
            UpstreamFailure::NoEndpoint => 0,
            _ => 1,
        };
        if rank(other.cause) > rank(self.cause) {
            other
        } else {
            self
        }
    }

    pub(super) fn into_error(self) -> AttemptError {
        let source = self
            .source
            .map(|error| -> Box<dyn std::error::Error + Send + Sync> { Box::new(error) });
        AttemptError {
            cause: self.cause.into(),
            sent: Sent::No,
            source,
        }
    }
}

/// What is known from all answers to one question.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    places: Vec<Place>,
    /// When the last answer is used up.
    until: Option<Instant>,
    /// When the places that still are used were denied first.
    denied: Option<Instant>,
    failure: Option<Unresolved>,
}

impl Known {
    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// What is wrong with the last answer.
    pub(super) const fn failure(&self) -> Option<&Unresolved> {
        self.failure.as_ref()
    }

    /// When to ask again; `None` when there is nothing whose time could be over.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until.filter(|_| !self.places.is_empty())
    }

    /// Takes an answer in.
    pub(super) fn learn(&mut self, answer: Answer, now: Instant) {
        self.until = Some(now + LEAST);
        match answer {
            Answer::Places(places, until) => {
                let until = until.clamp(now + TTL_CLAMP.0, now + TTL_CLAMP.1);
                *self = Self {
                    places,
                    until: Some(until),
                    denied: None,
                    failure: None,
                };
            }
            Answer::Denied(why) => {
                let first = *self.denied.get_or_insert(now);
                if now.saturating_duration_since(first) >= LEAST {
                    self.places.clear();
                }
                self.failure = Some(why);
            }
            Answer::Failed(why) => self.failure = Some(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(port: u16) -> Place {
        Place::plain(([127, 0, 0, 1], port).into())
    }

    fn resolved(now: Instant) -> Known {
        let mut known = Known::default();
        let hour = Duration::from_secs(3600);
        known.learn(Answer::Places(vec![place(1)], now + hour), now);
        known
    }

    fn denied() -> Answer {
        Answer::Denied(Unresolved::new(UpstreamFailure::NameError))
    }

    fn failed() -> Answer {
        Answer::Failed(Unresolved::new(UpstreamFailure::NameTimeout))
    }

    #[test]
    fn a_time_to_live_is_kept_within_its_bounds() {
        let now = Instant::now();
        assert_eq!(resolved(now).until(), Some(now + TTL_CLAMP.1));
        let mut known = resolved(now);
        known.learn(Answer::Places(vec![place(2)], now), now);
        assert_eq!(known.until(), Some(now + TTL_CLAMP.0));
        assert_eq!(known.places(), [place(2)]);
    }

    #[test]
    fn no_failure_of_a_resolver_takes_addresses_away() {
        let now = Instant::now();
        let mut known = resolved(now);
        for hour in 0..48 {
            known.learn(failed(), now + Duration::from_secs(hour * 3600));
            assert_eq!(known.places(), [place(1)]);
            assert_eq!(known.failure().unwrap().cause, UpstreamFailure::NameTimeout);
        }
    }

    #[test]
    fn a_denial_is_believed_when_it_is_said_twice() {
        let now = Instant::now();
        let mut known = resolved(now);
        known.learn(denied(), now);
        known.learn(denied(), now + LEAST / 2);
        assert_eq!(known.places(), [place(1)], "not at once");
        known.learn(denied(), now + LEAST);
        assert!(known.places().is_empty() && known.until().is_none());
    }

    #[test]
    fn a_name_that_is_back_after_one_denial_has_lost_nothing() {
        let now = Instant::now();
        let mut known = resolved(now);
        known.learn(denied(), now);
        known.learn(failed(), now + LEAST);
        assert_eq!(known.places(), [place(1)]);
        known.learn(Answer::Places(vec![place(1)], now), now + LEAST * 2);
        known.learn(denied(), now + LEAST * 3);
        assert_eq!(known.places(), [place(1)], "the first denial is forgotten");
    }

    #[test]
    fn the_cause_that_says_most_is_told() {
        let said = [
            UpstreamFailure::NoEndpoint,
            UpstreamFailure::NameTimeout,
            UpstreamFailure::NameError,
        ];
        let told = said.map(Unresolved::new).into_iter().reduce(Unresolved::or);
        assert_eq!(told.unwrap().cause, UpstreamFailure::NameTimeout);
    }
}
