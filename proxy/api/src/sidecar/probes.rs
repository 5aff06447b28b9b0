//! Probes that go to the sidecar, and what the agent is told of them.

use serde_json::json;

use super::{Handler, Plan, Pod, Probe, RewrittenProbe};
use crate::agent::{
    APP_HEALTH_PATH, AgentConfig, PodReference, ProbeTarget, SOCKET, TOKEN_FILE, TRUST_FILE,
};
use crate::ports::{ADMIN, STATUS};
use crate::settings::{Intercept, Mtls, Settings};

/// The probes that go to the sidecar, with their new handlers.
pub(super) fn rewritten(settings: &Settings, pod: &Pod) -> Vec<RewrittenProbe> {
    let rewritten = pod
        .probes
        .iter()
        .filter(|probe| is_rewritten(settings, probe));
    rewritten
        .map(|probe| RewrittenProbe {
            container: probe.container.clone(),
            kind: probe.kind.clone(),
            http_get: json!({ "path": path(probe), "port": STATUS }),
        })
        .collect()
}

/// Everything that the agent is told.
pub(super) fn agent_config(plan: &Plan<'_>, pod: &PodReference) -> AgentConfig {
    let (settings, mesh) = (plan.settings, plan.mesh);
    let probes = plan
        .pod
        .probes
        .iter()
        .filter(|probe| is_rewritten(settings, probe));
    AgentConfig {
        proxy: settings.proxy.to_string(),
        mtls: settings.mtls.to_string(),
        pod: pod.clone(),
        trust_domain: mesh.trust_domain.clone(),
        discovery_address: mesh.discovery_address.clone(),
        ca_address: mesh.ca_address.clone(),
        server_name: mesh.server_name.clone(),
        token_file: TOKEN_FILE.to_owned(),
        trust_file: TRUST_FILE.to_owned(),
        socket: SOCKET.to_owned(),
        admin_port: ADMIN,
        status_port: STATUS,
        drain_seconds: plan.drain_seconds(),
        probes: probes.map(target).collect(),
    }
}

/// Whether the sidecar makes `probe` itself: a tcpSocket probe, which would meet the sidecar's open
/// port even when the application is dead; in strict also an HTTPS probe, which would be refused. A
/// port that is not redirected needs neither.
fn is_rewritten(settings: &Settings, probe: &Probe) -> bool {
    let redirected =
        settings.intercept == Intercept::Init && !settings.skip_inbound_ports.contains(probe.port);
    let falsified = match probe.handler {
        Handler::Tcp => true,
        Handler::Http { https, .. } => https && settings.mtls == Mtls::Strict,
        Handler::Grpc { .. } => false,
    };
    settings.rewrite_probes && redirected && falsified
}

fn target(probe: &Probe) -> ProbeTarget {
    let https_path = match &probe.handler {
        Handler::Http { path, .. } => Some(path.clone()),
        Handler::Grpc { .. } | Handler::Tcp => None,
    };
    ProbeTarget {
        path: path(probe),
        port: probe.port,
        https_path,
    }
}

fn path(probe: &Probe) -> String {
    let name = match probe.kind.as_str() {
        "livenessProbe" => "livez",
        "readinessProbe" => "readyz",
        _ => "startupz",
    };
    format!("{APP_HEALTH_PATH}/{}/{name}", probe.container)
}
