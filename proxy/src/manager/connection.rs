//! Takes requests from one connection: one after the other from HTTP/1, side by side from HTTP/2.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use tokio::task::spawn_local;
use tokio::time::Instant;

use super::Manager;
use super::books::milliseconds;
use super::request::{Answer, Request};
use crate::config::model::http::Codec;
use crate::facts::{Downstream, Ended};
use crate::http::flags::Flag;
use crate::http::local_reply::LocalReply;
use crate::http::message::{Protocol, RequestHead};
use crate::http1::head::{HeadError, Limits};
use crate::http1::server::{Connection, NoRequest, Settings};
use crate::http1::write::reason;
use crate::http2;
use crate::listener::{Arrival, Opened, Unopened};
use crate::multiplex::{self, Driver, Shared};
use crate::stream::Downstream as _;
use crate::timer::Timer;
use crate::wire::Wire;
use crate::worker::pool::{count, kilobytes, settings};

/// How a client of HTTP/2 with prior knowledge begins (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Deadlines between requests.
const IDLE: usize = 0;
const HEAD: usize = 1;

impl Manager {
    /// Takes requests from a connection until it ends.
    pub async fn serve(self: Rc<Self>, arrival: Arrival, mut downstream: Downstream) -> Ended {
        downstream.id = self.next_connection();
        let begun = Instant::now();
        let stats = &self.stats;
        stats.downstream_cx_total.increment();
        stats.downstream_cx_active.add(1);
        let secured = arrival.is_secured();
        if secured {
            stats.downstream_cx_ssl_total.increment();
            stats.downstream_cx_ssl_active.add(1);
        }
        let opened = arrival.open(&mut downstream).await;
        let downstream = Rc::new(downstream);
        let mut ended = Ended::new(Rc::clone(&downstream));
        let remote = match opened {
            Ok(opened) => {
                let Opened { mut wire, protocol } = opened;
                let served = if self.speaks_http2(&mut wire, protocol.as_deref()).await {
                    ended.protocol = Some(Protocol::Http2);
                    Rc::clone(&self).serve_http2(wire, downstream).await
                } else {
                    ended.protocol = Some(Protocol::Http11);
                    self.serve_http1(wire, &downstream).await
                };
                (ended.received, ended.sent) = (served.0, served.1);
                served.2
            }
            // Whoever fails at shaking hands is thought to have gone (as in Envoy).
            Err(why) => why == Unopened::Failed,
        };
        let stats = &self.stats;
        if secured {
            stats.downstream_cx_ssl_active.sub(1);
        }
        stats.downstream_cx_active.sub(1);
        stats.downstream_cx_destroy.increment();
        if remote {
            stats.downstream_cx_destroy_remote.increment();
        } else {
            stats.downstream_cx_destroy_local.increment();
        }
        stats.downstream_cx_length_ms.record(milliseconds(begun));
        stats.downstream_cx_rx_bytes_total.add(ended.received);
        stats.downstream_cx_tx_bytes_total.add(ended.sent);
        ended
    }

    /// Which protocol a connection speaks: what was agreed on, else by its first bytes.
    async fn speaks_http2(&self, wire: &mut Wire, agreed: Option<&[u8]>) -> bool {
        match self.config.codec {
            Codec::Http1 => false,
            Codec::Http2 => true,
            Codec::Auto if agreed.is_some() => agreed == Some(b"h2"),
            Codec::Auto => {
                let decided = |bytes: &[u8]| {
                    let shared = bytes.len().min(PREFACE.len());
                    (bytes[..shared] != PREFACE[..shared] || shared == PREFACE.len())
                        .then(|| bytes.starts_with(PREFACE))
                };
                loop {
                    if let Some(is_http2) = decided(wire.input.bytes()) {
                        return is_http2;
                    }
                    let came = poll_fn(|it| wire.poll_fill(it)).await;
                    if !matches!(came, Ok(count) if count > 0) {
                        return false;
                    }
                }
            }
        }
    }

    async fn serve_http1(&self, wire: Wire, downstream: &Downstream) -> (u64, u64, bool) {
        self.stats.downstream_cx_http1_total.increment();
        self.stats.downstream_cx_http1_active.add(1);
        let config = &self.config;
        let limits = Settings {
            head_size: kilobytes(config.max_request_headers_kb),
            limits: Limits {
                headers: count(config.common.max_headers_count),
                allow_chunked_length: config.http1.allow_chunked_length,
                allow_custom_methods: config.http1.allow_custom_methods,
            },
            trailers: config.http1.enable_trailers,
        };
        let mut connection = Connection::new(wire, limits);
        let mut head = RequestHead::default();
        loop {
            match self.next_request(&mut connection, &mut head).await {
                Some(Ok(end)) => {
                    self.request(&mut connection, &mut head, end, downstream)
                        .await;
                }
                Some(Err(problem)) => {
                    self.refuse(&mut connection, problem, downstream);
                    break;
                }
                None => break,
            }
            if !connection.may_go_on() {
                break;
            }
        }
        // What is queued goes out; a client that reads no more ends it.
        let _ = poll_fn(|it| connection.wire.poll_flush(it)).await;
        let remote = connection.wire.has_ended() || self.delayed(&mut connection.wire).await;
        self.stats.downstream_cx_http1_active.sub(1);
        (connection.wire.received, connection.wire.sent, remote)
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

    /// The next head; nothing when the connection was idle for too long.
    async fn next_request(
        &self,
        connection: &mut Connection,
        head: &mut RequestHead,
    ) -> Option<Result<bool, NoRequest>> {
        let mut timer = Timer::<2>::default();
        timer.set(IDLE, self.config.common.idle_timeout);
        let mut begun = false;
        poll_fn(|context| {
            if let Poll::Ready(request) = connection.poll_request(context, head) {
                return Poll::Ready(Some(request));
            }
            if !begun && connection.has_begun() {
                begun = true;
                timer.set(IDLE, None);
                timer.set(HEAD, self.config.request_headers_timeout);
            }
            timer.poll(context).map(|kind| {
                let stats = &self.stats;
                if kind == HEAD {
                    stats.downstream_rq_header_timeout.increment();
                } else {
                    stats.downstream_cx_idle_timeout.increment();
                }
                None
            })
        })
        .await
    }

    /// Answers what is no request, and ends the connection.
    fn refuse(&self, connection: &mut Connection, problem: NoRequest, downstream: &Downstream) {
        let (status, details) = match problem {
            NoRequest::Ended | NoRequest::Broken => return,
            NoRequest::TooLong => (431, "http1.headers_too_large"),
            NoRequest::Malformed(HeadError::TooManyHeaders) => (431, "http1.too_many_headers"),
            NoRequest::Malformed(HeadError::TransferEncoding) => {
                (501, "http1.invalid_transfer_encoding")
            }
            NoRequest::Malformed(HeadError::LengthAndEncoding) => {
                (400, "http1.content_length_and_chunked_not_allowed")
            }
            NoRequest::Malformed(HeadError::HeaderValue) => (400, "http1.invalid_characters"),
            NoRequest::Malformed(_) => (400, "http1.codec_error"),
        };
        let reply = LocalReply::new(status, reason(status), details);
        let booked = self.book(Protocol::Http11);
        let counters = &self.stats;
        counters.downstream_cx_protocol_error.increment();
        counters.downstream_rq_rx_reset.increment();
        let early = &counters.downstream_rq_response_before_rq_complete;
        early.increment();
        let head = RequestHead::default();
        let mut request = Request::new(self, downstream, Protocol::Http11, booked.begun);
        request.flags.set(Flag::DownstreamProtocolError);
        let answer = Answer::from(reply);
        connection.close_after();
        request.answer(connection, &head, true, &answer, None);
        request.log(None);
    }

    async fn serve_http2(
        self: Rc<Self>,
        wire: Wire,
        downstream: Rc<Downstream>,
    ) -> (u64, u64, bool) {
        self.stats.downstream_cx_http2_total.increment();
        self.stats.downstream_cx_http2_active.add(1);
        let mut limits = settings(&self.config.http2);
        limits.max_headers_bytes = kilobytes(self.config.max_request_headers_kb);
        limits.max_headers_count = count(self.config.common.max_headers_count);
        let codec = http2::Connection::server(limits);
        let shared = Rc::new(RefCell::new(Shared::new(codec, wire)));
        let mut driver = Driver::new(Rc::clone(&shared));
        let mut timer = Timer::<1>::default();
        let mut busy = true;
        poll_fn(|context| {
            let ended = driver.poll(context, |id, mut head, end| {
                let stream = multiplex::server::Stream::new(Rc::clone(&shared), id);
                let (own, downstream) = (Rc::clone(&self), Rc::clone(&downstream));
                head.protocol = Protocol::Http2;
                spawn_local(async move {
                    let mut stream = stream;
                    own.request(&mut stream, &mut head, end, &downstream).await;
                });
            });
            if ended.is_ready() {
                return Poll::Ready(());
            }
            let active = shared.borrow().open_streams() > 0;
            if busy && !active {
                timer.set(0, self.config.common.idle_timeout);
            } else if active {
                timer.clear();
            }
            busy = active;
            timer.poll(context).map(|_| {
                self.stats.downstream_cx_idle_timeout.increment();
            })
        })
        .await;
        self.stats.downstream_cx_http2_active.sub(1);
        let shared = shared.borrow();
        let (received, sent) = shared.moved();
        (received, sent, shared.has_ended())
    }
}
