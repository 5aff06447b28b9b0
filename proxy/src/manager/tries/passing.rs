//! Hands a response down, and what is left of the request up.

use super::super::books::milliseconds_of;
use super::super::request::Request;
use super::Course;
use super::attempt::reset_of;
use super::limits::Limit;
use crate::exchange::{ResponseBody, Trouble, until_end};
use crate::facts::LogContext;
use crate::http::flags::Flag;
use crate::http::grpc;
use crate::http::local_reply::{VIA_UPSTREAM, late_reset_details};
use crate::http::message::RequestHead;
use crate::http::text::Decimal;
use crate::stream::{Downstream, Upstream as _};
use crate::throttle::Throttled;
use crate::worker::Lease;

impl Request<'_> {
    /// Hands the response down, and what is left of the request up.
    pub(super) async fn pass_on<D: Downstream>(
        &mut self,
        down: &mut D,
        head: &RequestHead,
        mut lease: Lease,
        bodiless: bool,
        course: &mut Course<'_, '_>,
    ) {
        self.details = VIA_UPSTREAM.into();
        let status = self.response.status;
        self.prepare_response(head, course);
        course.limits.answered();
        let is_tunnel = head.method == b"CONNECT" && (200..300).contains(&status);
        if status == 101 || is_tunnel {
            down.upgrade();
            course.limits.tunnel();
            course.body.release(&mut lease);
        }
        let complete = course.body.is_done();
        self.manager
            .begin_response(down, &self.response, bodiless, complete);
        // The host owes a status in the trailers of a call.
        let owes = !bodiless && status < 500 && self.is_call;
        let mut back = ResponseBody::default();
        let ended = if bodiless {
            Ok(())
        } else {
            let (body, limits) = (&mut course.body, &mut course.limits);
            let mut upstream = Throttled::new(&mut lease, self.rate_limit);
            until_end(down, &mut upstream, body, &mut back, limits).await
        };
        self.bytes_sent = back.bytes;
        self.trailers = back.trailers;
        self.is_sent = ended.is_ok();
        match ended {
            Ok(()) if owes => {
                let told = grpc::status(&self.trailers).map(grpc::http_of_status);
                let good = told.is_some_and(|it| it < 500);
                course.upstream.count_outcome(&course.host, good);
            }
            Ok(()) => {}
            Err(trouble) => {
                self.broke_off(trouble, owes, course);
                lease.reset();
                down.reset();
                return;
            }
        }
        match course.limits.since_request() {
            Some(took) if self.manager.router.dynamic_stats => {
                let times = &course.upstream.stats.upstream_rq_time;
                if course.is_internal {
                    times.internal(milliseconds_of(took));
                } else {
                    times.external(milliseconds_of(took));
                }
            }
            Some(_) => {}
            None => {
                // The request goes on although it is answered: nobody reads it any more.
                self.manager.stats.downstream_rq_rx_reset.increment();
                lease.reset();
            }
        }
    }

    fn prepare_response(&mut self, head: &RequestHead, course: &Course<'_, '_>) {
        let manager = self.manager;
        let mut response = std::mem::take(&mut self.response);
        if !manager.router.suppress_envoy_headers
            && let Some(took) = course.limits.since_request()
        {
            let took = Decimal::new(milliseconds_of(took));
            let name = b"x-envoy-upstream-service-time";
            response.headers.set(name, took.as_bytes());
        }
        for cookie in &course.cookies {
            response.headers.push(b"set-cookie", cookie);
        }
        course.selected.mark_response(&mut response, self.attempts);
        let mut scratch = manager.scratch.borrow_mut();
        let context = LogContext {
            status: response.status,
            ..self.context(Some(head))
        };
        course
            .selected
            .finalize_response(&mut response, &context, &mut scratch);
        drop(scratch);
        manager.with_date(|date| manager.policy.change_response(&mut response, head, date));
        self.response = response;
    }

    /// A response that had begun was broken off. `owed`: the host had not told the status of a call yet.
    fn broke_off(&mut self, trouble: Trouble<Limit>, owed: bool, course: &Course<'_, '_>) {
        let (stats, counters) = (&self.manager.stats, &course.upstream.stats);
        let (flag, details) = match trouble {
            Trouble::Downstream(broken) => return self.left(broken),
            Trouble::Upstream(broken) => {
                let reset = reset_of(broken);
                (Some(reset.flag()), late_reset_details(reset, ""))
            }
            Trouble::Timeout(Limit::Global) => {
                counters.upstream_rq_timeout.increment();
                course.count_host_timeout();
                (
                    Some(Flag::UpstreamRequestTimeout),
                    "response_timeout".into(),
                )
            }
            Trouble::Timeout(Limit::PerTryIdle) => {
                counters.upstream_rq_per_try_idle_timeout.increment();
                course.count_host_timeout();
                let details = "upstream_per_try_idle_timeout".into();
                (Some(Flag::UpstreamRequestTimeout), details)
            }
            Trouble::Timeout(Limit::Upstream) => {
                counters.upstream_rq_max_duration_reached.increment();
                let details = "upstream_max_stream_duration_reached".into();
                (Some(Flag::UpstreamMaxStreamDurationReached), details)
            }
            Trouble::Timeout(Limit::Stream) => {
                stats.downstream_rq_max_duration_reached.increment();
                (None, "max_duration_timeout".into())
            }
            Trouble::Timeout(_) => {
                stats.downstream_rq_idle_timeout.increment();
                (Some(Flag::StreamIdleTimeout), "stream_idle_timeout".into())
            }
        };
        if owed
            && matches!(
                trouble,
                Trouble::Upstream(_) | Trouble::Timeout(Limit::PerTryIdle)
            )
        {
            course.upstream.count_outcome(&course.host, false);
            let broken = &self.manager.router_stats;
            broken
                .rq_reset_after_downstream_response_started
                .increment();
        }
        stats.downstream_rq_rx_reset.increment();
        stats.downstream_rq_tx_reset.increment();
        if let Some(flag) = flag {
            self.flags.set(flag);
        }
        self.details = details.into();
    }
}
