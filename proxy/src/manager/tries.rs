//! Sends a request to upstream hosts, one after the other, until one has answered well enough.

mod attempt;
mod limits;
mod passing;
mod verdict;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::http1::malformed;
use tokio::time::Instant;

use super::request::{Answer, Request};
use crate::config::model::address::Address;
use crate::config::model::retry::RetryPolicy;
use crate::config::model::route::Priority;
use crate::exchange::RequestBody;
use crate::http::flags::Flag;
use crate::http::grpc;
use crate::http::local_reply::{DOWNSTREAM_RESET, LocalReply};
use crate::http::message::{Protocol, RequestHead};
use crate::http::policy::connection::is_upgrade;
use crate::http::retry::RetryState;
use crate::http::route::{Selected, hashing, timeout, timeout::Timeouts};
use crate::stream::{Broken, Downstream};
use crate::upstream::{Choice, Host, HostId, Resource};
use crate::worker::{ServerName, Upstream};

use attempt::Tried;
use limits::{Limit, Limits};

/// Bytes of a body that are kept to be sent again where nothing else is said: Envoy's
/// `per_connection_buffer_limit_bytes`.
const REPLAY: u64 = 1024 * 1024;

/// All that one request's tries share.
struct Course<'t, 'm> {
    selected: &'t Selected<'m>,
    upstream: &'t Rc<Upstream>,
    priority: Priority,
    retry: Option<RetryState<'m>>,
    limits: Limits,
    body: RequestBody,
    /// The host that is asked now.
    host: Arc<Host>,
    tried: Vec<HostId>,
    hash: Option<u64>,
    /// Cookies that keep the client with its host, as values of `set-cookie`.
    cookies: Vec<Vec<u8>>,
    /// What the certificate of a host must be for, if it is the request that says so.
    server_name: Option<ServerName>,
    holds_retry: bool,
    /// Whether the client is inside, as Envoy sees it.
    is_internal: bool,
    /// Whether a head of the response went down, be it 100 alone.
    has_begun: bool,
}

impl Drop for Course<'_, '_> {
    fn drop(&mut self) {
        self.end_retries();
    }
}

impl Course<'_, '_> {
    /// Gives back the place that the last retry has taken; says whether there was one.
    fn give_retry_back(&mut self) -> bool {
        let held = std::mem::take(&mut self.holds_retry);
        if held {
            self.upstream.give(self.priority, Resource::Retries);
        }
        held
    }

    /// Nothing is tried again from now on.
    fn end_retries(&mut self) {
        self.give_retry_back();
        self.retry = None;
        self.body.forget();
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
        let outcome = self.ask_hosts(down, head, &mut course).await;
        self.bytes_received = course.body.bytes;
        self.is_complete = course.body.is_done();
        let since = |it: Instant| it.saturating_duration_since(self.begun);
        self.times.request_received = course.limits.completed().map(since);
        self.times.request_sent = course.limits.sent().map(since);
        outcome
    }

    /// Asks hosts until there is something to tell.
    async fn ask_hosts<D: Downstream>(
        &mut self,
        down: &mut D,
        head: &mut RequestHead,
        course: &mut Course<'_, 'm>,
    ) -> Result<(), Answer<'m>> {
        loop {
            let tried = self.attempt(down, head, course).await;
            let timed_out = matches!(tried, Tried::Timeout(Limit::PerTry | Limit::PerTryIdle));
            let Some(wait) = self.settle(down, head, tried, course).await? else {
                return Ok(());
            };
            course.limits.wait(wait);
            let waited = course.wait(down).await;
            if !matches!(waited, Tried::Timeout(Limit::BackOff)) {
                self.settle(down, head, waited, course).await?;
                return Ok(());
            }
            let counters = &course.upstream.stats;
            counters.upstream_rq_retry.increment();
            counters.upstream_rq_retry_backoff_exponential.increment();
            self.attempts += 1;
            let attempts = course.retry.as_ref();
            let attempts = attempts.map_or(1, RetryState::host_selection_attempts);
            let tried = if attempts > 1 { &*course.tried } else { &[] };
            let host = self.choose(course.upstream, course.hash, tried, attempts);
            course.host = self.found(host, course.is_internal, course.upstream)?;
            course.tried.push(course.host.id);
            course
                .selected
                .mark_attempt(head, self.attempts, Some(timed_out));
            let router = &self.manager.router;
            course.limits.write_expected(&mut head.headers, router);
        }
    }

    /// Does what follows from a try: says how long to wait before the next, or nothing if the request is over.
    async fn settle<D: Downstream>(
        &mut self,
        down: &mut D,
        head: &RequestHead,
        tried: Tried,
        course: &mut Course<'_, 'm>,
    ) -> Result<Option<Duration>, Answer<'m>> {
        if course.body.overflows() {
            let abandoned = &course.upstream.stats.retry_or_shadow_abandoned;
            abandoned.increment();
            course.end_retries();
        }
        match tried {
            Tried::Answered(lease, _) if is_websocket(head) && refuses(self.response.status) => {
                // As in Envoy, whoever asks for another protocol reads no other answer than a failure.
                self.response.headers.remove(b"content-length");
                self.pass_on(down, head, *lease, true, course).await;
                self.details = "websocket_handshake_unsuccessful".into();
                Ok(None)
            }
            Tried::Answered(lease, bodiless) => {
                let wait = self.judge_response(bodiless, course);
                if wait.is_some() {
                    self.response.clear();
                }
                if wait.is_none() {
                    self.pass_on(down, head, *lease, bodiless, course).await;
                }
                Ok(wait)
            }
            Tried::Reset(reset, started) => self.judge_reset(reset, started, course).map(Some),
            Tried::Timeout(limit) => self.judge_timeout(limit, course).map(Some),
            Tried::TooLong => Err(LocalReply::retry_too_large().into()),
            Tried::Gone(Broken::Protocol) if self.protocol != Protocol::Http2 => {
                self.manager.stats.downstream_cx_protocol_error.increment();
                down.close_after();
                let (status, details) = down.refusal();
                Err(malformed(status, details).into())
            }
            Tried::Gone(broken) => {
                self.left(broken);
                down.reset();
                Ok(None)
            }
        }
    }

    /// Reads what the route and the headers say, and changes the request that goes upstream.
    fn course<'t>(
        &mut self,
        head: &mut RequestHead,
        end: bool,
        selected: &'t Selected<'m>,
        upstream: &'t Rc<Upstream>,
    ) -> Result<Course<'t, 'm>, Answer<'m>> {
        let manager = self.manager;
        if let Some((name, value)) = timeout::wrong_header(&manager.router, &head.headers) {
            return Err(LocalReply::strict_header(&name, value).into());
        }
        let is_internal = head.headers.get(b"x-envoy-internal") == Some(b"true");
        self.is_call = grpc::is_call(head);
        let server_name = ServerName::of(&upstream.cluster().config().automatic_sni, head);
        self.attempts = 1;
        let mut cookies = Vec::new();
        let hash = self.hash(head, selected, &mut cookies);
        let host = self.choose(upstream, hash, &[], 1);
        let host = self.found(host, is_internal, upstream)?;
        let of_manager = manager.config.common.max_stream_duration;
        let duration = timeout::stream_duration(selected, &mut head.headers, of_manager);
        let timeouts = Timeouts::new(selected, head, &manager.router);
        let idle = timeout::idle(selected, manager.config.stream_idle_timeout);
        selected.mark_attempt(head, self.attempts, None);
        let mut scratch = manager.scratch.borrow_mut();
        let suppress = manager.router.suppress_envoy_headers;
        selected.finalize_request(head, &self.context(None), suppress, &mut scratch);
        drop(scratch);
        let retry = RetryState::new(selected.retry_policy(), head);
        let kept = retry
            .as_ref()
            .map(|_| selected.buffer_limit().unwrap_or(REPLAY));
        let of_cluster = upstream.cluster().config().common.max_stream_duration;
        let mut limits = Limits::new(timeouts, idle, of_cluster);
        limits.set(Limit::Stream, duration);
        if !end {
            limits.set(Limit::Request, manager.config.request_timeout);
        }
        let tried = match selected.retry_policy() {
            Some(RetryPolicy {
                avoid_previous_hosts: true,
                ..
            }) => vec![host.id],
            _ => Vec::new(),
        };
        let mut body = RequestBody::new(end, kept);
        if !end && awaits_answer(head, selected) {
            body.hold();
        }
        Ok(Course {
            selected,
            upstream,
            priority: selected
                .forward()
                .map_or(Priority::Default, |it| it.priority),
            retry,
            limits,
            body,
            host,
            tried,
            hash,
            cookies,
            server_name,
            holds_retry: false,
            is_internal,
            has_begun: false,
        })
    }

    fn hash(
        &self,
        head: &RequestHead,
        selected: &Selected<'m>,
        cookies: &mut Vec<Vec<u8>>,
    ) -> Option<u64> {
        let policies = selected.forward().map_or(&[][..], |it| &it.hash);
        if policies.is_empty() {
            return None;
        }
        let connection = format!("{}{}", self.downstream.peer, self.downstream.local);
        let client = match &self.client {
            Address::Socket(address) => Some(address.ip()),
            _ => None,
        };
        hashing::hash(policies, head, client, &connection, |cookie| {
            cookies.push(cookie.to_vec());
        })
    }

    fn choose(
        &self,
        upstream: &Upstream,
        hash: Option<u64>,
        tried: &[HostId],
        attempts: u32,
    ) -> Option<Arc<Host>> {
        upstream.choose(&Choice {
            hash,
            tried,
            attempts,
            destination: self.downstream.destination,
        })
    }

    /// The host that was chosen, if there was one.
    fn found(
        &mut self,
        host: Option<Arc<Host>>,
        is_internal: bool,
        upstream: &Upstream,
    ) -> Result<Arc<Host>, Answer<'m>> {
        let Some(host) = host else {
            self.count_code(503, is_internal, upstream);
            return Err(LocalReply::no_healthy_upstream().into());
        };
        self.host = Some(host.address.clone());
        Ok(host)
    }

    /// The client went away while an upstream was asked.
    fn left(&mut self, broken: Broken) {
        if self.protocol == Protocol::Http2 && broken != Broken::Connection {
            self.flags.set(match broken {
                Broken::Protocol => Flag::DownstreamProtocolError,
                _ => Flag::DownstreamRemoteReset,
            });
            self.details = DOWNSTREAM_RESET.into();
            self.manager.stats.downstream_rq_rx_reset.increment();
        } else {
            self.gone();
        }
    }
}

/// Whether nothing of a request's body is sent before it is answered: what follows is for whoever is behind a tunnel, or
/// speaks another protocol.
fn awaits_answer(head: &RequestHead, selected: &Selected<'_>) -> bool {
    let is_tunnel = head.method == b"CONNECT" && !selected.carries_bytes(head);
    is_websocket(head) || is_tunnel
}

fn is_websocket(head: &RequestHead) -> bool {
    let to = head.headers.get(b"upgrade").unwrap_or_default();
    is_upgrade(&head.headers) && to.eq_ignore_ascii_case(b"websocket")
}

/// Whether an answer to an upgrade is neither that nor a failure.
fn refuses(status: u16) -> bool {
    status != 101 && status < 400
}
