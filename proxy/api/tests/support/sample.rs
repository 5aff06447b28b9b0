//! A small shop: the settings, the pod and the services that goldens and judge share.

use std::path::{Path, PathBuf};

use mesh_api::agent::PodReference;
use mesh_api::bootstrap::bootstrap;
use mesh_api::identity::SpiffeId;
use mesh_api::resources::{
    Endpoint, Protocol, ServicePort, clusters, inbound_listener, load_assignment,
    outbound_listeners, route_configurations,
};
use mesh_api::settings::{Mesh, Overrides, Setting, Settings};
use mesh_api::sidecar::{Handler, Probe};
use serde_json::{Value, json};

/// Where the goldens are kept.
pub(crate) fn golden_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/golden")
}

/// Defaults but for `values`.
pub(crate) fn settings(values: &[(Setting, &str)]) -> Settings {
    let mut overrides = Overrides::default();
    for (setting, value) in values {
        overrides.set(*setting, value).unwrap();
    }
    Settings::resolve(&[&overrides])
}

/// The pod that the goldens are for.
pub(crate) fn pod() -> PodReference {
    PodReference {
        name: "cart-5d8f".to_owned(),
        namespace: "shop".to_owned(),
        service_account: "cart".to_owned(),
        address: "10.244.0.11".to_owned(),
        node: "node-1".to_owned(),
    }
}

/// One probe of each kind.
pub(crate) fn probes() -> Vec<Probe> {
    let probe = |kind: &str, port, handler| Probe {
        container: "cart".to_owned(),
        kind: kind.to_owned(),
        handler,
        port,
    };
    let http = Handler::Http {
        path: "/healthz?full=1".to_owned(),
        https: false,
    };
    vec![
        probe("livenessProbe", 8080, http),
        probe(
            "readinessProbe",
            9000,
            Handler::Grpc {
                service: String::new(),
            },
        ),
        probe("startupProbe", 8080, Handler::Tcp),
    ]
}

/// The bootstrap of that pod with defaults but for `values`.
pub(crate) fn bootstrap_with(values: &[(Setting, &str)], mesh: &Mesh, probes: &[Probe]) -> Value {
    bootstrap(&settings(values), mesh, probes, &pod())
}

/// A meshed HTTP/1 service, an unmeshed one, a mixed gRPC service, a mixed TCP service, a meshed
/// database that speaks first, and one port that nobody declared.
pub(crate) fn services() -> Vec<ServicePort> {
    let service = |name: &str, port, protocol, host: u8, meshed: &[bool]| ServicePort {
        namespace: "shop".to_owned(),
        name: name.to_owned(),
        port,
        protocol,
        addresses: vec![format!("10.96.0.{host}").parse().unwrap()],
        endpoints: endpoints(name, port, host, meshed),
    };
    vec![
        service("cart", 8080, Protocol::Http, 11, &[true, true]),
        service("legacy", 8080, Protocol::Http, 12, &[false]),
        service("catalog", 9000, Protocol::Http2, 13, &[true, false]),
        service("orders", 5000, Protocol::Opaque, 14, &[true, false]),
        service("mysql", 3306, Protocol::Opaque, 15, &[true]),
        service("search", 8000, Protocol::Detect, 16, &[true, false]),
    ]
}

/// Every golden by file name.
pub(crate) fn goldens() -> Vec<(&'static str, Value)> {
    let services = services();
    let envoy = [(Setting::Proxy, "envoy"), (Setting::Mtls, "strict")];
    let mesh = Mesh::default();
    let mut listeners: Vec<Value> = services.iter().flat_map(outbound_listeners).collect();
    let address = pod().address.parse().unwrap();
    for (port, protocol) in [(8080, Protocol::Http), (3306, Protocol::Opaque)] {
        listeners.push(inbound_listener(
            (address, port),
            protocol,
            &settings(&[]),
            &mesh,
            &[],
        ));
    }
    let strict = settings(&[(Setting::Mtls, "strict")]);
    let grpc = (address, 9000);
    listeners.push(inbound_listener(
        grpc,
        Protocol::Http2,
        &strict,
        &mesh,
        &probes(),
    ));
    vec![
        (
            "bootstrap-mesh-proxy.json",
            bootstrap_with(&[], &mesh, &probes()),
        ),
        (
            "bootstrap-envoy.json",
            bootstrap_with(&envoy, &mesh, &probes()),
        ),
        ("lds.json", response(&listeners)),
        (
            "cds.json",
            response(&services.iter().flat_map(clusters).collect::<Vec<_>>()),
        ),
        (
            "rds.json",
            response(
                &services
                    .iter()
                    .flat_map(route_configurations)
                    .collect::<Vec<_>>(),
            ),
        ),
        (
            "eds.json",
            response(&services.iter().map(load_assignment).collect::<Vec<_>>()),
        ),
    ]
}

/// A discovery response, as Envoy reads one from a file.
fn response(resources: &[Value]) -> Value {
    json!({ "version_info": "golden", "resources": resources })
}

fn endpoints(service: &str, port: u16, host: u8, meshed: &[bool]) -> Vec<Endpoint> {
    let endpoint = |(index, meshed): (usize, &bool)| Endpoint {
        address: format!("10.244.{index}.{host}:{port}").parse().unwrap(),
        identity: meshed.then(|| SpiffeId::new("cluster.local", "shop", service).unwrap()),
    };
    meshed.iter().enumerate().map(endpoint).collect()
}
