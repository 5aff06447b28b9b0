//! Reasons to leave a workload as it is, each with the key that decided.

use mesh_api::ports;
use mesh_api::settings::{Intercept, Proxy, Settings};
use mesh_api::sidecar;

use crate::manifest::meshes::MESHES;
use crate::manifest::outcome::Skip;
use crate::manifest::pod::all_containers;
use crate::manifest::template::Template;
use crate::manifest::tree::Tree;
use crate::manifest::view::View;

/// Why this pod is left as it is, if it is. `prefix` is the path to the pod template.
pub fn reason(
    tree: &Tree<'_>,
    template: &Template,
    settings: &Settings,
    prefix: &str,
) -> Option<Skip> {
    let spec = View::new(tree, template.spec);
    let annotations = template
        .annotations
        .map(|annotations| View::new(tree, annotations));
    host_network(spec, prefix)
        .or_else(|| windows(spec, prefix))
        .or_else(|| other_mesh(spec, annotations, prefix))
        .or_else(|| proxy_uid(spec, settings, prefix))
        .or_else(|| port_clash(spec, prefix))
        .or_else(|| name_clash(spec, settings, prefix))
}

#[expect(clippy::unnecessary_wraps, reason = "every caller returns an option")]
fn skip(code: &'static str, reason: String, key: String, at: View<'_, '_>) -> Option<Skip> {
    Some(Skip {
        code,
        reason,
        key,
        offset: at.offset(),
    })
}

fn host_network(spec: View<'_, '_>, prefix: &str) -> Option<Skip> {
    let value = spec.get("hostNetwork").filter(|value| value.is_true())?;
    skip(
        "host-network",
        "it uses the node's network, where redirection would catch the node's own traffic".into(),
        format!("{prefix}spec.hostNetwork: true"),
        value,
    )
}

fn windows(spec: View<'_, '_>, prefix: &str) -> Option<Skip> {
    let reason = || "it runs on Windows nodes, and the sidecar is for Linux".to_owned();
    if let Some(os) = spec
        .at(&["os", "name"])
        .filter(|os| os.text() == Some("windows"))
    {
        return skip(
            "windows",
            reason(),
            format!("{prefix}spec.os.name: windows"),
            os,
        );
    }
    for key in ["kubernetes.io/os", "beta.kubernetes.io/os"] {
        let selected = spec
            .at(&["nodeSelector", key])
            .filter(|os| os.text() == Some("windows"));
        if let Some(os) = selected {
            return skip(
                "windows",
                reason(),
                format!("{prefix}spec.nodeSelector[{key}]: windows"),
                os,
            );
        }
    }
    let path = [
        "affinity",
        "nodeAffinity",
        "requiredDuringSchedulingIgnoredDuringExecution",
        "nodeSelectorTerms",
    ];
    // One term is enough for a node, so every one must ask for Windows.
    let asks = |term: View<'_, '_>| windows_expression(term).is_some();
    let terms = spec.at(&path)?;
    let first = terms.items().next().filter(|_| terms.items().all(asks))?;
    let expression = windows_expression(first)?;
    skip(
        "windows",
        reason(),
        format!("{prefix}spec.affinity.nodeAffinity: kubernetes.io/os In [windows]"),
        expression,
    )
}

/// The expression by which a node selector term admits Windows nodes only.
fn windows_expression<'t, 'a>(term: View<'t, 'a>) -> Option<View<'t, 'a>> {
    term.get("matchExpressions")?.items().find(|expression| {
        let key = expression.text_at(&["key"]);
        matches!(key, Some("kubernetes.io/os" | "beta.kubernetes.io/os"))
            && expression.text_at(&["operator"]) == Some("In")
            && expression.get("values").is_some_and(|values| {
                let mut values = values.items().peekable();
                values.peek().is_some() && values.all(|value| value.text() == Some("windows"))
            })
    })
}

fn other_mesh(spec: View<'_, '_>, annotations: Option<View<'_, '_>>, prefix: &str) -> Option<Skip> {
    MESHES.iter().find_map(|mesh| {
        let reason = || format!("it already carries a sidecar of {}", mesh.name);
        if let Some(container) = all_containers(spec).find(|container| mesh.owns(*container)) {
            let text = |key| container.text_at(&[key]).unwrap_or_default();
            let key = format!(
                "{prefix}spec: container {}, image {}",
                text("name"),
                text("image")
            );
            return skip("other-mesh", reason(), key, container);
        }
        let (name, value) = mesh
            .proof
            .iter()
            .find_map(|name| Some((name, annotations?.get(name)?)))?;
        skip(
            "other-mesh",
            reason(),
            format!("{prefix}metadata.annotations[{name}]"),
            value,
        )
    })
}

fn proxy_uid(spec: View<'_, '_>, settings: &Settings, prefix: &str) -> Option<Skip> {
    if settings.intercept != Intercept::Init {
        return None;
    }
    let ours = |user: &View<'_, '_>| user.number() == Some(u64::from(settings.proxy_uid.get()));
    let reason = || {
        format!(
            "it runs as user {}, whose traffic is taken for the sidecar's own (--proxy-uid chooses another)",
            settings.proxy_uid.get()
        )
    };
    let of_pod = spec.at(&["securityContext", "runAsUser"]);
    for container in all_containers(spec) {
        let own = container.at(&["securityContext", "runAsUser"]);
        if let Some(user) = own.filter(ours) {
            let name = container.text_at(&["name"]).unwrap_or_default();
            return skip(
                "proxy-uid",
                reason(),
                format!(
                    "{prefix}spec: container {name}, securityContext.runAsUser: {}",
                    settings.proxy_uid.get()
                ),
                user,
            );
        }
        if let (None, Some(user)) = (own, of_pod.filter(ours)) {
            return skip(
                "proxy-uid",
                reason(),
                format!(
                    "{prefix}spec.securityContext.runAsUser: {}",
                    settings.proxy_uid.get()
                ),
                user,
            );
        }
    }
    None
}

fn port_clash(spec: View<'_, '_>, prefix: &str) -> Option<Skip> {
    for container in all_containers(spec) {
        for port in container.get("ports").into_iter().flat_map(View::items) {
            let Some(number) = port.get("containerPort") else {
                continue;
            };
            let udp = port
                .text_at(&["protocol"])
                .is_some_and(|protocol| protocol != "TCP");
            if !udp
                && number.number().is_some_and(|number| {
                    ports::RESERVED
                        .iter()
                        .any(|ours| u64::from(*ours) == number)
                })
            {
                let name = container.text_at(&["name"]).unwrap_or_default();
                let number_text = number.text().unwrap_or_default();
                return skip(
                    "port-clash",
                    format!("its port {number_text} is one of the sidecar's"),
                    format!("{prefix}spec: container {name}, containerPort: {number_text}"),
                    number,
                );
            }
        }
    }
    None
}

fn name_clash(spec: View<'_, '_>, settings: &Settings, prefix: &str) -> Option<Skip> {
    let reason = |name: &str| format!("the name {name} is taken, and the sidecar needs it");
    for container in all_containers(spec) {
        let Some(name) = container.get("name") else {
            continue;
        };
        let text = name.text().unwrap_or_default();
        if sidecar::CONTAINERS.contains(&text)
            && (text != "envoy" || settings.proxy == Proxy::Envoy)
        {
            return skip(
                "name-clash",
                reason(text),
                format!("{prefix}spec: container {text}"),
                name,
            );
        }
    }
    for volume in spec.get("volumes").into_iter().flat_map(View::items) {
        let Some(name) = volume.get("name") else {
            continue;
        };
        let text = name.text().unwrap_or_default();
        if sidecar::VOLUMES.contains(&text) {
            return skip(
                "name-clash",
                reason(text),
                format!("{prefix}spec.volumes: {text}"),
                name,
            );
        }
    }
    None
}
