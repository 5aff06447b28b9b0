//! Network filters: TCP proxy and access by destination port.

use serde_json::{Value, json};

use super::extension;
use crate::settings::PortList;

/// Carries bytes to `cluster`, for as long as both sides want to: Envoy's hour without a byte would
/// end an idle database connection that lives without the proxy.
pub(crate) fn tcp_proxy(stat_prefix: &str, cluster: &str) -> Value {
    extension(
        "envoy.filters.network.tcp_proxy",
        "extensions.filters.network.tcp_proxy.v3.TcpProxy",
        json!({ "stat_prefix": stat_prefix, "cluster": cluster, "idle_timeout": "0s" }),
    )
}

/// Lets connections to `ports` on and closes every other.
pub(crate) fn only_ports(stat_prefix: &str, ports: &PortList) -> Value {
    let permissions: Vec<Value> = ports
        .ranges()
        .iter()
        .map(|range| json!({ "destination_port_range": half_open(*range) }))
        .collect();
    extension(
        "envoy.filters.network.rbac",
        "extensions.filters.network.rbac.v3.RBAC",
        json!({
            "stat_prefix": stat_prefix,
            "rules": { "action": "ALLOW", "policies": { "ports": {
                "permissions": permissions,
                "principals": [{ "any": true }],
            } } },
        }),
    )
}

/// A range of ports as Envoy writes it: without its end.
pub(crate) fn half_open((first, last): (u16, u16)) -> Value {
    json!({ "start": first, "end": u32::from(last) + 1 })
}
