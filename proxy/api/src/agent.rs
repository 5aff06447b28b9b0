//! What the agent is told: its commands, its files, its configuration.
//!
//! `mesh-proxy run` holds the agent within itself; beside Envoy it is `mesh-proxy agent`. Either way
//! its configuration is one [`AgentConfig`] as JSON behind `--agent-config`.

use serde::{Deserialize, Serialize};

/// The program in our image.
pub const PROGRAM: &str = "mesh-proxy";
/// Proxy and agent in one process: `--config-yaml BOOTSTRAP --agent-config JSON --concurrency N
/// --log-level LEVEL --drain-time-s N`, Envoy's flags but for the agent's.
pub const RUN: &str = "run";
/// The agent alone, beside Envoy: `--agent-config JSON --log-level LEVEL`.
pub const AGENT: &str = "agent";
/// Sets the rules that redirect the pod's traffic, then ends.
pub const INIT: &str = "init";
/// How `init` says that it may not set them (exit code 3); what the kernel said follows after a colon.
pub const NO_NET_ADMIN: &str =
    "redirection needs the capability NET_ADMIN, and this process has not got it";
/// The preStop hook: fails readiness, drains inbound over `--seconds`, returns when that is done.
pub const DRAIN: &str = "drain";
/// The postStart hook of a classic sidecar: returns when the proxy is up, fails after `--seconds`.
pub const WAIT: &str = "wait";

/// Memory-backed directory that proxy and agent share; nothing in it survives the pod.
pub const RUN_DIRECTORY: &str = "/run/mesh";
/// The Unix socket on which the agent serves ADS (with SDS) to its proxy.
pub const SOCKET: &str = "/run/mesh/agent.sock";
/// Where the service-account token is mounted.
pub const TOKEN_DIRECTORY: &str = "/run/secrets/meshctl.dev/token";
/// The service-account token; read at each use, because the kubelet renews it.
pub const TOKEN_FILE: &str = "/run/secrets/meshctl.dev/token/token";
/// Where the trust bundle is mounted; empty until the bundle is published.
pub const TRUST_DIRECTORY: &str = "/run/secrets/meshctl.dev/trust";
/// The trust bundle as PEM; may appear, and change, at any time.
pub const TRUST_FILE: &str = "/run/secrets/meshctl.dev/trust/ca.crt";

/// 200 as soon as the sidecar's own process is up: the startup probe.
pub const LIVE_PATH: &str = "/live";
/// 200 as soon as Envoy's state is LIVE, whatever its identity: Envoy's startup probe, answered by
/// the agent.
pub const LIVE_ENVOY_PATH: &str = "/live/envoy";
/// 200 while the pod may get traffic; in strict only with an identity: the readiness probe.
pub const READY_PATH: &str = "/ready";
/// Rewritten probes: `/app-health/CONTAINER/livez`, `readyz` or `startupz`.
pub const APP_HEALTH_PATH: &str = "/app-health";

/// The SDS secret with the workload's certificate and key.
pub const IDENTITY_SECRET: &str = "mesh-identity";
/// The SDS secret with the trust bundle.
pub const TRUST_SECRET: &str = "mesh-trust";

/// The agent's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentConfig {
    /// `mesh-proxy` or `envoy`: whom it serves.
    pub proxy: String,
    /// `permissive` or `strict`: whether readiness waits for an identity.
    pub mtls: String,
    /// The pod.
    pub pod: PodReference,
    /// The trust domain of the pod's identity and of its peers.
    pub trust_domain: String,
    /// Where discovery (ADS) is served, as `host:port`.
    pub discovery_address: String,
    /// Where certificates are signed, as `host:port`.
    pub ca_address: String,
    /// The DNS name that both must prove.
    pub server_name: String,
    /// The service-account token.
    pub token_file: String,
    /// The trust bundle.
    pub trust_file: String,
    /// The Unix socket to serve ADS on.
    pub socket: String,
    /// The proxy's admin port, on loopback.
    pub admin_port: u16,
    /// The port of readiness and metrics, on the pod's address.
    pub status_port: u16,
    /// How long draining may take, in seconds.
    pub drain_seconds: u32,
    /// The probes that are answered on the status port in the application's stead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<ProbeTarget>,
}

/// A pod, from the environment that the kubelet gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PodReference {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its service account.
    pub service_account: String,
    /// Its primary address.
    pub address: String,
    /// Its node.
    pub node: String,
}

/// A probe that the sidecar makes itself: it dials the pod's address from
/// [`crate::ports::INBOUND_SOURCE_V4`] (or `_V6`), which redirection exempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeTarget {
    /// The path on the status port.
    pub path: String,
    /// The application's port.
    pub port: u16,
    /// For an HTTPS probe the path to ask for, certificates unchecked as the kubelet does; without
    /// it, a TCP connection is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub https_path: Option<String>,
}
