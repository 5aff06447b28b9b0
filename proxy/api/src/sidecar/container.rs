//! What every container of ours has in common: user, capabilities, resources, probes, mounts.

use serde_json::{Map, Value, json};

use super::Plan;
use crate::agent;
use crate::ports::STATUS;
use crate::settings::{Cpu, Memory};

/// The user, capabilities and profiles of a sidecar: all that Pod Security `restricted` asks for.
///
/// Every field that a container takes from its pod is set, but two. `seLinuxOptions` is inherited on
/// purpose: the pod's level is what lets its containers share volumes. `appArmorProfile` is too: to
/// ask for the default profile makes a node without `AppArmor` refuse the pod.
pub(super) fn sidecar_security(plan: &Plan<'_>) -> Value {
    let uid = plan.settings.proxy_uid.get();
    json!({
        "allowPrivilegeEscalation": false,
        "capabilities": { "drop": ["ALL"] },
        "privileged": false,
        "readOnlyRootFilesystem": true,
        "runAsGroup": uid,
        "runAsNonRoot": true,
        "runAsUser": uid,
        "seccompProfile": { "type": "RuntimeDefault" },
    })
}

/// The same for `mesh-init`: root, because capabilities of another user are lost when the program
/// starts, and one capability. Never `NET_RAW`, which only iptables-legacy needs.
pub(super) fn init_security() -> Value {
    json!({
        "allowPrivilegeEscalation": false,
        "capabilities": { "add": ["NET_ADMIN"], "drop": ["ALL"] },
        "privileged": false,
        "readOnlyRootFilesystem": true,
        "runAsGroup": 0,
        "runAsNonRoot": false,
        "runAsUser": 0,
        "seccompProfile": { "type": "RuntimeDefault" },
    })
}

/// What one container asks for and may use.
pub(super) struct Resources {
    pub(super) cpu_request: Cpu,
    pub(super) cpu_limit: Option<Cpu>,
    pub(super) memory_request: Memory,
    pub(super) memory_limit: Option<Memory>,
}

impl Resources {
    /// The proxy's own, as set.
    ///
    /// In a Guaranteed pod limits equal requests: a given limit, else a given request, else
    /// `guaranteed` (thousandths of a CPU, mebibytes), because a default request is too little to be
    /// a limit.
    pub(super) fn of_proxy(plan: &Plan<'_>, guaranteed: (u128, u128)) -> Self {
        let settings = plan.settings;
        let mut resources = Self {
            cpu_request: settings.proxy_cpu_request.clone(),
            cpu_limit: settings.proxy_cpu_limit.clone(),
            memory_request: settings.proxy_memory_request.clone(),
            memory_limit: settings.proxy_memory_limit.clone(),
        };
        if plan.pod.guaranteed {
            let cpu = resources.cpu_limit.take().unwrap_or_else(|| {
                if settings.given.cpu {
                    resources.cpu_request.clone()
                } else {
                    Cpu::of_millis(guaranteed.0)
                }
            });
            let memory = resources.memory_limit.take().unwrap_or_else(|| {
                if settings.given.memory {
                    resources.memory_request.clone()
                } else {
                    Memory::of_mebibytes(guaranteed.1)
                }
            });
            resources = Self::equal(cpu, memory);
        }
        resources
    }

    /// A helper's: little, and in a Guaranteed pod `guaranteed` as both request and limit.
    pub(super) fn of_helper(plan: &Plan<'_>, guaranteed: (u128, u128)) -> Self {
        if plan.pod.guaranteed {
            return Self::equal(
                Cpu::of_millis(guaranteed.0),
                Memory::of_mebibytes(guaranteed.1),
            );
        }
        Self {
            cpu_request: Cpu::of_millis(10),
            cpu_limit: None,
            memory_request: Memory::of_mebibytes(20),
            memory_limit: None,
        }
    }

    /// The value of `resources`. CPU is always asked for: without it an autoscaler on CPU
    /// utilisation stops working for the whole pod.
    pub(super) fn value(&self) -> Value {
        let mut value = Map::new();
        let limits = [
            ("cpu", self.cpu_limit.as_ref().map(Cpu::as_str)),
            ("memory", self.memory_limit.as_ref().map(Memory::as_str)),
        ];
        let limits: Map<String, Value> = limits
            .into_iter()
            .filter_map(|(name, limit)| Some((name.to_owned(), limit?.into())))
            .collect();
        if !limits.is_empty() {
            value.insert("limits".to_owned(), limits.into());
        }
        let requests =
            json!({ "cpu": self.cpu_request.as_str(), "memory": self.memory_request.as_str() });
        value.insert("requests".to_owned(), requests);
        value.into()
    }

    fn equal(cpu: Cpu, memory: Memory) -> Self {
        Self {
            cpu_request: cpu.clone(),
            cpu_limit: Some(cpu),
            memory_request: memory.clone(),
            memory_limit: Some(memory),
        }
    }
}

/// Passes as soon as the process is up, tried every second for two minutes. It never asks for an
/// identity: a strict pod without one waits for it unready instead of being killed in a loop.
pub(super) fn startup_probe(path: &str) -> Value {
    json!({
        "failureThreshold": 120,
        "httpGet": { "path": path, "port": STATUS },
        "periodSeconds": 1,
        "timeoutSeconds": 3,
    })
}

/// Passes while the pod may get traffic.
pub(super) fn readiness_probe() -> Value {
    json!({
        "failureThreshold": 3,
        "httpGet": { "path": agent::READY_PATH, "port": STATUS },
        "periodSeconds": 5,
        "timeoutSeconds": 3,
    })
}

/// The port of readiness and metrics.
pub(super) fn status_ports() -> Value {
    json!([{ "containerPort": STATUS, "name": "mesh-metrics", "protocol": "TCP" }])
}

/// The hooks: preStop drains; a classic sidecar's postStart holds back the containers behind it.
pub(super) fn lifecycle(plan: &Plan<'_>) -> Value {
    let mut lifecycle = Map::new();
    if !plan.is_native() {
        let wait = exec(&[agent::PROGRAM, agent::WAIT, "--seconds", "120"]);
        lifecycle.insert("postStart".to_owned(), wait);
    }
    let seconds = plan.drain_seconds().to_string();
    let drain = exec(&[agent::PROGRAM, agent::DRAIN, "--seconds", &seconds]);
    lifecycle.insert("preStop".to_owned(), drain);
    lifecycle.into()
}

/// A hook that runs `command` in the container.
pub(super) fn exec(command: &[&str]) -> Value {
    json!({ "exec": { "command": command } })
}

/// Adds `restartPolicy: Always`, which makes an init container a native sidecar.
pub(super) fn finish(plan: &Plan<'_>, mut container: Value) -> Value {
    if plan.is_native()
        && let Some(fields) = container.as_object_mut()
    {
        fields.insert("restartPolicy".to_owned(), "Always".into());
    }
    container
}
