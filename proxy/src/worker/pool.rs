//! Keeps connections to upstream hosts for the next request.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::task::spawn_local;

use super::Worker;
use super::connection::{ConnectFailure, Counted};
use super::upstream::Upstream;
use crate::config::model::protocol::{CommonOptions, Http1Options, Http2Options, UpstreamProtocol};
use crate::http::headers::Headers;
use crate::http::message::{Protocol, RequestHead, ResponseHead};
use crate::http1::{self, head::Limits};
use crate::http2;
use crate::multiplex::{self, Driver, Shared};
use crate::stream::{BodyEvent, Broken, ResponseEvent, Upstream as Stream};
use crate::upstream::{Host, HostId};

/// Connections of one cluster in one worker.
#[derive(Default)]
pub struct Pool {
    hosts: RefCell<HashMap<HostId, Connections>>,
}

/// Connections to one host.
#[derive(Default)]
struct Connections {
    idle: Vec<Http1>,
    multiplexed: Vec<Rc<RefCell<Shared>>>,
}

/// A connection of HTTP/1 with its place in the books.
struct Http1 {
    connection: http1::client::Connection,
    counted: Counted,
}

/// A stream for one request to a host.
pub enum Lease {
    /// A whole connection of HTTP/1, which goes back to its pool.
    Http1(Box<Http1Lease>),
    /// A stream of HTTP/2.
    Http2(multiplex::client::Stream),
}

/// A connection of HTTP/1 for as long as a request lasts.
pub struct Http1Lease {
    // Taken out only when this is dropped.
    held: Option<Http1>,
    upstream: Rc<Upstream>,
}

impl Pool {
    /// A stream to a host: on a connection that is there, else on a new one.
    ///
    /// # Errors
    /// No connection came to be.
    pub async fn lease(
        upstream: &Rc<Upstream>,
        host: &Arc<Host>,
        worker: &Worker,
        downstream: Protocol,
    ) -> Result<Lease, ConnectFailure> {
        let config = upstream.cluster().config();
        match &config.protocol {
            UpstreamProtocol::Http1(options) => {
                Self::http1(upstream, host, worker, options, &config.common).await
            }
            UpstreamProtocol::Http2(options) => Self::http2(upstream, host, worker, options).await,
            UpstreamProtocol::Auto(http1, http2)
            | UpstreamProtocol::SameAsDownstream(http1, http2) => {
                if downstream == Protocol::Http2 {
                    Self::http2(upstream, host, worker, http2).await
                } else {
                    Self::http1(upstream, host, worker, http1, &config.common).await
                }
            }
        }
    }

    async fn http1(
        upstream: &Rc<Upstream>,
        host: &Arc<Host>,
        worker: &Worker,
        options: &Http1Options,
        common: &CommonOptions,
    ) -> Result<Lease, ConnectFailure> {
        let held = if let Some(idle) = upstream.pool.idle(host.id) {
            idle
        } else {
            let (wire, counted) = upstream.connect(host, worker).await?;
            upstream.stats.upstream_cx_http1_total.increment();
            let settings = http1::client::Settings {
                head_size: kilobytes(common.max_response_headers_kb.unwrap_or(60)),
                limits: Limits {
                    headers: count(common.max_headers_count),
                    allow_chunked_length: options.allow_chunked_length,
                    allow_custom_methods: options.allow_custom_methods,
                },
                trailers: options.enable_trailers,
            };
            Http1 {
                connection: http1::client::Connection::new(wire, settings),
                counted,
            }
        };
        Ok(Lease::Http1(Box::new(Http1Lease {
            held: Some(held),
            upstream: Rc::clone(upstream),
        })))
    }

    /// An idle connection that has not ended meanwhile.
    fn idle(&self, host: HostId) -> Option<Http1> {
        let mut hosts = self.hosts.borrow_mut();
        let connections = hosts.get_mut(&host)?;
        while let Some(mut idle) = connections.idle.pop() {
            let mut context = Context::from_waker(Waker::noop());
            if idle.connection.poll_idle_end(&mut context).is_pending() {
                return Some(idle);
            }
            idle.counted.ended_by_host();
        }
        None
    }

    fn give_back(&self, http1: Http1) {
        let mut hosts = self.hosts.borrow_mut();
        let host = http1.counted.host().id;
        hosts.entry(host).or_default().idle.push(http1);
    }

    async fn http2(
        upstream: &Rc<Upstream>,
        host: &Arc<Host>,
        worker: &Worker,
        options: &Http2Options,
    ) -> Result<Lease, ConnectFailure> {
        if let Some(shared) = upstream.pool.multiplexed(host.id) {
            return Ok(Lease::Http2(multiplex::client::Stream::new(shared)));
        }
        let (wire, counted) = upstream.connect(host, worker).await?;
        upstream.stats.upstream_cx_http2_total.increment();
        let codec = http2::Connection::client(settings(options));
        let shared = Rc::new(RefCell::new(Shared::new(codec, wire)));
        let mut hosts = upstream.pool.hosts.borrow_mut();
        let connections = hosts.entry(host.id).or_default();
        connections.multiplexed.push(Rc::clone(&shared));
        drive(Rc::clone(&shared), counted);
        Ok(Lease::Http2(multiplex::client::Stream::new(shared)))
    }

    /// A connection of HTTP/2 on which another stream may be opened.
    fn multiplexed(&self, host: HostId) -> Option<Rc<RefCell<Shared>>> {
        let mut hosts = self.hosts.borrow_mut();
        let connections = hosts.get_mut(&host)?;
        connections
            .multiplexed
            .retain(|it| !it.borrow().has_ended());
        let free = connections.multiplexed.iter();
        free.into_iter().find(|it| it.borrow().may_open()).cloned()
    }
}

/// Moves the bytes of a connection of HTTP/2 until it ends.
fn drive(shared: Rc<RefCell<Shared>>, mut counted: Counted) {
    let mut driver = Driver::new(Rc::clone(&shared));
    spawn_local(async move {
        poll_fn(|context| {
            let ended = driver.poll(context, |_, _, _| {});
            shared.borrow().note(&mut counted);
            ended
        })
        .await;
        counted.ended_by_host();
    });
}

/// The codec's settings from the configuration.
pub(crate) fn settings(options: &Http2Options) -> http2::Settings {
    http2::Settings {
        hpack_table_size: options.hpack_table_size,
        max_concurrent_streams: options.max_concurrent_streams,
        initial_stream_window_size: options.initial_stream_window_size,
        initial_connection_window_size: options.initial_connection_window_size,
        allow_connect: options.allow_connect,
        max_outbound_frames: options.max_outbound_frames,
        max_outbound_control_frames: options.max_outbound_control_frames,
        max_consecutive_inbound_frames_with_empty_payload: options
            .max_consecutive_inbound_frames_with_empty_payload,
        max_inbound_priority_frames_per_stream: options.max_inbound_priority_frames_per_stream,
        max_inbound_window_update_frames_per_data_frame_sent: options
            .max_inbound_window_update_frames_per_data_frame_sent,
        override_stream_error_on_invalid_http_message: options
            .keep_connection_on_malformed
            .unwrap_or(false),
        ..http2::Settings::default()
    }
}

pub(crate) fn kilobytes(number: u32) -> usize {
    count(number).saturating_mul(1024)
}

pub(crate) fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Drop for Http1Lease {
    fn drop(&mut self) {
        let Some(mut http1) = self.held.take() else {
            return;
        };
        http1.counted.note(&http1.connection.wire);
        if !http1.connection.is_between_requests() {
            http1.counted.breaks_request();
        }
        if http1.connection.broke_protocol() {
            http1.counted.broke_protocol();
        }
        if http1.connection.may_go_on() {
            self.upstream.pool.give_back(http1);
        } else if http1.connection.wire.has_ended() {
            http1.counted.ended_by_host();
        }
    }
}

impl Lease {
    /// The version that the upstream is spoken to in.
    pub fn protocol(&self) -> Protocol {
        match self {
            Self::Http1(_) => Protocol::Http11,
            Self::Http2(_) => Protocol::Http2,
        }
    }

    fn stream(&mut self) -> &mut dyn Stream {
        match self {
            Self::Http2(stream) => stream,
            Self::Http1(lease) => &mut lease.held.as_mut().expect("taken only by drop").connection,
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
