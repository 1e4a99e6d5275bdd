//! The last outages of one site.

use std::{collections::VecDeque, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::time::Instant;

use crate::{
    failure::UpstreamFailure,
    tasks::clock::{Clock, WallClock},
    telemetry::outage_id::OutageId,
};

/// How many are kept.
pub const KEPT: usize = 100;

/// What has been.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The newest last.
    entries: VecDeque<Entry>,
    begun: u64,
    /// All that are over.
    time: Duration,
}

/// One outage.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: OutageId,
    began: Timestamp,
    ended: Option<Timestamp>,
    /// How long the origin was away until it last returned.
    away: Duration,
    /// Since when it is away, while it is.
    away_since: Option<Instant>,
    /// How often it returned.
    pub(super) returns: u64,
    /// By number of failures seen; the first cause first.
    causes: Vec<(UpstreamFailure, u64)>,
    answers: u64,
    /// All answers ever, when the origin last went away.
    answers_before: u64,
}

/// One outage, for people and their tools.
#[derive(Debug, Clone, Serialize)]
pub struct OutageView {
    /// Its name.
    pub id: String,
    /// Whose it is.
    pub site: String,
    /// The upstream as configured.
    pub upstream: String,
    /// The first cause.
    pub cause: &'static str,
    /// The cause of most failures.
    pub main_cause: &'static str,
    /// What the first cause means, in plain words.
    pub explanation: &'static str,
    /// When it began, in RFC 3339.
    pub began: String,
    /// When it ended; absent while it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// How long the origin was away.
    pub seconds: f64,
    /// How often the origin returned, and was gone again within a minute but for the last time.
    pub returns: u64,
    /// Answers clients got in place of the origin's.
    pub answers: u64,
}

impl History {
    pub(super) fn latest(&self) -> Option<&Entry> {
        self.entries.back()
    }

    /// The one that lasts.
    pub(super) fn present(&self) -> Option<OutageId> {
        let latest = self.latest()?;
        latest.away_since.map(|_| latest.id)
    }

    /// How many there were, and how long all of them.
    pub(super) fn totals(&self, now: Instant) -> (u64, Duration) {
        let present = self.latest().and_then(|latest| latest.away_since);
        let present = present.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        (self.begun, self.time + present)
    }

    pub(super) fn views(
        &self,
        site: &str,
        upstream: &str,
        answers: u64,
        now: Instant,
    ) -> Vec<OutageView> {
        let view = |entry: &Entry| entry.view((site, upstream), answers, now);
        self.entries.iter().rev().map(view).collect()
    }

    /// An outage began, so long ago.
    pub(super) fn begin(&mut self, age: Duration, answers_before: u64, now: Instant) {
        let began = WallClock.timestamp();
        let began = SignedDuration::try_from(age)
            .ok()
            .and_then(|age| began.checked_sub(age).ok())
            .unwrap_or(began);
        let milliseconds = u64::try_from(began.as_millisecond()).unwrap_or(0);
        if self.entries.len() >= KEPT {
            self.entries.pop_front();
        }
        self.begun = self.begun.saturating_add(1);
        self.entries.push_back(Entry {
            id: OutageId::new(milliseconds, fastrand::u64(..)),
            began,
            ended: None,
            away: Duration::ZERO,
            away_since: now.checked_sub(age).or(Some(now)),
            returns: 0,
            causes: Vec::new(),
            answers: 0,
            answers_before,
        });
    }

    /// The last one goes on.
    pub(super) fn resume(&mut self, answers_before: u64, now: Instant) {
        if let Some(entry) = self.entries.back_mut() {
            entry.away_since = Some(now);
            entry.answers_before = answers_before;
            entry.ended = None;
        }
    }

    /// The origin is back.
    pub(super) fn end(&mut self, answers: u64, now: Instant) {
        let Some(entry) = self.entries.back_mut() else {
            return;
        };
        entry.answers = entry.answers(answers);
        if let Some(since) = entry.away_since.take() {
            let away = now.saturating_duration_since(since);
            entry.away += away;
            self.time += away;
        }
        entry.returns = entry.returns.saturating_add(1);
        entry.ended = Some(WallClock.timestamp());
    }

    /// A failure during the outage, if there is one.
    pub(super) fn blame(&mut self, cause: UpstreamFailure) {
        let entry = self.entries.back_mut();
        let Some(entry) = entry.filter(|entry| entry.away_since.is_some()) else {
            return;
        };
        match entry
            .causes
            .iter_mut()
            .find(|(known, _)| known.index() == cause.index())
        {
            Some((_, count)) => *count = count.saturating_add(1),
            None => entry.causes.push((cause, 1)),
        }
    }
}

impl Entry {
    /// The first cause.
    pub(super) fn cause(&self) -> UpstreamFailure {
        let first = self.causes.first().map(|(cause, _)| *cause);
        first.unwrap_or(UpstreamFailure::NoEndpoint)
    }

    /// Answers given in this outage, from the number of all answers ever.
    pub(super) fn answers(&self, ever: u64) -> u64 {
        match self.away_since {
            Some(_) => self.answers + ever.saturating_sub(self.answers_before),
            None => self.answers,
        }
    }

    fn view(&self, (site, upstream): (&str, &str), answers: u64, now: Instant) -> OutageView {
        let main = self.causes.iter().max_by_key(|(_, count)| *count);
        let main = main.map_or_else(|| self.cause(), |(cause, _)| *cause);
        let present = self
            .away_since
            .map(|since| now.saturating_duration_since(since));
        OutageView {
            id: self.id.to_string(),
            site: site.to_owned(),
            upstream: upstream.to_owned(),
            cause: self.cause().label(),
            main_cause: main.label(),
            explanation: self.cause().plain_words(),
            began: format!("{:.3}", self.began),
            ended: self.ended.map(|ended| format!("{ended:.3}")),
            seconds: (self.away + present.unwrap_or_default()).as_secs_f64(),
            returns: self.returns,
            answers: self.answers(answers),
        }
    }
}
