//! The marks that other meshes leave on a workload, read in their own injectors.

use crate::manifest::outcome::Note;
use crate::manifest::view::View;

/// What one mesh adds to a pod.
pub struct Mesh {
    /// Its name as people write it.
    pub name: &'static str,
    /// Its containers' names.
    pub containers: &'static [&'static str],
    /// Ends of its images' repositories, for containers that somebody renamed.
    pub images: &'static [&'static str],
    /// Annotations that only its injector writes.
    pub proof: &'static [&'static str],
    /// The label or annotation by which a pod asks its webhook for a sidecar, with the values that
    /// do so.
    pub asks: (&'static str, &'static [&'static str]),
    /// Its volumes' names; empty where `uninject` does not know them.
    pub volumes: &'static [&'static str],
    /// Beginnings of its annotations and labels, settings included.
    pub prefixes: &'static [&'static str],
}

/// Every mesh whose sidecar is recognised.
pub const MESHES: &[Mesh] = &[
    Mesh {
        name: "Istio",
        containers: &[
            "istio-proxy",
            "istio-init",
            "istio-validation",
            "enable-core-dump",
        ],
        images: &["istio/proxyv2", "proxyv2"],
        proof: &["sidecar.istio.io/status"],
        asks: ("sidecar.istio.io/inject", &["true", "enabled"]),
        volumes: &[
            "workload-socket",
            "credential-socket",
            "workload-certs",
            "istio-envoy",
            "istio-data",
            "istio-podinfo",
            "istio-token",
            "istiod-ca-cert",
            "istio-ca-crl",
            "istio-certs",
        ],
        prefixes: &[
            "sidecar.istio.io/",
            "traffic.sidecar.istio.io/",
            "status.sidecar.istio.io/",
            "proxy.istio.io/",
            "security.istio.io/",
            "service.istio.io/",
            "prometheus.istio.io/",
            "inject.istio.io/",
            "istio.io/",
        ],
    },
    Mesh {
        name: "Linkerd",
        containers: &[
            "linkerd-proxy",
            "linkerd-init",
            "linkerd-network-validator",
            "linkerd-debug",
        ],
        images: &["linkerd/proxy", "linkerd/proxy-init", "linkerd/debug"],
        proof: &["linkerd.io/proxy-version"],
        asks: ("linkerd.io/inject", &["enabled", "ingress"]),
        volumes: &[
            "linkerd-identity-end-entity",
            "linkerd-identity-token",
            "linkerd-proxy-init-xtables-lock",
        ],
        prefixes: &[
            "linkerd.io/",
            "config.linkerd.io/",
            "config.alpha.linkerd.io/",
            "config.beta.linkerd.io/",
            "viz.linkerd.io/",
        ],
    },
    Mesh {
        name: "Kuma",
        containers: &["kuma-sidecar", "kuma-init"],
        images: &["kuma-dp", "kuma-init"],
        proof: &["kuma.io/sidecar-injected"],
        asks: ("kuma.io/sidecar-injection", &["enabled", "true"]),
        volumes: &[],
        prefixes: &[],
    },
    Mesh {
        name: "Consul",
        containers: &[
            "consul-dataplane",
            "consul-connect-inject-init",
            "consul-connect-envoy-sidecar",
        ],
        images: &["consul-dataplane"],
        proof: &["consul.hashicorp.com/connect-inject-status"],
        asks: ("consul.hashicorp.com/connect-inject", &["true"]),
        volumes: &[],
        prefixes: &[],
    },
];

/// Warns of every mesh whose webhook would add its own sidecar beside ours.
pub fn asked_for(metadata: Option<View<'_, '_>>) -> Vec<Note> {
    let Some(metadata) = metadata else {
        return Vec::new();
    };
    let at = |key: &str| {
        let mut places = ["labels", "annotations"].into_iter();
        places.find_map(|place| metadata.at(&[place, key]))
    };
    let mut notes = Vec::new();
    for mesh in MESHES {
        let (key, values) = mesh.asks;
        let asks = match at(key) {
            Some(value) => {
                let asks = value.text().is_some_and(|text| values.contains(&text));
                asks.then_some((key, value))
            }
            // A revision asks too, unless the pod says otherwise.
            None if mesh.name == "Istio" => {
                at("istio.io/rev").map(|revision| ("istio.io/rev", revision))
            }
            None => None,
        };
        if let Some((key, value)) = asks {
            let text = value.text().unwrap_or_default();
            notes.push(Note {
                code: "other-mesh-opt-in",
                message: format!(
                    "{key}: {text} asks {} for a sidecar too: where its webhook runs, the pod gets both (remove it)",
                    mesh.name
                ),
                offset: value.offset(),
            });
        }
    }
    notes
}

impl Mesh {
    /// Whether a container is this mesh's, by its name or its image.
    pub fn owns(&self, container: View<'_, '_>) -> bool {
        let text = |key| container.text_at(&[key]).unwrap_or_default();
        self.containers.contains(&text("name"))
            || self
                .images
                .iter()
                .any(|known| is_image(text("image"), known))
    }
}

/// Whether `image` is the repository that ends in `known`, from whatever registry.
fn is_image(image: &str, known: &str) -> bool {
    let image = image.split('@').next().unwrap_or_default();
    // A colon behind the last slash starts the tag; one before it belongs to the registry's port.
    let name_start = image.rfind('/').map_or(0, |slash| slash + 1);
    let end = image[name_start..]
        .find(':')
        .map_or(image.len(), |colon| name_start + colon);
    image[..end]
        .strip_suffix(known)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with(['/', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_an_image_by_its_repository() {
        assert!(is_image("docker.io/istio/proxyv2:1.24", "istio/proxyv2"));
        assert!(is_image("mirror:5000/x/proxyv2@sha256:ab", "proxyv2"));
        assert!(!is_image("my-proxyv2:1", "proxyv2"));
        assert!(is_image("cr.l5d.io/linkerd/proxy:edge", "linkerd/proxy"));
        assert!(!is_image("linkerd/proxy-tools", "linkerd/proxy"));
    }
}
