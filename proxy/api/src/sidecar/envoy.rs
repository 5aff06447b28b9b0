//! `--proxy envoy`: the official Envoy, unmodified, and our agent beside it.

use serde_json::{Value, json};

use super::arguments::{environment, escape, pod_reference};
use super::container::{
    Resources, exec, finish, lifecycle, readiness_probe, sidecar_security, startup_probe,
    status_ports,
};
use super::{Piece, Plan, probes, volumes};
use crate::agent::{AGENT, LIVE_ENVOY_PATH, LIVE_PATH, PROGRAM};
use crate::bootstrap::bootstrap;
use crate::settings::ENVOY_IMAGE;

/// Agent and Envoy, in starting order.
///
/// A native agent comes first and Envoy finds its socket. A classic agent comes last, because its
/// postStart hook waits for Envoy and nothing starts behind a hook that has not returned.
pub(super) fn containers(plan: &Plan<'_>) -> Vec<Piece> {
    let agent = Piece {
        value: mesh_agent(plan),
        why:
            "fetches the pod's identity and its configuration, and serves both to Envoy on a Unix \
              socket"
                .to_owned(),
    };
    let envoy = Piece {
        value: envoy(plan),
        why: "carries the pod's traffic: the official Envoy image, unmodified".to_owned(),
    };
    if plan.is_native() {
        vec![agent, envoy]
    } else {
        vec![envoy, agent]
    }
}

fn mesh_agent(plan: &Plan<'_>) -> Value {
    let config = probes::agent_config(plan, &pod_reference());
    let config = serde_json::to_string(&config).unwrap_or_default();
    let container = json!({
        "name": "mesh-agent",
        "image": plan.settings.proxy_image.as_str(),
        "imagePullPolicy": "IfNotPresent",
        "command": [PROGRAM],
        "args": [
            AGENT,
            "--agent-config", escape(&config),
            "--log-level", plan.settings.log_level.as_str(),
        ],
        "env": environment(),
        "ports": status_ports(),
        "startupProbe": startup_probe(LIVE_PATH),
        "readinessProbe": readiness_probe(),
        "lifecycle": lifecycle(plan),
        "resources": Resources::of_helper(plan, (50, 64)).value(),
        "securityContext": sidecar_security(plan),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": volumes::mounts(),
    });
    finish(plan, container)
}

fn envoy(plan: &Plan<'_>) -> Value {
    let mut container = json!({
        "name": "envoy",
        "image": ENVOY_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["envoy"],
        "args": arguments(plan),
        "env": environment(),
        "startupProbe": startup_probe(LIVE_ENVOY_PATH),
        "resources": Resources::of_proxy(plan, (500, 256)).value(),
        "securityContext": sidecar_security(plan),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": volumes::run_mount(),
    });
    if !plan.is_native()
        && let Some(fields) = container.as_object_mut()
    {
        // A classic Envoy is told to stop together with the application; it has to outlive it.
        let seconds = plan.drain_seconds().to_string();
        fields.insert(
            "lifecycle".to_owned(),
            json!({ "preStop": exec(&["sleep", &seconds]) }),
        );
    }
    finish(plan, container)
}

fn arguments(plan: &Plan<'_>) -> Vec<String> {
    let settings = plan.settings;
    let config = bootstrap(settings, plan.mesh, &plan.pod.probes, &pod_reference());
    let mut arguments = vec![
        "--config-yaml".to_owned(),
        escape(&config.to_string()),
        // Two Envoys of one pod would meet in shared memory, which a read-only root does not have.
        "--disable-hot-restart".to_owned(),
        "--log-level".to_owned(),
        settings.log_level.to_string(),
        "--drain-time-s".to_owned(),
        plan.drain_seconds().to_string(),
        "--drain-strategy".to_owned(),
        "immediate".to_owned(),
    ];
    // Without the flag Envoy runs one worker for each CPU; with 0 it would run one worker.
    if settings.concurrency.get() > 0 {
        arguments.extend([
            "--concurrency".to_owned(),
            settings.concurrency.get().to_string(),
        ]);
    }
    arguments
}
