//! Decides after a try whether there is another one, and what the client is told if there is not.

use std::time::Duration;

use super::super::request::{Answer, Request};
use super::{Course, GLOBAL, PER_TRY, PER_TRY_IDLE, STREAM_IDLE};
use crate::http::flags::Flag;
use crate::http::local_reply::LocalReply;
use crate::http::reset::Reset;
use crate::http::retry::Decision;
use crate::upstream::{Host, Outcome, Resource};

impl<'m> Request<'m> {
    /// Whether a response is a reason to try again: then how long to wait.
    pub(super) fn judge_response(
        &mut self,
        host: &Host,
        course: &mut Course<'_, '_>,
    ) -> Option<Duration> {
        let status = self.response.status;
        course.upstream.report(host, Outcome::Status(status));
        course.upstream.count_answer(host, status);
        let (upstream, priority) = (course.upstream, course.priority);
        let random = self.manager.worker.draw();
        let retry = course.retry.as_mut().filter(|_| course.body.can_replay())?;
        let decision = retry.on_response(
            &self.response,
            || upstream.take(priority, Resource::Retries),
            random,
        );
        let wait = self.decided(decision, course)?;
        course.upstream.stats.responses.retry(status);
        Some(wait)
    }

    pub(super) fn judge_reset(
        &mut self,
        reset: Reset,
        started: bool,
        host: &Host,
        course: &mut Course<'_, '_>,
    ) -> Result<Duration, Answer<'m>> {
        let outcome = match reset {
            Reset::ConnectionTimeout => Outcome::Timeout,
            reset if reset.is_connection_failure() => Outcome::ConnectFailed,
            _ => Outcome::Failure,
        };
        let (upstream, priority) = (course.upstream, course.priority);
        if reset != Reset::Overflow {
            upstream.report(host, outcome);
            upstream.count_failure(host);
        }
        let random = self.manager.worker.draw();
        let retry = course.retry.as_mut().filter(|_| course.body.can_replay());
        let decision = retry.map_or(Decision::PassOn, |it| {
            it.on_reset(
                reset,
                started,
                || upstream.take(priority, Resource::Retries),
                random,
            )
        });
        if let Some(wait) = self.decided(decision, course) {
            course.upstream.stats.responses.retry(503);
            return Ok(wait);
        }
        let reply = LocalReply::upstream_reset(reset, "", self.attempts > 1);
        course.upstream.count_status(reply.status);
        Err(reply.into())
    }

    pub(super) fn judge_timeout(
        &mut self,
        kind: usize,
        host: &Host,
        course: &mut Course<'_, '_>,
    ) -> Result<Duration, Answer<'m>> {
        let (upstream, priority) = (course.upstream, course.priority);
        let status = course.timeouts.status;
        let complete = course.body.is_done();
        let counters = &upstream.stats;
        let reply = match kind {
            GLOBAL => {
                counters.upstream_rq_timeout.increment();
                upstream.report(host, Outcome::Timeout);
                LocalReply::upstream_timeout(status)
            }
            PER_TRY | PER_TRY_IDLE => {
                let idle = kind == PER_TRY_IDLE;
                if idle {
                    counters.upstream_rq_per_try_idle_timeout.increment();
                } else {
                    counters.upstream_rq_per_try_timeout.increment();
                }
                upstream.report(host, Outcome::Timeout);
                let random = self.manager.worker.draw();
                let retry = course.retry.as_mut().filter(|_| course.body.can_replay());
                let decision = retry.map_or(Decision::PassOn, |it| {
                    it.on_reset(
                        Reset::Local,
                        true,
                        || upstream.take(priority, Resource::Retries),
                        random,
                    )
                });
                if let Some(wait) = self.decided(decision, course) {
                    return Ok(wait);
                }
                if idle {
                    LocalReply::per_try_idle_timeout(status)
                } else {
                    LocalReply::per_try_timeout(status)
                }
            }
            STREAM_IDLE => {
                self.manager.stats.downstream_rq_idle_timeout.increment();
                return Err(LocalReply::stream_idle_timeout(complete).into());
            }
            _ => {
                self.manager
                    .stats
                    .downstream_rq_max_duration_reached
                    .increment();
                return Err(LocalReply::stream_duration(complete).into());
            }
        };
        host.traffic(upstream.worker()).rq_timeout.increment();
        course.upstream.count_status(reply.status);
        Err(reply.into())
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
            Decision::Overflow => stats.upstream_rq_retry_overflow.increment(),
            Decision::PassOn => {}
        }
        None
    }
}
