//! Port 15001: what the application dials and nobody has discovered.

use serde_json::Value;

use super::clusters::{OUTBOUND_HTTP, OUTBOUND_TCP};
use super::http::Http;
use super::listener::{
    Direction, Listener, http_chain, http_inspector, loop_guard, on_ports, original_dst, tcp_chain,
    tls_inspector,
};
use crate::ports::OUTBOUND;
use crate::settings::{Mesh, Settings};

/// The catch-all. Nobody looks at opaque ports, so a server that speaks first is heard at once.
pub(crate) fn listener(settings: &Settings, mesh: &Mesh) -> Value {
    let opaque = on_ports(&settings.opaque_ports);
    Listener {
        name: "outbound".to_owned(),
        direction: Direction::Outbound,
        inspectors: vec![
            original_dst(),
            tls_inspector(opaque.clone()),
            http_inspector(opaque),
        ],
        chains: vec![
            loop_guard(OUTBOUND),
            http_chain(Http::to_cluster("outbound", OUTBOUND_HTTP)),
        ],
        default_chain: Some(tcp_chain("outbound-tcp", OUTBOUND_TCP)),
    }
    .catch_all(OUTBOUND, mesh.ip_families)
}
