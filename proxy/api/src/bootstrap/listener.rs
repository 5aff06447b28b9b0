//! Listeners and what looks at a connection before a filter chain is chosen.

use serde_json::{Map, Value, json};

use super::filter::{half_open, tcp_proxy};
use super::http::Http;
use super::{extension, socket_address};
use crate::settings::{IpFamilies, PortList};

/// Which way a listener's connections go, as Envoy's `traffic_direction`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// To the pod; drained before the application stops.
    Inbound,
    /// From the pod; works until the end.
    Outbound,
}

impl Direction {
    fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "INBOUND",
            Self::Outbound => "OUTBOUND",
        }
    }
}

/// Everything of a listener but its address.
pub(crate) struct Listener {
    pub(crate) name: String,
    pub(crate) direction: Direction,
    pub(crate) inspectors: Vec<Value>,
    pub(crate) chains: Vec<Value>,
    pub(crate) default_chain: Option<Value>,
}

impl Listener {
    /// As the catch-all on `port` that redirected connections meet first.
    pub(crate) fn catch_all(self, port: u16, families: IpFamilies) -> Value {
        let address = match families {
            IpFamilies::Dual | IpFamilies::Ipv4 => "0.0.0.0",
            IpFamilies::Ipv6 => "::",
        };
        let mut fields = Map::new();
        fields.insert("name".to_owned(), self.name.clone().into());
        fields.insert("address".to_owned(), socket_address(address, port));
        if families == IpFamilies::Dual {
            let second = json!([{ "address": socket_address("::", port) }]);
            fields.insert("additional_addresses".to_owned(), second);
        }
        fields.insert("use_original_dst".to_owned(), true.into());
        self.finish(fields).into()
    }

    /// As one that binds nothing, and is given the connections to `address` by a catch-all.
    pub(crate) fn virtual_at(self, address: &str, port: u16) -> Value {
        let mut fields = Map::new();
        fields.insert("name".to_owned(), self.name.clone().into());
        fields.insert("address".to_owned(), socket_address(address, port));
        fields.insert("bind_to_port".to_owned(), false.into());
        self.finish(fields).into()
    }

    /// As one that listens on loopback like any server.
    pub(crate) fn loopback(self, port: u16) -> Value {
        let mut fields = Map::new();
        fields.insert("name".to_owned(), self.name.clone().into());
        fields.insert("address".to_owned(), socket_address("127.0.0.1", port));
        self.finish(fields).into()
    }

    fn finish(self, mut fields: Map<String, Value>) -> Map<String, Value> {
        fields.insert(
            "traffic_direction".to_owned(),
            self.direction.as_str().into(),
        );
        if !self.inspectors.is_empty() {
            fields.insert("listener_filters".to_owned(), self.inspectors.into());
            // A server that speaks first waits no longer than this for the client's first bytes.
            fields.insert("listener_filters_timeout".to_owned(), "1s".into());
            fields.insert(
                "continue_on_listener_filters_timeout".to_owned(),
                true.into(),
            );
        }
        fields.insert("filter_chains".to_owned(), self.chains.into());
        if let Some(chain) = self.default_chain {
            fields.insert("default_filter_chain".to_owned(), chain);
        }
        fields
    }
}

/// Restores the address that the connection was meant for.
pub(crate) fn original_dst() -> Value {
    extension(
        "envoy.filters.listener.original_dst",
        "extensions.filters.listener.original_dst.v3.OriginalDst",
        json!({}),
    )
}

/// Recognises TLS and reads the protocols that the client offers.
pub(crate) fn tls_inspector(disabled: Option<Value>) -> Value {
    inspector(
        "envoy.filters.listener.tls_inspector",
        "extensions.filters.listener.tls_inspector.v3.TlsInspector",
        disabled,
    )
}

/// Recognises HTTP.
pub(crate) fn http_inspector(disabled: Option<Value>) -> Value {
    inspector(
        "envoy.filters.listener.http_inspector",
        "extensions.filters.listener.http_inspector.v3.HttpInspector",
        disabled,
    )
}

/// A predicate that holds for `ports`; none when there are none.
pub(crate) fn on_ports(ports: &PortList) -> Option<Value> {
    let rules: Vec<Value> = ports
        .ranges()
        .iter()
        .map(|range| json!({ "destination_port_range": half_open(*range) }))
        .collect();
    match rules.len() {
        0 => None,
        1 => rules.into_iter().next(),
        _ => Some(json!({ "or_match": { "rules": rules } })),
    }
}

/// A chain for plaintext HTTP. Without `transport_protocol` it would take TLS that offers `h2`.
pub(crate) fn http_chain(http: Http) -> Value {
    json!({
        "name": "http",
        "filter_chain_match": {
            "transport_protocol": "raw_buffer",
            "application_protocols": ["http/1.0", "http/1.1", "h2c"],
        },
        "filters": [http.filter()],
    })
}

/// A chain that carries bytes to `cluster`, for whatever no other chain takes.
pub(crate) fn tcp_chain(stat_prefix: &str, cluster: &str) -> Value {
    json!({ "name": "tcp", "filters": [tcp_proxy(stat_prefix, cluster)] })
}

/// A chain that closes what is meant for the sidecar's own `port`: passed on, it would come back
/// for ever.
pub(crate) fn loop_guard(port: u16) -> Value {
    json!({
        "name": format!("loop-{port}"),
        "filter_chain_match": { "destination_port": port },
        "filters": [tcp_proxy("loop", super::clusters::NOWHERE)],
    })
}

fn inspector(name: &str, kind: &str, disabled: Option<Value>) -> Value {
    let mut filter = extension(name, kind, json!({}));
    if let (Some(disabled), Some(fields)) = (disabled, filter.as_object_mut()) {
        fields.insert("filter_disabled".to_owned(), disabled);
    }
    filter
}
