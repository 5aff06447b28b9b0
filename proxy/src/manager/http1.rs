//! Takes requests from a connection of HTTP/1, one after the other.

use std::future::poll_fn;
use std::task::{Context, Poll};

use tokio::time::Instant;

use super::Manager;
use super::books::Booked;
use super::connection::Served;
use super::request::{Answer, Request};
use crate::config::model::protocol::HeaderCase;
use crate::facts::Downstream;
use crate::http::flags::Flag;
use crate::http::local_reply::{DOWNSTREAM_DISCONNECT, LocalReply};
use crate::http::message::{Protocol, RequestHead};
use crate::http1::Settings;
use crate::http1::head::{Limits, Taken};
use crate::http1::server::Connection;
use crate::http1::write::reason;
use crate::stream::Downstream as _;
use crate::timer::Timer;
use crate::wire::Wire;
use crate::worker::pool::{count, kilobytes};

/// Deadlines within a head.
const HEAD: usize = 0;
const STREAM_IDLE: usize = 1;
const WHOLE: usize = 2;

/// Deadlines of a connection.
const IDLE: usize = 0;
const DURATION: usize = 1;
const DRAIN: usize = 2;

/// How long a connection lasts.
struct Life {
    timer: Timer<3>,
    requests: u32,
    drains: bool,
    is_over: bool,
}

/// What a connection brings next.
enum Next<'m> {
    /// A request; `true` if it has no body.
    Request(Booked<'m>, bool),
    /// What is answered without being a request.
    Wrong(Booked<'m>, LocalReply<'static>),
    /// The client went away within a head.
    Gone(Booked<'m>),
    /// Nothing more.
    Nothing,
}

impl Manager {
    pub(super) async fn serve_http1(&self, wire: Wire, downstream: &Downstream) -> Served {
        self.stats.downstream_cx_http1_total.increment();
        self.stats.downstream_cx_http1_active.add(1);
        let (settings, taken) = self.http1_settings();
        let mut connection = Connection::new(wire, settings, taken);
        let mut life = self.life(&mut connection);
        let mut head = RequestHead::default();
        let mut gone = false;
        loop {
            let next = self.next_request(&mut connection, &mut life, &mut head);
            match next.await {
                Next::Request(booked, end) => {
                    self.request(booked, &mut connection, &mut head, end, downstream)
                        .await;
                    gone = connection.broke_off();
                }
                Next::Wrong(booked, reply) => {
                    self.refuse(&booked, &mut connection, reply, downstream);
                }
                Next::Gone(booked) => {
                    gone = true;
                    self.gone_within_head(&booked, downstream);
                    break;
                }
                Next::Nothing => break,
            }
            if !connection.may_go_on() {
                break;
            }
        }
        // What is queued goes out; a client that reads no more ends it.
        let _ = poll_fn(|it| connection.wire.poll_flush(it)).await;
        let remote = connection.wire.has_ended()
            || !connection.may_close_at_once() && self.delayed(&mut connection.wire).await;
        self.stats.downstream_cx_http1_active.sub(1);
        let dropped = &self.http1_stats.dropped_headers_with_underscores;
        dropped.add(connection.dropped);
        Served {
            received: connection.wire.received,
            sent: connection.wire.sent,
            remote,
            in_request: gone,
        }
    }

    fn http1_settings(&self) -> (Settings, Taken) {
        let config = &self.config;
        let settings = Settings {
            head_size: kilobytes(config.max_request_headers_kb),
            limits: Limits {
                headers: count(config.common.max_headers_count),
                allow_chunked_length: config.http1.allow_chunked_length,
                allow_custom_methods: config.http1.allow_custom_methods,
            },
            trailers: config.http1.enable_trailers,
            capitals: config.http1.header_case == HeaderCase::ProperCaseWords,
        };
        let taken = Taken {
            http_10: config.http1.accept_http_10,
            underscores: config.common.underscores,
        };
        (settings, taken)
    }

    fn life(&self, connection: &mut Connection) -> Life {
        let duration = self.config.common.max_connection_duration;
        connection.drain_from(duration.and_then(|it| Instant::now().checked_add(it)));
        let mut timer = Timer::default();
        timer.set(DURATION, duration);
        Life {
            timer,
            requests: 0,
            drains: false,
            is_over: false,
        }
    }

    /// Sees whether a connection has lasted long enough. Before that it is drained.
    fn poll_life(&self, life: &mut Life, connection: &mut Connection, context: &mut Context<'_>) {
        if let Some(begun) = connection.drain_begun()
            && !std::mem::replace(&mut life.drains, true)
        {
            let left = self.config.drain_timeout.saturating_sub(begun.elapsed());
            life.timer.set(DRAIN, Some(left));
        }
        while let Poll::Ready(kind) = life.timer.poll(context) {
            match kind {
                DRAIN => life.is_over = true,
                DURATION => self.stats.downstream_cx_max_duration_reached.increment(),
                _ => self.stats.downstream_cx_idle_timeout.increment(),
            }
            if kind != DRAIN && !std::mem::replace(&mut life.drains, true) {
                connection.drain();
                life.timer.set(DRAIN, Some(self.config.drain_timeout));
            }
        }
    }

    /// One more request; it may be the last one of its connection.
    fn begin_request(&self, life: &mut Life, connection: &mut Connection) -> Booked<'_> {
        life.timer.set(IDLE, None);
        life.requests += 1;
        let most = self.config.common.max_requests_per_connection;
        if most.is_some_and(|it| it > 0 && life.requests >= it) {
            self.stats.downstream_cx_max_requests_reached.increment();
            connection.end_after_next();
        }
        self.book(Protocol::Http11)
    }

    /// Waits for a client to end a connection that we are about to close, so that it sees the answer and not a reset;
    /// says whether it did.
    async fn delayed(&self, wire: &mut Wire) -> bool {
        let Some(limit) = self.config.delayed_close_timeout else {
            return false;
        };
        let end = async {
            loop {
                match poll_fn(|it| wire.poll_fill(it)).await {
                    Ok(count) if count > 0 => wire.input.take(wire.input.bytes().len()),
                    _ => return,
                }
            }
        };
        let ended = tokio::time::timeout(limit, end).await.is_ok();
        if !ended {
            let stats = &self.stats;
            stats.downstream_cx_delayed_close_timeout.increment();
        }
        ended
    }

    /// The next request, which counts from its first byte on.
    async fn next_request(
        &self,
        connection: &mut Connection,
        life: &mut Life,
        head: &mut RequestHead,
    ) -> Next<'_> {
        let (config, stats) = (&self.config, &self.stats);
        let mut timer = Timer::<3>::default();
        life.timer.set(IDLE, config.common.idle_timeout);
        let mut booked = None;
        poll_fn(|context| {
            self.poll_life(life, connection, context);
            if life.is_over && booked.is_none() {
                return Poll::Ready(Next::Nothing);
            }
            if booked.is_none() && connection.poll_begun(context).is_ready() {
                booked = Some(self.begin_request(life, connection));
                timer.set(HEAD, config.request_headers_timeout);
                timer.set(STREAM_IDLE, config.stream_idle_timeout);
                timer.set(WHOLE, config.request_timeout);
            }
            if let Poll::Ready(came) = connection.poll_request(context, head) {
                return Poll::Ready(match (came, booked.take()) {
                    (Ok(end), Some(booked)) => Next::Request(booked, end),
                    (Err(no_request), Some(booked)) => match no_request.answer() {
                        Some((code, details)) => Next::Wrong(booked, malformed(code, details)),
                        None => Next::Gone(booked),
                    },
                    (_, None) => Next::Nothing,
                });
            }
            timer.poll(context).map(|kind| match (kind, booked.take()) {
                (HEAD, Some(booked)) => {
                    stats.downstream_rq_header_timeout.increment();
                    Next::Wrong(booked, LocalReply::request_header_timeout())
                }
                (STREAM_IDLE, Some(booked)) => {
                    stats.downstream_rq_idle_timeout.increment();
                    Next::Wrong(booked, LocalReply::stream_idle_timeout(false))
                }
                (WHOLE, Some(booked)) => {
                    stats.downstream_rq_timeout.increment();
                    Next::Wrong(booked, LocalReply::request_timeout())
                }
                _ => Next::Nothing,
            })
        })
        .await
    }

    /// Answers what is no request, and ends the connection.
    fn refuse(
        &self,
        booked: &Booked<'_>,
        connection: &mut Connection,
        reply: LocalReply<'static>,
        downstream: &Downstream,
    ) {
        if reply.details == "http1.unexpected_underscore" {
            let refused = &self
                .http1_stats
                .requests_rejected_with_underscores_in_headers;
            refused.increment();
        }
        if reply.flag == Some(Flag::DownstreamProtocolError) {
            self.stats.downstream_cx_protocol_error.increment();
        }
        let head = RequestHead::default();
        let mut request = Request::new(self, downstream, Protocol::Http11, booked);
        connection.close_after();
        request.answer(connection, &head, false, &Answer::from(reply), None);
        request.log(None);
    }

    /// A client went away in the middle of a head.
    fn gone_within_head(&self, booked: &Booked<'_>, downstream: &Downstream) {
        self.stats.downstream_rq_rx_reset.increment();
        let mut request = Request::new(self, downstream, Protocol::Http11, booked);
        request.flags.set(Flag::DownstreamConnectionTermination);
        request.details = DOWNSTREAM_DISCONNECT.into();
        request.log(None);
    }
}

/// The answer to what breaks the protocol.
pub(super) fn malformed(status: u16, details: &'static str) -> LocalReply<'static> {
    let mut reply = LocalReply::new(status, reason(status), details);
    reply.flag = Some(Flag::DownstreamProtocolError);
    reply
}
