//! Listeners: where connections come in, and which filter chain takes them.

use std::sync::Arc;
use std::time::Duration;

use super::access_log::AccessLog;
use super::address::{Address, Network, TcpKeepalive};
use super::http::HttpConnectionManager;
use super::matcher::PortPredicate;
use super::rbac::NetworkRbac;
use super::tcp::TcpProxy;
use super::tls::DownstreamTls;
use crate::config::message::Message;

/// A listener.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "the options of Envoy")]
pub struct Listener {
    /// Its name, which is never empty: Envoy gives one at random, we the address.
    pub name: String,
    /// What its statistics are called by in the stead of the address; may be empty.
    pub stat_prefix: String,
    /// Where it listens; one or more.
    pub addresses: Vec<Address>,
    /// Without it nothing is bound, and connections come from a listener with `use_original_dst`.
    pub bind_to_port: bool,
    /// Connections go on to the listener of their original destination, if there is one.
    pub use_original_dst: bool,
    /// Which way connections go.
    pub direction: Direction,
    /// What looks at a connection before a chain is chosen, in this order.
    pub listener_filters: Vec<ListenerFilter>,
    /// How long listener filters may take; nothing for no end.
    pub listener_filters_timeout: Option<Duration>,
    /// When they take longer, the connection goes on with what is known; else it is closed.
    pub continue_on_listener_filters_timeout: bool,
    /// Which of them takes a connection is told by Envoy's order of criteria, not by theirs.
    pub chains: Vec<Arc<FilterChain>>,
    /// Takes what no other chain takes; without it such connections are closed.
    pub default_chain: Option<Arc<FilterChain>>,
    /// Bytes that are buffered for a connection before it is no longer read from; a soft limit.
    pub buffer_limit: u32,
    /// Connections that wait to be accepted.
    pub backlog: Option<u32>,
    /// `IP_TRANSPARENT`, if given.
    pub transparent: Option<bool>,
    /// `IP_FREEBIND`, if given.
    pub freebind: Option<bool>,
    /// Keeps connections alive, if given.
    pub keepalive: Option<TcpKeepalive>,
    /// Its connections do not count against [`super::Bootstrap::max_downstream_connections`].
    pub ignore_global_limit: bool,
    /// Logs of connections.
    pub access_logs: Vec<AccessLog>,
    /// What it was made from, for `/config_dump`.
    pub message: Arc<Message>,
}

/// Which way connections go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Not said.
    Unspecified,
    /// To the application.
    Inbound,
    /// From the application.
    Outbound,
}

/// Something that looks at a connection before a chain is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerFilter {
    /// What.
    pub kind: ListenerFilterKind,
    /// It is left out on these ports.
    pub disabled: Option<PortPredicate>,
}

/// What looks at a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListenerFilterKind {
    /// Asks the kernel for the destination before redirection.
    OriginalDst,
    /// Reads SNI and ALPN of a `ClientHello`.
    TlsInspector {
        /// A `ClientHello` that cannot be read closes the connection.
        close_on_error: bool,
    },
    /// Tells HTTP/1.0, HTTP/1.1 and HTTP/2 by their first bytes.
    HttpInspector,
}

/// A filter chain.
#[derive(Debug, Clone)]
pub struct FilterChain {
    /// Its name; may be empty.
    pub name: String,
    /// Which connections it takes.
    pub matcher: FilterChainMatch,
    /// TLS, if connections are to speak it.
    pub tls: Option<DownstreamTls>,
    /// How long a TLS handshake may take; nothing for no end.
    pub handshake_timeout: Option<Duration>,
    /// Who may connect; all of these must say so.
    pub rbac: Vec<NetworkRbac>,
    /// What is done with a connection.
    pub filter: NetworkFilter,
}

/// What is done with a connection.
#[derive(Debug, Clone)]
pub enum NetworkFilter {
    /// It is closed: a chain without filters.
    Close,
    /// Its bytes go to a cluster.
    TcpProxy(Arc<TcpProxy>),
    /// Its requests are routed.
    Http(Arc<HttpConnectionManager>),
}

/// Which connections a chain takes. What is empty matches all; the rest is compared in Envoy's order:
/// destination port, destination, server name, transport protocol, application protocols, direct
/// source, source type, source, source port; the most specific wins at each step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilterChainMatch {
    /// The destination port.
    pub destination_port: Option<u16>,
    /// The destination.
    pub destinations: Vec<Network>,
    /// Names of SNI in lower case; `*.` at the front for all names below.
    pub server_names: Vec<String>,
    /// `tls` or `raw_buffer`, as the TLS inspector found.
    pub transport_protocol: String,
    /// Any of these, as offered by ALPN or found by the HTTP inspector.
    pub application_protocols: Vec<String>,
    /// The peer that connected.
    pub direct_sources: Vec<Network>,
    /// Whether the source is this host.
    pub source_type: SourceType,
    /// The source.
    pub sources: Vec<Network>,
    /// The source port.
    pub source_ports: Vec<u16>,
}

/// Where a connection comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceType {
    /// Anywhere.
    #[default]
    Any,
    /// The same address as the destination, or loopback.
    SameIpOrLoopback,
    /// Another.
    External,
}
