//! The Envoy v3 bootstrap of a sidecar, the same for mesh-proxy and Envoy.
//!
//! Two static listeners catch everything that is redirected; whatever is discovered comes over ADS
//! from the agent and takes its connections away from them. docs/mesh-shape.md explains each part.

pub(crate) mod clusters;
mod explicit;
pub(crate) mod filter;
pub(crate) mod http;
pub(crate) mod inbound;
pub(crate) mod listener;
mod outbound;
pub(crate) mod tls;

use serde_json::{Map, Value, json};

use crate::agent::PodReference;
use crate::ports::ADMIN;
use crate::settings::{Intercept, Mesh, Settings};
use crate::sidecar::Probe;

/// The ALPN that a mesh client offers first, before `h2` and `http/1.1`. Servers match it and never
/// choose it.
pub const MESH_ALPN: &str = "meshctl";
/// The only ALPN of a mesh client that sends bytes which are not HTTP.
pub const MESH_TCP_ALPN: &str = "meshctl-tcp";
/// Names the protocol that the application spoke (`%PROTOCOL%`) on a mesh connection, where the wire
/// may speak another. Removed before the application sees it, and never believed elsewhere.
pub const ORIGINAL_PROTOCOL_HEADER: &str = "meshctl-orig-proto";
/// The cluster of the agent's socket.
pub const AGENT_CLUSTER: &str = "mesh-agent";

/// The bootstrap as JSON, for `--config-yaml`. JSON, because Envoy reads YAML 1.1, where a namespace
/// called `no` is false.
pub fn bootstrap(settings: &Settings, mesh: &Mesh, probes: &[Probe], pod: &PodReference) -> Value {
    let (listeners, mut clusters) = match settings.intercept {
        Intercept::Init => (
            vec![
                outbound::listener(settings, mesh),
                inbound::catch_all(settings, mesh, probes),
            ],
            clusters::passthrough(),
        ),
        Intercept::None => (vec![explicit::listener()], vec![explicit::cluster()]),
    };
    clusters.insert(0, clusters::agent());
    json!({
        "node": node(settings, pod),
        "admin": { "address": socket_address("127.0.0.1", ADMIN) },
        "static_resources": { "listeners": listeners, "clusters": clusters },
        "dynamic_resources": {
            "ads_config": {
                "api_type": "DELTA_GRPC",
                "transport_api_version": "V3",
                "grpc_services": [{ "envoy_grpc": { "cluster_name": AGENT_CLUSTER } }],
                "set_node_on_first_message_only": true,
            },
            "cds_config": over_ads("2s"),
            "lds_config": over_ads("2s"),
        },
        "layered_runtime": { "layers": [{
            "name": "static",
            // Endpoints with and without TLS in one cluster, the protocol chosen by ALPN: Envoy
            // refuses that unless this is a percentage of 100 (`true` does not work).
            "static_layer": { "config.do_not_validate_alpn_support": 100 },
        }] },
        "stats_config": { "use_all_default_tags": true },
    })
}

/// `address` and `port` as Envoy writes them.
pub(crate) fn socket_address(address: &str, port: u16) -> Value {
    json!({ "socket_address": { "address": address, "port_value": port } })
}

/// A configuration source: the agent's ADS stream. Whoever waits for it goes on after `timeout`, so
/// that a pod starts without a control plane.
pub(crate) fn over_ads(timeout: &str) -> Value {
    json!({ "ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": timeout })
}

/// Something with a name and a `typed_config` of the v3 type `kind`.
pub(crate) fn extension(name: &str, kind: &str, config: Value) -> Value {
    json!({ "name": name, "typed_config": typed(kind, config) })
}

/// `config` as an `Any` of the v3 type `kind` (without `envoy.`).
pub(crate) fn typed(kind: &str, config: Value) -> Value {
    let mut fields = Map::new();
    fields.insert(
        "@type".to_owned(),
        format!("type.googleapis.com/envoy.{kind}").into(),
    );
    if let Value::Object(config) = config {
        fields.extend(config);
    }
    fields.into()
}

/// Who this is, for the controller; what it is allowed to be, the token says.
fn node(settings: &Settings, pod: &PodReference) -> Value {
    let egress: Vec<String> = settings
        .egress
        .as_slice()
        .iter()
        .map(ToString::to_string)
        .collect();
    json!({
        "id": format!("{}.{}", pod.name, pod.namespace),
        "cluster": format!("{}.{}", pod.service_account, pod.namespace),
        "metadata": { "meshctl": {
            "version": env!("CARGO_PKG_VERSION"),
            "proxy": settings.proxy.as_str(),
            "namespace": pod.namespace,
            "pod": pod.name,
            "address": pod.address,
            "node": pod.node,
            "mtls": settings.mtls.as_str(),
            "intercept": settings.intercept.as_str(),
            "egress": egress,
        } },
    })
}

#[cfg(test)]
mod tests;
