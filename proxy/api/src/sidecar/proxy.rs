//! `mesh-proxy`: proxy and agent in one container.

use serde_json::json;

use super::arguments::{environment, escape, pod_reference};
use super::container::{
    Resources, finish, lifecycle, readiness_probe, sidecar_security, startup_probe, status_ports,
};
use super::{Piece, Plan, probes, volumes};
use crate::agent::{LIVE_PATH, PROGRAM, RUN};
use crate::bootstrap::bootstrap;
use crate::ports::EXPLICIT_PROXY;
use crate::settings::{Intercept, Settings};

/// The container.
pub(super) fn mesh_proxy(plan: &Plan<'_>) -> Piece {
    let settings = plan.settings;
    let pod = pod_reference();
    let config = bootstrap(settings, plan.mesh, &plan.pod.probes, &pod).to_string();
    let agent = probes::agent_config(plan, &pod);
    let agent = serde_json::to_string(&agent).unwrap_or_default();
    let container = json!({
        "name": "mesh-proxy",
        "image": settings.proxy_image.as_str(),
        "imagePullPolicy": "IfNotPresent",
        "command": [PROGRAM],
        "args": [
            RUN,
            "--config-yaml", escape(&config),
            "--agent-config", escape(&agent),
            "--concurrency", settings.concurrency.get().to_string(),
            "--log-level", settings.log_level.as_str(),
            "--drain-time-s", plan.drain_seconds().to_string(),
        ],
        "env": environment(),
        "ports": status_ports(),
        "startupProbe": startup_probe(LIVE_PATH),
        "readinessProbe": readiness_probe(),
        "lifecycle": lifecycle(plan),
        "resources": Resources::of_proxy(plan, (100, 64)).value(),
        "securityContext": sidecar_security(plan),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": volumes::mounts(),
    });
    Piece {
        value: finish(plan, container),
        why: why(plan),
    }
}

/// The environment of the application with `--intercept none`: both spellings, because programs
/// differ in which they read. The API server, loopback and the cloud's metadata are dialled directly.
pub(super) fn explicit_proxy_environment(settings: &Settings) -> Vec<(String, String)> {
    if settings.intercept == Intercept::Init {
        return Vec::new();
    }
    variables()
}

/// Whether a container's variable is one that `intercept: none` added.
pub fn is_environment(name: &str, value: &str) -> bool {
    variables()
        .iter()
        .any(|(ours, set)| ours == name && set == value)
}

/// The variables by which HTTP clients find the explicit proxy.
fn variables() -> Vec<(String, String)> {
    let proxy = format!("http://127.0.0.1:{EXPLICIT_PROXY}");
    // Kubernetes replaces the reference: the address of the API server is in every container.
    let direct = "localhost,127.0.0.1,::1,169.254.169.254,kubernetes.default,kubernetes.default.svc,\
                  kubernetes.default.svc.cluster.local,$(KUBERNETES_SERVICE_HOST)";
    let value = |name: &str| {
        if name.eq_ignore_ascii_case("no_proxy") {
            direct.to_owned()
        } else {
            proxy.clone()
        }
    };
    [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
    ]
    .map(|name| (name.to_owned(), value(name)))
    .to_vec()
}

fn why(plan: &Plan<'_>) -> String {
    let traffic = match plan.settings.intercept {
        Intercept::Init => "carries the pod's traffic under its own identity",
        Intercept::None => "carries what the application sends through HTTP_PROXY",
    };
    let order = if plan.is_native() {
        "starts before the application and stops after it"
    } else {
        "runs beside the application"
    };
    format!("{traffic}; {order}")
}
