//! Which of a site's pages: what one page differs by from another.

use std::collections::BTreeSet;

use super::submission::Submission;
use crate::{
    config::spec::{Language, Moment, SiteSpec},
    failure::{Failure, Window},
};

/// Why there is a page, as far as visitors are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Cause {
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
    /// When it will be over, where that is planned.
    pub until: Option<Moment>,
    /// What it says about something sent.
    pub submission: Submission,
    /// Which of the site's variants; `None`: the usual words.
    pub variant: Option<u16>,
}

impl PageKey {
    /// The page of an outage, for who asked for something.
    pub(super) const fn usual(language: Language) -> Self {
        Self {
            language,
            cause: Cause::Outage,
            until: None,
            submission: Submission::Nothing,
            variant: None,
        }
    }

    /// The pages that are made when a site is loaded: what most visitors of an outage see.
    pub(super) fn ready(site: &SiteSpec) -> impl Iterator<Item = Self> {
        let offered = |language: &Language| site.fallback.languages.contains(language);
        let own = site.pages.keys().copied().filter(offered);
        let languages: BTreeSet<_> = own.chain([site.fallback.language]).collect();
        languages.into_iter().map(Self::usual)
    }

    /// Every page of a site there can be, but for the ends of windows.
    pub(super) fn of(site: &SiteSpec) -> impl Iterator<Item = Self> {
        let variants = (0_u16..).zip(&site.variants).map(|(at, _)| Some(at));
        std::iter::once(None).chain(variants).flat_map(|variant| {
            let all = Self::all(&site.fallback.languages);
            all.map(move |key| Self { variant, ..key })
        })
    }

    /// Every page there can be in these languages without variants.
    pub(super) fn all(languages: &[Language]) -> impl Iterator<Item = Self> {
        languages.iter().copied().flat_map(|language| {
            Cause::ALL.into_iter().flat_map(move |cause| {
                Submission::ALL.into_iter().map(move |submission| Self {
                    cause,
                    submission,
                    ..Self::usual(language)
                })
            })
        })
    }
}

impl Cause {
    /// Each.
    pub(super) const ALL: [Self; 3] = [Self::Outage, Self::Maintenance, Self::Busy];

    /// What visitors are told about a failure.
    #[must_use]
    pub(super) const fn of(failure: Failure) -> Self {
        match failure {
            Failure::Maintenance(_) => Self::Maintenance,
            Failure::Overloaded | Failure::RateLimited(_) => Self::Busy,
            // It has a page of its own, which is none of these.
            Failure::TooLarge | Failure::Upstream(_) | Failure::Internal => Self::Outage,
        }
    }
}

/// When a failure will be over, where that is planned.
pub(super) const fn end_of(failure: Failure) -> Option<Moment> {
    match failure {
        Failure::Maintenance(Window { until }) => until,
        Failure::Overloaded
        | Failure::RateLimited(_)
        | Failure::TooLarge
        | Failure::Upstream(_)
        | Failure::Internal => None,
    }
}
