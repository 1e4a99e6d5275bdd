//! One request on its way through the attempts: what it has been through, and what follows from
//! how an attempt ended.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use http::Response;
use tokio::time::Instant;

use super::{
    Upstream,
    balancer::{self, Tried, Want},
    connect::Purpose,
    endpoint::{Lease, Outcome},
    exchange::SendError,
    forward::{Answered, Ended, Sender},
    outbound::Outbound,
    permit::{Limits, Permit},
    retry,
    set::Set,
    ways::Wanted,
};
use crate::{
    config::spec::UpstreamSpec,
    failure::{AttemptError, Failure, Sent, UpstreamFailure},
};

/// A request on its way through the attempts.
pub(super) struct Course<'a> {
    pub(super) outbound: &'a mut Outbound,
    pub(super) sender: &'a Sender<'a>,
    want: Want<'a>,
    pub(super) tried: Tried,
    /// Attempts that are left.
    pub(super) left: usize,
    /// When the first attempt began.
    pub(super) began: Option<Instant>,
    /// The end of the total time, once an attempt has failed.
    pub(super) cutoff: Option<Instant>,
    /// The budget had no more repeats to give.
    pub(super) is_denied: bool,
    pub(super) permit: Option<Permit>,
    /// An answer that another endpoint might better, to fall back on.
    pub(super) kept: Option<Box<Answered>>,
}

impl<'a> Course<'a> {
    pub(super) fn new(
        outbound: &'a mut Outbound,
        sender: &'a Sender<'a>,
        spec: &'a UpstreamSpec,
    ) -> Self {
        let request = outbound.request.as_ref();
        let want = request.map(|request| Want::of(request, &spec.balance, sender.forwarder));
        Self {
            outbound,
            sender,
            want: want.unwrap_or_default(),
            tried: Tried::default(),
            left: spec.retry.attempts.get(),
            began: None,
            cutoff: None,
            is_denied: false,
            permit: None,
            kept: None,
        }
    }

    /// What it needs of an endpoint.
    pub(super) fn wanted(&self) -> Wanted {
        let purpose = match self.outbound.upgrade {
            None => Purpose::Requests,
            Some(_) => Purpose::Upgrade,
        };
        Wanted {
            worker: self.sender.worker,
            purpose,
        }
    }

    /// Another round, in which every endpoint may be tried once more.
    pub(super) fn renew(&mut self, attempts: usize) {
        self.tried = Tried::default();
        self.left = attempts;
    }

    /// The next endpoint that has room, with the permit moved to it.
    pub(super) fn pick(&mut self, set: &Set, now: Instant) -> Option<Lease> {
        loop {
            let lease = balancer::pick(set, &mut self.tried, self.want, now)?;
            let has_room = self.permit.as_mut().map(|permit| lease.enter(permit));
            if has_room.unwrap_or(true) {
                return Some(lease);
            }
        }
    }

    /// Ties the client to the endpoint that has answered, where the site wants that.
    pub(super) fn stick<B>(&self, set: &Set, lease: &Lease, response: &mut Response<B>) {
        if let Some(sticky) = self.want.affinity.sticky
            && let Some(candidate) = set.find(lease.address())
        {
            sticky.stick(candidate.id, response.headers_mut());
        }
    }

    /// From the first failure on, all attempts together have so much time.
    pub(super) fn limit_total(&mut self, total: Duration) {
        let began = self.began.unwrap_or_else(Instant::now);
        self.cutoff.get_or_insert(began + total);
    }
}

impl Upstream {
    /// An endpoint and the permit to use it, perhaps after a wait. `Ok(None)`: none is eligible.
    pub(super) async fn admit(
        &self,
        limits: &Arc<Limits>,
        set: &Set,
        course: &mut Course<'_>,
    ) -> Result<Option<Lease>, Ended> {
        let (before, class) = (course.tried, limits.class(course.outbound.path()));
        let mut take = |permit: Permit| {
            (course.tried, course.permit) = (before, Some(permit));
            let lease = course.pick(set, Instant::now());
            // Endpoints there are, but all are full: not this turn.
            if lease.is_none() && course.tried != before {
                course.permit = None;
                return None;
            }
            Some(lease)
        };
        if let Some(taken) = limits.try_admit(&mut take) {
            return Ok(taken);
        }
        self.health.counts.requests_queued.fetch_add(1, Relaxed);
        let admitted = Box::pin(limits.admit(class, take)).await;
        admitted.map_err(|_| {
            Ended::Failed(AttemptError {
                cause: Failure::Overloaded,
                sent: Sent::No,
                source: None,
            })
        })
    }

    /// A head has come. Another endpoint is asked as well if this one says that it cannot answer,
    /// and nobody is harmed.
    pub(super) fn settle(
        &self,
        answered: &Answered,
        sent_at: Instant,
        set: &Set,
        course: &mut Course<'_>,
    ) -> Option<Lease> {
        let now = Instant::now();
        let took = now.saturating_duration_since(sent_at);
        if let Some(hold) = &self.health.hold {
            hold.answered(sent_at);
        }
        if let Some(limits) = &self.limits {
            limits.observe(now, took);
        }
        let status = answered.response.status();
        if !retry::is_listed(status) {
            answered.lease.settle(Outcome::Answered(took), now);
            return None;
        }
        let cause = UpstreamFailure::Status(status).into();
        answered.lease.settle(Outcome::Failed(cause), now);
        course.limit_total(self.spec.timeouts.total);
        if !course.outbound.may_repeat(Sent::Yes, cause) {
            return None;
        }
        let next = self.repeat(set, course, now)?;
        let (outbound, record) = (&mut course.outbound, course.sender.record);
        outbound
            .refill(None, (Sent::Yes, cause), record)
            .then_some(next)
    }

    /// An attempt has failed: the request is made ready for another, if there may be one.
    pub(super) fn note(
        &self,
        error: SendError,
        lease: &Lease,
        sent_at: Instant,
        course: &mut Course<'_>,
    ) -> AttemptError {
        let (failed, now) = (error.error, Instant::now());
        let record = course.sender.record;
        lease.settle(Outcome::Failed(failed.cause), now);
        record.attempt_failed(failed.cause, failed.sent);
        if let Some(limits) = &self.limits
            && failed.cause == UpstreamFailure::ReadTimeout.into()
        {
            limits.observe(now, now.saturating_duration_since(sent_at));
        }
        course.limit_total(self.spec.timeouts.total);
        if failed.sent == Sent::No && failed.cause.blames_address() {
            self.endpoints.ask_again();
        }
        let end = (failed.sent, failed.cause);
        course.outbound.refill(error.unsent, end, record);
        failed
    }

    /// An endpoint for another attempt, if the number, the time and the budget of all allow one.
    pub(super) fn repeat(&self, set: &Set, course: &mut Course<'_>, now: Instant) -> Option<Lease> {
        if course.left == 0 || course.cutoff.is_some_and(|cutoff| now >= cutoff) {
            return None;
        }
        let lease = course.pick(set, Instant::now())?;
        course.is_denied = !self.budget.withdraw(now);
        if course.is_denied {
            self.health.counts.retries_denied.fetch_add(1, Relaxed);
        }
        (!course.is_denied).then_some(lease)
    }
}
