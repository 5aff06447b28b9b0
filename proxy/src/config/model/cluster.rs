//! Clusters: who is upstream, and how it is reached.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::address::TcpKeepalive;
use super::endpoint::LoadAssignment;
use super::health::HealthCheck;
use super::protocol::{CommonOptions, UpstreamProtocol};
use super::route::Priority;
use super::source::ConfigSource;
use super::tls::UpstreamTls;
use crate::config::message::Message;

/// A cluster.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// What its statistics are called by.
    pub stat_name: String,
    /// Where its endpoints come from.
    pub discovery: ClusterDiscovery,
    /// How an endpoint is chosen.
    pub balancing: Balancing,
    /// How a connection may take to be there.
    pub connect_timeout: Duration,
    /// Bytes that are buffered for a connection before it is no longer read from; a soft limit.
    pub buffer_limit: u32,
    /// Limits of most requests and of important ones.
    pub limits: Limits,
    /// Most connections to one endpoint, if given.
    pub max_connections_per_host: Option<u32>,
    /// What is spoken.
    pub protocol: UpstreamProtocol,
    /// Options of both HTTP/1 and HTTP/2.
    pub common: CommonOptions,
    /// How TLS finds the name of the server in the request.
    pub automatic_sni: AutomaticSni,
    /// How connections are secured, unless a match says otherwise.
    pub transport: Transport,
    /// The first whose metadata an endpoint has wins over `transport`.
    pub transport_matches: Vec<TransportMatch>,
    /// Where connections come from.
    pub bind: Option<Bind>,
    /// Keeps connections alive, if given.
    pub keepalive: Option<TcpKeepalive>,
    /// Active health checks.
    pub health_checks: Vec<HealthCheck>,
    /// When endpoints are left out because of how they answer.
    pub outliers: Option<OutlierDetection>,
    /// Connections to an endpoint that fails its health checks are closed.
    pub close_on_health_failure: bool,
    /// An endpoint that is discovered no more goes at once, although its health checks pass.
    pub ignore_health_on_removal: bool,
    /// Listeners wait until it has endpoints; nothing for the default of its type.
    pub wait_for_warm_on_init: Option<bool>,
    /// What it was made from, for `/config_dump`.
    pub message: Arc<Message>,
}

/// Where endpoints come from.
#[derive(Debug, Clone)]
pub enum ClusterDiscovery {
    /// They stand here.
    Static(LoadAssignment),
    /// They stand here, with names that are resolved; every address is an endpoint.
    StrictDns(LoadAssignment, Dns),
    /// They are discovered.
    Eds {
        /// Under this name.
        service: String,
        /// Here.
        source: ConfigSource,
    },
    /// The one where the connection went before redirection.
    OriginalDst(OriginalDst),
}

/// How names are resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dns {
    /// How often, unless the answer's lifetime counts.
    pub refresh: Duration,
    /// By how much at most it varies.
    pub jitter: Duration,
    /// How often after a failure: first and last wait; as `refresh` without it.
    pub failure: Option<(Duration, Duration)>,
    /// The answer's lifetime counts.
    pub respect_ttl: bool,
    /// Which addresses are taken.
    pub family: DnsFamily,
}

/// Which addresses of a name are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DnsFamily {
    /// IPv6, or IPv4 if there is none.
    Auto,
    /// IPv4.
    V4Only,
    /// IPv6.
    V6Only,
    /// IPv4, or IPv6 if there is none.
    V4Preferred,
    /// All.
    All,
}

/// How the original destination is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginalDst {
    /// A header of the request says it, in lower case; `x-envoy-original-dst-host` by default.
    pub header: Option<String>,
    /// Another port, if given; 0 is a port here.
    pub port: Option<u16>,
    /// An endpoint that is not used for so long is forgotten.
    pub cleanup_interval: Duration,
}

/// How an endpoint is chosen.
#[derive(Debug, Clone)]
pub struct Balancing {
    /// How.
    pub policy: Policy,
    /// Percent of endpoints that must be healthy, else all are taken; 0 for never.
    pub panic_threshold: f64,
    /// How localities share.
    pub locality: LocalityPolicy,
    /// New endpoints get requests once they have passed a health check.
    pub ignore_new_until_checked: bool,
    /// Connections are drained when endpoints change.
    pub close_connections_on_change: bool,
    /// Ring hash places endpoints by host name.
    pub hash_hostnames: bool,
}

/// How an endpoint is chosen among those that may be.
#[derive(Debug, Clone, PartialEq)]
pub enum Policy {
    /// One after the other.
    RoundRobin,
    /// Of some random ones the one with the fewest requests.
    LeastRequest {
        /// How many random ones; at least 2.
        choices: u32,
        /// With unlike weights: how much requests count against weight.
        active_request_bias: f64,
    },
    /// Any.
    Random,
    /// By a hash, on a ring.
    RingHash {
        /// Points of the ring at least.
        minimum: u64,
        /// Points of the ring at most.
        maximum: u64,
        /// How points are hashed.
        hash: HashFunction,
    },
    /// The cluster says itself: original destination.
    Provided,
}

/// How points of a ring are hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashFunction {
    /// xxHash, 64 bits.
    XxHash,
    /// `MurmurHash2`, 64 bits, as libstdc++ has it.
    MurmurHash2,
}

/// How localities share.
#[derive(Debug, Clone, PartialEq)]
pub enum LocalityPolicy {
    /// By zone, as many requests as possible to the own one.
    ZoneAware {
        /// Percent of requests that are routed so.
        routing_enabled: f64,
        /// Only with so many endpoints.
        min_cluster_size: u64,
        /// In panic, requests fail.
        fail_traffic_on_panic: bool,
    },
    /// By the weights of localities.
    Weighted,
}

/// Limits, by priority.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Of most requests.
    pub default: Thresholds,
    /// Of important requests.
    pub high: Thresholds,
}

impl Limits {
    /// Those of a priority.
    pub fn of(&self, priority: Priority) -> &Thresholds {
        match priority {
            Priority::Default => &self.default,
            Priority::High => &self.high,
        }
    }
}

/// Limits of a cluster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// Connections.
    pub max_connections: u32,
    /// Requests that wait for a connection.
    pub max_pending_requests: u32,
    /// Requests at once.
    pub max_requests: u32,
    /// Retries.
    pub max_retries: MaxRetries,
    /// `remaining_…` statistics are kept.
    pub track_remaining: bool,
}

/// How many retries at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxRetries {
    /// So many.
    Count(u32),
    /// By the requests that are active or pending.
    Budget {
        /// Percent of them.
        percent: f64,
        /// So many in any case.
        minimum: u32,
        /// The number that stands beside it: gauges go by that alone.
        beside: u32,
    },
}

/// How TLS finds the name of the server in the request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AutomaticSni {
    /// SNI is the authority, ...
    pub sni: bool,
    /// ... or this header in lower case, if it is there.
    pub header: Option<String>,
    /// The certificate must be for that name.
    pub validate: bool,
}

/// How connections are secured.
#[derive(Debug, Clone)]
pub enum Transport {
    /// Not at all.
    Plaintext,
    /// By TLS.
    Tls(Arc<UpstreamTls>),
}

/// How connections to some endpoints are secured.
#[derive(Debug, Clone)]
pub struct TransportMatch {
    /// By which statistics are called.
    pub name: String,
    /// What an endpoint's metadata `envoy.transport_socket_match` must hold; empty for all.
    pub criteria: Map<String, Value>,
    /// How.
    pub transport: Transport,
}

impl TransportMatch {
    /// Whether an endpoint with this metadata is meant.
    pub fn matches(&self, metadata: &Map<String, Value>) -> bool {
        self.criteria
            .iter()
            .all(|(key, value)| metadata.get(key) == Some(value))
    }
}

/// Where connections come from, by address family; port 0 for any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bind {
    /// The address for endpoints of its family.
    pub address: SocketAddr,
    /// The address for endpoints of the other family.
    pub other: Option<SocketAddr>,
}

impl Bind {
    /// The address for an endpoint: of its family if there is one, else the first.
    pub fn to(&self, endpoint: SocketAddr) -> SocketAddr {
        let same = |address: &&SocketAddr| address.is_ipv4() == endpoint.is_ipv4();
        let all = [Some(&self.address), self.other.as_ref()];
        *all.into_iter()
            .flatten()
            .find(same)
            .unwrap_or(&self.address)
    }
}

/// When endpoints are left out because of how they answer. Shares are percent of the times that a
/// reason is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutlierDetection {
    /// Server errors in a row.
    pub consecutive_5xx: Ejection,
    /// 502, 503 and 504 in a row.
    pub consecutive_gateway_failure: Ejection,
    /// Failures of ours in a row: connections that fail, timeouts; only if they are split off.
    pub consecutive_local_origin_failure: Ejection,
    /// Failures of ours are counted apart.
    pub split_local_origin: bool,
    /// How often success rates are looked at.
    pub interval: Duration,
    /// How long the first time; the n-th is n times as long.
    pub base_ejection_time: Duration,
    /// How long at most.
    pub max_ejection_time: Duration,
    /// By how much at most that varies.
    pub jitter: Duration,
    /// Percent of endpoints at most.
    pub max_ejection_percent: u32,
    /// One may be left out whatever the percentage says.
    pub always_eject_one: bool,
    /// A health check that passes brings an endpoint back.
    pub health_check_unejects: bool,
    /// By success rate.
    pub success_rate: SuccessRate,
    /// By percentage of failures.
    pub failure_percentage: FailurePercentage,
}

/// A number in a row that is a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ejection {
    /// So many.
    pub count: u32,
    /// Percent of the times.
    pub enforced: u32,
}

/// Leaves out endpoints whose success rate is far below the mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SuccessRate {
    /// Endpoints with enough requests at least.
    pub minimum_hosts: u32,
    /// Requests in an interval that are enough.
    pub request_volume: u32,
    /// Thousandths of standard deviations below the mean.
    pub stdev_factor: u32,
    /// Percent of the times.
    pub enforced: u32,
    /// Percent of the times, by failures of ours.
    pub enforced_local_origin: u32,
}

/// Leaves out endpoints that fail too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailurePercentage {
    /// Percent of requests that fail.
    pub threshold: u32,
    /// Endpoints with enough requests at least.
    pub minimum_hosts: u32,
    /// Requests in an interval that are enough.
    pub request_volume: u32,
    /// Percent of the times.
    pub enforced: u32,
    /// Percent of the times, by failures of ours.
    pub enforced_local_origin: u32,
}
