//! Port 15002: the explicit proxy of `--intercept none`, in absolute form and with CONNECT.

use serde_json::{Value, json};

use super::extension;
use super::http::{Http, Routes, connect_route, route};
use super::listener::{Direction, Listener};
use crate::ports::EXPLICIT_PROXY;

/// The listener, on loopback.
pub(crate) fn listener() -> Value {
    let http = Http {
        stat_prefix: "outbound".to_owned(),
        routes: Routes::Inline(vec![
            connect_route(CLUSTER),
            route(&json!({ "prefix": "/" }), CLUSTER),
        ]),
        filters: vec![extension(
            "envoy.filters.http.dynamic_forward_proxy",
            "extensions.filters.http.dynamic_forward_proxy.v3.FilterConfig",
            json!({ "dns_cache_config": dns_cache() }),
        )],
        connect: false,
    };
    Listener {
        name: "outbound-explicit".to_owned(),
        direction: Direction::Outbound,
        inspectors: Vec::new(),
        chains: vec![json!({ "name": "http", "filters": [http.filter()] })],
        default_chain: None,
    }
    .loopback(EXPLICIT_PROXY)
}

/// The cluster of whatever name is asked for.
pub(crate) fn cluster() -> Value {
    json!({
        "name": CLUSTER,
        "lb_policy": "CLUSTER_PROVIDED",
        "connect_timeout": "10s",
        "circuit_breakers": super::clusters::unbounded(),
        "cluster_type": extension(
            "envoy.clusters.dynamic_forward_proxy",
            "extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig",
            json!({ "dns_cache_config": dns_cache() }),
        ),
    })
}

const CLUSTER: &str = "outbound-explicit";

/// One cache for filter and cluster, which Envoy knows by its name.
fn dns_cache() -> Value {
    json!({ "name": "outbound-explicit", "dns_lookup_family": "V4_PREFERRED" })
}
