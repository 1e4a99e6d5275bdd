//! What became of something that a client sent: the page must not say "not processed" where the
//! origin may have acted, or people order twice.

use super::language::{Notice, Words};
use crate::{
    failure::{Failure, UpstreamFailure},
    message::preferences::Preferences,
};

/// What the answer says about the request's effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Submission {
    /// The client only asked for something: there is nothing to say.
    Nothing,
    /// The origin cannot have acted.
    Unprocessed,
    /// The origin may have acted.
    Unknown,
}

/// One value per [`Submission`].
#[derive(Debug)]
pub(super) struct BySubmission<T> {
    nothing: T,
    unprocessed: T,
    unknown: T,
}

impl Submission {
    /// From the method and what is known of the failure.
    pub(super) fn of(request: &Preferences, failure: Failure) -> Self {
        if request.is_safe() {
            Self::Nothing
        } else if may_have_acted(failure) {
            Self::Unknown
        } else {
            Self::Unprocessed
        }
    }

    /// What is said about it.
    pub(super) const fn notice(self, words: &Words) -> Option<&Notice> {
        match self {
            Self::Nothing => None,
            Self::Unprocessed => Some(&words.unprocessed),
            Self::Unknown => Some(&words.unknown),
        }
    }
}

impl<T> BySubmission<T> {
    /// Makes the value of each.
    pub(super) fn build<E>(mut make: impl FnMut(Submission) -> Result<T, E>) -> Result<Self, E> {
        Ok(Self {
            nothing: make(Submission::Nothing)?,
            unprocessed: make(Submission::Unprocessed)?,
            unknown: make(Submission::Unknown)?,
        })
    }

    /// The value of one.
    pub(super) const fn get(&self, submission: Submission) -> &T {
        match submission {
            Submission::Nothing => &self.nothing,
            Submission::Unprocessed => &self.unprocessed,
            Submission::Unknown => &self.unknown,
        }
    }
}

const fn may_have_acted(failure: Failure) -> bool {
    match failure {
        Failure::Overloaded => false,
        Failure::Internal => true,
        Failure::Upstream(cause) => match cause {
            UpstreamFailure::NameTimeout
            | UpstreamFailure::NameError
            | UpstreamFailure::NoEndpoint
            | UpstreamFailure::Unroutable
            | UpstreamFailure::Refused
            | UpstreamFailure::ConnectTimeout
            | UpstreamFailure::PoolFull
            | UpstreamFailure::TlsCertificate
            | UpstreamFailure::TlsAlert
            | UpstreamFailure::TlsProtocol
            | UpstreamFailure::Looped => false,
            UpstreamFailure::Terminated
            | UpstreamFailure::ReadTimeout
            | UpstreamFailure::WriteTimeout
            | UpstreamFailure::Deadline
            | UpstreamFailure::HeadTooLarge
            | UpstreamFailure::Malformed
            | UpstreamFailure::Status(_)
            | UpstreamFailure::Incomplete => true,
        },
    }
}
