//! Defines what the data plane tells the admin, and what the admin orders.

use std::sync::Arc;

pub use crate::drain::Drain;
use crate::tap::Tap;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::memory::Memory;

/// What the admin asks the data plane, and what it orders.
///
/// Called on the admin's thread: take copies of what is published, never wait for a worker. Each
/// answer is a snapshot; the order of lists is kept.
pub trait Source: Send + Sync + 'static {
    /// `/server_info`, `/ready` and the statistics below `server`.
    fn server(&self) -> ServerInfo;

    /// `/clusters`: warm clusters, without those that are warming.
    fn clusters(&self) -> Vec<Cluster>;

    /// `/listeners`: those that listen.
    fn listeners(&self) -> Vec<Listener>;

    /// `/certs`: one entry for each TLS context.
    fn certificates(&self) -> Vec<Certificates>;

    /// `/config_dump`: the dumps with their `@type`
    /// (`type.googleapis.com/envoy.admin.v3.BootstrapConfigDump`, `ClustersConfigDump`,
    /// `EndpointsConfigDump`, `ListenersConfigDump`, `ScopedRoutesConfigDump`, `RoutesConfigDump`,
    /// `SecretsConfigDump`, in this order), as JSON of the protobuf messages with the field names of
    /// the `.proto` files; private keys replaced by `[redacted]`. The admin removes endpoints
    /// unless they are asked for, and masks and filters.
    fn configuration(&self) -> Vec<Value>;

    /// `/memory`; by default what the system says of the process.
    fn memory(&self) -> Memory {
        Memory::of_process()
    }

    /// Where requests are shown, if they are.
    fn tap(&self) -> Option<Arc<Tap>> {
        None
    }

    /// `/healthcheck/fail` and `/healthcheck/ok`: whether the state is to be DRAINING.
    fn fail_health_check(&self, fail: bool);

    /// `/drain_listeners`.
    fn drain_listeners(&self, drain: Drain);

    /// `/quitquitquit`: answer first, end soon after.
    fn quit(&self);

    /// Brings the statistics up to date that are worked out only when somebody reads them.
    fn refresh_stats(&self) {}
}

/// The state of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It serves.
    Live,
    /// It serves, but wants no new traffic.
    Draining,
    /// It reads its bootstrap.
    PreInitializing,
    /// It waits for configuration.
    Initializing,
}

impl State {
    /// Its name in `/ready` and `/server_info`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "LIVE",
            Self::Draining => "DRAINING",
            Self::PreInitializing => "PRE_INITIALIZING",
            Self::Initializing => "INITIALIZING",
        }
    }
}

/// The server as such.
#[derive(Debug, Clone)]
pub struct ServerInfo {
    /// `REVISION/1.40.0/Clean/RELEASE/…`: the first is forty hexadecimal digits.
    pub version: String,
    /// Its state.
    pub state: State,
    /// How long it runs.
    pub uptime: Duration,
    /// How it was started.
    pub command_line: CommandLine,
    /// The node as JSON of the protobuf message `envoy.config.core.v3.Node`, defaults included.
    pub node: Value,
    /// The connections of all listeners but the admin's.
    pub connections: u64,
}

/// The options that `/server_info` shows. Those of Envoy that this proxy does not have are shown at
/// Envoy's defaults.
#[derive(Debug, Clone)]
pub struct CommandLine {
    /// `--concurrency`.
    pub concurrency: u16,
    /// `--config-path`.
    pub config_path: String,
    /// `--config-yaml`.
    pub config_yaml: String,
    /// `--admin-address-path`.
    pub admin_address_path: String,
    /// `--log-level`.
    pub log_level: String,
    /// `--component-log-level`.
    pub component_log_level: String,
    /// `--service-cluster`.
    pub service_cluster: String,
    /// `--service-node`.
    pub service_node: String,
    /// `--service-zone`.
    pub service_zone: String,
    /// `--drain-time-s`.
    pub drain_time: Duration,
    /// `--parent-shutdown-time-s`.
    pub parent_shutdown_time: Duration,
}

impl Default for CommandLine {
    fn default() -> Self {
        Self {
            concurrency: 1,
            config_path: String::new(),
            config_yaml: String::new(),
            admin_address_path: String::new(),
            log_level: "info".to_owned(),
            component_log_level: String::new(),
            service_cluster: String::new(),
            service_node: String::new(),
            service_zone: String::new(),
            drain_time: Duration::from_mins(10),
            parent_shutdown_time: Duration::from_mins(15),
        }
    }
}

/// A cluster and its hosts.
#[derive(Debug, Clone, Default)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Its `alt_stat_name`, or its name.
    pub observability_name: String,
    /// With outlier detection, what that found.
    pub outliers: Option<Outliers>,
    /// The limits of the default priority.
    pub default_limits: Limits,
    /// The limits of the high priority.
    pub high_limits: Limits,
    /// Whether discovery brought it.
    pub added_via_api: bool,
    /// The name of its EDS service, where it has one.
    pub eds_service_name: Option<String>,
    /// Its hosts, by priority.
    pub hosts: Vec<Host>,
}

/// Success rates of a cluster in percent, where they were worked out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outliers {
    /// The average of hosts.
    pub average: Option<f64>,
    /// Below it hosts are ejected.
    pub threshold: Option<f64>,
    /// The average of hosts, errors of their own origin only.
    pub local_origin_average: Option<f64>,
    /// Below it hosts are ejected for such errors.
    pub local_origin_threshold: Option<f64>,
}

/// Limits of a priority.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// `max_connections`.
    pub connections: u32,
    /// `max_pending_requests`.
    pub pending_requests: u32,
    /// `max_requests`.
    pub requests: u32,
    /// `max_retries`.
    pub retries: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            pending_requests: 1024,
            requests: 1024,
            retries: 3,
        }
    }
}

/// A host of a cluster.
#[derive(Debug, Clone)]
pub struct Host {
    /// Where it is.
    pub address: SocketAddr,
    /// What was counted of it.
    pub counts: HostCounts,
    /// The name that was resolved to it, if any.
    pub hostname: String,
    /// What speaks against it.
    pub health: Health,
    /// Its weight.
    pub weight: u32,
    /// Where it is.
    pub locality: Locality,
    /// Whether it is a canary.
    pub canary: bool,
    /// Its priority.
    pub priority: u32,
    /// Its success rate in percent, where it was worked out.
    pub success_rate: Option<f64>,
    /// The same, errors of its own origin only.
    pub local_origin_success_rate: Option<f64>,
}

impl Host {
    /// A healthy host of weight 1 that nothing was counted of.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            counts: HostCounts::default(),
            hostname: String::new(),
            health: Health::default(),
            weight: 1,
            locality: Locality::default(),
            canary: false,
            priority: 0,
            success_rate: None,
            local_origin_success_rate: None,
        }
    }
}

/// The sums of what the workers counted of a host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Envoy's")]
pub struct HostCounts {
    pub cx_active: u64,
    pub cx_connect_fail: u64,
    pub cx_total: u64,
    pub rq_active: u64,
    pub rq_error: u64,
    pub rq_pending_active: u64,
    pub rq_success: u64,
    pub rq_timeout: u64,
    pub rq_total: u64,
}

/// What speaks against a host; nothing when it is healthy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "Envoy's flags, independent of each other"
)]
pub struct Health {
    /// Health checks fail.
    pub failed_active_health_check: bool,
    /// Outlier detection ejected it.
    pub failed_outlier_check: bool,
    /// Discovery calls it unhealthy.
    pub failed_eds: bool,
    /// Health checks call it degraded.
    pub degraded_active_health_check: bool,
    /// Discovery calls it degraded.
    pub degraded_eds: bool,
    /// Discovery lets it go.
    pub draining_eds: bool,
    /// It is gone from discovery but answers health checks still.
    pub pending_dynamic_removal: bool,
    /// It was not yet checked.
    pub pending_active_health_check: bool,
    /// A response asked to be left alone.
    pub excluded_immediately: bool,
    /// The last health check timed out.
    pub active_health_check_timeout: bool,
}

/// Where a host is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Locality {
    /// The region.
    pub region: String,
    /// The zone.
    pub zone: String,
    /// The part of the zone.
    pub sub_zone: String,
}

/// A listener.
#[derive(Debug, Clone)]
pub struct Listener {
    /// Its name.
    pub name: String,
    /// Where it listens, with the ports that the system chose; the first is its main address.
    pub addresses: Vec<SocketAddr>,
}

/// The certificates of a TLS context.
#[derive(Debug, Clone, Default)]
pub struct Certificates {
    /// Those that peers are verified with.
    pub authorities: Vec<Certificate>,
    /// Those that it shows.
    pub chain: Vec<Certificate>,
}

/// A certificate.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The file that it is from; `<inline>` if none.
    pub path: String,
    /// Its serial number in lower-case hexadecimal.
    pub serial_number: String,
    /// Its alternative names.
    pub names: Vec<CertificateName>,
    /// When it becomes valid.
    pub valid_from: SystemTime,
    /// When it ceases to be.
    pub expires: SystemTime,
}

/// An alternative name of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateName {
    /// A host's name.
    Dns(String),
    /// A URI, such as a SPIFFE identity.
    Uri(String),
    /// An IP address.
    Address(String),
}
