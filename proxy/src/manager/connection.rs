//! Serves one connection: tells which version of HTTP it speaks, and takes requests from it side by side if that is
//! HTTP/2.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use tokio::time::Instant;

use super::Manager;
use super::books::milliseconds;
use crate::config::model::http::Codec;
use crate::facts::{Downstream, Ended};
use crate::http::message::Protocol;
use crate::listener::{Arrival, Opened, Unopened};
use crate::timer::Timer;
use crate::wire::Wire;

/// How a client of HTTP/2 with prior knowledge begins (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How a connection ended.
pub(super) struct Served {
    /// Bytes that came.
    pub(super) received: u64,
    /// Bytes that went.
    pub(super) sent: u64,
    /// The client ended it, and not we.
    pub(super) remote: bool,
    /// It ended in the middle of a request.
    pub(super) in_request: bool,
}

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
        let (remote, in_request) = match opened {
            Ok(opened) => {
                let Opened { mut wire, protocol } = opened;
                let served = if !self.says_something(&mut wire).await {
                    ended.termination = wire.refusal().unwrap_or_default().to_owned();
                    Served {
                        received: wire.received,
                        sent: wire.sent,
                        remote: wire.has_ended(),
                        in_request: false,
                    }
                } else if self.speaks_http2(&mut wire, protocol.as_deref()).await {
                    ended.protocol = Some(Protocol::Http2);
                    Rc::clone(&self).serve_http2(wire, downstream).await
                } else {
                    ended.protocol = Some(Protocol::Http11);
                    self.serve_http1(wire, &downstream).await
                };
                (ended.received, ended.sent) = (served.received, served.sent);
                (served.remote, served.in_request)
            }
            // Whoever fails at shaking hands is thought to have gone (as in Envoy).
            Err(why) => (why == Unopened::Failed, false),
        };
        let stats = &self.stats;
        if secured {
            stats.downstream_cx_ssl_active.sub(1);
        }
        stats.downstream_cx_active.sub(1);
        stats.downstream_cx_destroy.increment();
        let (by, by_in_request) = if remote {
            let in_request = &stats.downstream_cx_destroy_remote_active_rq;
            (&stats.downstream_cx_destroy_remote, in_request)
        } else {
            let in_request = &stats.downstream_cx_destroy_local_active_rq;
            (&stats.downstream_cx_destroy_local, in_request)
        };
        by.increment();
        if in_request {
            stats.downstream_cx_destroy_active_rq.increment();
            by_in_request.increment();
        }
        stats.downstream_cx_length_ms.record(milliseconds(begun));
        stats.downstream_cx_rx_bytes_total.add(ended.received);
        stats.downstream_cx_tx_bytes_total.add(ended.sent);
        ended
    }

    /// Waits for the first bytes of a connection, as long as it may be idle.
    async fn says_something(&self, wire: &mut Wire) -> bool {
        if !wire.input.is_empty() {
            return wire.admit().is_ok();
        }
        let mut timer = Timer::<1>::default();
        timer.set(0, self.config.common.idle_timeout);
        poll_fn(|context| {
            if let Poll::Ready(came) = wire.poll_fill(context) {
                return Poll::Ready(matches!(came, Ok(count) if count > 0));
            }
            timer.poll(context).map(|_| {
                self.stats.downstream_cx_idle_timeout.increment();
                false
            })
        })
        .await
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
}
