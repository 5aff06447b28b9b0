//! What takes our sidecar out of a workload again, by its names and by what the injection recorded.

use std::collections::BTreeMap;

use mesh_api::annotations::{INJECT, INJECTED, PREFIX, REWRITTEN_PROBES};
use mesh_api::settings::{MeshSetting, Overrides, Setting};
use mesh_api::sidecar::{self, Injected};
use serde_json::Value;

use crate::manifest::edit::{Edit, Empty};
use crate::manifest::namespace::LABEL;
use crate::manifest::outcome::{Options, Problem};
use crate::manifest::plan::{self, DEFAULT_CONTAINER};
use crate::manifest::template::{self, Template};
use crate::manifest::tree::{NodeId, Shape, Tree};
use crate::manifest::view::View;
use crate::manifest::workload::{self, Resource, Role};

mod foreign;

pub use foreign::foreign;

/// The edits that take our sidecar out of one workload.
#[derive(Debug)]
pub struct Removal {
    /// Changes to the document.
    pub edits: Vec<Edit>,
    /// What the injection recorded; without a record, the best guess.
    pub injected: Injected,
    /// The settings that the injection wrote into the annotations.
    pub previous: Overrides,
    /// The names of the containers and volumes that go.
    pub names: Vec<String>,
}

/// The removal of our sidecar from `resource`, if it carries one.
///
/// # Errors
/// A [`Problem`] where an alias or a merge key is in the way.
pub fn ours(
    tree: &Tree<'_>,
    resource: &Resource<'_>,
    options: &Options,
) -> Result<Option<Removal>, Problem> {
    let Role::Workload(path) = workload::role(resource, options) else {
        return Ok(None);
    };
    let name = workload::name(tree, resource.id);
    if !workload::is_selected(resource.kind, name, options) || !may_carry(tree, resource.id) {
        return Ok(None);
    }
    let Some(template) = template::locate(tree, resource.id, &path)? else {
        return Ok(None);
    };
    let record = annotation(tree, &template, INJECTED);
    if record.is_none() && !carries_unrecorded(tree, &template) {
        return Ok(None);
    }
    let injected = record
        .and_then(|text| Injected::from_annotation(text).ok())
        .unwrap_or_else(unrecorded);
    let previous = previous(tree, &template, &injected)?;
    let mut remover = Remover::new(tree, template, injected);
    remover.probes();
    remover.environment();
    for (list, names) in [
        ("initContainers", sidecar::CONTAINERS),
        ("containers", sidecar::CONTAINERS),
        ("volumes", sidecar::VOLUMES),
    ] {
        let with_envoy = remover.has_agent();
        remover.list(list, &|item| {
            names.contains(&item) && (item != "envoy" || with_envoy)
        });
    }
    remover.annotations();
    Ok(Some(remover.removal(previous)))
}

/// The removal of the label and the annotations that we gave a Namespace or a Service, if it
/// records any.
///
/// # Errors
/// A [`Problem`] where an alias or a merge key is in the way.
pub fn marks(
    tree: &Tree<'_>,
    resource: &Resource<'_>,
    options: &Options,
) -> Result<Option<Removal>, Problem> {
    let name = workload::name(tree, resource.id);
    if !workload::is_selected(resource.kind, name, options) {
        return Ok(None);
    }
    let recorded = View::new(tree, resource.id)
        .text_at(&["metadata", "annotations", INJECTED])
        .and_then(|text| Injected::from_annotation(text).ok());
    let Some(injected) = recorded else {
        return Ok(None);
    };
    let Some(template) = template::of_resource(tree, resource.id)? else {
        return Ok(None);
    };
    let previous = previous(tree, &template, &injected)?;
    let mut remover = Remover::new(tree, template, injected);
    remover.label();
    remover.annotations();
    Ok(Some(remover.removal(previous)))
}

/// The record of an injection that left none.
fn unrecorded() -> Injected {
    Injected {
        mesh: BTreeMap::new(),
        version: String::new(),
        digest: String::new(),
        created: Vec::new(),
        settings: Vec::new(),
    }
}

/// A quick look before the template is located: problems on the way matter only if there is
/// something to take out.
fn may_carry(tree: &Tree<'_>, resource: NodeId) -> bool {
    let (from, to) = (resource.0 as usize, tree.node(resource).next as usize);
    tree.nodes[from..to].iter().any(|node| {
        node.shape == Shape::Scalar
            && (node.value == INJECTED || node.value == "mesh-proxy" || node.value == "mesh-agent")
    })
}

fn annotation<'t>(tree: &'t Tree<'_>, template: &Template, name: &str) -> Option<&'t str> {
    View::new(tree, template.annotations?).text_at(&[name])
}

/// A sidecar of ours whose record somebody removed: its name, and a mount of one of our volumes.
fn carries_unrecorded(tree: &Tree<'_>, template: &Template) -> bool {
    let spec = View::new(tree, template.spec);
    crate::manifest::pod::all_containers(spec).any(|container| {
        matches!(
            container.text_at(&["name"]),
            Some("mesh-proxy" | "mesh-agent")
        ) && container
            .get("volumeMounts")
            .into_iter()
            .flat_map(View::items)
            .any(|mount| {
                mount
                    .text_at(&["name"])
                    .is_some_and(|name| sidecar::VOLUMES.contains(&name))
            })
    })
}

/// The settings that we wrote, read back; somebody may have changed them since.
fn previous(
    tree: &Tree<'_>,
    template: &Template,
    injected: &Injected,
) -> Result<Overrides, Problem> {
    let mut previous = Overrides::default();
    for (name, value) in &injected.mesh {
        if let Some(setting) = MeshSetting::from_name(name) {
            // What a later version cannot read falls back to the default.
            let _ = previous.set_mesh(setting, value);
        }
    }
    let Some(annotations) = template.annotations else {
        return Ok(previous);
    };
    let all = plan::settings_in(View::new(tree, annotations), &mut Vec::new())?;
    let written = injected
        .settings
        .iter()
        .filter_map(|name| Setting::from_name(name));
    for setting in written {
        if let Some(value) = all.get(setting) {
            // What was read a moment ago can be read again.
            let _ = previous.set(setting, &value);
        }
    }
    Ok(previous)
}

struct Remover<'t, 'a> {
    tree: &'t Tree<'a>,
    template: Template,
    injected: Injected,
    edits: Vec<Edit>,
    names: Vec<String>,
}

impl<'t, 'a> Remover<'t, 'a> {
    fn new(tree: &'t Tree<'a>, template: Template, injected: Injected) -> Self {
        Self {
            tree,
            template,
            injected,
            edits: Vec::new(),
            names: Vec::new(),
        }
    }

    fn removal(mut self, previous: Overrides) -> Removal {
        self.settle();
        Removal {
            edits: self.edits,
            injected: self.injected,
            previous,
            names: self.names,
        }
    }

    fn has_agent(&self) -> bool {
        let spec = View::new(self.tree, self.template.spec);
        crate::manifest::pod::all_containers(spec)
            .any(|container| container.text_at(&["name"]) == Some("mesh-agent"))
    }

    /// What the record says was in the place of a collection that we put there: something empty, or
    /// nothing.
    fn stood_before(&self, what: &str) -> Option<Empty> {
        self.injected
            .created
            .iter()
            .find_map(|entry| match entry.strip_prefix(what)? {
                "=" => Some(Empty::Nothing),
                "=null" => Some(Empty::Null),
                "=[]" => Some(Empty::List),
                "={}" => Some(Empty::Map),
                _ => None,
            })
    }

    /// Takes the items called so out of a list of the pod's spec.
    fn list(&mut self, key: &str, is_ours: &dyn Fn(&str) -> bool) {
        let Some(sequence) = self.tree.get(self.template.spec, key) else {
            return;
        };
        let mut gone = Vec::new();
        for (index, item) in self.tree.items(sequence).enumerate() {
            let name = View::new(self.tree, item).text_at(&["name"]);
            if let Some(name) = name.filter(|name| is_ours(name)) {
                gone.push(index);
                self.names.push(name.to_owned());
            }
        }
        self.take(self.template.spec, key, key, sequence, &gone);
    }

    /// The label that we gave a Namespace.
    fn label(&mut self) {
        let Some(metadata) = self.template.metadata else {
            return;
        };
        let Some(labels) = self.tree.get(metadata, "labels") else {
            return;
        };
        let index = self
            .tree
            .entries(labels)
            .position(|(key, _)| self.tree.scalar(key) == Some(INJECT));
        let ours = self.injected.created.iter().any(|entry| entry == LABEL);
        if let Some(index) = index.filter(|_| ours) {
            self.take(metadata, "labels", "labels", labels, &[index]);
        }
    }

    /// Takes children out of the collection under `key` of `parent`, and the collection with them
    /// if nothing else is left of it.
    fn take(&mut self, parent: NodeId, key: &str, what: &str, collection: NodeId, gone: &[usize]) {
        let is_list = self.tree.node(collection).shape == Shape::Sequence;
        let count = self.tree.children(collection).count() / if is_list { 1 } else { 2 };
        if gone.is_empty() {
            return;
        }
        if gone.len() < count {
            self.edits.extend(gone.iter().map(|index| {
                let index = *index;
                if is_list {
                    Edit::RemoveItem {
                        sequence: collection,
                        index,
                    }
                } else {
                    Edit::RemoveEntry {
                        mapping: collection,
                        index,
                    }
                }
            }));
            return;
        }
        match self.stood_before(what) {
            Some(was) => self.edits.push(Edit::Restore { collection, was }),
            // We made it; or nobody recorded it, and then what was there before was empty too.
            None => self.remove_key(parent, key),
        }
    }

    /// Metadata of which every entry goes stays as an empty mapping: we did not make it.
    fn settle(&mut self) {
        let Some(metadata) = self.template.metadata else {
            return;
        };
        let is_gone =
            |edit: &Edit| matches!(edit, Edit::RemoveEntry { mapping, .. } if *mapping == metadata);
        let gone = self.edits.iter().filter(|edit| is_gone(edit)).count();
        if gone > 0 && gone == self.tree.entries(metadata).count() {
            self.edits.retain(|edit| !is_gone(edit));
            self.edits.push(Edit::Restore {
                collection: metadata,
                was: Empty::Map,
            });
        }
    }

    fn remove_key(&mut self, mapping: NodeId, key: &str) {
        if let Some(index) = self
            .tree
            .entries(mapping)
            .position(|(name, _)| self.tree.scalar(name) == Some(key))
        {
            self.edits.push(Edit::RemoveEntry { mapping, index });
        }
    }

    /// Our annotations; then whatever we made to hold them.
    fn annotations(&mut self) {
        let (Some(metadata), Some(annotations)) =
            (self.template.metadata, self.template.annotations)
        else {
            return;
        };
        let is_ours = |name: &str| {
            let setting = name.strip_prefix(PREFIX);
            name == INJECTED
                || name == REWRITTEN_PROBES
                || setting.is_some_and(|short| {
                    self.injected
                        .settings
                        .iter()
                        .any(|written| written == short)
                })
                || (name == DEFAULT_CONTAINER
                    && self
                        .injected
                        .created
                        .iter()
                        .any(|entry| entry == DEFAULT_CONTAINER))
        };
        let entries: Vec<bool> = self
            .tree
            .entries(annotations)
            .map(|(key, _)| self.tree.scalar(key).is_some_and(is_ours))
            .collect();
        let gone: Vec<usize> = (0..entries.len()).filter(|index| entries[*index]).collect();
        let emptied = !gone.is_empty() && gone.len() == entries.len();
        if emptied && self.made_metadata() {
            // Nothing but the annotations, and the null that the API server writes beside them.
            let mut entries = self.tree.entries(metadata);
            let alone = entries.all(|(_, value)| value == annotations || self.tree.is_null(value));
            match self.stood_before("metadata") {
                _ if !alone => self.remove_key(metadata, "annotations"),
                Some(was) => self.edits.push(Edit::Restore {
                    collection: metadata,
                    was,
                }),
                None => self.remove_key(self.template.template, "metadata"),
            }
            return;
        }
        self.take(metadata, "annotations", "annotations", annotations, &gone);
    }

    /// Whether the pod template's metadata is there because of our annotations.
    fn made_metadata(&self) -> bool {
        let created = &self.injected.created;
        created
            .iter()
            .any(|entry| entry == "metadata" || entry.starts_with("metadata="))
    }

    /// The user's containers and init containers, each with its name.
    fn containers(&self) -> Vec<(String, NodeId)> {
        let lists = ["initContainers", "containers"].into_iter();
        let items = lists
            .filter_map(|list| self.tree.get(self.template.spec, list))
            .flat_map(|list| self.tree.items(list).collect::<Vec<_>>());
        items
            .map(|item| {
                let name = View::new(self.tree, item)
                    .text_at(&["name"])
                    .unwrap_or_default();
                (name.to_owned(), item)
            })
            .filter(|(name, _)| !sidecar::CONTAINERS.contains(&name.as_str()) || name == "envoy")
            .collect()
    }

    /// The explicit proxy's variables, where their values are still ours.
    fn environment(&mut self) {
        for (name, container) in self.containers() {
            let Some(env) = self.tree.get(container, "env") else {
                continue;
            };
            let gone: Vec<usize> = self
                .tree
                .items(env)
                .enumerate()
                .filter(|(_, item)| {
                    let variable = View::new(self.tree, *item);
                    let text = |key| variable.text_at(&[key]).unwrap_or_default();
                    sidecar::is_environment(text("name"), text("value"))
                })
                .map(|(index, _)| index)
                .collect();
            self.take(container, "env", &format!("env:{name}"), env, &gone);
        }
    }

    /// Probes that we rewrote get their own handler back.
    fn probes(&mut self) {
        let originals = annotation(self.tree, &self.template, REWRITTEN_PROBES)
            .and_then(|text| serde_json::from_str::<Value>(text).ok());
        let Some(Value::Object(originals)) = originals else {
            return;
        };
        for (name, container) in self.containers() {
            for kind in ["startupProbe", "readinessProbe", "livenessProbe"] {
                let original = originals
                    .get(&format!("{name}/{kind}"))
                    .and_then(Value::as_object)
                    .and_then(|handlers| handlers.iter().next());
                let Some((handler, original)) = original else {
                    continue;
                };
                let Some(mapping) = self.tree.get(container, kind) else {
                    continue;
                };
                let index = self
                    .tree
                    .entries(mapping)
                    .position(|(key, _)| self.tree.scalar(key) == Some("httpGet"));
                if let Some(index) = index {
                    let entry = (handler.clone(), original.clone());
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
