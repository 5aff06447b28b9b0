//! Assembles the bootstrap of a group of cases out of their pieces.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use super::case::{Case, merge};
use super::certificates::Certificates;

/// Where a case is: the name that makes its statistics its own, and its addresses.
pub(crate) struct Place {
    pub(crate) id: String,
    pub(crate) listener: SocketAddr,
    pub(crate) upstreams: BTreeMap<&'static str, SocketAddr>,
}

const NETWORK: &str = "type.googleapis.com/envoy.extensions.filters.network";
const PROTOCOL_OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// An object of this type, as Envoy's extensions are written.
pub(crate) fn typed(kind: &str, mut fields: Value) -> Value {
    fields["@type"] = format!("type.googleapis.com/{kind}").into();
    fields
}

/// A field of the connection manager by which clients of 10.0.0.0/8 are inside: none is by default.
pub(crate) fn inside() -> Value {
    let ranges = json!([{ "address_prefix": "10.0.0.0", "prefix_len": 8 }]);
    json!({ "internal_address_config": { "cidr_ranges": ranges } })
}

/// A cluster's field that makes its protocol HTTP/2.
pub(crate) fn http2_upstream() -> Value {
    protocol_options(json!({ "explicit_http_config": { "http2_protocol_options": {} } }))
}

/// A cluster's field with these options of HTTP.
pub(crate) fn protocol_options(options: Value) -> Value {
    json!({
        "typed_extension_protocol_options": {
            PROTOCOL_OPTIONS: typed(PROTOCOL_OPTIONS, options),
        },
    })
}

pub(crate) fn bootstrap(
    cases: &[(Case, Place)],
    admin: SocketAddr,
    logs: &Path,
    certificates: &Certificates,
) -> Value {
    let mut listeners = Vec::new();
    let mut clusters = Vec::new();
    for (case, place) in cases {
        let mut listener = listener(case, place, logs);
        fill(&mut listener, place, certificates);
        listeners.push(listener);
        for mut cluster in self::clusters(case) {
            fill(&mut cluster, place, certificates);
            clusters.push(cluster);
        }
    }
    json!({
        "admin": { "address": socket_address(admin) },
        "static_resources": { "listeners": listeners, "clusters": clusters },
    })
}

fn listener(case: &Case, place: &Place, logs: &Path) -> Value {
    let filters = [
        ("@manager", manager(case, place, logs)),
        ("@tcp", tcp(case, place, logs)),
    ];
    let chains = case.chains.clone();
    let mut chains = chains.unwrap_or_else(|| json!([{ "filters": ["@manager"] }]));
    put_filters(&mut chains, &filters);
    let mut listener = json!({
        "name": place.id,
        "stat_prefix": place.id,
        "address": socket_address(place.listener),
        "filter_chains": chains,
    });
    merge(&mut listener, case.listener.clone());
    listener
}

fn manager(case: &Case, place: &Place, logs: &Path) -> Value {
    let mut filters = case.filters.clone();
    filters.push(json!({
        "name": "envoy.filters.http.router",
        "typed_config": typed("envoy.extensions.filters.http.router.v3.Router", json!({})),
    }));
    let mut manager = json!({
        "@type": format!("{NETWORK}.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": place.id,
        // Envoy's own second would be most of the suite's time.
        "delayed_close_timeout": "0.1s",
        "route_config": case.route_config,
        "http_filters": filters,
        "access_log": access_log(case, place, logs),
    });
    merge(&mut manager, case.manager.clone());
    json!({ "name": "envoy.filters.network.http_connection_manager", "typed_config": manager })
}

fn access_log(case: &Case, place: &Place, logs: &Path) -> Value {
    let log = json!({
        "path": logs.join(&place.id),
        "log_format": { "text_format_source": { "inline_string": format!("{}\n", case.log_format) } },
    });
    json!([{
        "name": "envoy.access_loggers.file",
        "typed_config": typed("envoy.extensions.access_loggers.file.v3.FileAccessLog", log),
    }])
}

fn tcp(case: &Case, place: &Place, logs: &Path) -> Value {
    let mut proxy = json!({
        "@type": format!("{NETWORK}.tcp_proxy.v3.TcpProxy"),
        "stat_prefix": place.id,
        "access_log": access_log(case, place, logs),
    });
    merge(&mut proxy, case.tcp.clone());
    json!({ "name": "envoy.filters.network.tcp_proxy", "typed_config": proxy })
}

/// Puts filters in place of the strings that stand for them.
fn put_filters(value: &mut Value, filters: &[(&str, Value)]) {
    match value {
        Value::String(text) => {
            if let Some((_, filter)) = filters.iter().find(|(name, _)| text == name) {
                *value = filter.clone();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| put_filters(item, filters)),
        Value::Object(fields) => fields
            .values_mut()
            .for_each(|item| put_filters(item, filters)),
        _ => {}
    }
}

fn clusters(case: &Case) -> Vec<Value> {
    let mut names: Vec<&str> = case
        .upstreams
        .iter()
        .map(|upstream| upstream.name)
        .collect();
    for (name, _) in &case.clusters {
        if !names.contains(name) {
            names.push(name);
        }
    }
    let cluster = |name: &str| {
        let own = format!("@{name}");
        let mut cluster = json!({
            "name": own,
            "type": "STATIC",
            "connect_timeout": "5s",
            "load_assignment": {
                "cluster_name": own,
                "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": own } }] }],
            },
        });
        for (_, fields) in case.clusters.iter().filter(|(other, _)| *other == name) {
            merge(&mut cluster, fields.clone());
        }
        cluster
    };
    names.into_iter().map(cluster).collect()
}

/// The endpoints of a locality, by the names of upstreams.
pub(crate) fn endpoints(upstreams: &[&str]) -> Value {
    let endpoint = |name: &&str| json!({ "endpoint": { "address": format!("@{name}") } });
    json!(upstreams.iter().map(endpoint).collect::<Vec<_>>())
}

/// A cluster's field with one locality of upstreams.
pub(crate) fn members(cluster: &str, upstreams: &[&str]) -> Value {
    json!({
        "load_assignment": {
            "cluster_name": format!("@{cluster}"),
            "endpoints": [{ "lb_endpoints": endpoints(upstreams) }],
        },
    })
}

/// Fills in names, addresses and certificates for the strings that start with `@`.
fn fill(value: &mut Value, place: &Place, certificates: &Certificates) {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix('@') {
                *text = certificates
                    .text(name)
                    .unwrap_or_else(|| format!("{}_{name}", place.id));
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| fill(item, place, certificates)),
        Value::Object(fields) => {
            for (key, item) in fields {
                match item.as_str().and_then(|text| text.strip_prefix('@')) {
                    Some(name) if key == "address" => {
                        *item = socket_address(place.upstreams[name]);
                    }
                    _ if key == "@type" => {}
                    _ => fill(item, place, certificates),
                }
            }
        }
        _ => {}
    }
}

fn socket_address(address: SocketAddr) -> Value {
    json!({
        "socket_address": { "address": address.ip().to_string(), "port_value": address.port() },
    })
}
