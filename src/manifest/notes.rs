//! What the user of a pod should hear, although it is injected.

use mesh_api::settings::{Intercept, Mtls, Setting, Settings};
use mesh_api::sidecar::Pod;

use crate::manifest::outcome::Note;
use crate::manifest::pod::{PROBES, all_containers, handler, port};
use crate::manifest::view::View;

/// The notes on the pod `spec` of a resource of `kind`.
pub fn notes(kind: &str, spec: View<'_, '_>, pod: &Pod, settings: &Settings) -> Vec<Note> {
    let mut notes = Vec::new();
    of_kind(kind, spec, settings, &mut notes);
    of_pod(spec, pod, &mut notes);
    if settings.intercept == Intercept::Init {
        other_protocols(spec, &mut notes);
        if !settings.rewrite_probes {
            deceived_probes(spec, settings, &mut notes);
        }
        if settings.mtls == Mtls::Strict {
            hidden_probes(spec, &mut notes);
        }
    }
    notes
}

fn note(notes: &mut Vec<Note>, code: &'static str, at: View<'_, '_>, message: impl Into<String>) {
    notes.push(Note {
        code,
        message: message.into(),
        offset: at.offset(),
    });
}

/// What the cluster will say to a pod like this one from a resource of this kind.
fn of_kind(kind: &str, spec: View<'_, '_>, settings: &Settings, notes: &mut Vec<Note>) {
    let default_uid = Settings::default().proxy_uid;
    match kind {
        "DeploymentConfig" if settings.proxy_uid == default_uid => note(
            notes,
            "openshift-uid",
            spec,
            format!(
                "OpenShift admits user {} only where a security context constraint allows it (--{} chooses another)",
                default_uid.get(),
                Setting::ProxyUid.name()
            ),
        ),
        "Service" => note(
            notes,
            "knative-features",
            spec,
            "Knative takes init containers and security contexts only with its feature flags kubernetes.podspec-init-containers and kubernetes.podspec-securitycontext",
        ),
        _ => {}
    }
}

fn of_pod(spec: View<'_, '_>, pod: &Pod, notes: &mut Vec<Note>) {
    let shared = spec.get("shareProcessNamespace");
    if let Some(shared) = shared.filter(|shared| shared.is_true()) {
        note(
            notes,
            "shared-process-namespace",
            shared,
            "shareProcessNamespace: the application can read the sidecar's memory and keys through /proc",
        );
    }
    if pod.guaranteed {
        note(
            notes,
            "guaranteed-qos",
            spec,
            "the pod is Guaranteed: what is added gets limits equal to its requests, so that it stays so",
        );
    }
    let policy = spec.get("dnsPolicy");
    if let Some(policy) = policy.filter(|policy| policy.text() == Some("Default")) {
        note(
            notes,
            "dns-policy",
            policy,
            "dnsPolicy: Default: the sidecar cannot look up cluster names such as the control plane's",
        );
    }
}

/// Ports that do not speak TCP.
fn other_protocols(spec: View<'_, '_>, notes: &mut Vec<Note>) {
    let ports = all_containers(spec).filter_map(|container| container.get("ports"));
    let mut others = ports.flat_map(View::items).filter(|port| {
        let protocol = port.text_at(&["protocol"]);
        protocol.is_some_and(|protocol| protocol != "TCP")
    });
    let Some(first) = others.next() else {
        return;
    };
    let number = first.text_at(&["containerPort"]).unwrap_or("?");
    let which = match others.count() {
        0 => format!("port {number}"),
        more => format!("port {number} and {more} more"),
    };
    let message = format!("{which}: only TCP passes through the sidecar");
    note(notes, "udp", first, message);
}

/// Probes that a dead application would pass, because the sidecar takes the connection.
fn deceived_probes(spec: View<'_, '_>, settings: &Settings, notes: &mut Vec<Note>) {
    for (container, kind) in probes(spec) {
        let Some(tcp) = container.at(&[kind, "tcpSocket"]) else {
            continue;
        };
        let number = tcp.get("port").and_then(|named| port(container, named));
        let named = tcp.text_at(&["port"]).unwrap_or("?");
        if number.is_some_and(|number| settings.skip_inbound_ports.contains(number)) {
            continue;
        }
        let name = container.text_at(&["name"]).unwrap_or("?");
        let message = format!(
            "{kind} of {name}: the sidecar accepts TCP port {named} even when the application is dead (--rewrite-probes asks the application itself)"
        );
        note(notes, "tcp-probe", tcp, message);
    }
}

/// Probes whose port cannot be looked up, so that strict mTLS cannot let them in.
fn hidden_probes(spec: View<'_, '_>, notes: &mut Vec<Note>) {
    for (container, kind) in probes(spec) {
        let action = container.get(kind).and_then(handler);
        let Some(named) = action.and_then(|(_, action)| action.get("port")) else {
            continue;
        };
        if port(container, named).is_none() {
            let name = container.text_at(&["name"]).unwrap_or("?");
            let message = format!(
                "{kind} of {name} names a port that the container does not declare: strict mTLS will refuse this probe"
            );
            note(notes, "probe-port", named, message);
        }
    }
}

/// Every container with each kind of probe.
fn probes<'t, 'a: 't>(spec: View<'t, 'a>) -> impl Iterator<Item = (View<'t, 'a>, &'static str)> {
    all_containers(spec).flat_map(|container| PROBES.map(|kind| (container, kind)))
}
