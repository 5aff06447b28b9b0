//! Active health checks.

use std::ops::Range;
use std::time::Duration;

use serde_json::{Map, Value};

use super::header::HeaderChanges;
use super::matcher::StringMatcher;

/// An active health check.
#[derive(Debug, Clone)]
pub struct HealthCheck {
    /// Its name; may be empty where there is only one.
    pub name: String,
    /// What is asked.
    pub check: Check,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How often an endpoint is asked, ...
    pub interval: Duration,
    /// ... and how often when the cluster has had no traffic yet, ...
    pub no_traffic_interval: Duration,
    /// ... and when it is healthy without traffic, ...
    pub no_traffic_healthy_interval: Duration,
    /// ... and when it is not healthy, ...
    pub unhealthy_interval: Duration,
    /// ... and when it has just become so, ...
    pub unhealthy_edge_interval: Duration,
    /// ... and when it has just become healthy.
    pub healthy_edge_interval: Duration,
    /// By how much at most the first time varies.
    pub initial_jitter: Duration,
    /// By how much at most the others vary.
    pub jitter: Duration,
    /// By how many percent of the interval at most the others vary.
    pub jitter_percent: u32,
    /// Failures in a row until it is not healthy; an HTTP status that is not expected needs only one.
    pub unhealthy_threshold: u32,
    /// Successes in a row until it is healthy; the first time needs only one.
    pub healthy_threshold: u32,
    /// Another port for all endpoints, if given.
    pub port: Option<u16>,
    /// Connections are kept between checks.
    pub reuse_connection: bool,
    /// Every failure is logged, not only changes.
    pub log_failures: bool,
    /// Every success is logged.
    pub log_successes: bool,
    /// Chooses among the transport socket matches in the stead of the endpoint's metadata, if given.
    pub transport_criteria: Option<Map<String, Value>>,
}

/// What is asked.
#[derive(Debug, Clone)]
pub enum Check {
    /// A request.
    Http(Box<HttpCheck>),
    /// A connection, and perhaps an answer.
    Tcp {
        /// What is sent; nothing if empty.
        send: Vec<u8>,
        /// What must come, in this order, with anything between.
        receive: Vec<Vec<u8>>,
    },
    /// `grpc.health.v1.Health/Check`.
    Grpc {
        /// The service; empty for the server.
        service: String,
        /// The `:authority`; the cluster's name if empty.
        authority: String,
        /// Headers of the call.
        headers: HeaderChanges,
    },
}

/// A request that checks health.
#[derive(Debug, Clone)]
pub struct HttpCheck {
    /// The method.
    pub method: &'static str,
    /// The authority; the endpoint's host name, else the cluster's name, if empty.
    pub host: String,
    /// The path.
    pub path: String,
    /// The body.
    pub send: Vec<u8>,
    /// What the body of the answer must hold, in this order.
    pub receive: Vec<Vec<u8>>,
    /// Bytes of the answer's body that are looked at; 0 for all.
    pub response_buffer_size: u64,
    /// Headers of the request.
    pub headers: HeaderChanges,
    /// Status codes that are expected.
    pub expected: Vec<Range<i64>>,
    /// Status codes that count as a failure in a row, not as one that is enough.
    pub retriable: Vec<Range<i64>>,
    /// HTTP/2 is spoken.
    pub http2: bool,
    /// What `x-envoy-upstream-healthchecked-cluster` of the answer must be, if given.
    pub service_name: Option<StringMatcher>,
}
