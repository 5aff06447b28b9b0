//! The judge: our admin and statistics beside those of the real Envoy, given the same to tell.
//!
//! Needs Envoy 1.40 at `MESHCTL_ENVOY`; without it each test prints SKIPPED, and fails under `CI=true`
//! unless `MESHCTL_ALLOW_SKIP` names the tier `judge`.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[path = "admin/bootstrap.rs"]
mod bootstrap;
#[path = "admin/client.rs"]
mod client;
#[path = "admin/endpoints.rs"]
mod endpoints;
#[path = "admin/envoy.rs"]
mod envoy;
#[path = "admin/ours.rs"]
mod ours;
#[path = "admin/upstream.rs"]
mod upstream;

use std::collections::{BTreeMap, BTreeSet};

use mesh_proxy::stats::{
    CircuitBreakerStats, ClusterStats, HealthCheckStats, Http1Stats, HttpStats, HttpTracingStats,
    InspectorHttpStats, ListenerExtensionStats, ListenerHttpStats, ListenerStats, OutlierStats,
    ProcessStats, Registry, RemainingStats, RingHashStats, RouterStats, SocketFactoryStats,
    TcpStats, TlsInspectorStats, TlsStats, Writer,
};
use serde_json::{Value, json};

use client::get;
use endpoints::Compared::{Lines, No, Start};
use endpoints::ENDPOINTS;
use envoy::{Envoy, envoy};
use ours::Ours;

/// Names by kind: `Counters`, `Gauges`, `Histograms`, `TextReadouts`.
type Names = BTreeMap<&'static str, BTreeSet<String>>;

fn names(address: &str, pattern: &str) -> Names {
    let kinds = ["Counters", "Gauges", "Histograms", "TextReadouts"].into_iter();
    kinds
        .map(|kind| {
            let text = get(address, &format!("/stats?type={kind}&filter={pattern}")).body;
            let names = text.lines().filter_map(|line| line.split_once(": "));
            (kind, names.map(|(name, _)| name.to_owned()).collect())
        })
        .collect()
}

#[track_caller]
fn assert_same_names(theirs: &Names, ours: &Names) {
    for (kind, theirs) in theirs {
        let ours = &ours[kind];
        let missing: Vec<_> = theirs.difference(ours).collect();
        let surplus: Vec<_> = ours.difference(theirs).collect();
        assert!(
            missing.is_empty() && surplus.is_empty(),
            "{kind}: missing {missing:#?}, too many {surplus:#?}"
        );
    }
}

#[test]
fn every_proxy_has_the_statistics_of_every_envoy() {
    let Some(path) = envoy("every_proxy_has_the_statistics_of_every_envoy") else {
        return;
    };
    let envoy = Envoy::start(&path, &json!({}));
    let registry = Registry::default();
    let process = ProcessStats::open(&registry, 2);
    process.cluster_manager.cluster_added.add(0);
    for gauge in [
        &process.cluster_manager.active_clusters,
        &process.cluster_manager.warming_clusters,
        &process.runtime.num_keys,
        &process.runtime.num_layers,
    ] {
        gauge.set(0);
    }
    process.listener_manager.workers_started.set(1);
    process.runtime.load_success.add(2);
    process.runtime.override_dir_not_exists.add(2);
    let ours = Ours::start(&registry);
    // On both sides somebody has asked before, on a connection that has ended.
    envoy.wait("server statistics", |address| {
        let uptime = get(address, "/stats?filter=^server.uptime&usedonly").body;
        (!uptime.is_empty()).then_some(())
    });
    get(&ours.address, "/stats");
    assert_same_names(&names(&envoy.address, ""), &names(&ours.address, ""));
    let used = |address: &str| -> BTreeSet<String> {
        let text = get(address, "/stats?usedonly&type=Counters").body;
        let gauges = get(address, "/stats?usedonly&type=Gauges").body;
        let lines = text.lines().chain(gauges.lines());
        let names = lines.filter_map(|line| line.split_once(": "));
        names.map(|(name, _)| name.to_owned()).collect()
    };
    // Bytes of the admin's own connections are not counted, and what somebody else asked earlier is.
    let listed = |name: &String| name.contains("_bytes_") || name.contains("downstream_rq_4xx");
    let theirs: Vec<_> = used(&envoy.address)
        .into_iter()
        .filter(|name| !listed(name))
        .collect();
    let ours: Vec<_> = used(&ours.address)
        .into_iter()
        .filter(|name| !listed(name))
        .collect();
    assert_eq!(theirs, ours);
}

/// What each part of the bootstrap counts, opened as the data plane opens it.
#[test]
fn groups_have_the_names_of_envoy() {
    let Some(path) = envoy("groups_have_the_names_of_envoy") else {
        return;
    };
    let upstream = upstream::start();
    let envoy = Envoy::start(&path, &bootstrap::rich(upstream));
    envoy.traffic();
    let registry = Registry::default();
    let handles = (open_clusters(&registry), open_listeners(&registry));
    let ours = Ours::start(&registry);
    let pattern =
        "^(cluster|http.in|listener.(in|tls|tcp)|tcp|tls_inspector|http_inspector|http1)\\.";
    let theirs = envoy.wait("all names", |address| {
        // Health checks and the workers' first requests make some names.
        let names = names(address, pattern);
        names["Counters"]
            .contains("cluster.web.retry.upstream_rq_503")
            .then_some(names)
    });
    assert_same_names(&theirs, &names(&ours.address, pattern));
    drop(handles);
}

/// Keeps handles of any kind.
type Kept = Vec<Box<dyn std::any::Any>>;

fn open_clusters(registry: &Registry) -> Kept {
    let mut kept: Kept = Vec::new();
    let worker = Writer::Worker(0);
    for name in ["web", "dead", "ring", "tls", "h2"] {
        let scope = registry.cluster(name);
        let cluster = scope.handle::<ClusterStats>(worker);
        for priority in ["default", "high"] {
            let scope = scope.child(&format!("circuit_breakers.{priority}"));
            kept.push(Box::new(scope.handle::<CircuitBreakerStats>(worker)));
        }
        match name {
            "web" => {
                for status in [200, 404, 503] {
                    cluster.responses.external(status);
                }
                cluster.responses.retry(503);
                cluster.upstream_rq_time.external(1);
                let remaining = scope.child("circuit_breakers.default");
                kept.push(Box::new(remaining.handle::<RemainingStats>(worker)));
                let outliers = scope.child("outlier_detection");
                kept.push(Box::new(outliers.handle::<OutlierStats>(Writer::Main)));
                let checks = scope.child("health_check");
                kept.push(Box::new(checks.handle::<HealthCheckStats>(Writer::Main)));
                kept.push(Box::new(scope.child("http1").handle::<Http1Stats>(worker)));
            }
            "dead" => {
                cluster.responses.external(503);
                kept.push(Box::new(scope.child("http1").handle::<Http1Stats>(worker)));
            }
            "ring" => {
                let ring = scope.child("ring_hash_lb");
                kept.push(Box::new(ring.handle::<RingHashStats>(worker)));
            }
            "tls" => {
                kept.extend(open_tls(
                    registry,
                    "cluster.tls",
                    "client_ssl_socket_factory",
                ));
            }
            _ => {
                let http2 = scope.child("http2");
                kept.push(Box::new(
                    http2.handle::<mesh_proxy::stats::Http2Stats>(worker),
                ));
                cluster.responses.external(503);
            }
        }
        kept.push(Box::new(cluster));
    }
    kept
}

fn open_tls(registry: &Registry, scope: &str, factory: &str) -> Kept {
    let scope = registry.scope(scope);
    let tls = scope.child("ssl");
    let expiry = |name: &str| {
        let name = format!("certificate.{name}.expiration_unix_time_seconds");
        tls.gauge(Writer::Main, &name)
    };
    vec![
        Box::new(expiry("unnamed_ca_cert_e3b0c442")),
        Box::new(expiry("unnamed_cert_e3b0c442")),
        Box::new(
            scope
                .child(factory)
                .handle::<SocketFactoryStats>(Writer::Main),
        ),
        Box::new(tls.handle::<TlsStats>(Writer::Worker(0))),
    ]
}

fn open_listeners(registry: &Registry) -> Kept {
    let mut kept: Kept = Vec::new();
    for name in ["in", "tls", "tcp"] {
        let scope = registry.listener(name);
        for worker in [0, 1].map(Writer::Worker) {
            kept.push(Box::new(scope.handle::<ListenerStats>(worker)));
        }
        kept.push(Box::new(
            scope.handle::<ListenerExtensionStats>(Writer::Main),
        ));
        if name != "tcp" {
            let http = scope.child("http.in");
            kept.push(Box::new(
                http.handle::<ListenerHttpStats>(Writer::Worker(0)),
            ));
        }
    }
    kept.extend(open_tls(
        registry,
        "listener.tls",
        "server_ssl_socket_factory",
    ));
    let worker = Writer::Worker(0);
    let http = registry.http("in");
    kept.push(Box::new(http.handle::<HttpStats>(worker)));
    kept.push(Box::new(http.handle::<RouterStats>(worker)));
    kept.push(Box::new(
        http.child("tracing").handle::<HttpTracingStats>(worker),
    ));
    kept.push(Box::new(registry.tcp("tcp").handle::<TcpStats>(worker)));
    let inspector = registry.scope("tls_inspector");
    kept.push(Box::new(inspector.handle::<TlsInspectorStats>(worker)));
    let inspector = registry.scope("http_inspector");
    kept.push(Box::new(inspector.handle::<InspectorHttpStats>(worker)));
    kept.push(Box::new(
        registry.scope("http1").handle::<Http1Stats>(worker),
    ));
    kept
}

/// A registry that was filled with what Envoy shows, shows it as Envoy does: text, JSON, Prometheus.
#[test]
fn the_same_statistics_look_the_same() {
    let Some(path) = envoy("the_same_statistics_look_the_same") else {
        return;
    };
    let upstream = upstream::start();
    let envoy = Envoy::start(&path, &bootstrap::rich(upstream));
    let chosen = "filter=^(cluster|http.in|listener.(in|tls|tcp)|tcp|tls_inspector|http2)\\.";
    let paths = [
        format!("/stats?{chosen}"),
        format!("/stats?usedonly&{chosen}"),
        format!("/stats?format=json&{chosen}"),
        format!("/stats?type=Gauges&format=json&{chosen}"),
        format!("/stats?histogram_buckets=cumulative&{chosen}"),
        format!("/stats?histogram_buckets=disjoint&{chosen}"),
        format!("/stats?histogram_buckets=detailed&{chosen}"),
        format!("/stats?histogram_buckets=summary&{chosen}"),
        format!("/stats?format=json&histogram_buckets=cumulative&{chosen}"),
        format!("/stats?format=json&histogram_buckets=disjoint&{chosen}"),
        format!("/stats?format=json&histogram_buckets=detailed&{chosen}"),
        format!("/stats?format=json&usedonly&{chosen}"),
        format!("/stats/prometheus?{chosen}"),
        format!("/stats/prometheus?usedonly&{chosen}"),
        format!("/stats/prometheus?histogram_buckets=summary&{chosen}"),
        format!("/stats?format=prometheus&text_readouts&{chosen}"),
        "/stats?filter=^cluster.web&invert_filter&usedonly&type=TextReadouts".to_owned(),
        "/stats?format=json&filter=nothing-is-called-so".to_owned(),
    ];
    let answers = envoy.steady(
        &paths,
        &format!("/stats?format=json&histogram_buckets=detailed&{chosen}"),
    );
    let registry = Registry::default();
    let kept = fill(&registry, &envoy.address, chosen, &answers.detailed);
    let ours = Ours::start(&registry);
    for (path, theirs) in paths.iter().zip(&answers.bodies) {
        let ours = get(&ours.address, path);
        let (ours, theirs) = (
            [&ours.body, &ours.content_type],
            [&theirs.body, &theirs.content_type],
        );
        if ours != theirs {
            let different = theirs[0].lines().zip(ours[0].lines()).find(|(a, b)| a != b);
            panic!("{path}\n{different:?}\n{theirs:?}\n{ours:?}");
        }
    }
    drop(kept);
}

/// Counts in `registry` what Envoy shows, by names alone.
fn fill(registry: &Registry, envoy: &str, chosen: &str, detailed: &Value) -> Kept {
    let mut kept: Kept = Vec::new();
    let root = registry.scope("");
    let used = get(envoy, &format!("/stats?usedonly&{chosen}")).body;
    let used: BTreeSet<_> = used
        .lines()
        .filter_map(|line| line.split_once(": "))
        .collect();
    let numbers = |kind: &str| -> Vec<(String, u64)> {
        let text = get(envoy, &format!("/stats?type={kind}&{chosen}")).body;
        let lines = text.lines().filter_map(|line| line.split_once(": "));
        lines
            .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
            .collect()
    };
    for (name, value) in numbers("Counters") {
        let counter = root.counter(Writer::Worker(1), &name);
        counter.add(value);
        kept.push(Box::new(counter));
    }
    for (name, value) in numbers("Gauges") {
        let gauge = root.wide(Writer::Main, &name);
        if used.iter().any(|(used, _)| *used == name) {
            gauge.set(value);
        }
        kept.push(Box::new(gauge));
    }
    let details = detailed["stats"].as_array().unwrap().last().unwrap();
    let details = details["histograms"]["details"].as_array().unwrap();
    // First what was recorded before the last interval, then that interval.
    for interval in [false, true] {
        for details in details {
            let histogram = root.histogram(Writer::Worker(0), details["name"].as_str().unwrap());
            let in_interval = bins(&details["intervals"]);
            for (value, count) in bins(&details["totals"]) {
                let last = in_interval.get(&value).copied().unwrap_or(0);
                let count = if interval { last } else { count - last };
                for _ in 0..count {
                    histogram.record(value);
                }
            }
            kept.push(Box::new(histogram));
        }
        registry.flush();
    }
    kept
}

/// How often each bin's least value was recorded.
fn bins(shown: &Value) -> BTreeMap<u64, u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole numbers, but for the last bit"
    )]
    let whole = |value: &Value| value.as_f64().unwrap().round() as u64;
    let bins = shown.as_array().unwrap().iter();
    bins.map(|bin| (whole(&bin["lower_bound"]), whole(&bin["count"])))
        .collect()
}

#[test]
fn endpoints_answer_as_those_of_envoy() {
    let Some(path) = envoy("endpoints_answer_as_those_of_envoy") else {
        return;
    };
    let upstream = upstream::start();
    let envoy = Envoy::start(&path, &bootstrap::with_sick_hosts(upstream));
    let ours = Ours::start(&Registry::default());
    ours.source.mirror(&envoy, upstream);
    envoy.wait("failed health checks", |address| {
        let text = get(address, "/clusters?filter=sick").body;
        (text.matches("failed_active_hc").count() == 4).then_some(())
    });
    let mut different = Vec::new();
    for (method, path, bodies) in ENDPOINTS {
        let [theirs, ours] =
            [&envoy.address, &ours.address].map(|address| client::request(address, method, path));
        let mut same = theirs.status == ours.status && theirs.fields() == ours.fields();
        same &= match bodies {
            No => true,
            Lines => sorted(&theirs.body) == sorted(&ours.body),
            Start(length) => {
                let start = |body: &str| body.chars().take(*length).collect::<String>();
                start(&theirs.body) == start(&ours.body)
            }
        };
        if !same {
            different.push(format!("{method} {path}\n{theirs:#?}\n{ours:#?}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

fn sorted(body: &str) -> Vec<&str> {
    let mut lines: Vec<_> = body.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn what_envoy_refuses_is_refused() {
    let Some(path) = envoy("what_envoy_refuses_is_refused") else {
        return;
    };
    let envoy = Envoy::start(&path, &json!({}));
    let ours = Ours::start(&Registry::default());
    let requests = [
        "GET /ready HTTP/1.0\r\n\r\n",
        "GET /ready HTTP/1.1\r\n\r\n",
        "GET http://admin/ready HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n",
        "GET /ready HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n",
    ];
    for request in requests {
        let [theirs, ours] =
            [&envoy.address, &ours.address].map(|address| client::raw(address, request));
        assert_eq!(theirs, ours, "{request}");
    }
    // When it is dropped, its port is free.
    let address = ours.address.clone();
    drop(ours);
    std::net::TcpListener::bind(address).unwrap();
}
