//! Configures an Envoy that has a little of everything.

use serde_json::{Value, json};

const EXTENSIONS: &str = "type.googleapis.com/envoy.extensions.";

/// Static resources: clusters `web` and `dead` (HTTP/1), `h2`, `tls`, `ring`; listeners `in`, `tls`
/// and `tcp`, whose names are their prefixes for statistics too.
pub(crate) fn rich(upstream: u16) -> Value {
    let mut web = cluster("web", upstream);
    web["health_checks"] = json!([{
        "timeout": "1s",
        "interval": "300s",
        "no_traffic_interval": "300s",
        "unhealthy_threshold": 2,
        "healthy_threshold": 1,
        "http_health_check": { "path": "/health" },
    }]);
    web["outlier_detection"] = json!({ "interval": "300s" });
    web["circuit_breakers"] =
        json!({ "thresholds": [{ "max_connections": 9, "track_remaining": true }] });
    let mut tls = cluster("tls", 1);
    tls["transport_socket"] = tls_context("Upstream");
    let mut ring = cluster("ring", 1);
    ring["lb_policy"] = "RING_HASH".into();
    let mut h2 = cluster("h2", 1);
    let options = format!("{EXTENSIONS}upstreams.http.v3.HttpProtocolOptions");
    h2["typed_extension_protocol_options"] = json!({
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": options,
            "explicit_http_config": { "http2_protocol_options": {} },
        },
    });
    let mut inspected = listener("tls", &http());
    inspected["filter_chains"][0]["transport_socket"] = tls_context("Downstream");
    inspected["listener_filters"] = json!([
        listener_filter("tls_inspector", "TlsInspector"),
        listener_filter("http_inspector", "HttpInspector"),
    ]);
    json!({
        "clusters": [web, cluster("dead", 1), h2, tls, ring],
        "listeners": [listener("in", &http()), inspected, listener("tcp", &tcp())],
    })
}

/// The same, and a cluster `sick` with hosts of all kinds on which nobody listens.
pub(crate) fn with_sick_hosts(upstream: u16) -> Value {
    let mut resources = rich(upstream);
    let host = |address: &str, weight: u32, health: &str| {
        let address = json!({ "socket_address": { "address": address, "port_value": 1 } });
        json!({
            "endpoint": { "address": address, "hostname": format!("host-{weight}") },
            "load_balancing_weight": weight,
            "health_status": health,
        })
    };
    let mut sick = cluster("sick", 1);
    sick["health_checks"] = json!([{
        "timeout": "1s",
        "interval": "1s",
        "unhealthy_threshold": 1,
        "healthy_threshold": 1,
        "tcp_health_check": {},
    }]);
    sick["load_assignment"]["endpoints"] = json!([
        {
            "locality": { "sub_zone": "part" },
            "lb_endpoints": [
                host("127.0.0.1", 1, "UNKNOWN"),
                host("127.0.0.2", 2, "UNHEALTHY"),
                host("127.0.0.3", 3, "DEGRADED"),
            ],
        },
        { "priority": 1, "lb_endpoints": [host("127.0.0.4", 4, "DRAINING")] },
    ]);
    if let Some(clusters) = resources["clusters"].as_array_mut() {
        clusters.push(sick);
    }
    resources
}

fn cluster(name: &str, port: u16) -> Value {
    let address = json!({ "socket_address": { "address": "127.0.0.1", "port_value": port } });
    json!({
        "name": name,
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{
                "locality": { "region": "here", "zone": "there" },
                "lb_endpoints": [{ "endpoint": { "address": address } }],
            }],
        },
    })
}

fn listener(name: &str, filter: &Value) -> Value {
    json!({
        "name": name,
        "stat_prefix": name,
        "address": { "socket_address": { "address": "127.0.0.1", "port_value": 0 } },
        "filter_chains": [{ "filters": [filter] }],
    })
}

fn listener_filter(name: &str, message: &str) -> Value {
    json!({
        "name": name,
        "typed_config": { "@type": format!("{EXTENSIONS}filters.listener.{name}.v3.{message}") },
    })
}

fn tcp() -> Value {
    json!({
        "name": "tcp",
        "typed_config": {
            "@type": format!("{EXTENSIONS}filters.network.tcp_proxy.v3.TcpProxy"),
            "stat_prefix": "tcp",
            "cluster": "web",
        },
    })
}

fn http() -> Value {
    let to = |prefix: &str, cluster: &str| json!({ "match": { "prefix": prefix }, "route": { "cluster": cluster } });
    let mut rest = to("/", "web");
    rest["route"]["retry_policy"] = json!({ "retry_on": "5xx", "num_retries": 1 });
    let manager = "filters.network.http_connection_manager.v3.HttpConnectionManager";
    json!({
        "name": "http",
        "typed_config": {
            "@type": format!("{EXTENSIONS}{manager}"),
            "stat_prefix": "in",
            "route_config": {
                "name": "routes",
                "virtual_hosts": [{
                    "name": "all",
                    "domains": ["*"],
                    "routes": [
                        to("/dead", "dead"),
                        to("/h2", "h2"),
                        { "match": { "prefix": "/direct" }, "direct_response": { "status": 204 } },
                        { "match": { "prefix": "/redirect" }, "redirect": { "path_redirect": "/" } },
                        rest,
                    ],
                }],
            },
            "http_filters": [{
                "name": "router",
                "typed_config": { "@type": format!("{EXTENSIONS}filters.http.router.v3.Router") },
            }],
        },
    })
}

fn tls_context(side: &str) -> Value {
    json!({
        "name": "tls",
        "typed_config": {
            "@type": format!("{EXTENSIONS}transport_sockets.tls.v3.{side}TlsContext"),
            "common_tls_context": {
                "tls_certificates": [{
                    "certificate_chain": { "inline_string": include_str!("../../api/tests/data/cart.pem") },
                    "private_key": { "inline_string": include_str!("../../api/tests/data/cart.key.pem") },
                }],
                "validation_context": {
                    "trusted_ca": { "inline_string": include_str!("../../api/tests/data/ca.pem") },
                },
            },
        },
    })
}
