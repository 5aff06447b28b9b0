//! Lends a connection, or a stream of one, to a request.

use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::super::tunnel::Tunnel;
use super::super::upstream::Upstream;
use super::carrier::{Carrier, Http1};
use super::host::HostPool;
use crate::facts;
use crate::http::headers::Headers;
use crate::http::message::{Protocol, RequestHead, ResponseHead};
use crate::multiplex::Ending;
use crate::stream::{BodyEvent, Broken, ResponseEvent, Upstream as Stream};
use crate::upstream::Resource;

/// A stream for one request to a host. When it is dropped the request is over: what was not answered is reset.
pub enum Lease {
    /// Of a connection of HTTP, which serves the next request afterwards if it can.
    Pooled(Pooled),
    /// A connection of its own, which carries the request's body as bytes.
    Tunnel(Box<Tunnel>),
}

/// A connection, or a stream of one, on loan.
pub struct Pooled {
    // Taken out only when this is dropped.
    carrier: Option<Carrier>,
    upstream: Rc<Upstream>,
    pool: Rc<HostPool>,
}

impl Lease {
    pub(super) fn new(carrier: Carrier, upstream: &Rc<Upstream>, pool: &Rc<HostPool>) -> Self {
        Self::Pooled(Pooled {
            carrier: Some(carrier),
            upstream: Rc::clone(upstream),
            pool: Rc::clone(pool),
        })
    }

    /// The version of HTTP that the upstream is spoken to in, if it is.
    pub fn protocol(&self) -> Option<Protocol> {
        match self {
            Self::Tunnel(_) => None,
            Self::Pooled(pooled) => Some(match pooled.carrier {
                Some(Carrier::Http2(..)) => Protocol::Http2,
                _ => Protocol::Http11,
            }),
        }
    }

    /// The TLS of the connection.
    pub fn tls(&self) -> Option<Rc<facts::Tls>> {
        let Self::Pooled(pooled) = self else {
            return None;
        };
        match pooled.carrier.as_ref()? {
            Carrier::Http1(http1) => http1.tls.clone(),
            Carrier::Http2(_, connection) => connection.tls.clone(),
        }
    }

    /// Our end of the connection.
    pub fn local(&self) -> Option<SocketAddr> {
        match self {
            Self::Tunnel(tunnel) => tunnel.local(),
            Self::Pooled(pooled) => match pooled.carrier.as_ref()? {
                Carrier::Http1(http1) => http1.counted.local(),
                Carrier::Http2(_, connection) => connection.local,
            },
        }
    }

    fn stream(&mut self) -> &mut dyn Stream {
        match self {
            Self::Tunnel(tunnel) => tunnel.as_mut(),
            Self::Pooled(pooled) => match pooled.carrier.as_mut().expect("taken only by drop") {
                Carrier::Http1(http1) => &mut http1.connection,
                Carrier::Http2(stream, _) => stream,
            },
        }
    }
}

impl Pooled {
    fn end_http1(&self, mut http1: Box<Http1>) {
        let Http1 {
            connection,
            counted,
            life,
            ..
        } = &mut *http1;
        counted.note(&connection.wire);
        if !connection.is_between_requests() {
            counted.breaks_request();
        }
        if connection.is_told_to_close() {
            let notified = &self.upstream.stats.upstream_cx_close_notify;
            notified.increment();
        }
        if connection.broke_protocol() {
            counted.broke_protocol();
        }
        if connection.may_go_on() && !life.ends(false, &self.upstream.stats) {
            return self.pool.give_back(&self.upstream, http1);
        }
        if connection.wire.has_ended() && !connection.is_tunnel() {
            counted.ended_by_host();
        }
        drop(http1);
        self.pool.lost(&self.upstream);
    }
}

impl Pooled {
    /// Counts how a stream of HTTP/2 has ended. Envoy does not count refused ones.
    fn count_ending(&self, ending: Option<Ending>) {
        let stats = &self.upstream.stats;
        match ending {
            Some(Ending::Local | Ending::Broken(Broken::Protocol)) => {
                stats.upstream_rq_tx_reset.increment();
            }
            Some(Ending::Broken(Broken::Reset)) => stats.upstream_rq_rx_reset.increment(),
            Some(Ending::Broken(Broken::Connection)) => {
                stats.upstream_rq_pending_failure_eject.increment();
            }
            Some(Ending::Whole | Ending::Broken(Broken::Refused)) | None => {}
        }
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        self.upstream.end_request(&self.pool.host);
        self.upstream.give(self.pool.priority, Resource::Requests);
        match self.carrier.take() {
            Some(Carrier::Http1(http1)) => self.end_http1(http1),
            Some(Carrier::Http2(mut stream, connection)) => {
                let ending = stream.end();
                let answered = ending == Some(Ending::Whole);
                self.count_ending(ending);
                drop(stream);
                self.pool.stream_over(&self.upstream, &connection, answered);
            }
            None => {}
        }
    }
}

impl Stream for Lease {
    fn send_head(&mut self, head: &RequestHead, end: bool) {
        self.stream().send_head(head, end);
    }

    fn send_data(&mut self, data: &[u8], end: bool) {
        self.stream().send_data(data, end);
    }

    fn send_trailers(&mut self, trailers: &Headers) {
        self.stream().send_trailers(trailers);
    }

    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        self.stream().poll_room(context)
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        self.stream().poll_flush(context)
    }

    fn poll_response(
        &mut self,
        context: &mut Context<'_>,
        head: &mut ResponseHead,
    ) -> Poll<Result<ResponseEvent, Broken>> {
        self.stream().poll_response(context, head)
    }

    fn poll_body(
        &mut self,
        context: &mut Context<'_>,
        data: &mut Vec<u8>,
        trailers: &mut Headers,
    ) -> Poll<Result<BodyEvent, Broken>> {
        self.stream().poll_body(context, data, trailers)
    }

    fn reset(&mut self) {
        self.stream().reset();
    }
}
