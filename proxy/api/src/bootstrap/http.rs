//! The HTTP connection manager, set to change nothing that it is not told to.

use serde_json::{Map, Value, json};

use super::{ORIGINAL_PROTOCOL_HEADER, extension, over_ads};
use crate::sidecar::{Handler, Probe};

/// An HTTP connection manager.
pub(crate) struct Http {
    /// The prefix of its statistics.
    pub(crate) stat_prefix: String,
    /// Where its routes come from.
    pub(crate) routes: Routes,
    /// Filters before those that every manager has.
    pub(crate) filters: Vec<Value>,
    /// Takes CONNECT over HTTP/2, which carries TCP and websockets between sidecars.
    pub(crate) connect: bool,
}

/// Where routes come from.
pub(crate) enum Routes {
    /// The configuration itself: one virtual host for every name.
    Inline(Vec<Value>),
    /// RDS, by name.
    Discovered(String),
}

impl Http {
    /// Sends everything to `cluster`.
    pub(crate) fn to_cluster(stat_prefix: &str, cluster: &str) -> Self {
        Self {
            stat_prefix: stat_prefix.to_owned(),
            routes: Routes::Inline(vec![route(&json!({ "prefix": "/" }), cluster)]),
            filters: Vec::new(),
            connect: false,
        }
    }

    /// The network filter.
    pub(crate) fn filter(self) -> Value {
        let mut config = Map::new();
        config.insert("stat_prefix".to_owned(), self.stat_prefix.into());
        match self.routes {
            Routes::Inline(routes) => {
                config.insert("route_config".to_owned(), inline_routes(&routes));
            }
            Routes::Discovered(name) => {
                let rds = json!({ "route_config_name": name, "config_source": over_ads("2s") });
                config.insert("rds".to_owned(), rds);
            }
        }
        let mut filters = self.filters;
        filters.extend([grpc_stats(), router()]);
        config.insert("http_filters".to_owned(), filters.into());
        config.insert(
            "http_protocol_options".to_owned(),
            json!({ "accept_http_10": true }),
        );
        if self.connect {
            config.insert(
                "http2_protocol_options".to_owned(),
                json!({ "allow_connect": true }),
            );
        }
        // The application's own headers, names and silence pass as they are.
        config.insert(
            "server_header_transformation".to_owned(),
            "PASS_THROUGH".into(),
        );
        config.insert("generate_request_id".to_owned(), false.into());
        config.insert("skip_xff_append".to_owned(), true.into());
        config.insert("stream_idle_timeout".to_owned(), "0s".into());
        config.insert(
            "upgrade_configs".to_owned(),
            json!([{ "upgrade_type": "websocket" }]),
        );
        extension(
            "envoy.filters.network.http_connection_manager",
            "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            config.into(),
        )
    }
}

/// A route to `cluster` without Envoy's timeout of 15 s.
pub(crate) fn route(matched: &Value, cluster: &str) -> Value {
    json!({ "match": matched, "route": { "cluster": cluster, "timeout": "0s" } })
}

/// A route that opens a CONNECT tunnel to `cluster`.
pub(crate) fn connect_route(cluster: &str) -> Value {
    json!({
        "match": { "connect_matcher": {} },
        "route": {
            "cluster": cluster,
            "timeout": "0s",
            "upgrade_configs": [{ "upgrade_type": "CONNECT", "connect_config": {} }],
        },
    })
}

/// Allows exactly the requests of `probes` (HTTP and gRPC): port, path with query, and method.
pub(crate) fn only_probes(probes: &[&Probe]) -> Value {
    let mut permissions: Vec<Value> = Vec::new();
    for probe in probes {
        let (path, method) = match &probe.handler {
            Handler::Http { path, .. } => (path.as_str(), "GET"),
            Handler::Grpc { .. } => (GRPC_HEALTH, "POST"),
            Handler::Tcp => continue,
        };
        let header = |name: &str, value: &str| json!({ "header": { "name": name, "string_match": { "exact": value } } });
        let permission = json!({ "and_rules": { "rules": [
            { "destination_port": probe.port },
            header(":path", path),
            header(":method", method),
        ] } });
        if !permissions.contains(&permission) {
            permissions.push(permission);
        }
    }
    extension(
        "envoy.filters.http.rbac",
        "extensions.filters.http.rbac.v3.RBAC",
        json!({ "rules": { "action": "ALLOW", "policies": { "probes": {
            "permissions": permissions,
            "principals": [{ "any": true }],
        } } } }),
    )
}

/// What the kubelet calls for a gRPC probe; the service asked for is in the body.
const GRPC_HEALTH: &str = "/grpc.health.v1.Health/Check";

fn inline_routes(routes: &[Value]) -> Value {
    json!({ "virtual_hosts": [{
        "name": "all",
        "domains": ["*"],
        "routes": routes,
        "request_headers_to_remove": [ORIGINAL_PROTOCOL_HEADER],
    }] })
}

/// Counts gRPC by its status: a failing call is an HTTP 200.
fn grpc_stats() -> Value {
    extension(
        "envoy.filters.http.grpc_stats",
        "extensions.filters.http.grpc_stats.v3.FilterConfig",
        json!({ "stats_for_all_methods": false }),
    )
}

fn router() -> Value {
    extension(
        "envoy.filters.http.router",
        "extensions.filters.http.router.v3.Router",
        json!({ "suppress_envoy_headers": true }),
    )
}
