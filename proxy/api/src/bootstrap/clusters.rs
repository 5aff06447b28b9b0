//! The static clusters: the agent, the way through, nowhere.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::{AGENT_CLUSTER, typed};
use crate::agent::SOCKET;
use crate::ports::{INBOUND_SOURCE_V4, INBOUND_SOURCE_V6};

/// To the application, the protocol as it came.
pub(crate) const INBOUND_HTTP: &str = "inbound-http";
/// To the application as HTTP/1.1, however it was carried.
pub(crate) const INBOUND_HTTP1: &str = "inbound-http1";
/// To the application as bytes.
pub(crate) const INBOUND_TCP: &str = "inbound-tcp";
/// To where the application dialled, as HTTP.
pub(crate) const OUTBOUND_HTTP: &str = "outbound-http";
/// To where the application dialled, as bytes.
pub(crate) const OUTBOUND_TCP: &str = "outbound-tcp";
/// Without endpoints: connections end here.
pub(crate) const NOWHERE: &str = "nowhere";

/// The agent's socket.
pub(crate) fn agent() -> Value {
    json!({
        "name": AGENT_CLUSTER,
        "type": "STATIC",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": explicit_http2(),
        "load_assignment": { "cluster_name": AGENT_CLUSTER, "endpoints": [{ "lb_endpoints": [
            { "endpoint": { "address": { "pipe": { "path": SOCKET } } } },
        ] }] },
    })
}

/// Every cluster that the catch-alls use.
pub(crate) fn passthrough() -> Vec<Value> {
    vec![
        original_dst(OUTBOUND_HTTP, Some(use_downstream()), Source::Own),
        original_dst(OUTBOUND_TCP, None, Source::Own),
        original_dst(INBOUND_HTTP, Some(use_downstream()), Source::Inbound),
        original_dst(INBOUND_HTTP1, Some(explicit_http1()), Source::Inbound),
        original_dst(INBOUND_TCP, None, Source::Inbound),
        json!({ "name": NOWHERE, "type": "STATIC", "connect_timeout": "1s" }),
    ]
}

/// HTTP/2, whatever the client speaks.
pub(crate) fn explicit_http2() -> Value {
    protocol_options(json!({ "explicit_http_config": { "http2_protocol_options": {} } }))
}

/// The version that the client speaks.
pub(crate) fn use_downstream() -> Value {
    protocol_options(json!({ "use_downstream_protocol_config": {
        "http_protocol_options": {}, "http2_protocol_options": {},
    } }))
}

/// HTTP/2 where TLS negotiates it, else HTTP/1.1. `allow_connect` lets websockets cross HTTP/2.
pub(crate) fn auto() -> Value {
    protocol_options(json!({ "auto_config": {
        "http_protocol_options": {}, "http2_protocol_options": { "allow_connect": true },
    } }))
}

/// Bounds that never bind: a sidecar that passes through must not be the first to give up.
pub(crate) fn unbounded() -> Value {
    json!({ "thresholds": [{
        "max_connections": u32::MAX,
        "max_pending_requests": u32::MAX,
        "max_requests": u32::MAX,
        "max_retries": u32::MAX,
    }] })
}

/// Which address a cluster dials from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The pod's.
    Own,
    /// The one that redirection exempts.
    Inbound,
}

/// A cluster that dials where the connection was meant to go.
fn original_dst(name: &str, options: Option<Value>, source: Source) -> Value {
    let mut fields = Map::new();
    fields.insert("name".to_owned(), name.into());
    fields.insert("type".to_owned(), "ORIGINAL_DST".into());
    fields.insert("lb_policy".to_owned(), "CLUSTER_PROVIDED".into());
    fields.insert("connect_timeout".to_owned(), "10s".into());
    fields.insert("circuit_breakers".to_owned(), unbounded());
    if let Some(options) = options {
        fields.insert("typed_extension_protocol_options".to_owned(), options);
    }
    if source == Source::Inbound {
        let any_port = |address: IpAddr| json!({ "address": address, "port_value": 0 });
        let bind = json!({
            "source_address": any_port(INBOUND_SOURCE_V4.into()),
            "extra_source_addresses": [{ "address": any_port(INBOUND_SOURCE_V6.into()) }],
        });
        fields.insert("upstream_bind_config".to_owned(), bind);
    }
    fields.into()
}

/// HTTP/1.1, whatever the client speaks.
pub(crate) fn explicit_http1() -> Value {
    protocol_options(json!({ "explicit_http_config": { "http_protocol_options": {} } }))
}

fn protocol_options(options: Value) -> Value {
    let kind = "extensions.upstreams.http.v3.HttpProtocolOptions";
    json!({ format!("envoy.{kind}"): typed(kind, options) })
}
