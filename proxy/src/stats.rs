//! Counts what the proxy does under Envoy's names, without a lock or a shared cell on the data path.
//!
//! How the data plane uses it: when configuration is applied, a [`Scope`] is opened once for each
//! cluster, listener, connection manager …, and every worker resolves a [`Handle`] to its own cells
//! of it. After that an increment is one plain add to a cell that no other thread writes:
//!
//! ```
//! use mesh_proxy::stats::{ClusterStats, Registry, Writer};
//!
//! let registry = Registry::default();
//! // When the cluster's configuration is applied:
//! let scope = registry.cluster("web");
//! // On each worker (here the first), once:
//! let cluster = scope.handle::<ClusterStats>(Writer::Worker(0));
//! // For each request, on that worker only:
//! cluster.upstream_rq_total.increment();
//! cluster.upstream_rq_active.add(1);
//! cluster.responses.external(200);
//! cluster.upstream_rq_time.external(17);
//! cluster.upstream_rq_active.sub(1);
//! # assert_eq!(registry.counter_value("cluster.web.upstream_rq_total"), Some(1));
//! ```
//!
//! The rules:
//! * A handle belongs to one writer. Cells are stored to, never added to atomically, so a second
//!   thread on the same handle would lose counts. Handles can be sent to their worker, not shared.
//! * The same name, group and writer give the same cells for as long as anyone holds the scope or a
//!   handle: an update of a cluster goes on counting where the old configuration stopped.
//! * When the last scope and handle of a name are dropped, its statistics and their memory are gone.
//!   A connection that outlives its cluster holds a handle, so what it counts stays visible.
//! * Counters and gauges sum over writers. Set a gauge (`membership_total`) from one writer only,
//!   [`Writer::Main`] being the natural one; what each worker adds and takes may be spread.
//! * Reading ([`Registry::snapshot`]) sums cells and never makes a worker wait.

mod cell;
mod cluster;
mod connection;
mod group;
mod histogram;
mod json;
mod number;
mod process;
mod prometheus;
mod registry;
mod response;
mod server;
mod snapshot;
mod tags;
mod text;
mod tls;

pub use cell::{Counter, Flag, Gauge, Marked, OnUse, PerWorker, Wide, Writer};
pub use cluster::{
    CircuitBreakerStats, ClusterStats, HealthCheckStats, OutlierStats, RemainingStats,
    RingHashStats,
};
pub use connection::{
    FaultStats, Http1Stats, Http2Stats, HttpStats, HttpTracingStats, InspectorHttpStats,
    ListenerExtensionStats, ListenerHttpStats, ListenerStats, RbacShadowStats, RbacStats,
    RouterStats, TcpStats, TlsInspectorStats,
};
pub use group::{Group, Visitor};
pub use histogram::{Distribution, Histogram, QUANTILES};
pub use json::json;
pub use process::ProcessStats;
pub use prometheus::prometheus;
pub use registry::{Handle, Registry, Scope, Shared, Single, Text};
pub use response::{RequestTimes, Responses};
pub use server::{
    ClusterManagerStats, ControlPlaneStats, DnsStats, EndpointDiscoveryStats, FilesystemStats,
    ListenerManagerStats, ReloadStats, RouteDiscoveryStats, RuntimeStats, SecretDiscoveryStats,
    ServerStats, SubscriptionStats, WatchdogStats,
};
pub use snapshot::{BucketMode, Filter, Kinds, Metric, Snapshot, Value};
pub use tags::{Tag, Tagged, extract};
pub use text::text;
pub use tls::{SocketFactoryStats, TlsStats};
