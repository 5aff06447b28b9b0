//! Counts a connection to an upstream host, from its first step to its end.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use tokio::time::Instant;

use super::upstream::Upstream;
use crate::config::model::route::Priority;
use crate::facts;
use crate::http::message::Protocol;
use crate::stats::{ClusterStats, Handle};
use crate::upstream::{Cluster, Host, Resource};
use crate::wire::Wire;

/// Why no connection came to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectFailure {
    /// The cluster has as many as it may have.
    Overflow,
    /// It took too long.
    Timeout,
    /// The host, or the network, refused.
    Refused(io::ErrorKind),
    /// The host has no address that can be dialled.
    Unreachable,
    /// TLS failed, for this reason in Envoy's words.
    Handshake(Rc<str>),
}

impl ConnectFailure {
    /// Why the transport failed, in Envoy's words; empty if it did not.
    pub fn reason(&self) -> String {
        let kind = match self {
            Self::Refused(kind) => kind,
            Self::Handshake(reason) => return reason.to_string(),
            Self::Overflow | Self::Timeout | Self::Unreachable => return String::new(),
        };
        let text = match kind {
            io::ErrorKind::ConnectionRefused => "Connection refused",
            io::ErrorKind::ConnectionReset => "Connection reset by peer",
            io::ErrorKind::HostUnreachable => "No route to host",
            io::ErrorKind::NetworkUnreachable => "Network is unreachable",
            io::ErrorKind::TimedOut => "Connection timed out",
            io::ErrorKind::AddrNotAvailable => "Cannot assign requested address",
            io::ErrorKind::PermissionDenied => "Permission denied",
            _ => return String::new(),
        };
        format!("delayed connect error: {text}")
    }
}

/// A connection that has come to be.
pub struct Connected {
    /// Its bytes.
    pub wire: Wire,
    /// Its place in the books.
    pub counted: Counted,
    /// What both sides agreed upon by ALPN, if they did.
    pub agreed: Option<Protocol>,
    /// Its TLS.
    pub tls: Option<Rc<facts::Tls>>,
}

/// A connection's place in the books of its cluster and host. It is given back when this is dropped.
pub struct Counted {
    host: Arc<Host>,
    cluster: Arc<Cluster>,
    stats: Handle<ClusterStats>,
    worker: usize,
    priority: Priority,
    begun: Instant,
    local: Option<SocketAddr>,
    made: bool,
    remote: bool,
    active: bool,
    received: u64,
    sent: u64,
}

impl Counted {
    /// One more connection, although there may be none left.
    pub(super) fn begin(upstream: &Upstream, host: &Arc<Host>, priority: Priority) -> Self {
        let (worker, cluster) = (upstream.worker(), Arc::clone(upstream.cluster()));
        let breakers = cluster.breakers();
        breakers.take(worker, priority, Resource::Connections);
        upstream.stats.upstream_cx_total.increment();
        upstream.stats.upstream_cx_active.add(1);
        let traffic = host.traffic(worker);
        traffic.cx_total.increment();
        traffic.cx_active.add(1);
        Self {
            host: Arc::clone(host),
            cluster,
            stats: upstream.stats.clone(),
            worker,
            priority,
            begun: Instant::now(),
            local: None,
            made: false,
            remote: false,
            active: false,
            received: 0,
            sent: 0,
        }
    }

    /// Our end of it.
    pub fn local(&self) -> Option<SocketAddr> {
        self.local
    }

    /// Tells which our end of it is.
    pub(super) fn set_local(&mut self, local: Option<SocketAddr>) {
        self.local = local;
    }

    /// It came to be.
    pub(super) fn made(&mut self) {
        let took = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.stats.upstream_cx_connect_ms.record(took);
        self.begun = Instant::now();
        self.made = true;
    }

    /// It did not come to be.
    pub(super) fn failed(mut self, failure: ConnectFailure) -> ConnectFailure {
        self.remote = matches!(
            failure,
            ConnectFailure::Refused(_) | ConnectFailure::Handshake(_)
        );
        self.stats.upstream_cx_connect_fail.increment();
        self.host.traffic(self.worker).cx_connect_fail.increment();
        failure
    }

    /// The host.
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// Counts the bytes that moved since the last time.
    pub fn note(&mut self, wire: &Wire) {
        let stats = &self.stats;
        stats
            .upstream_cx_rx_bytes_total
            .add(wire.received - self.received);
        stats.upstream_cx_tx_bytes_total.add(wire.sent - self.sent);
        (self.received, self.sent) = (wire.received, wire.sent);
    }

    /// It is not read from while its other side does not take what there is, or is read from again.
    pub fn waits(&self, waits: bool) {
        let stats = &self.stats;
        if waits {
            stats.upstream_flow_control_paused_reading_total.increment();
        } else {
            stats
                .upstream_flow_control_resumed_reading_total
                .increment();
        }
    }

    /// It ends in the middle of a request.
    pub fn breaks_request(&mut self) {
        self.active = true;
    }

    /// It ends after its request.
    pub fn completes_request(&mut self) {
        self.active = false;
    }

    /// The host broke the protocol.
    pub fn broke_protocol(&self) {
        self.stats.upstream_cx_protocol_error.increment();
    }

    /// The host ended it, and not we.
    pub fn ended_by_host(&mut self) {
        self.remote = true;
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let breakers = self.cluster.breakers();
        breakers.give(self.worker, self.priority, Resource::Connections);
        self.stats.upstream_cx_active.sub(1);
        self.host.traffic(self.worker).cx_active.sub(1);
        if self.made {
            let lasted = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.stats.upstream_cx_length_ms.record(lasted);
        }
        self.stats.upstream_cx_destroy.increment();
        let stats = &self.stats;
        let (ended, with_request) = if self.remote {
            let with_request = &stats.upstream_cx_destroy_remote_with_active_rq;
            (&stats.upstream_cx_destroy_remote, with_request)
        } else {
            let with_request = &stats.upstream_cx_destroy_local_with_active_rq;
            (&stats.upstream_cx_destroy_local, with_request)
        };
        ended.increment();
        if self.active {
            with_request.increment();
            stats.upstream_cx_destroy_with_active_rq.increment();
        }
    }
}
