//! The Pod Security checks on one container.

use crate::manifest::outcome::Level;
use crate::manifest::security::Violation;
use crate::manifest::view::View;

/// Capabilities that the baseline level lets a container add.
const BASELINE_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// What `container` breaks in a pod with the security context `pod`.
pub(super) fn violations(
    container: View<'_, '_>,
    pod: Option<View<'_, '_>>,
    found: &mut Vec<Violation>,
) {
    let name = container.text_at(&["name"]).unwrap_or("?");
    let prefix = format!("container {name}");
    let context = container.get("securityContext");
    let own = |path: &[&str]| context.and_then(|context| context.at(path));
    if own(&["privileged"]).is_some_and(View::is_true) {
        found.push((Level::Baseline, format!("{prefix}: privileged: true")));
    }
    for capability in capabilities(container, "add") {
        let level = match capability {
            "NET_BIND_SERVICE" => continue,
            known if BASELINE_CAPABILITIES.contains(&known) => Level::Restricted,
            _ => Level::Baseline,
        };
        found.push((level, format!("{prefix}: capabilities.add: {capability}")));
    }
    host_access(container, &prefix, found);
    if let Some(mount) = own(&["procMount"]).filter(|mount| mount.text() != Some("Default")) {
        found.push((
            Level::Baseline,
            format!("{prefix}: procMount: {}", mount.text().unwrap_or("?")),
        ));
    }
    if let Some(context) = context {
        shared_fields(context, &prefix, found);
    }
    hardening(container, pod, &prefix, found);
}

/// The capabilities in a list of the container's.
fn capabilities<'t, 'a: 't>(container: View<'t, 'a>, list: &str) -> impl Iterator<Item = &'t str> {
    let list = container.at(&["securityContext", "capabilities", list]);
    list.into_iter()
        .flat_map(View::items)
        .filter_map(View::text)
}

/// What the restricted level demands.
fn hardening(
    container: View<'_, '_>,
    pod: Option<View<'_, '_>>,
    prefix: &str,
    found: &mut Vec<Violation>,
) {
    let context = container.get("securityContext");
    let own = |path: &[&str]| context.and_then(|context| context.at(path));
    let inherited = |path: &[&str]| own(path).or_else(|| pod.and_then(|pod| pod.at(path)));
    let mut restricted = |broken: bool, what: &str| {
        if broken {
            found.push((Level::Restricted, format!("{prefix}: {what}")));
        }
    };
    let escalates = !own(&["allowPrivilegeEscalation"]).is_some_and(View::is_false);
    restricted(escalates, "allowPrivilegeEscalation is not false");
    let keeps = !capabilities(container, "drop").any(|name| name == "ALL");
    restricted(keeps, "capabilities.drop lacks ALL");
    let may_be_root = !inherited(&["runAsNonRoot"]).is_some_and(View::is_true);
    restricted(may_be_root, "runAsNonRoot is not true");
    let is_root = inherited(&["runAsUser"]).and_then(View::number) == Some(0);
    restricted(is_root, "runAsUser: 0");
    let unconfined = inherited(&["seccompProfile", "type"]).is_none();
    restricted(unconfined, "seccompProfile is not set");
}

/// Ports and probes that reach the node.
fn host_access(container: View<'_, '_>, prefix: &str, found: &mut Vec<Violation>) {
    for port in container.get("ports").into_iter().flat_map(View::items) {
        if let Some(number) = port.text_at(&["hostPort"]).filter(|number| *number != "0") {
            found.push((Level::Baseline, format!("{prefix}: hostPort: {number}")));
        }
    }
    let probes =
        ["livenessProbe", "readinessProbe", "startupProbe"].map(|probe| container.get(probe));
    let hooks = ["postStart", "preStop"].map(|hook| container.at(&["lifecycle", hook]));
    for handler in probes.into_iter().chain(hooks).flatten() {
        for kind in ["httpGet", "tcpSocket"] {
            let host = handler
                .text_at(&[kind, "host"])
                .filter(|host| !host.is_empty());
            if let Some(host) = host {
                found.push((Level::Baseline, format!("{prefix}: {kind}.host: {host}")));
            }
        }
    }
}

/// Fields that a pod's and a container's security context share.
pub(super) fn shared_fields(context: View<'_, '_>, prefix: &str, found: &mut Vec<Violation>) {
    let mut baseline = |what: String| found.push((Level::Baseline, format!("{prefix}: {what}")));
    for profile in ["seccompProfile", "appArmorProfile"] {
        if context.text_at(&[profile, "type"]) == Some("Unconfined") {
            baseline(format!("{profile}.type: Unconfined"));
        }
    }
    if context
        .at(&["windowsOptions", "hostProcess"])
        .is_some_and(View::is_true)
    {
        baseline("windowsOptions.hostProcess: true".into());
    }
    let allowed = [
        "",
        "container_t",
        "container_init_t",
        "container_kvm_t",
        "container_engine_t",
    ];
    if let Some(kind) = context
        .text_at(&["seLinuxOptions", "type"])
        .filter(|kind| !allowed.contains(kind))
    {
        baseline(format!("seLinuxOptions.type: {kind}"));
    }
    for key in ["user", "role"] {
        if let Some(value) = context
            .text_at(&["seLinuxOptions", key])
            .filter(|value| !value.is_empty())
        {
            baseline(format!("seLinuxOptions.{key}: {value}"));
        }
    }
}
