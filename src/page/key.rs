//! Which of a site's pages: what one page differs by from another.

use super::submission::Submission;
use crate::{config::spec::Language, failure::Failure};

/// Why there is a page, as far as visitors are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The origin does not answer.
    Outage,
    /// It was taken away on purpose.
    Maintenance,
    /// There are more requests than it can serve.
    Busy,
}

/// One page of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PageKey {
    /// What it is written in.
    pub language: Language,
    /// Why it is shown.
    pub cause: Cause,
    /// What it says about something sent.
    pub submission: Submission,
}

impl PageKey {
    /// Every page there can be in these languages.
    pub(super) fn all(languages: &[Language]) -> impl Iterator<Item = Self> {
        languages.iter().copied().flat_map(|language| {
            Cause::ALL.into_iter().flat_map(move |cause| {
                Submission::ALL.into_iter().map(move |submission| Self {
                    language,
                    cause,
                    submission,
                })
            })
        })
    }
}

impl Cause {
    /// Each.
    pub const ALL: [Self; 3] = [Self::Outage, Self::Maintenance, Self::Busy];

    /// What visitors are told about a failure.
    #[must_use]
    pub const fn of(failure: Failure) -> Self {
        match failure {
            Failure::Overloaded => Self::Busy,
            Failure::Upstream(_) | Failure::Internal => Self::Outage,
        }
    }
}
