//! The volumes of a meshed pod, and where they are mounted.

use serde_json::{Value, json};

use super::Piece;
use crate::agent::{RUN_DIRECTORY, TOKEN_DIRECTORY, TRUST_DIRECTORY};
use crate::settings::Mesh;

/// The volumes.
pub(super) fn volumes(mesh: &Mesh) -> Vec<Piece> {
    vec![
        Piece {
            value: json!({
                "name": "mesh-identity",
                "emptyDir": { "medium": "Memory", "sizeLimit": "1Mi" },
            }),
            why: "holds the sidecar's socket, in memory: keys never reach a disk".to_owned(),
        },
        Piece {
            value: json!({
                "name": "mesh-token",
                "projected": { "sources": [{ "serviceAccountToken": {
                    "audience": mesh.token_audience,
                    // The kubelet renews it at 80 % of this; more than an outage of a night.
                    "expirationSeconds": 43200,
                    "path": "token",
                } }] },
            }),
            why: format!(
                "proves the pod's service account to the certificate authority; good for the \
                 audience {} alone",
                mesh.token_audience
            ),
        },
        Piece {
            value: json!({
                "name": "mesh-trust",
                "projected": { "sources": [{ "configMap": {
                    "name": mesh.trust_bundle_config_map,
                    "optional": true,
                    "items": [{ "key": mesh.trust_bundle_key, "path": "ca.crt" }],
                } }] },
            }),
            why: format!(
                "the trust bundle that peers are checked with, from the ConfigMap {}; optional, so \
                 that the pod starts before the control plane is installed",
                mesh.trust_bundle_config_map
            ),
        },
    ]
}

/// All of them, for whatever holds the agent. Whole directories, because a `subPath` is never
/// updated.
pub(super) fn mounts() -> Value {
    json!([
        { "name": "mesh-identity", "mountPath": RUN_DIRECTORY },
        { "name": "mesh-token", "mountPath": TOKEN_DIRECTORY, "readOnly": true },
        { "name": "mesh-trust", "mountPath": TRUST_DIRECTORY, "readOnly": true },
    ])
}

/// The agent's socket alone, for Envoy.
pub(super) fn run_mount() -> Value {
    json!([{ "name": "mesh-identity", "mountPath": RUN_DIRECTORY }])
}
