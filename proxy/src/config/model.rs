//! The configuration as the data plane uses it: read once, wholly valid, defaults filled in.

pub mod access_log;
pub mod address;
pub mod cluster;
pub mod endpoint;
pub mod fault;
pub mod format;
pub mod header;
pub mod health;
pub mod http;
pub mod listener;
pub mod matcher;
pub mod protocol;
pub mod rbac;
pub mod retry;
pub mod route;
pub mod source;
pub mod tcp;
pub mod tls;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use access_log::AccessLog;
use address::Address;
use cluster::Cluster;
use listener::Listener;
use matcher::StringMatcher;
use source::{ApiSource, ConfigSource};
use tls::Secret;

use super::message::Message;

/// Everything that a bootstrap says.
#[derive(Debug, Clone)]
pub struct Bootstrap {
    /// Who this proxy is.
    pub node: Node,
    /// The admin endpoint, if there is one.
    pub admin: Option<Admin>,
    /// Static listeners, each name once.
    pub listeners: Vec<Arc<Listener>>,
    /// Static clusters, each name once.
    pub clusters: Vec<Arc<Cluster>>,
    /// Static secrets, each name once.
    pub secrets: Vec<Arc<Secret>>,
    /// Where everything else is discovered.
    pub discovery: Discovery,
    /// The runtime keys that are honoured.
    pub runtime: Runtime,
    /// How statistics are kept.
    pub statistics: Statistics,
    /// Most connections from downstream over all listeners; more are closed at once.
    pub max_downstream_connections: Option<u64>,
    /// What all of this was made from, for `/config_dump`.
    pub message: Arc<Message>,
}

/// Who a proxy is, as it tells a control plane.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// The proxy's own name.
    pub id: String,
    /// The name of its group.
    pub cluster: String,
    /// Anything more.
    pub metadata: Map<String, Value>,
    /// Where it stands.
    pub locality: Locality,
}

/// Where something stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Locality {
    /// The region.
    pub region: String,
    /// The zone of the region.
    pub zone: String,
    /// The part of the zone.
    pub sub_zone: String,
}

/// The admin endpoint.
#[derive(Debug, Clone)]
pub struct Admin {
    /// Where it listens.
    pub address: Address,
    /// Logs of requests to it.
    pub access_logs: Vec<AccessLog>,
}

/// Where resources are discovered.
#[derive(Debug, Clone, Default)]
pub struct Discovery {
    /// The one stream for everything, if there is one.
    pub ads: Option<ApiSource>,
    /// Listeners.
    pub listeners: Option<ConfigSource>,
    /// Clusters.
    pub clusters: Option<ConfigSource>,
}

/// Runtime keys of `layered_runtime`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Runtime {
    /// `config.do_not_validate_alpn_support`: a cluster may choose its protocol by ALPN although some
    /// of its transport sockets have none.
    pub do_not_validate_alpn_support: bool,
}

/// How statistics are kept.
#[derive(Debug, Clone, Default)]
pub struct Statistics {
    /// Which are kept.
    pub filter: StatisticsFilter,
    /// How often histograms begin a new interval; nothing for whenever they are read.
    pub interval: Option<Duration>,
    /// Bounds of histogram buckets in milliseconds for the names that match, the first that does.
    pub buckets: Vec<(StringMatcher, Vec<f64>)>,
}

/// Which statistics are kept.
#[derive(Debug, Clone, Default)]
pub enum StatisticsFilter {
    /// All.
    #[default]
    All,
    /// None.
    None,
    /// All but those that match one of these.
    Except(Vec<StringMatcher>),
    /// Those that match one of these.
    Only(Vec<StringMatcher>),
}
