//! Discovered resources: what the controller sends for a port of a service and a port of a pod.
//!
//! Names: a cluster and its routes are `namespace/service/port/carriage`, endpoints
//! `namespace/service/port`, listeners `outbound/namespace/service/port/address` and `inbound/port`.

use std::net::{IpAddr, SocketAddr};

use serde_json::{Map, Value, json};

use crate::bootstrap::http::{Http, Routes};
use crate::bootstrap::listener::{
    Direction, Listener, http_chain, http_inspector, tcp_chain, tls_inspector,
};
use crate::bootstrap::tls::{self, HTTP_CLIENT_ALPN, HTTP2_CLIENT_ALPN};
use crate::bootstrap::{
    MESH_TCP_ALPN, ORIGINAL_PROTOCOL_HEADER, clusters, extension, inbound, over_ads,
    socket_address, typed,
};
use crate::identity::SpiffeId;
use crate::settings::{Mesh, PortList, Settings};
use crate::sidecar::Probe;

/// The share of requests in flight that may be retries, in percent.
pub const RETRY_BUDGET_PERCENT: f64 = 20.0;
/// What is retried by default: nothing that an application may have seen.
pub const RETRY_ON: &str = "connect-failure,refused-stream,reset-before-request";

/// What a port speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Not declared: the client's first bytes say.
    Detect,
    /// Declared HTTP/1 (`appProtocol: http`); carried as HTTP/2 between sidecars.
    Http,
    /// Declared HTTP/2 or gRPC (`kubernetes.io/h2c`, `grpc`).
    Http2,
    /// Declared TCP, or opaque: bytes, never looked at, so that a server may speak first.
    Opaque,
}

/// One port of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePort {
    /// The service's namespace.
    pub namespace: String,
    /// The service's name.
    pub name: String,
    /// The port that clients dial.
    pub port: u16,
    /// What it speaks.
    pub protocol: Protocol,
    /// The service's addresses.
    pub addresses: Vec<IpAddr>,
    /// Who answers.
    pub endpoints: Vec<Endpoint>,
}

/// One pod behind a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its address and port.
    pub address: SocketAddr,
    /// Its identity, if it is meshed: it is then dialled under mTLS and nothing else.
    pub identity: Option<SpiffeId>,
}

/// The listeners of a service's port, one for each of its addresses. They bind nothing: the
/// catch-all hands them its connections.
pub fn outbound_listeners(service: &ServicePort) -> Vec<Value> {
    let listener = |address: &IpAddr| {
        let listener = Listener {
            name: format!("outbound/{}/{address}", service.key()),
            direction: Direction::Outbound,
            inspectors: match service.protocol {
                Protocol::Opaque => Vec::new(),
                _ => vec![tls_inspector(None), http_inspector(None)],
            },
            chains: outbound_chains(service),
            default_chain: Some(tcp_chain("outbound-tcp", &service.cluster(Carriage::Tcp))),
        };
        let resource = listener.virtual_at(&address.to_string(), service.port);
        typed("config.listener.v3.Listener", resource)
    };
    service.addresses.iter().map(listener).collect()
}

/// The routes of a service's port, if it may speak HTTP.
pub fn route_configurations(service: &ServicePort) -> Vec<Value> {
    let http = service
        .carriages()
        .iter()
        .filter(|carriage| **carriage != Carriage::Tcp);
    http.map(|carriage| route_configuration(&service.cluster(*carriage)))
        .collect()
}

/// The clusters of a service's port: one for each way to carry what it may speak.
pub fn clusters(service: &ServicePort) -> Vec<Value> {
    service
        .carriages()
        .iter()
        .map(|carriage| cluster(service, *carriage))
        .collect()
}

/// The endpoints of a service's port, which its clusters share.
pub fn load_assignment(service: &ServicePort) -> Value {
    let endpoints: Vec<Value> = service.endpoints.iter().map(endpoint).collect();
    typed(
        "config.endpoint.v3.ClusterLoadAssignment",
        json!({ "cluster_name": service.key(), "endpoints": [{ "lb_endpoints": endpoints }] }),
    )
}

/// The listener of a pod's own port: as the catch-all of its bootstrap, but that the port's protocol
/// is known.
pub fn inbound_listener(
    (address, port): (IpAddr, u16),
    protocol: Protocol,
    settings: &Settings,
    mesh: &Mesh,
    probes: &[Probe],
) -> Value {
    let opaque_ports = if protocol == Protocol::Opaque {
        PortList::of(&[port])
    } else {
        PortList::default()
    };
    let settings = Settings {
        opaque_ports,
        ..settings.clone()
    };
    let probes: Vec<Probe> = probes
        .iter()
        .filter(|probe| probe.port == port)
        .cloned()
        .collect();
    let listener = inbound::of_port(&settings, mesh, &probes, port);
    typed(
        "config.listener.v3.Listener",
        listener.virtual_at(&address.to_string(), port),
    )
}

impl ServicePort {
    /// `namespace/service/port`.
    fn key(&self) -> String {
        format!("{}/{}/{}", self.namespace, self.name, self.port)
    }

    fn cluster(&self, carriage: Carriage) -> String {
        format!("{}/{}", self.key(), carriage.as_str())
    }

    fn carriages(&self) -> &'static [Carriage] {
        match self.protocol {
            Protocol::Detect => &[Carriage::Http, Carriage::Http2, Carriage::Tcp],
            Protocol::Http => &[Carriage::Http, Carriage::Tcp],
            Protocol::Http2 => &[Carriage::Http2, Carriage::Tcp],
            Protocol::Opaque => &[Carriage::Tcp],
        }
    }

    /// The identities of its meshed endpoints, each once.
    fn identities(&self) -> Vec<SpiffeId> {
        let mut identities: Vec<SpiffeId> = self
            .endpoints
            .iter()
            .filter_map(|endpoint| endpoint.identity.clone())
            .collect();
        identities.sort();
        identities.dedup();
        identities
    }
}

/// How a cluster carries what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carriage {
    /// HTTP/2 to meshed endpoints, HTTP/1.1 to others.
    Http,
    /// HTTP/2 to all.
    Http2,
    /// Bytes.
    Tcp,
}

impl Carriage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Http2 => "http2",
            Self::Tcp => "tcp",
        }
    }
}

fn outbound_chains(service: &ServicePort) -> Vec<Value> {
    let chain = |carriage: Carriage| {
        http_chain(Http {
            stat_prefix: "outbound".to_owned(),
            routes: Routes::Discovered(service.cluster(carriage)),
            filters: Vec::new(),
            connect: false,
        })
    };
    match service.protocol {
        Protocol::Detect => vec![
            renamed(chain(Carriage::Http), "http", &["http/1.0", "http/1.1"]),
            renamed(chain(Carriage::Http2), "http2", &["h2c"]),
        ],
        Protocol::Http => vec![chain(Carriage::Http)],
        Protocol::Http2 => vec![chain(Carriage::Http2)],
        Protocol::Opaque => Vec::new(),
    }
}

/// An HTTP chain under another name, for `protocols` alone.
fn renamed(mut chain: Value, name: &str, protocols: &[&str]) -> Value {
    chain["name"] = name.into();
    chain["filter_chain_match"]["application_protocols"] = json!(protocols);
    chain
}

fn route_configuration(cluster: &str) -> Value {
    let previous_hosts = extension(
        "envoy.retry_host_predicates.previous_hosts",
        "extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
        json!({}),
    );
    typed(
        "config.route.v3.RouteConfiguration",
        json!({
            "name": cluster,
            "virtual_hosts": [{
                "name": cluster,
                "domains": ["*"],
                "routes": [{
                    "match": { "prefix": "/" },
                    "route": {
                        "cluster": cluster,
                        "timeout": "0s",
                        "retry_policy": {
                            "retry_on": RETRY_ON,
                            "num_retries": 2,
                            "retry_host_predicate": [previous_hosts],
                            "host_selection_retry_max_attempts": 3,
                        },
                    },
                }],
                "request_headers_to_add": [{
                    "header": { "key": ORIGINAL_PROTOCOL_HEADER, "value": "%PROTOCOL%" },
                    "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                }],
            }],
        }),
    )
}

fn cluster(service: &ServicePort, carriage: Carriage) -> Value {
    let mut fields = Map::new();
    fields.insert("name".to_owned(), service.cluster(carriage).into());
    fields.insert("type".to_owned(), "EDS".into());
    let eds = json!({ "eds_config": over_ads("2s"), "service_name": service.key() });
    fields.insert("eds_cluster_config".to_owned(), eds);
    fields.insert("connect_timeout".to_owned(), "5s".into());
    fields.insert("lb_policy".to_owned(), "LEAST_REQUEST".into());
    let mut breakers = clusters::unbounded();
    breakers["thresholds"][0]["retry_budget"] = json!({
        "budget_percent": { "value": RETRY_BUDGET_PERCENT },
        "min_retry_concurrency": 3,
    });
    fields.insert("circuit_breakers".to_owned(), breakers);
    let identities = service.identities();
    let options = match carriage {
        Carriage::Http if identities.is_empty() => Some(clusters::explicit_http1()),
        Carriage::Http => Some(clusters::auto()),
        Carriage::Http2 => Some(clusters::explicit_http2()),
        Carriage::Tcp => None,
    };
    if let Some(options) = options {
        fields.insert("typed_extension_protocol_options".to_owned(), options);
    }
    if !identities.is_empty() {
        let offered = match carriage {
            Carriage::Http => HTTP_CLIENT_ALPN,
            Carriage::Http2 => HTTP2_CLIENT_ALPN,
            Carriage::Tcp => &[MESH_TCP_ALPN],
        };
        fields.insert(
            "transport_socket".to_owned(),
            tls::upstream(&identities, offered),
        );
        let plaintext = json!([{
            "name": PLAINTEXT,
            "match": { PLAINTEXT: true },
            "transport_socket": tls::raw_buffer(),
        }]);
        fields.insert("transport_socket_matches".to_owned(), plaintext);
    }
    typed("config.cluster.v3.Cluster", fields.into())
}

/// An endpoint without a sidecar is marked, so that a lost mark ends in TLS that fails, never in
/// plaintext. A meshed one carries its identity for readers.
fn endpoint(endpoint: &Endpoint) -> Value {
    let (address, port) = (endpoint.address.ip().to_string(), endpoint.address.port());
    let metadata = match &endpoint.identity {
        Some(identity) => json!({ "meshctl": { "identity": identity.to_string() } }),
        None => json!({ "envoy.transport_socket_match": { PLAINTEXT: true } }),
    };
    json!({
        "endpoint": { "address": socket_address(&address, port) },
        "metadata": { "filter_metadata": metadata },
    })
}

/// The mark of an endpoint that is dialled without TLS.
const PLAINTEXT: &str = "plaintext";
