//! Sends a request to upstream hosts, one after the other, until one has answered well enough.

mod verdict;

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use super::books::milliseconds;
use super::request::{Answer, Request};
use crate::config::model::address::Address;
use crate::config::model::route::Priority;
use crate::exchange::{RequestBody, ResponseBody, Trouble, until_end, until_response};
use crate::facts;
use crate::http::flags::Flag;
use crate::http::local_reply::{LocalReply, VIA_UPSTREAM, late_reset_details};
use crate::http::message::RequestHead;
use crate::http::reset::Reset;
use crate::http::retry::RetryState;
use crate::http::route::{Selected, hashing, timeout, timeout::Timeouts};
use crate::http::text::Decimal;
use crate::stream::{Broken, Downstream, Upstream as _};
use crate::throttle::Throttled;
use crate::timer::Timer;
use crate::upstream::{Choice, Host, HostId, Resource};
use crate::worker::{ConnectFailure, Lease, Pool, Upstream};

/// Bytes of a body that are kept to be sent again where nothing else is said: Envoy's
/// `per_connection_buffer_limit_bytes`.
const REPLAY: u64 = 1024 * 1024;

/// Limits of time, by their place in the timer.
const GLOBAL: usize = 0;
const PER_TRY: usize = 1;
const PER_TRY_IDLE: usize = 2;
const STREAM_IDLE: usize = 3;
const DURATION: usize = 4;

type Clock = Timer<5>;

/// What became of a try.
enum Tried {
    /// The head of a response; `true` if nothing follows.
    Answered(Box<Lease>, bool),
    /// No answer.
    Reset(Reset, bool),
    /// A limit of time.
    Timeout(usize),
    /// The client went away.
    Gone,
    /// The request's body is malformed.
    Malformed,
}

/// All that one request's tries share.
struct Course<'t, 'm> {
    selected: &'t Selected<'m>,
    upstream: &'t Rc<Upstream>,
    priority: Priority,
    retry: Option<RetryState<'m>>,
    timeouts: Timeouts,
    idle: Option<Duration>,
    clock: Clock,
    body: RequestBody,
    tried: Vec<HostId>,
    hash: Option<u64>,
    /// Cookies that keep the client with its host, as values of `set-cookie`.
    cookies: Vec<Vec<u8>>,
    holds_retry: bool,
}

impl Drop for Course<'_, '_> {
    fn drop(&mut self) {
        self.give_retry_back();
    }
}

impl Course<'_, '_> {
    fn give_retry_back(&mut self) {
        if std::mem::take(&mut self.holds_retry) {
            self.upstream.give(self.priority, Resource::Retries);
        }
    }
}

impl<'m> Request<'m> {
    /// Forwards a request.
    pub(super) async fn forward<D: Downstream>(
        &mut self,
        down: &mut D,
        head: &mut RequestHead,
        end: bool,
        selected: &Selected<'m>,
        upstream: &Rc<Upstream>,
    ) -> Result<(), Answer<'m>> {
        let mut course = self.course(head, end, selected, upstream)?;
        if down.expects_continue() && !self.manager.config.proxy_100_continue {
            head.headers.remove(b"expect");
            down.send_continue();
        }
        loop {
            self.attempts += 1;
            selected.mark_attempt(head, self.attempts, false);
            let Some(host) = self.choose(&mut course) else {
                let reply = LocalReply::no_healthy_upstream();
                upstream.count_status(reply.status);
                return Err(reply.into());
            };
            let tried = self.attempt(down, head, end, &host, &mut course).await;
            course.give_retry_back();
            let wait = match tried {
                Tried::Answered(lease, bodiless) => {
                    let Some(wait) = self.judge_response(&host, &mut course) else {
                        self.pass_on(down, head, *lease, bodiless, &mut course)
                            .await;
                        return Ok(());
                    };
                    wait
                }
                Tried::Reset(reset, started) => {
                    self.judge_reset(reset, started, &host, &mut course)?
                }
                Tried::Timeout(kind) => self.judge_timeout(kind, &host, &mut course)?,
                Tried::Malformed => {
                    self.manager.stats.downstream_cx_protocol_error.increment();
                    down.close_after();
                    return Err(LocalReply::new(400, "Bad Request", "http1.codec_error").into());
                }
                Tried::Gone => {
                    self.left(upstream);
                    down.reset();
                    return Ok(());
                }
            };
            upstream.stats.upstream_rq_retry.increment();
            upstream
                .stats
                .upstream_rq_retry_backoff_exponential
                .increment();
            tokio::time::sleep(wait).await;
        }
    }

    /// Reads what the route and the headers say, and changes the request that goes upstream.
    fn course<'t>(
        &self,
        head: &mut RequestHead,
        end: bool,
        selected: &'t Selected<'m>,
        upstream: &'t Rc<Upstream>,
    ) -> Result<Course<'t, 'm>, Answer<'m>> {
        let manager = self.manager;
        if let Some((name, value)) = timeout::wrong_header(&manager.router, &head.headers) {
            return Err(LocalReply::strict_header(&name, value).into());
        }
        let timeouts = Timeouts::new(selected, head, &manager.router);
        let of_manager = manager.config.common.max_stream_duration;
        let duration = timeout::stream_duration(selected, &mut head.headers, of_manager);
        let idle = timeout::idle(selected, manager.config.stream_idle_timeout);
        let policies = selected.forward().map_or(&[][..], |it| &it.hash);
        let mut cookies = Vec::new();
        let hash = if policies.is_empty() {
            None
        } else {
            let connection = format!("{}{}", self.downstream.peer, self.downstream.local);
            let client = match &self.client {
                Address::Socket(address) => Some(address.ip()),
                _ => None,
            };
            hashing::hash(policies, head, client, &connection, |cookie| {
                cookies.push(cookie.to_vec());
            })
        };
        let mut scratch = manager.scratch.borrow_mut();
        let suppress = manager.router.suppress_envoy_headers;
        selected.finalize_request(head, &self.context(None), suppress, &mut scratch);
        drop(scratch);
        let retry = RetryState::new(selected.retry_policy(), head);
        let kept = if retry.is_some() {
            selected.buffer_limit().unwrap_or(REPLAY)
        } else {
            0
        };
        let mut clock = Clock::default();
        clock.set(DURATION, duration);
        clock.set(STREAM_IDLE, idle);
        Ok(Course {
            selected,
            upstream,
            priority: selected
                .forward()
                .map_or(Priority::Default, |it| it.priority),
            retry,
            timeouts,
            idle,
            clock,
            body: RequestBody::new(end, usize::try_from(kept).unwrap_or(usize::MAX)),
            tried: Vec::new(),
            hash,
            cookies,
            holds_retry: false,
        })
    }

    fn choose(&mut self, course: &mut Course<'_, '_>) -> Option<std::sync::Arc<Host>> {
        let attempts = course
            .retry
            .as_ref()
            .map_or(1, RetryState::host_selection_attempts);
        let tried: &[HostId] = if attempts > 1 { &course.tried } else { &[] };
        let choice = Choice {
            hash: course.hash,
            tried,
            attempts,
            destination: destination(self.downstream),
        };
        let host = course.upstream.choose(&choice);
        let host = host?;
        course.tried.push(host.id);
        self.host = Some(host.address.clone());
        Some(host)
    }

    /// Asks one host.
    async fn attempt<D: Downstream>(
        &mut self,
        down: &mut D,
        head: &RequestHead,
        end: bool,
        host: &std::sync::Arc<Host>,
        course: &mut Course<'_, '_>,
    ) -> Tried {
        let mut lease = match self.lease(down, host, course).await {
            Ok(lease) => lease,
            Err(tried) => return tried,
        };
        self.upstream_protocol = Some(lease.protocol());
        lease.send_head(head, end);
        course.body.again(&mut lease);
        let (timeouts, idle) = (course.timeouts, course.idle);
        let mut complete = false;
        let clock = &mut course.clock;
        clock.set(PER_TRY_IDLE, timeouts.per_try_idle);
        let began = self.begun;
        let times = &mut self.times;
        let came = until_response(
            down,
            &mut lease,
            &mut course.body,
            &mut self.response,
            |context, done| {
                if done && !complete {
                    complete = true;
                    times.request_received.get_or_insert(began.elapsed());
                    clock.set(GLOBAL, timeouts.global);
                    clock.set(PER_TRY, timeouts.per_try);
                    clock.set(STREAM_IDLE, idle);
                }
                clock.poll(context)
            },
        )
        .await;
        course.clock.set(PER_TRY, None);
        match came {
            Ok(bodiless) => Tried::Answered(Box::new(lease), bodiless),
            Err(trouble) => {
                lease.reset();
                match trouble {
                    Trouble::Downstream(Broken::Protocol) => Tried::Malformed,
                    Trouble::Downstream(_) => Tried::Gone,
                    Trouble::Upstream(broken) => Tried::Reset(reset_of(broken), true),
                    Trouble::Timeout(kind) => Tried::Timeout(kind),
                }
            }
        }
    }

    /// A stream to a host, unless the client goes away or a limit of time is reached before there is one.
    async fn lease<D: Downstream>(
        &self,
        down: &mut D,
        host: &std::sync::Arc<Host>,
        course: &mut Course<'_, '_>,
    ) -> Result<Lease, Tried> {
        let upstream = course.upstream;
        let mut leased = pin!(Pool::lease(upstream, host, course.priority, self.protocol));
        let clock = &mut course.clock;
        poll_fn(|context| {
            if let Poll::Ready(leased) = leased.as_mut().poll(context) {
                return Poll::Ready(leased.map_err(|it| Tried::Reset(failure_of(it), false)));
            }
            if down.poll_gone(context).is_ready() {
                return Poll::Ready(Err(Tried::Gone));
            }
            clock.poll(context).map(|kind| Err(Tried::Timeout(kind)))
        })
        .await
    }

    /// Hands the response down, and what is left of the request up.
    async fn pass_on<D: Downstream>(
        &mut self,
        down: &mut D,
        head: &RequestHead,
        mut lease: Lease,
        bodiless: bool,
        course: &mut Course<'_, '_>,
    ) {
        let manager = self.manager;
        course.body.forget();
        self.details = VIA_UPSTREAM.into();
        let status = self.response.status;
        self.prepare_response(head, course);
        if self.attempts > 1 && status < 500 {
            course.upstream.stats.upstream_rq_retry_success.increment();
        }
        if status == 101 {
            down.upgrade();
            // A tunnel lasts as long as both sides want it.
            course.clock.set(GLOBAL, None);
            course.body = RequestBody::new(false, 0);
        }
        manager.count_status(status);
        down.send_head(&self.response, bodiless);
        let mut back = ResponseBody::default();
        let ended = if bodiless {
            Ok(())
        } else {
            let (idle, clock) = (course.idle, &mut course.clock);
            until_end(
                down,
                &mut Throttled::new(&mut lease, self.rate_limit),
                &mut course.body,
                &mut back,
                |context, moved| {
                    if moved {
                        clock.set(STREAM_IDLE, idle);
                    }
                    clock.poll(context)
                },
            )
            .await
        };
        if bodiless && !course.body.is_done() {
            // The request goes on although it is answered: nobody reads it any more.
            down.close_after();
        }
        self.bytes_sent = back.bytes;
        self.trailers = back.trailers;
        course
            .upstream
            .count_answered(status, milliseconds(self.begun));
        if let Err(trouble) = ended {
            self.broke_off(trouble, course.upstream);
            lease.reset();
            down.reset();
        }
    }

    fn prepare_response(&mut self, head: &RequestHead, course: &Course<'_, '_>) {
        let manager = self.manager;
        let mut response = std::mem::take(&mut self.response);
        if !manager.router.suppress_envoy_headers {
            let took = Decimal::new(milliseconds(self.begun));
            let name = b"x-envoy-upstream-service-time";
            response.headers.set(name, took.as_bytes());
        }
        for cookie in &course.cookies {
            response.headers.push(b"set-cookie", cookie);
        }
        course.selected.mark_response(&mut response, self.attempts);
        let mut scratch = manager.scratch.borrow_mut();
        let context = self.context(Some(head));
        course
            .selected
            .finalize_response(&mut response, &context, &mut scratch);
        drop(scratch);
        manager.with_date(|date| manager.policy.change_response(&mut response, head, date));
        self.response = response;
    }

    /// A response that had begun was broken off.
    fn broke_off(&mut self, trouble: Trouble<usize>, upstream: &Upstream) {
        match trouble {
            Trouble::Downstream(_) => self.left(upstream),
            Trouble::Upstream(broken) => {
                let reset = reset_of(broken);
                self.flags.set(reset.flag());
                self.details = late_reset_details(reset, "").into();
                let stats = &self.manager.router_stats;
                stats.rq_reset_after_downstream_response_started.increment();
            }
            Trouble::Timeout(GLOBAL) => {
                upstream.stats.upstream_rq_timeout.increment();
                self.flags.set(Flag::UpstreamRequestTimeout);
                self.details = "response_timeout".into();
            }
            Trouble::Timeout(_) => {
                self.manager.stats.downstream_rq_idle_timeout.increment();
                self.flags.set(Flag::StreamIdleTimeout);
                self.details = "stream_idle_timeout".into();
            }
        }
    }

    /// The client went away while an upstream was asked.
    fn left(&mut self, upstream: &Upstream) {
        self.gone();
        upstream.stats.upstream_rq_tx_reset.increment();
    }
}

fn reset_of(broken: Broken) -> Reset {
    match broken {
        Broken::Connection => Reset::ConnectionTermination,
        Broken::Reset => Reset::Remote,
        Broken::Refused => Reset::RemoteRefused,
        Broken::Protocol => Reset::ProtocolError,
    }
}

fn failure_of(failure: ConnectFailure) -> Reset {
    match failure {
        ConnectFailure::Overflow => Reset::Overflow,
        ConnectFailure::Timeout => Reset::ConnectionTimeout,
        ConnectFailure::Refused(_) => Reset::RemoteConnectionFailure,
        ConnectFailure::Unreachable => Reset::LocalConnectionFailure,
    }
}

fn destination(downstream: &facts::Downstream) -> Option<std::net::SocketAddr> {
    match downstream.local {
        Address::Socket(address) => Some(address),
        _ => None,
    }
}
