//! How Pod Security sees a pod, before and after.
//!
//! The checks are those of <https://kubernetes.io/docs/concepts/security/pod-security-standards/>
//! as of Kubernetes 1.34, for Linux pods.

use serde_json::Value;

use crate::manifest::outcome::{Level, PodSecurity};
use crate::manifest::plan::Pieces;
use crate::manifest::pod::all_containers;
use crate::manifest::read;
use crate::manifest::view::View;

mod container;

/// What a level rejects: the level, and the field with its value.
pub(super) type Violation = (Level, String);

/// Remembers what the additions violate, by their digest.
#[derive(Debug, Default)]
pub struct Cache {
    known: Option<(String, Vec<Violation>)>,
}

impl Cache {
    /// The verdict on the pod `spec` that gets `pieces`.
    pub fn verdict(&mut self, spec: View<'_, '_>, pieces: &Pieces) -> PodSecurity {
        let digest = &pieces.sidecar.digest;
        let known = self.known.take().filter(|(of, _)| of == digest);
        let added = known.map_or_else(
            || violations_of(&pieces.added_containers().collect::<Vec<_>>()),
            |(_, violations)| violations,
        );
        self.known = Some((digest.clone(), added.clone()));
        verdict(violations(spec), added)
    }
}

fn verdict(violates: Vec<Violation>, added: Vec<Violation>) -> PodSecurity {
    let before = strictest(&violates);
    PodSecurity {
        before,
        after: before.min(strictest(&added)),
        violates,
        added,
    }
}

/// The strictest level that nothing of `violations` breaks.
fn strictest(violations: &[Violation]) -> Level {
    match violations.iter().map(|(level, _)| *level).min() {
        None => Level::Restricted,
        Some(Level::Restricted) => Level::Baseline,
        Some(_) => Level::Privileged,
    }
}

/// What the containers that we add break by themselves: they set every field that a pod hands
/// down.
fn violations_of(containers: &[&Value]) -> Vec<Violation> {
    let text = serde_json::json!({ "containers": containers }).to_string();
    let Ok(tree) = read::read(&text) else {
        return Vec::new();
    };
    tree.root()
        .map_or_else(Vec::new, |root| violations(View::new(&tree, root)))
}

fn violations(spec: View<'_, '_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for key in ["hostNetwork", "hostPID", "hostIPC"] {
        if spec.get(key).is_some_and(View::is_true) {
            found.push((Level::Baseline, format!("{key}: true")));
        }
    }
    volumes(spec, &mut found);
    sysctls(spec, &mut found);
    let context = spec.get("securityContext");
    if let Some(context) = context {
        container::shared_fields(context, "securityContext", &mut found);
    }
    for container in all_containers(spec) {
        container::violations(container, context, &mut found);
    }
    found
}

fn volumes(spec: View<'_, '_>, found: &mut Vec<Violation>) {
    const RESTRICTED: [&str; 9] = [
        "name",
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ];
    for volume in spec.get("volumes").into_iter().flat_map(View::items) {
        let name = volume.text_at(&["name"]).unwrap_or("?");
        for (kind, _) in volume.entries() {
            if kind == "hostPath" {
                found.push((Level::Baseline, format!("volume {name}: hostPath")));
            } else if !RESTRICTED.contains(&kind) {
                found.push((Level::Restricted, format!("volume {name}: {kind}")));
            }
        }
    }
}

fn sysctls(spec: View<'_, '_>, found: &mut Vec<Violation>) {
    const SAFE: [&str; 12] = [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
    ];
    for sysctl in spec
        .at(&["securityContext", "sysctls"])
        .into_iter()
        .flat_map(View::items)
    {
        let name = sysctl.text_at(&["name"]).unwrap_or_default();
        if !SAFE.contains(&name) {
            found.push((Level::Baseline, format!("securityContext.sysctls: {name}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(spec: &str, added: &[&Value]) -> PodSecurity {
        let tree = read::read(spec).expect("a pod spec");
        let root = tree.root().expect("a mapping");
        verdict(violations(View::new(&tree, root)), violations_of(added))
    }

    const HARDENED: &str = "securityContext:\n  runAsNonRoot: true\n  seccompProfile:\n    type: RuntimeDefault\ncontainers:\n  - name: app\n    securityContext:\n      allowPrivilegeEscalation: false\n      capabilities:\n        drop: [ALL]\n";

    #[test]
    fn passes_what_the_restricted_profile_asks_for() {
        let seen = seen(HARDENED, &[]);
        assert_eq!(
            (seen.before, seen.violates),
            (Level::Restricted, Vec::new())
        );
    }

    #[test]
    fn names_each_field_that_a_level_rejects() {
        let seen = seen(
            "hostPID: true\nvolumes:\n  - name: logs\n    hostPath:\n      path: /var/log\ncontainers:\n  - name: app\n    ports:\n      - containerPort: 80\n        hostPort: 8080\n    securityContext:\n      privileged: true\n      runAsUser: 0\n      capabilities:\n        add: [SYS_ADMIN]\n",
            &[],
        );
        assert_eq!(seen.before, Level::Privileged);
        let lines: Vec<String> = seen
            .violates
            .iter()
            .map(|(level, what)| format!("{level:?} {what}"))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        Baseline hostPID: true
        Baseline volume logs: hostPath
        Baseline container app: privileged: true
        Baseline container app: capabilities.add: SYS_ADMIN
        Baseline container app: hostPort: 8080
        Restricted container app: allowPrivilegeEscalation is not false
        Restricted container app: capabilities.drop lacks ALL
        Restricted container app: runAsNonRoot is not true
        Restricted container app: runAsUser: 0
        Restricted container app: seccompProfile is not set
        ");
    }

    #[test]
    fn says_what_the_additions_cost() {
        let init = serde_json::json!({"name": "mesh-init", "securityContext": {
            "runAsUser": 0, "runAsNonRoot": false, "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]}, "seccompProfile": {"type": "RuntimeDefault"}}});
        let seen = seen(HARDENED, &[&init]);
        assert_eq!(
            (seen.before, seen.after),
            (Level::Restricted, Level::Privileged)
        );
        assert!(seen.added.contains(&(
            Level::Baseline,
            "container mesh-init: capabilities.add: NET_ADMIN".into()
        )));
    }
}
