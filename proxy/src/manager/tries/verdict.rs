//! Decides after a try whether there is another one, and what the client is told if there is not.

use std::time::Duration;

use super::super::request::{Answer, Request};
use super::Course;
use super::limits::{Limit, Stage};
use crate::http::flags::Flag;
use crate::http::grpc;
use crate::http::local_reply::{LocalReply, late_reset_details};
use crate::http::reset::Reset;
use crate::http::retry::Decision;
use crate::upstream::{Outcome, Resource};
use crate::worker::Upstream;

impl<'m> Request<'m> {
    /// Whether a response is a reason to try again: then how long to wait. `bodiless`: nothing follows its head.
    pub(super) fn judge_response(
        &mut self,
        bodiless: bool,
        course: &mut Course<'_, '_>,
    ) -> Option<Duration> {
        let (upstream, status, call) = (course.upstream, self.response.status, self.is_call);
        let told = grpc::status(&self.response.headers).filter(|_| call);
        let told = told.map(grpc::http_of_status);
        upstream.report(&course.host, Outcome::Status(told.unwrap_or(status)));
        let fails = b"x-envoy-immediate-health-check-fail";
        if self.response.headers.contains(fails) {
            upstream.cluster().fail_at_once(&course.host);
        }
        let random = self.manager.worker.draw();
        let decision = course.decide(|retry, free| retry.on_response(&self.response, free, random));
        if let Some(wait) = self.decided(decision, course) {
            upstream.count_outcome(&course.host, false);
            if self.counts_codes() {
                upstream.stats.responses.retry(status);
            } else {
                upstream.stats.responses.retry_uncoded();
            }
            return Some(wait);
        }
        course.end_retries();
        course.has_begun = true;
        self.count_code(status, course.is_internal, upstream);
        if status >= 500 {
            upstream.count_outcome(&course.host, false);
        } else if !call || bodiless {
            let good = !call || told.is_some_and(|it| it < 500);
            upstream.count_outcome(&course.host, good);
        }
        None
    }

    pub(super) fn judge_reset(
        &mut self,
        reset: Reset,
        started: bool,
        course: &mut Course<'_, '_>,
    ) -> Result<Duration, Answer<'m>> {
        let upstream = course.upstream;
        if reset != Reset::Overflow {
            upstream.report(&course.host, Outcome::ConnectFailed);
        }
        if let Some(wait) = self.again_after(reset, started, course) {
            return Ok(wait);
        }
        let mut reply =
            LocalReply::upstream_reset(reset, &self.upstream_failure, self.attempts > 1);
        if course.has_begun {
            let failure = &self.upstream_failure;
            reply.details = late_reset_details(reset, failure).into();
        }
        reply.overloaded &= !self.manager.router.suppress_envoy_headers;
        self.count_abort(reply.status, true, course);
        Err(reply.into())
    }

    pub(super) fn judge_timeout(
        &mut self,
        limit: Limit,
        course: &mut Course<'_, '_>,
    ) -> Result<Duration, Answer<'m>> {
        let (upstream, status) = (course.upstream, course.limits.status());
        let complete = course.body.is_done();
        let counters = &upstream.stats;
        let manager = &self.manager.stats;
        let reply = match limit {
            Limit::Global => {
                if course.limits.stage() == Stage::Waiting {
                    return Err(LocalReply::upstream_timeout(status).into());
                }
                counters.upstream_rq_timeout.increment();
                if course.limits.stage() == Stage::Asking {
                    course.report_timeout();
                }
                LocalReply::upstream_timeout(status)
            }
            Limit::PerTry | Limit::PerTryIdle => {
                let idle = limit == Limit::PerTryIdle;
                if idle {
                    counters.upstream_rq_per_try_idle_timeout.increment();
                } else {
                    counters.upstream_rq_per_try_timeout.increment();
                }
                course.report_timeout();
                if let Some(wait) = self.again_after(Reset::Local, true, course) {
                    return Ok(wait);
                }
                if idle {
                    LocalReply::per_try_idle_timeout(status)
                } else {
                    LocalReply::per_try_timeout(status)
                }
            }
            Limit::Upstream => {
                counters.upstream_rq_max_duration_reached.increment();
                return match self.again_after(Reset::Local, true, course) {
                    Some(wait) => Ok(wait),
                    None => Err(LocalReply::upstream_stream_duration(complete).into()),
                };
            }
            Limit::Request => {
                manager.downstream_rq_timeout.increment();
                return Err(LocalReply::request_timeout().into());
            }
            Limit::Stream => {
                manager.downstream_rq_max_duration_reached.increment();
                return Err(LocalReply::stream_duration(complete).into());
            }
            Limit::StreamIdle | Limit::BackOff => {
                manager.downstream_rq_idle_timeout.increment();
                return Err(LocalReply::stream_idle_timeout(complete).into());
            }
        };
        let asked = course.limits.stage() == Stage::Asking;
        self.count_abort(reply.status, asked, course);
        Err(reply.into())
    }

    /// How long to wait before another try, if there is one after a try without an answer.
    fn again_after(
        &mut self,
        reset: Reset,
        started: bool,
        course: &mut Course<'_, '_>,
    ) -> Option<Duration> {
        let random = self.manager.worker.draw();
        let decision = course.decide(|retry, free| retry.on_reset(reset, started, free, random));
        let wait = self.decided(decision, course)?;
        course.upstream.count_outcome(&course.host, false);
        Some(wait)
    }

    fn decided(&mut self, decision: Decision, course: &mut Course<'_, '_>) -> Option<Duration> {
        let stats = &course.upstream.stats;
        match decision {
            Decision::Retry(wait) => {
                course.holds_retry = true;
                return Some(wait);
            }
            Decision::LimitExceeded => {
                stats.upstream_rq_retry_limit_exceeded.increment();
                self.flags.set(Flag::UpstreamRetryLimitExceeded);
            }
            Decision::Overflow => {
                stats.upstream_rq_retry_overflow.increment();
                self.flags.set(Flag::UpstreamOverflow);
            }
            Decision::PassOn => {}
        }
        None
    }

    /// Counts an answer in the upstream's stead; `asked`: the host was asked.
    fn count_abort(&self, status: u16, asked: bool, course: &Course<'_, '_>) {
        if course.has_begun {
            return;
        }
        self.count_code(status, course.is_internal, course.upstream);
        if asked {
            course.upstream.count_outcome(&course.host, false);
        }
    }

    /// Counts what the client is told.
    pub(super) fn count_code(&self, status: u16, is_internal: bool, upstream: &Upstream) {
        let responses = &upstream.stats.responses;
        if !self.manager.router.dynamic_stats {
            return;
        }
        match (self.counts_codes(), is_internal) {
            (true, true) => responses.internal(status),
            (true, false) => responses.external(status),
            (false, _) => responses.uncoded(is_internal),
        }
    }

    /// Whether codes are counted, and not only that there was a response.
    fn counts_codes(&self) -> bool {
        !(self.is_call && self.manager.router.suppress_grpc_failures)
    }
}

impl Course<'_, '_> {
    /// What is done after a try; nothing is tried again where retries are over.
    fn decide(
        &mut self,
        decide: impl FnOnce(&mut super::RetryState<'_>, &mut dyn FnMut() -> bool) -> Decision,
    ) -> Decision {
        let retried = self.give_retry_back();
        let (upstream, priority) = (self.upstream, self.priority);
        let Some(retry) = &mut self.retry else {
            return Decision::PassOn;
        };
        let decision = decide(retry, &mut || upstream.take(priority, Resource::Retries));
        if retried && decision == Decision::PassOn {
            upstream.stats.upstream_rq_retry_success.increment();
        }
        decision
    }

    /// A host took too long: that speaks against it.
    fn report_timeout(&self) {
        let status = self.limits.status();
        self.upstream
            .report_with(&self.host, Outcome::Timeout, status);
        self.count_host_timeout();
    }

    pub(super) fn count_host_timeout(&self) {
        let traffic = self.host.traffic(self.upstream.worker());
        traffic.rq_timeout.increment();
    }
}
