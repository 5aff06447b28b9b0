//! The pieces that make a pod meshed, the same from the command line and from the webhook.

mod arguments;
mod conflict;
mod container;
mod digest;
mod envoy;
mod init;
mod probes;
mod proxy;
mod volumes;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::settings::{Intercept, Mesh, Proxy, Settings, SidecarKind};

pub use conflict::{Conflict, conflict};
pub use digest::digest_of;
pub use proxy::is_environment;

/// What the injector must know of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pod {
    /// Every HTTP, `gRPC` and TCP probe of the pod's containers (exec probes do not matter here).
    pub probes: Vec<Probe>,
    /// Every container's requests equal its limits for CPU and memory.
    pub guaranteed: bool,
    /// It belongs to a `Job` or `CronJob`.
    pub runs_to_completion: bool,
    /// `terminationGracePeriodSeconds`, if the pod sets it (Kubernetes' default is 30).
    pub grace_seconds: Option<u64>,
}

/// A probe that the kubelet sends over the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The container's name.
    pub container: String,
    /// `livenessProbe`, `readinessProbe` or `startupProbe`.
    pub kind: String,
    /// What it sends.
    pub handler: Handler,
    /// The port, named ports already looked up.
    pub port: u16,
}

/// What a probe sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handler {
    /// `httpGet` with its path, and whether `scheme: HTTPS`.
    Http {
        /// The path with query, `/` by default.
        path: String,
        /// Over TLS.
        https: bool,
    },
    /// `grpc` with its service.
    Grpc {
        /// The service asked for; empty for the whole server.
        service: String,
    },
    /// `tcpSocket`.
    Tcp,
}

/// Everything that is added to one pod. Values keep the key order that they are written in.
#[derive(Debug, Clone, PartialEq)]
pub struct Sidecar {
    /// Go before the user's init containers, in this order.
    pub first_init_containers: Vec<Piece>,
    /// Go after the user's init containers (classic sidecars: `mesh-init`).
    pub last_init_containers: Vec<Piece>,
    /// Go after the user's first container.
    pub containers: Vec<Piece>,
    /// Volumes.
    pub volumes: Vec<Piece>,
    /// Environment of every container of the user's (only `--intercept none`).
    pub environment: Vec<(String, String)>,
    /// For each tcpSocket probe that is rewritten: container, probe kind, the `httpGet` that takes its place.
    pub probes: Vec<RewrittenProbe>,
    /// 16 hex digits over all of the above and the settings.
    pub digest: String,
}

/// One container or volume, and why it is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// The object; `name` is its first key.
    pub value: Value,
    /// Why it is there, in words; one line, no full stop.
    pub why: String,
}

/// A probe that goes to the sidecar instead.
#[derive(Debug, Clone, PartialEq)]
pub struct RewrittenProbe {
    /// The container's name.
    pub container: String,
    /// `livenessProbe`, `readinessProbe` or `startupProbe`.
    pub kind: String,
    /// The new handler: the value of `httpGet`.
    pub http_get: Value,
}

/// The names of the containers that are added, whatever the settings.
pub const CONTAINERS: &[&str] = &["mesh-init", "mesh-proxy", "mesh-agent", "envoy"];

/// The names of the volumes that are added, whatever the settings.
pub const VOLUMES: &[&str] = &["mesh-identity", "mesh-token", "mesh-trust"];

/// The value of the annotation `meshctl.dev/injected`, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Injected {
    /// The version of meshctl that injected.
    pub version: String,
    /// [`Sidecar::digest`].
    pub digest: String,
    /// What of the user's manifest we made to hold our pieces, so that uninject can remove it:
    /// `metadata`, `annotations`, `initContainers`, `volumes`; with `=null` behind it when it was
    /// there as a null, `=[]` or `={}` when it was empty, `=` when its key had no value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub created: Vec<String>,
    /// The settings that we wrote as annotations (names without the prefix).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<String>,
    /// The settings of the mesh that were given, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mesh: BTreeMap<String, String>,
}

impl Injected {
    /// The annotation's value: compact JSON.
    pub fn to_annotation(&self) -> String {
        // Strings and lists of strings always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the annotation's value.
    pub fn from_annotation(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// Builds everything that goes into one pod.
///
/// Ask [`conflict`] first: what it names is built all the same, and does not work.
pub fn sidecar(settings: &Settings, mesh: &Mesh, pod: &Pod) -> Sidecar {
    let plan = Plan {
        settings,
        mesh,
        pod,
    };
    let proxy = match settings.proxy {
        Proxy::MeshProxy => vec![proxy::mesh_proxy(&plan)],
        Proxy::Envoy => envoy::containers(&plan),
    };
    let init = match settings.intercept {
        Intercept::Init => vec![init::mesh_init(&plan)],
        Intercept::None => Vec::new(),
    };
    let mut built = Sidecar {
        first_init_containers: Vec::new(),
        last_init_containers: Vec::new(),
        containers: Vec::new(),
        volumes: volumes::volumes(mesh),
        environment: proxy::explicit_proxy_environment(settings),
        probes: probes::rewritten(settings, pod),
        digest: String::new(),
    };
    match settings.sidecar {
        SidecarKind::Native => {
            built.first_init_containers = init.into_iter().chain(proxy).collect();
        }
        SidecarKind::Container => {
            built.last_init_containers = init;
            built.containers = proxy;
        }
    }
    built.digest = digest::digest(&built, settings);
    built
}

/// Everything that the pieces are built from.
struct Plan<'a> {
    settings: &'a Settings,
    mesh: &'a Mesh,
    pod: &'a Pod,
}

impl Plan<'_> {
    fn is_native(&self) -> bool {
        self.settings.sidecar == SidecarKind::Native
    }

    /// How long draining may take: what was set, but 5 s less than the pod lives after deletion, so
    /// that the application can still end (Kubernetes' default grace period is 30 s).
    fn drain_seconds(&self) -> u32 {
        let grace = u32::try_from(self.pod.grace_seconds.unwrap_or(30)).unwrap_or(u32::MAX);
        self.settings
            .drain_seconds
            .get()
            .min(grace.saturating_sub(5))
    }
}

#[cfg(test)]
mod tests;
