//! Port 15006: what reaches the pod, sorted into mesh, the application's own TLS, and plaintext.

use serde_json::{Value, json};

use super::clusters::{INBOUND_HTTP, INBOUND_HTTP1, INBOUND_TCP};
use super::filter::{only_ports, tcp_proxy};
use super::http::{Http, Routes, connect_route, only_probes, route};
use super::listener::{
    Direction, Listener, http_chain, http_inspector, loop_guard, on_ports, original_dst, tcp_chain,
    tls_inspector,
};
use super::tls::{self, HTTP_SERVER_ALPN};
use super::{MESH_ALPN, MESH_TCP_ALPN, ORIGINAL_PROTOCOL_HEADER};
use crate::ports::{INBOUND, OUTBOUND};
use crate::settings::{Mesh, Mtls, PortList, Settings};
use crate::sidecar::{Handler, Probe};

/// The catch-all.
pub(crate) fn catch_all(settings: &Settings, mesh: &Mesh, probes: &[Probe]) -> Value {
    let mut listener = sorted("inbound".to_owned(), settings, mesh, probes);
    listener.inspectors.insert(0, original_dst());
    listener
        .chains
        .splice(0..0, [loop_guard(INBOUND), loop_guard(OUTBOUND)]);
    listener.catch_all(INBOUND, mesh.ip_families)
}

/// The listener of one `port`.
pub(crate) fn of_port(settings: &Settings, mesh: &Mesh, probes: &[Probe], port: u16) -> Listener {
    let mut listener = sorted(format!("inbound/{port}"), settings, mesh, probes);
    if settings.mtls == Mtls::Permissive && settings.opaque_ports.contains(port) {
        // Nobody asks whether it is HTTP: the inspector and its chain would do nothing.
        listener.inspectors.truncate(1);
        listener.chains.truncate(2);
    }
    listener
}

fn sorted(name: String, settings: &Settings, mesh: &Mesh, probes: &[Probe]) -> Listener {
    let plaintext = match settings.mtls {
        Mtls::Permissive => Plaintext::permissive(&settings.opaque_ports),
        Mtls::Strict => Plaintext::strict(settings, probes),
    };
    let mut inspectors = vec![tls_inspector(None)];
    inspectors.extend(plaintext.inspector);
    let mut chains = mesh_chains(&mesh.trust_domain).to_vec();
    chains.extend(plaintext.http);
    let direction = Direction::Inbound;
    Listener {
        name,
        direction,
        inspectors,
        chains,
        default_chain: plaintext.rest,
    }
}

/// The chains of mesh traffic, recognised by what the client offers.
///
/// HTTP is served with CONNECT, which carries TCP, so that any port takes either. Bytes under TLS
/// without HTTP offer [`MESH_TCP_ALPN`] alone.
fn mesh_chains(trust_domain: &str) -> [Value; 2] {
    let http1 = json!({
        "prefix": "/",
        "headers": [{ "name": ORIGINAL_PROTOCOL_HEADER, "string_match": { "prefix": "HTTP/1" } }],
    });
    let http = Http {
        stat_prefix: "inbound-mesh".to_owned(),
        routes: Routes::Inline(vec![
            connect_route(INBOUND_TCP),
            route(&http1, INBOUND_HTTP1),
            route(&json!({ "prefix": "/" }), INBOUND_HTTP),
        ]),
        filters: Vec::new(),
        connect: true,
    };
    let chain = |name: &str, offered: &str, filter: Value, chosen: &[&str]| {
        json!({
            "name": name,
            "filter_chain_match": {
                "transport_protocol": "tls",
                "application_protocols": [offered],
            },
            "transport_socket": tls::downstream(trust_domain, chosen),
            "filters": [filter],
        })
    };
    [
        chain("mesh", MESH_ALPN, http.filter(), HTTP_SERVER_ALPN),
        chain(
            "mesh-tcp",
            MESH_TCP_ALPN,
            tcp_proxy("inbound-mesh-tcp", INBOUND_TCP),
            &[MESH_TCP_ALPN],
        ),
    ]
}

/// What happens to connections that are not the mesh's.
struct Plaintext {
    /// The HTTP inspector, where somebody asks whether it is HTTP.
    inspector: Option<Value>,
    /// The chain of HTTP.
    http: Option<Value>,
    /// The chain of the rest; without one, connections are closed.
    rest: Option<Value>,
}

impl Plaintext {
    /// All of it is passed on: the application's own TLS and `opaque` ports as bytes.
    fn permissive(opaque: &PortList) -> Self {
        Self {
            inspector: Some(http_inspector(on_ports(opaque))),
            http: Some(http_chain(Http::to_cluster("inbound", INBOUND_HTTP))),
            rest: Some(tcp_chain("inbound-tcp", INBOUND_TCP)),
        }
    }

    /// The declared probes, exactly, and whatever comes to `plaintext-ports`.
    fn strict(settings: &Settings, probes: &[Probe]) -> Self {
        let exempt = &settings.plaintext_ports;
        let probes: Vec<&Probe> = probes
            .iter()
            .filter(|probe| {
                matches!(
                    probe.handler,
                    Handler::Http { https: false, .. } | Handler::Grpc { .. }
                )
            })
            .filter(|probe| !exempt.contains(probe.port))
            .filter(|probe| !settings.skip_inbound_ports.contains(probe.port))
            .collect();
        let ports: Vec<u16> = probes.iter().map(|probe| probe.port).collect();
        let probe_ports = on_ports(&PortList::of(&ports));
        let http = probe_ports.is_some().then(|| {
            let mut http = Http::to_cluster("probes", INBOUND_HTTP);
            http.filters.push(only_probes(&probes));
            http_chain(http)
        });
        let rest = (!exempt.is_empty()).then(|| {
            json!({ "name": "plaintext-ports", "filters": [
                only_ports("plaintext-ports", exempt),
                tcp_proxy("plaintext-ports", INBOUND_TCP),
            ] })
        });
        Self {
            inspector: probe_ports.map(|ports| http_inspector(Some(json!({ "not_match": ports })))),
            http,
            rest,
        }
    }
}
