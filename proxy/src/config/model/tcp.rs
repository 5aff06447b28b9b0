//! The TCP proxy: bytes to a cluster.

use std::time::Duration;

use serde_json::{Map, Value};

use super::access_log::AccessLog;
use super::format::Format;
use super::header::HeaderChanges;
use super::retry::BackOff;

/// Sends the bytes of a connection to a cluster.
#[derive(Debug, Clone)]
pub struct TcpProxy {
    /// What its statistics are called by.
    pub stat_prefix: String,
    /// Where to; with their weights, which are at least 1. A cluster may not be there: then
    /// connections are closed, as by Envoy.
    pub clusters: Vec<TcpCluster>,
    /// Closes a connection on which nothing was sent for so long.
    pub idle_timeout: Option<Duration>,
    /// How many endpoints are tried at most; at least 1.
    pub max_connect_attempts: u32,
    /// How long to wait between them; not at all without it.
    pub back_off: Option<BackOff>,
    /// The source address chooses the endpoint where the cluster hashes.
    pub hash_source_ip: bool,
    /// Bytes go in a CONNECT or POST stream of HTTP.
    pub tunneling: Option<Tunneling>,
    /// Closes a connection after so long.
    pub max_connection_duration: Option<Duration>,
    /// Logs of connections.
    pub access_logs: Vec<AccessLog>,
    /// A line is also written this often.
    pub log_flush_interval: Option<Duration>,
    /// A line is also written once the upstream is connected.
    pub log_on_connected: bool,
}

/// A cluster that bytes may go to.
#[derive(Debug, Clone, PartialEq)]
pub struct TcpCluster {
    /// Its name.
    pub name: String,
    /// Its share.
    pub weight: u32,
    /// What the metadata `envoy.lb` of endpoints must hold; for transport socket matches and hashes.
    pub metadata: Map<String, Value>,
}

/// How bytes go in a stream of HTTP.
#[derive(Debug, Clone)]
pub struct Tunneling {
    /// The `:authority` of the stream.
    pub hostname: Format,
    /// POST to this path in the stead of CONNECT.
    pub post_path: Option<String>,
    /// Headers of the stream.
    pub headers: HeaderChanges,
}
