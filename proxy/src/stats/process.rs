//! Opens the statistics that every proxy shows, whatever its configuration.

use super::cell::Writer;
use super::connection::{Http1Stats, RouterStats};
use super::registry::{Handle, Registry, Single};
use super::server::{
    ClusterManagerStats, FilesystemStats, ListenerManagerStats, RuntimeStats, WatchdogStats,
};
use super::{Counter, Gauge, Histogram};

/// The statistics of the process that its main thread writes, by the names of their scopes.
///
/// `server` itself belongs to the admin, which works it out when it is read. What is here and never
/// written shows as zero, as it does in Envoy.
#[derive(Debug)]
pub struct ProcessStats {
    /// `cluster_manager`.
    pub cluster_manager: Handle<ClusterManagerStats>,
    /// `listener_manager`.
    pub listener_manager: Handle<ListenerManagerStats>,
    /// `runtime`.
    pub runtime: Handle<RuntimeStats>,
    /// `filesystem`.
    pub filesystem: Handle<FilesystemStats>,
    /// `http1`, of the main thread: workers have cells of their own in that scope.
    pub http1: Handle<Http1Stats>,
    /// `http.async-client`: requests that the proxy itself makes.
    pub async_client: Handle<RouterStats>,
    /// `thread_local_cluster_manager.THREAD.clusters_inflated`, the main thread's first.
    pub clusters_inflated: Vec<Handle<Single<Gauge>>>,
    /// `overload.refresh_interval_delay`.
    pub overload_delay: Handle<Single<Histogram>>,
    /// `envoy.overload_actions.reset_high_memory_stream.count`.
    pub streams_reset: Handle<Single<Counter>>,
    /// `main_thread`, `workers`, `server.main_thread`, then `server.worker_N`.
    pub watchdogs: Vec<Handle<WatchdogStats>>,
}

impl ProcessStats {
    /// Opens them for a proxy of that many workers.
    pub fn open(registry: &Registry, workers: u16) -> Self {
        let main = Writer::Main;
        let threads = || std::iter::once(main).chain((0..workers).map(Writer::Worker));
        let inflated = registry.scope("thread_local_cluster_manager");
        let overload = registry.scope("overload");
        let actions = registry.scope("envoy.overload_actions.reset_high_memory_stream");
        let server = threads().map(|thread| format!("server.{}", thread.name()));
        let watched = ["main_thread", "workers"].map(str::to_owned);
        Self {
            cluster_manager: registry.scope("cluster_manager").handle(main),
            listener_manager: registry.scope("listener_manager").handle(main),
            runtime: registry.scope("runtime").handle(main),
            filesystem: registry.scope("filesystem").handle(main),
            http1: registry.scope("http1").handle(main),
            async_client: registry.http("async-client").handle(main),
            clusters_inflated: threads()
                .map(|thread| format!("{}.clusters_inflated", thread.name()))
                .map(|name| inflated.gauge(main, &name))
                .collect(),
            overload_delay: overload.histogram(main, "refresh_interval_delay"),
            streams_reset: actions.counter(main, "count"),
            watchdogs: watched
                .into_iter()
                .chain(server)
                .map(|name| registry.scope(&name).handle(main))
                .collect(),
        }
    }
}
