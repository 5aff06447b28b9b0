//! Takes one request: makes it canonical, finds its route, has it answered, and logs it.

use std::borrow::Cow;
use std::rc::Rc;

use tokio::time::Instant;

use super::Manager;
use super::books::{Booked, Upgraded};
use super::filters::{Call, Injected, Passed};
use super::tapped::Tapped;
use crate::access_log;
use crate::config::model::address::Address;
use crate::facts::{self, LogContext, Times, Upstream as ShownUpstream};
use crate::http::change;
use crate::http::flags::{Flag, Flags};
use crate::http::headers::Headers;
use crate::http::local_reply::{DIRECT_RESPONSE, DOWNSTREAM_DISCONNECT, LocalReply};
use crate::http::message::{Protocol, RequestHead, ResponseHead};
use crate::http::policy::{Prepared, connection};
use crate::http::route::{Found, Selected, direct};
use crate::stream::Downstream;
use crate::tap::{Moment, Seen};

/// A request on its way.
pub(super) struct Request<'m> {
    pub(super) manager: &'m Manager,
    pub(super) downstream: &'m facts::Downstream,
    pub(super) client: Address,
    pub(super) protocol: Protocol,
    pub(super) flags: Flags,
    pub(super) details: Cow<'m, str>,
    pub(super) cluster: String,
    pub(super) route: &'m str,
    pub(super) virtual_host: &'m str,
    pub(super) host: Option<Address>,
    pub(super) upstream_protocol: Option<Protocol>,
    pub(super) upstream_tls: Option<Rc<facts::Tls>>,
    /// Our end of the connection to the upstream, once there is one.
    pub(super) upstream_local: Option<Address>,
    /// Why there was no connection to the upstream; empty if there was one.
    pub(super) upstream_failure: String,
    /// Whether it is a call of gRPC that an upstream is to answer.
    pub(super) is_call: bool,
    /// Whether the response has gone down to its last byte.
    pub(super) is_sent: bool,
    /// Whether all of the request has come.
    pub(super) is_complete: bool,
    /// Calls that filters count, until they are handed to what they are counted on.
    pub(super) calls: Vec<Call>,
    pub(super) attempts: u32,
    pub(super) response: ResponseHead,
    pub(super) trailers: Headers,
    pub(super) bytes_received: u64,
    pub(super) bytes_sent: u64,
    pub(super) begun: Instant,
    pub(super) times: Times,
    pub(super) random: u64,
    /// Faults that are injected into it.
    pub(super) injected: Vec<Injected>,
    /// KiB/s at which the response is let through, if it is slowed down.
    pub(super) rate_limit: Option<u64>,
    upgraded: Option<Upgraded<'m>>,
}

/// An answer of our own, and what it says beside its content.
pub(super) struct Answer<'a> {
    pub(super) reply: LocalReply<'a>,
    pub(super) location: Option<Vec<u8>>,
    pub(super) closes: bool,
}

impl<'a> From<LocalReply<'a>> for Answer<'a> {
    fn from(reply: LocalReply<'a>) -> Self {
        Self {
            reply,
            location: None,
            closes: false,
        }
    }
}

impl Manager {
    /// Answers a request.
    pub(super) async fn request<D: Downstream>(
        &self,
        booked: Booked<'_>,
        down: &mut D,
        head: &mut RequestHead,
        end: bool,
        downstream: &facts::Downstream,
    ) {
        let mut request = Request::new(self, downstream, head.protocol, &booked);
        request.show(Moment::Begin, Some(head));
        if down.expects_continue() && !self.config.proxy_100_continue {
            head.headers.remove(b"expect");
            self.count_status(100);
            down.send_continue();
        }
        if end {
            request.times.request_received = Some(booked.begun.elapsed());
        }
        let mut down = Tapped::new(down, end);
        if let Err((answer, selected)) = self.respond(&mut request, &mut down, head, end).await {
            let complete = end || request.is_complete;
            request.answer(down.answer(), head, complete, &answer, selected.as_ref());
        }
        request.log(Some(head));
    }

    /// Takes a request through filters and along its route; what is answered by the proxy itself is left to the
    /// caller, with the route by which it is.
    async fn respond<'m, D: Downstream>(
        &'m self,
        request: &mut Request<'m>,
        down: &mut Tapped<'_, D>,
        head: &mut RequestHead,
        end: bool,
    ) -> Result<(), (Answer<'m>, Option<Selected<'m>>)> {
        let found = self.find(request, head).map_err(|it| (it, None))?;
        let selected = match &found {
            Found::Route(selected) => Some(selected),
            Found::Nothing | Found::RequireTls(_) => None,
        };
        let passed = request.filter(down, head, end, selected).await;
        down.count(std::mem::take(&mut request.calls));
        match passed {
            Passed::On => {}
            Passed::Answered(answer) => return Err((answer, selected.cloned())),
            Passed::Gone => {
                request.gone();
                down.reset();
                return Ok(());
            }
        }
        let selected = self.route(head, found).map_err(|it| (it, None))?;
        let outcome = request.follow(down, head, end, &selected).await;
        outcome.map_err(|it| (it, Some(selected)))
    }

    /// Makes a request canonical and looks for its route.
    fn find<'m>(
        &'m self,
        request: &mut Request<'m>,
        head: &mut RequestHead,
    ) -> Result<Found<'m>, Answer<'m>> {
        self.make_canonical(request, head)?;
        let random = [self.worker.draw(), self.worker.draw()];
        let internal = &self.routes.config().internal_only_headers;
        let client = self
            .policy
            .change_request(head, request.downstream, internal, random);
        request.client = client.address;
        let found = self.routes.find(head, request.random);
        if let Found::Route(selected) = &found {
            request.route = &selected.route.name;
            request.virtual_host = &selected.virtual_host.name;
            if let Some(upstream) = self.worker.upstream(&selected.cluster) {
                request
                    .cluster
                    .clone_from(&upstream.cluster().config().stat_name);
            }
            if let Some(token) = asked_upgrade(head) {
                if !self.policy.takes_upgrade(Some(selected), token) {
                    self.stats.downstream_rq_ws_on_non_ws_route.increment();
                    return Err(LocalReply::upgrade_failed().into());
                }
                request.upgraded = Some(self.book_upgrade());
            }
        }
        Ok(found)
    }

    /// What the router makes of what was found.
    fn route<'m>(
        &'m self,
        head: &RequestHead,
        found: Found<'m>,
    ) -> Result<Selected<'m>, Answer<'m>> {
        self.router_stats.rq_total.increment();
        match found {
            Found::Route(selected) => Ok(selected),
            Found::Nothing => {
                self.router_stats.no_route.increment();
                Err(LocalReply::route_not_found().into())
            }
            Found::RequireTls(_) => {
                self.router_stats.rq_direct_response.increment();
                Err(Answer {
                    location: Some(direct::tls_location(head)),
                    ..Answer::from(LocalReply::new(301, "", DIRECT_RESPONSE))
                })
            }
        }
    }

    /// Checks host and path, and makes them canonical.
    fn make_canonical<'m>(
        &'m self,
        request: &Request<'m>,
        head: &mut RequestHead,
    ) -> Result<(), Answer<'m>> {
        if head.protocol == Protocol::Http10 && head.authority.is_empty() && !head.blank_authority {
            let host = &self.config.http1.default_host_for_http_10;
            head.authority.extend_from_slice(host.as_bytes());
        }
        if head.protocol == Protocol::Http2 {
            change::join_request_fields(&mut head.headers);
        }
        let port = match &request.downstream.local {
            Address::Socket(address) => Some(address.port()),
            _ => None,
        };
        let mut scratch = self.scratch.borrow_mut();
        match self.policy.prepare(head, port, &mut scratch.path) {
            Prepared::Continue => {}
            Prepared::Reply(reply) => {
                let stats = &self.stats;
                let not_relative = reply.details == "absolute_path_rejected";
                if not_relative {
                    stats.downstream_rq_non_relative_path.increment();
                } else if reply.details == "path_normalization_failed" {
                    stats.downstream_rq_failed_path_normalization.increment();
                }
                return Err(Answer {
                    closes: !not_relative,
                    ..Answer::from(reply)
                });
            }
            Prepared::Redirect(reply, location) => {
                let redirected = &self.stats.downstream_rq_redirected_with_normalized_path;
                redirected.increment();
                return Err(Answer {
                    location: Some(location),
                    ..Answer::from(reply)
                });
            }
        }
        Ok(())
    }
}

/// The protocol that a request asks for, or `CONNECT` for a tunnel.
fn asked_upgrade(head: &RequestHead) -> Option<&[u8]> {
    if head.method == b"CONNECT" {
        Some(b"CONNECT")
    } else if connection::is_upgrade(&head.headers) {
        head.headers.get(b"upgrade")
    } else {
        None
    }
}

impl Manager {
    /// Sends a response's head. `complete` says that the whole request was read.
    pub(super) fn begin_response<D: Downstream>(
        &self,
        down: &mut D,
        response: &ResponseHead,
        end: bool,
        complete: bool,
    ) {
        if !complete {
            let early = &self.stats.downstream_rq_response_before_rq_complete;
            early.increment();
            // What is left of the body would be taken for the next request.
            down.close_after();
        }
        let place = &self.place;
        let draw = || self.worker.draw();
        if place.draining.ends(place.direction, draw) && down.begin_drain() {
            self.stats.downstream_cx_drain_close.increment();
        }
        self.count_status(response.status);
        down.send_head(response, end);
    }
}

impl<'m> Request<'m> {
    pub(super) fn new(
        manager: &'m Manager,
        downstream: &'m facts::Downstream,
        protocol: Protocol,
        booked: &Booked<'_>,
    ) -> Self {
        Self {
            manager,
            downstream,
            client: downstream.peer.clone(),
            protocol,
            flags: Flags::default(),
            details: Cow::Borrowed(""),
            cluster: String::new(),
            route: "",
            virtual_host: "",
            host: None,
            upstream_protocol: None,
            upstream_tls: None,
            upstream_local: None,
            upstream_failure: String::new(),
            is_call: false,
            is_complete: false,
            is_sent: false,
            calls: Vec::new(),
            attempts: 0,
            response: ResponseHead::default(),
            trailers: Headers::new(),
            bytes_received: 0,
            bytes_sent: 0,
            begun: booked.begun,
            times: Times {
                start: booked.start,
                ..Times::default()
            },
            random: manager.worker.draw(),
            injected: Vec::new(),
            rate_limit: None,
            upgraded: None,
        }
    }

    /// The client went away.
    pub(super) fn gone(&mut self) {
        self.flags.set(Flag::DownstreamConnectionTermination);
        self.details = DOWNSTREAM_DISCONNECT.into();
        self.manager.stats.downstream_rq_rx_reset.increment();
    }

    /// Does what the route says.
    async fn follow<D: Downstream>(
        &mut self,
        down: &mut D,
        head: &mut RequestHead,
        end: bool,
        selected: &Selected<'m>,
    ) -> Result<(), Answer<'m>> {
        let manager = self.manager;
        let suppress = manager.router.suppress_envoy_headers;
        let direct = {
            let mut scratch = manager.scratch.borrow_mut();
            direct::answer(selected, head, suppress, &mut scratch)
        };
        if let Some((reply, location)) = direct {
            manager.router_stats.rq_direct_response.increment();
            return Err(Answer {
                location,
                ..Answer::from(reply)
            });
        }
        let Some(upstream) = manager.worker.upstream(&selected.cluster) else {
            manager.router_stats.no_cluster.increment();
            let status = selected.forward().map_or(503, |it| it.not_found_status);
            return Err(LocalReply::cluster_not_found(status).into());
        };
        let upstream = Rc::clone(upstream);
        self.forward(down, head, end, selected, &upstream).await
    }

    /// Answers in the upstream's stead.
    pub(super) fn answer<D: Downstream>(
        &mut self,
        down: &mut D,
        head: &RequestHead,
        complete: bool,
        answer: &Answer<'_>,
        selected: Option<&Selected<'_>>,
    ) {
        let manager = self.manager;
        if let Some(flag) = answer.reply.flag {
            self.flags.set(flag);
        }
        self.details = Cow::Owned(answer.reply.details.clone().into_owned());
        let mut response = std::mem::take(&mut self.response);
        let attempts = self.attempts;
        let context = self.context(Some(head));
        let body = answer.reply.write(head, &mut response, |response| {
            if let Some(location) = &answer.location {
                response.headers.set(b"location", location);
            }
            if let Some(selected) = selected {
                let mut scratch = manager.scratch.borrow_mut();
                selected.finalize_response(response, &context, &mut scratch);
                selected.mark_response(response, attempts);
            }
        });
        manager.with_date(|date| manager.policy.change_response(&mut response, head, date));
        if answer.closes {
            down.close_after();
        }
        manager.begin_response(down, &response, body.is_empty(), complete);
        if !body.is_empty() {
            self.bytes_sent += body.len() as u64;
            down.send_data(body, true);
        }
        self.response = response;
        self.is_sent = true;
        if !complete {
            // The rest of the request is not waited for.
            manager.stats.downstream_rq_rx_reset.increment();
        }
    }

    /// What is known now, for headers and logs.
    pub(super) fn context<'a>(&'a self, head: Option<&'a RequestHead>) -> LogContext<'a> {
        LogContext {
            request: head,
            response: (self.response.status != 0).then_some(&self.response),
            trailers: Some(&self.trailers),
            client: &self.client,
            upstream: self.host.as_ref().map(|host| ShownUpstream {
                host,
                local: self.upstream_local.as_ref(),
                remote: self.upstream_local.as_ref().map(|_| host),
                protocol: self.upstream_protocol,
                tls: self.upstream_tls.as_deref(),
            }),
            cluster: &self.cluster,
            upstream_failure: &self.upstream_failure,
            protocol: Some(self.protocol),
            status: self.response.status,
            details: &self.details,
            flags: self.flags,
            bytes_received: self.bytes_received,
            bytes_sent: self.bytes_sent,
            attempts: self.attempts,
            route: self.route,
            virtual_host: self.virtual_host,
            times: self.times,
            hostname: &self.manager.worker.hostname,
            ..LogContext::new(self.downstream)
        }
    }

    /// Shows the request to those that watch.
    fn show(&self, moment: Moment, head: Option<&RequestHead>) {
        let place = &self.manager.place;
        if place.tap.is_watched() {
            place.tap.show(&Seen {
                moment,
                listener: &place.listener,
                direction: place.direction,
                context: self.context(head),
            });
        }
    }

    pub(super) fn log(&mut self, head: Option<&RequestHead>) {
        let manager = self.manager;
        if manager.logs.is_empty() && !manager.place.tap.is_watched() {
            return;
        }
        let lasted = self.begun.elapsed();
        self.times.end = Some(lasted);
        if self.is_sent {
            self.times.response_sent = Some(lasted);
        }
        self.show(Moment::End, head);
        let mut line = Vec::new();
        for (log, file) in &self.manager.logs {
            line.clear();
            if access_log::line(log, &self.context(head), &mut line) {
                file.write(&line);
            }
        }
    }
}
