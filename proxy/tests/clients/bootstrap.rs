//! Writes the bootstrap that both proxies are started with.

use serde_json::{Value, json};

/// What a proxy stands before.
pub(crate) struct Upstream {
    /// Where the server is.
    pub(crate) port: u16,
    /// Whether it is spoken to in HTTP/2.
    pub(crate) http2: bool,
}

/// A listener with its cluster for each upstream; the listeners' ports are in the same order.
pub(crate) fn bootstrap<'a>(
    admin: u16,
    listeners: &[u16],
    upstreams: impl Iterator<Item = &'a Upstream>,
) -> Value {
    let listener = |(index, port): (usize, &u16)| listener(index, *port);
    let cluster = |(index, upstream): (usize, &Upstream)| cluster(index, upstream);
    json!({
        "node": {"id": "clients", "cluster": "clients"},
        "admin": {"address": address(admin)},
        "static_resources": {
            "listeners": listeners.iter().enumerate().map(listener).collect::<Vec<_>>(),
            "clusters": upstreams.enumerate().map(cluster).collect::<Vec<_>>(),
        },
    })
}

fn address(port: u16) -> Value {
    json!({"socket_address": {"address": "127.0.0.1", "port_value": port}})
}

fn listener(index: usize, port: u16) -> Value {
    let package = "type.googleapis.com/envoy.extensions.filters";
    let route = json!({
        "match": {"prefix": "/"},
        // Streams of gRPC and websockets last as long as they like.
        "route": {"cluster": format!("server-{index}"), "timeout": "0s"},
    });
    json!({
        "name": format!("listener-{index}"),
        "address": address(port),
        "filter_chains": [{"filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": {
                "@type": format!("{package}.network.http_connection_manager.v3.HttpConnectionManager"),
                "stat_prefix": "web",
                "http_protocol_options": {"accept_http_10": true},
                "upgrade_configs": [{"upgrade_type": "websocket"}],
                "route_config": {
                    "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}],
                },
                "http_filters": [{
                    "name": "envoy.filters.http.router",
                    "typed_config": {"@type": format!("{package}.http.router.v3.Router")},
                }],
            },
        }]}],
    })
}

fn cluster(index: usize, upstream: &Upstream) -> Value {
    let options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    let name = format!("server-{index}");
    let endpoints = json!([{"lb_endpoints": [{"endpoint": {"address": address(upstream.port)}}]}]);
    let protocol = if upstream.http2 {
        json!({"http2_protocol_options": {}})
    } else {
        json!({"http_protocol_options": {}})
    };
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        // Two thousand requests at once are more than the default lets through.
        "circuit_breakers": {"thresholds": [{"max_pending_requests": 10_000, "max_requests": 10_000}]},
        "load_assignment": {"cluster_name": name, "endpoints": endpoints},
        "typed_extension_protocol_options": {
            options: {
                "@type": format!("type.googleapis.com/{options}"),
                "explicit_http_config": protocol,
            },
        },
    })
}
