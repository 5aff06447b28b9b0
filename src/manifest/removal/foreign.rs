//! What takes Istio's or Linkerd's sidecar out of a workload, by structure: neither leaves a record
//! that says what was there before.

use serde_json::Value;

use super::{Remover, unrecorded};
use crate::manifest::edit::Edit;
use crate::manifest::meshes::{MESHES, Mesh};
use crate::manifest::outcome::{Options, Problem};
use crate::manifest::plan::DEFAULT_CONTAINER;
use crate::manifest::pod::all_containers;
use crate::manifest::template;
use crate::manifest::tree::{NodeId, Tree};
use crate::manifest::view::View;
use crate::manifest::workload::{self, Resource, Role};

/// The annotations by which Prometheus finds a pod, and Istio's names for them.
const SCRAPE: [(&str, &str); 3] = [
    ("prometheus.io/scrape", "scrape"),
    ("prometheus.io/path", "path"),
    ("prometheus.io/port", "port"),
];

/// The group that Istio gives the pod so that its agent can read the token.
const ISTIO_GROUP: u64 = 1337;

/// The edits that take another mesh's sidecar out of `resource`, with the mesh's name, if it
/// carries one that can be taken out.
///
/// # Errors
/// A [`Problem`] where an alias or a merge key is in the way.
pub fn foreign(
    tree: &Tree<'_>,
    resource: &Resource<'_>,
    options: &Options,
) -> Result<Option<(&'static str, Vec<Edit>)>, Problem> {
    let Role::Workload(path) = workload::role(resource, options) else {
        return Ok(None);
    };
    let carried = |spec: View<'_, '_>| {
        let known = MESHES.iter().filter(|mesh| !mesh.volumes.is_empty());
        known
            .into_iter()
            .find(|mesh| all_containers(spec).any(|container| mesh.owns(container)))
    };
    let view = View::new(tree, resource.id);
    let path_to_spec: Vec<&str> = path.iter().map(String::as_str).chain(["spec"]).collect();
    let Some(mesh) = view.at(&path_to_spec).and_then(carried) else {
        return Ok(None);
    };
    let Some(template) = template::locate(tree, resource.id, &path)? else {
        return Ok(None);
    };
    let mut remover = Remover::new(tree, template, unrecorded());
    remover.istio_probes(mesh);
    for list in ["initContainers", "containers"] {
        remover.owned_by(mesh, list);
    }
    remover.list("volumes", &|name| mesh.volumes.contains(&name));
    remover.group(mesh);
    let selected = selected_labels(tree, resource.id);
    for (parent, metadata) in remover.metadata_of(resource, &path) {
        remover.marks(mesh, metadata, &selected);
        remover.drop_emptied(parent, metadata);
    }
    Ok(Some((mesh.name, remover.edits)))
}

impl Remover<'_, '_> {
    fn owned_by(&mut self, mesh: &Mesh, key: &str) {
        let Some(sequence) = self.tree.get(self.template.spec, key) else {
            return;
        };
        let owned = self.tree.items(sequence).enumerate();
        let gone: Vec<usize> = owned
            .filter(|(_, item)| mesh.owns(View::new(self.tree, *item)))
            .map(|(index, _)| index)
            .collect();
        self.take(self.template.spec, key, key, sequence, &gone);
    }

    /// The pod template's metadata and, because `istioctl kube-inject` marks it by mistake, a
    /// `CronJob`'s job template's; each behind the mapping that holds it.
    fn metadata_of(&self, resource: &Resource<'_>, path: &[String]) -> Vec<(NodeId, NodeId)> {
        let outer = (path.len() > 2)
            .then(|| self.tree.at(resource.id, &[&path[0], &path[1]]))
            .flatten();
        let holders = [Some(self.template.template), outer].into_iter().flatten();
        holders
            .filter_map(|holder| Some((holder, self.tree.get(holder, "metadata")?)))
            .collect()
    }

    /// Labels and annotations of the mesh, and those that it had written for others.
    fn marks(&mut self, mesh: &Mesh, metadata: NodeId, selected: &[&str]) {
        for place in ["labels", "annotations"] {
            let Some(mapping) = self.tree.get(metadata, place) else {
                continue;
            };
            let (tree, view) = (self.tree, View::new(self.tree, mapping));
            let scraped = view.text_at(&["prometheus.io/path"]) == Some("/stats/prometheus");
            let scrape = if scraped {
                self.own_scrape()
            } else {
                Vec::new()
            };
            let first = self.first_of_the_user(mesh).map(str::to_owned);
            let mut gone = Vec::new();
            for (index, (key, value)) in tree.entries(mapping).enumerate() {
                let (key, text) = (
                    tree.scalar(key).unwrap_or_default(),
                    tree.scalar(value).unwrap_or_default(),
                );
                let own = scrape.iter().find(|(name, _)| name == key);
                if let Some(entry) = own {
                    if entry.1.as_str() != Some(text) {
                        self.edits.push(Edit::Reinstate {
                            mapping,
                            index,
                            entry: entry.clone(),
                        });
                    }
                } else if place == "labels" && selected.contains(&key) {
                    // The workload would lose its pods.
                } else if mesh.prefixes.iter().any(|prefix| key.starts_with(prefix))
                    || (scraped && SCRAPE.iter().any(|(name, _)| *name == key))
                    || (matches!(
                        key,
                        DEFAULT_CONTAINER | "kubectl.kubernetes.io/default-logs-container"
                    ) && first.as_deref() == Some(text))
                {
                    gone.push(index);
                }
            }
            self.take(metadata, place, place, mapping, &gone);
        }
    }

    /// The scrape annotations that the user had before Istio put its own in their place; the agent's
    /// environment remembers them.
    fn own_scrape(&self) -> Vec<(String, Value)> {
        let Some(Value::Object(own)) = self.agent_variable("ISTIO_PROMETHEUS_ANNOTATIONS") else {
            return Vec::new();
        };
        let known = SCRAPE.iter().filter_map(|(name, field)| {
            let value = own.get(*field)?.as_str().filter(|text| !text.is_empty())?;
            Some(((*name).to_owned(), Value::from(value)))
        });
        known.collect()
    }

    /// What a variable of the agent's holds, as JSON.
    fn agent_variable(&self, name: &str) -> Option<Value> {
        let spec = View::new(self.tree, self.template.spec);
        all_containers(spec).find_map(|container| {
            let mut env = container.get("env")?.items();
            let variable = env.find(|variable| variable.text_at(&["name"]) == Some(name))?;
            serde_json::from_str::<Value>(variable.text_at(&["value"])?).ok()
        })
    }

    /// Metadata of which every entry goes was made by the mesh: it goes too.
    fn drop_emptied(&mut self, parent: NodeId, metadata: NodeId) {
        let is_gone =
            |edit: &Edit| matches!(edit, Edit::RemoveEntry { mapping, .. } if *mapping == metadata);
        let gone = self.edits.iter().filter(|edit| is_gone(edit)).count();
        if gone > 0 && gone == self.tree.entries(metadata).count() {
            self.edits.retain(|edit| !is_gone(edit));
            self.remove_key(parent, "metadata");
        }
    }

    /// The container that kubectl picks anyway once the sidecar is gone.
    fn first_of_the_user(&self, mesh: &Mesh) -> Option<&str> {
        let containers = self.tree.get(self.template.spec, "containers")?;
        let mut own = self
            .tree
            .items(containers)
            .map(|item| View::new(self.tree, item))
            .filter(|item| !mesh.owns(*item));
        own.next()?.text_at(&["name"])
    }

    /// Istio's `fsGroup: 1337`, with the security context if nothing else is in it.
    fn group(&mut self, mesh: &Mesh) {
        let Some(context) = self.tree.get(self.template.spec, "securityContext") else {
            return;
        };
        let index = self.tree.entries(context).position(|(key, value)| {
            self.tree.scalar(key) == Some("fsGroup")
                && View::new(self.tree, value).number() == Some(ISTIO_GROUP)
        });
        if let Some(index) = index.filter(|_| mesh.name == "Istio") {
            self.take(
                self.template.spec,
                "securityContext",
                "securityContext",
                context,
                &[index],
            );
        }
    }

    /// Probes and hooks that Istio sends through its agent go to the application again; the agent's
    /// environment remembers them.
    fn istio_probes(&mut self, mesh: &Mesh) {
        let Some(originals) = self.agent_variable("ISTIO_KUBE_APP_PROBERS") else {
            return;
        };
        let users = self
            .containers()
            .into_iter()
            .map(|(_, container)| container);
        let is_users = |container: &NodeId| !mesh.owns(View::new(self.tree, *container));
        for container in users.filter(is_users).collect::<Vec<_>>() {
            for path in [
                &["startupProbe"][..],
                &["readinessProbe"],
                &["livenessProbe"],
                &["lifecycle", "postStart"],
                &["lifecycle", "preStop"],
            ] {
                let Some(mapping) = self.tree.at(container, path) else {
                    continue;
                };
                let handler = self
                    .tree
                    .entries(mapping)
                    .enumerate()
                    .find(|(_, (key, _))| self.tree.scalar(*key) == Some("httpGet"));
                let Some((index, (_, handler))) = handler else {
                    continue;
                };
                let path = View::new(self.tree, handler)
                    .text_at(&["path"])
                    .unwrap_or_default();
                let original = originals.get(path).and_then(|original| {
                    ["httpGet", "tcpSocket", "grpc"]
                        .into_iter()
                        .find_map(|key| Some((key, original.get(key)?)))
                });
                if let Some((key, original)) = original {
                    let entry = (key.to_owned(), without_defaults(original));
                    self.edits.push(Edit::Reinstate {
                        mapping,
                        index,
                        entry,
                    });
                }
            }
        }
    }
}

/// The labels by which a workload finds its pods.
fn selected_labels<'t>(tree: &'t Tree<'_>, resource: NodeId) -> Vec<&'t str> {
    let Some(selector) = tree.at(resource, &["spec", "selector"]) else {
        return Vec::new();
    };
    let labels = tree.get(selector, "matchLabels").unwrap_or(selector);
    tree.entries(labels)
        .filter_map(|(key, _)| tree.scalar(key))
        .collect()
}

/// A handler without the empty host and the nulls that Istio's record writes out.
fn without_defaults(handler: &Value) -> Value {
    let mut handler = handler.clone();
    if let Value::Object(map) = &mut handler {
        map.retain(|key, value| !(value.is_null() || key == "host" && *value == ""));
    }
    handler
}
