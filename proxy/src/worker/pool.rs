//! Keeps connections to upstream hosts for the next request, and requests that wait for a connection.
//!
//! There is a [`HostPool`] for each host, priority and protocol, as in Envoy. A request that finds a connection ready
//! takes it at once; any other waits in the pool's queue, and the pool connects until what it connects can carry all
//! that wait. A connection belongs to the pool and not to the request for which it was made.

mod carrier;
mod host;
mod in_use;
mod lease;
mod life;
mod queue;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::connection::ConnectFailure;
use super::raw::Raw;
use super::secure::ServerName;
use super::tunnel::Tunnel;
use super::upstream::Upstream;
use crate::config::model::protocol::{Http2Options, UpstreamProtocol};
use crate::config::model::route::Priority;
use crate::http::message::Protocol;
use crate::http2;
use crate::upstream::{Host, HostId};

use host::HostPool;
pub use lease::Lease;

/// Connections of one cluster in one worker.
#[derive(Default)]
pub struct Pool {
    hosts: RefCell<HashMap<Key, Rc<HostPool>>>,
}

/// What a connection must have in common with a request.
type Key = (HostId, Priority, Spoken, Option<ServerName>);

/// What the connections of a pool speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Spoken {
    /// HTTP/1.
    Http1,
    /// HTTP/2.
    Http2,
    /// What ALPN says once a connection is there.
    Negotiated,
}

impl Spoken {
    /// The protocols that are offered where the cluster names none.
    pub(super) fn protocols(self) -> &'static [&'static [u8]] {
        match self {
            Self::Http1 => &[b"http/1.1"],
            Self::Http2 => &[b"h2"],
            Self::Negotiated => &[b"h2", b"http/1.1"],
        }
    }

    /// What is spoken to a cluster's hosts for a request that came in some version.
    fn of(protocol: &UpstreamProtocol, downstream: Protocol) -> Self {
        match protocol {
            UpstreamProtocol::Http2(_) => Self::Http2,
            UpstreamProtocol::Auto(..) => Self::Negotiated,
            UpstreamProtocol::SameAsDownstream(..) if downstream == Protocol::Http2 => Self::Http2,
            UpstreamProtocol::Http1(_) | UpstreamProtocol::SameAsDownstream(..) => Self::Http1,
        }
    }
}

impl Pool {
    /// A stream to a host: on a connection that is ready, else on the first that will be. Whoever no longer waits drops
    /// the future.
    ///
    /// # Errors
    /// A limit of the cluster is reached, or no connection came to be.
    pub async fn lease(
        upstream: &Rc<Upstream>,
        host: &Arc<Host>,
        priority: Priority,
        downstream: Protocol,
        name: Option<&ServerName>,
    ) -> Result<Lease, ConnectFailure> {
        let spoken = Spoken::of(&upstream.cluster().config().protocol, downstream);
        let pool = upstream.pool.of(host, priority, spoken, name);
        if let Some(carrier) = pool.ready() {
            return pool.admit(upstream, carrier);
        }
        pool.wait(upstream).await
    }

    /// A connection of its own for bytes.
    ///
    /// # Errors
    /// A limit of the cluster is reached, or no connection came to be.
    pub async fn tunnel(
        upstream: &Rc<Upstream>,
        host: &Arc<Host>,
    ) -> Result<Lease, ConnectFailure> {
        let raw = Raw::connect(upstream, host).await?;
        Ok(Lease::Tunnel(Box::new(Tunnel::new(raw))))
    }

    /// A host is not well: its connections end once nothing is on them, and later requests get new ones.
    pub(super) fn drain(&self, upstream: &Rc<Upstream>, host: HostId) {
        for pool in self.of_host(host) {
            pool.drain(upstream);
        }
    }

    /// A host is a member no more.
    pub(super) fn forget(&self, host: HostId) {
        self.hosts.borrow_mut().retain(|key, _| key.0 != host);
    }

    fn of_host(&self, host: HostId) -> Vec<Rc<HostPool>> {
        let hosts = self.hosts.borrow();
        let pools = hosts.iter().filter(|(key, _)| key.0 == host);
        pools.map(|(_, pool)| Rc::clone(pool)).collect()
    }

    fn of(
        &self,
        host: &Arc<Host>,
        priority: Priority,
        spoken: Spoken,
        name: Option<&ServerName>,
    ) -> Rc<HostPool> {
        let mut hosts = self.hosts.borrow_mut();
        let key = (host.id, priority, spoken, name.cloned());
        if let Some(pool) = hosts.get(&key) {
            return Rc::clone(pool);
        }
        if name.is_some() {
            // Clients choose the name: what nobody uses any more must go.
            hosts.retain(|key, pool| key.3.is_none() || !pool.is_unused());
        }
        let pool = HostPool::new(Arc::clone(host), priority, spoken, name.cloned());
        let pool = Rc::new(pool);
        hosts.insert(key, Rc::clone(&pool));
        pool
    }
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

#[cfg(test)]
mod tests;
