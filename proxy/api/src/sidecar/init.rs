//! `mesh-init`: sets the rules that send the pod's traffic through the sidecar.

use serde_json::json;

use super::container::{Resources, init_security};
use super::{Piece, Plan};
use crate::agent::{INIT, PROGRAM};
use crate::settings::IpFamilies;

/// The init container.
pub(super) fn mesh_init(plan: &Plan<'_>) -> Piece {
    let value = json!({
        "name": "mesh-init",
        "image": plan.settings.proxy_image.as_str(),
        "imagePullPolicy": "IfNotPresent",
        "command": [PROGRAM],
        "args": arguments(plan),
        "resources": Resources::of_helper(plan, (100, 32)).value(),
        "securityContext": init_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
    });
    Piece {
        value,
        why: "sets the rules that send the pod's traffic through the sidecar, then ends; needs \
              NET_ADMIN in the pod's network namespace, nothing on the node"
            .to_owned(),
    }
}

/// `init`, the proxy's user and group, and what goes around the sidecar. 15000 and 15020, DNS and
/// loopback are exempt without being named.
fn arguments(plan: &Plan<'_>) -> Vec<String> {
    let settings = plan.settings;
    let uid = settings.proxy_uid.get().to_string();
    let mut arguments: Vec<String> = [INIT, "--proxy-uid", &uid, "--proxy-gid", &uid]
        .map(str::to_owned)
        .to_vec();
    let lists = [
        (
            "--skip-inbound-ports",
            settings.skip_inbound_ports.to_string(),
        ),
        (
            "--skip-outbound-ports",
            settings.skip_outbound_ports.to_string(),
        ),
        (
            "--skip-outbound-cidrs",
            settings.skip_outbound_cidrs.to_string(),
        ),
    ];
    for (flag, list) in lists {
        if !list.is_empty() {
            arguments.extend([flag.to_owned(), list]);
        }
    }
    if plan.mesh.ip_families != IpFamilies::Dual {
        arguments.extend([
            "--ip-families".to_owned(),
            plan.mesh.ip_families.to_string(),
        ]);
    }
    arguments
}
