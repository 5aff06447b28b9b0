//! Tells the admin what the proxy is and does.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::Stage;
use super::bound::Bound;
use super::certificates::Context;
use crate::admin::{
    Certificates, Cluster as ShownCluster, CommandLine, Drain, Health, Host as ShownHost,
    HostCounts, Limits, Listener as ShownListener, Locality, Outliers, ServerInfo, Source, State,
};
use crate::cli::Options;
use crate::config::dump;
use crate::config::message::Message;
use crate::config::model::Bootstrap;
use crate::config::model::address::Address;
use crate::drain::Draining;
use crate::tap::Tap;
use crate::upstream::Cluster;
use crate::upstream::host::HealthFlag;
use crate::upstream::view::{ClusterView, HostView};

/// What the admin sees.
pub(super) struct Shown {
    clusters: Vec<Arc<Cluster>>,
    listeners: Vec<ShownListener>,
    bootstrap: Arc<Message>,
    dumps: Vec<Value>,
    contexts: Vec<Context>,
    command_line: CommandLine,
    node: Value,
    started: Instant,
    orders: Orders,
}

/// What the admin tells the proxy, and hears from it.
pub(super) struct Orders {
    /// The proxy is to end.
    pub(super) end: watch::Sender<bool>,
    /// Where requests are shown.
    pub(super) tap: Arc<Tap>,
    /// What is drained.
    pub(super) draining: Arc<Draining>,
    /// How far the start has come.
    pub(super) stage: watch::Receiver<Stage>,
}

impl Shown {
    pub(super) fn new(
        bootstrap: &Bootstrap,
        options: &Options,
        clusters: &[Arc<Cluster>],
        bound: &[Bound],
        contexts: Vec<Context>,
        orders: Orders,
    ) -> Self {
        let node = bootstrap.message.get("node").map(|it| &it.value.data);
        let node = match node {
            Some(crate::config::message::Data::Message(message)) => dump::json(message),
            _ => json!({}),
        };
        Self {
            clusters: clusters.to_vec(),
            listeners: listeners(bound),
            bootstrap: Arc::clone(&bootstrap.message),
            dumps: dumps(bootstrap),
            contexts,
            command_line: command_line(options),
            node,
            started: Instant::now(),
            orders,
        }
    }
}

impl Source for Shown {
    fn server(&self) -> ServerInfo {
        let state = match *self.orders.stage.borrow() {
            Stage::Warming => State::PreInitializing,
            Stage::Listening => State::Initializing,
            Stage::Live if self.orders.draining.is_failing() => State::Draining,
            Stage::Live => State::Live,
        };
        ServerInfo {
            version: version(),
            state,
            uptime: self.started.elapsed(),
            command_line: self.command_line.clone(),
            node: self.node.clone(),
            connections: 0,
        }
    }

    fn clusters(&self) -> Vec<ShownCluster> {
        self.clusters.iter().map(|it| cluster(&it.view())).collect()
    }

    fn listeners(&self) -> Vec<ShownListener> {
        self.listeners.clone()
    }

    fn certificates(&self) -> Vec<Certificates> {
        self.contexts.iter().map(Context::certificates).collect()
    }

    fn configuration(&self) -> Vec<Value> {
        let bootstrap = json!({
            "@type": "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump",
            "bootstrap": dump::json(&self.bootstrap),
        });
        let mut all = vec![bootstrap];
        all.extend(self.dumps.iter().cloned());
        all
    }

    fn tap(&self) -> Option<Arc<Tap>> {
        Some(Arc::clone(&self.orders.tap))
    }

    fn fail_health_check(&self, fail: bool) {
        self.orders.draining.fail(fail);
    }

    fn drain_listeners(&self, drain: Drain) {
        self.orders.draining.order(drain);
    }

    fn refresh_stats(&self) {
        self.clusters.iter().for_each(|it| it.refresh_stats());
    }

    fn quit(&self) {
        self.orders.end.send_replace(true);
    }
}

fn version() -> String {
    // The place of a commit, which a build from a package does not know.
    let commit = "0".repeat(40);
    format!(
        "{commit}/{}/Clean/RELEASE/aws-lc",
        env!("CARGO_PKG_VERSION")
    )
}

fn command_line(options: &Options) -> CommandLine {
    CommandLine {
        concurrency: u16::try_from(options.workers()).unwrap_or(u16::MAX),
        config_path: options
            .path
            .as_deref()
            .map(|it| it.display().to_string())
            .unwrap_or_default(),
        config_yaml: options.yaml.clone().unwrap_or_default(),
        drain_time: options.drain_time(),
        log_level: options
            .log_level
            .clone()
            .unwrap_or_else(|| "info".to_owned()),
        ..CommandLine::default()
    }
}

/// Listeners with all their addresses, in their order.
fn listeners(bound: &[Bound]) -> Vec<ShownListener> {
    let mut all: Vec<ShownListener> = Vec::new();
    for one in bound {
        match all.last_mut() {
            Some(last) if last.name == one.listener.name => last.addresses.push(one.address),
            _ => all.push(ShownListener {
                name: one.listener.name.clone(),
                addresses: vec![one.address],
            }),
        }
    }
    all
}

fn dumps(bootstrap: &Bootstrap) -> Vec<Value> {
    let clusters = bootstrap.clusters.iter().map(|it| dump::any(&it.message));
    let clusters: Vec<_> = clusters.map(|it| json!({"cluster": it})).collect();
    let listeners = bootstrap.listeners.iter().map(|it| dump::any(&it.message));
    let listeners: Vec<_> = listeners.map(|it| json!({"listener": it})).collect();
    vec![
        json!({
            "@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump",
            "static_clusters": clusters,
        }),
        json!({
            "@type": "type.googleapis.com/envoy.admin.v3.ListenersConfigDump",
            "static_listeners": listeners,
        }),
    ]
}

fn cluster(view: &ClusterView) -> ShownCluster {
    let [(_, default), (_, high)] = view.limits;
    ShownCluster {
        name: view.name.clone(),
        observability_name: view.stat_name.clone(),
        outliers: view.averages.map(|_| Outliers::default()),
        default_limits: limits(default),
        high_limits: limits(high),
        added_via_api: false,
        eds_service_name: None,
        hosts: view.hosts.iter().filter_map(host).collect(),
    }
}

fn limits(all: [u64; 4]) -> Limits {
    let [connections, pending_requests, requests, retries] =
        all.map(|it| u32::try_from(it).unwrap_or(u32::MAX));
    Limits {
        connections,
        pending_requests,
        requests,
        retries,
    }
}

fn host(view: &HostView) -> Option<ShownHost> {
    let Address::Socket(address) = view.address else {
        return None;
    };
    let has = |flag| view.health_flags.has(flag);
    Some(ShownHost {
        counts: HostCounts {
            cx_active: view.cx_active,
            cx_connect_fail: view.cx_connect_fail,
            cx_total: view.cx_total,
            rq_active: view.rq_active,
            rq_error: view.rq_error,
            rq_pending_active: 0,
            rq_success: view.rq_success,
            rq_timeout: view.rq_timeout,
            rq_total: view.rq_total,
        },
        hostname: view.hostname.clone(),
        health: Health {
            failed_active_health_check: has(HealthFlag::FailedActiveCheck),
            failed_outlier_check: has(HealthFlag::FailedOutlierCheck),
            failed_eds: has(HealthFlag::FailedDiscovery),
            degraded_active_health_check: has(HealthFlag::DegradedActiveCheck),
            degraded_eds: has(HealthFlag::DegradedDiscovery),
            draining_eds: has(HealthFlag::Draining),
            pending_dynamic_removal: has(HealthFlag::PendingRemoval),
            pending_active_health_check: has(HealthFlag::PendingActiveCheck),
            excluded_immediately: has(HealthFlag::ExcludedByImmediateFailure),
            active_health_check_timeout: has(HealthFlag::ActiveCheckTimeout),
        },
        weight: view.weight,
        locality: Locality {
            region: view.locality.region.clone(),
            zone: view.locality.zone.clone(),
            sub_zone: view.locality.sub_zone.clone(),
        },
        canary: view.canary,
        priority: view.priority,
        ..ShownHost::new(address)
    })
}
