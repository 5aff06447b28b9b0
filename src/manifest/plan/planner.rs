//! Gathers the edits of one workload.

use std::collections::BTreeMap;
use std::rc::Rc;

use mesh_api::annotations::{INJECTED, PREFIX};
use mesh_api::settings::{Overrides, Setting};
use mesh_api::sidecar::{Injected, Sidecar};
use serde_json::{Map, Value};

use super::pieces::Pieces;
use crate::manifest::edit::Edit;
use crate::manifest::outcome::Change;
use crate::manifest::template::{self, Template};
use crate::manifest::tree::{NodeId, Style, Tree};
use crate::manifest::view::View;

/// The annotation by which `kubectl logs` and `exec` choose a container.
pub const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// The edits of one workload, and what they say.
pub(super) struct Planner<'t, 'a> {
    pub(super) tree: &'t Tree<'a>,
    pub(super) template: Template,
    prefix: String,
    pub(super) edits: Vec<Edit>,
    pub(super) changes: Vec<Change>,
    /// As in [`Injected::created`].
    pub(super) created: Vec<String>,
    /// Annotations beside the usual ones.
    pub(super) extra: Vec<(String, String)>,
    /// Whether it is told what is added.
    told: bool,
}

impl<'t, 'a> Planner<'t, 'a> {
    pub(super) fn new(tree: &'t Tree<'a>, template: Template, prefix: String, told: bool) -> Self {
        Self {
            tree,
            template,
            prefix,
            edits: Vec::new(),
            changes: Vec::new(),
            created: Vec::new(),
            extra: Vec::new(),
            told,
        }
    }

    /// Says what is added at `path` below the pod template, and why.
    pub(super) fn say(&mut self, path: impl FnOnce() -> String, why: impl Into<String>) {
        if self.told {
            let path = format!("{}{}", self.prefix, path());
            self.changes.push(Change {
                path,
                why: why.into(),
            });
        }
    }

    /// Says that the API server takes no such change to an existing resource of this kind.
    pub(super) fn must_be_replaced(&mut self, kind: &str) {
        if self.told && matches!(kind, "Pod" | "Job") {
            self.changes.push(Change {
                path: format!("kind: {kind}"),
                why: format!(
                    "an existing {kind} cannot be changed like this: delete it first, or use kubectl replace --force"
                ),
            });
        }
    }

    /// Containers and volumes.
    pub(super) fn pieces(&mut self, pieces: &Pieces) {
        let sidecar = &pieces.sidecar;
        let init = sidecar
            .first_init_containers
            .iter()
            .chain(&sidecar.last_init_containers);
        let volumes = sidecar.volumes.iter().map(|piece| ("volumes", piece));
        for (list, piece) in init.map(|piece| ("initContainers", piece)).chain(volumes) {
            self.say(
                || format!("spec.{list}[{}]", name(&piece.value)),
                &piece.why,
            );
        }
        let new_init = !pieces.init.is_empty()
            && !self.list("initContainers", &pieces.first, &pieces.last, &pieces.init);
        let new_volumes = !pieces.volumes.is_empty()
            && !self.list("volumes", &pieces.volumes, &Rc::default(), &pieces.volumes);
        self.containers(pieces);
        let entries = match (new_init, new_volumes) {
            (true, true) => &pieces.both_keys,
            (true, false) => &pieces.init_key,
            (false, true) => &pieces.volumes_key,
            (false, false) => return,
        };
        let mapping = self.template.spec;
        let mut keys = self.tree.entries(mapping);
        let before = keys.position(|(key, _)| self.tree.scalar(key) == Some("containers"));
        let entries = Rc::clone(entries);
        self.edits.push(Edit::AddEntries {
            mapping,
            before,
            entries,
        });
    }

    /// Puts `first` before and `last` behind the items of a list of the pod's spec, or `all` into
    /// an empty one. Returns whether there is such a list; if not, it is to be made.
    fn list(
        &mut self,
        key: &str,
        first: &Rc<[Value]>,
        last: &Rc<[Value]>,
        all: &Rc<[Value]>,
    ) -> bool {
        let Some(sequence) = self.tree.get(self.template.spec, key) else {
            self.created.push(key.to_owned());
            return false;
        };
        let count = self.tree.items(sequence).count();
        if count == 0 {
            self.created
                .push(format!("{key}={}", self.emptiness(sequence)));
            let items = Rc::clone(all);
            self.edits.push(Edit::AddItems {
                sequence,
                index: 0,
                items,
            });
            return true;
        }
        for (index, items) in [(0, first), (count, last)] {
            if !items.is_empty() {
                let items = Rc::clone(items);
                self.edits.push(Edit::AddItems {
                    sequence,
                    index,
                    items,
                });
            }
        }
        true
    }

    /// What stands in the place of a collection without children.
    pub(super) fn emptiness(&self, id: NodeId) -> &'static str {
        template::emptiness(self.tree, id)
    }

    /// Classic sidecars go behind the user's first container, which `kubectl logs` and `exec` pick.
    fn containers(&mut self, pieces: &Pieces) {
        let Some(sequence) = self.tree.get(self.template.spec, "containers") else {
            return;
        };
        if pieces.containers.is_empty() {
            return;
        }
        for piece in &pieces.sidecar.containers {
            self.say(
                || format!("spec.containers[{}]", name(&piece.value)),
                &piece.why,
            );
        }
        let mut index = 1;
        if self.cannot_be_followed(sequence) {
            index = 0;
            let first = self.tree.items(sequence).next();
            let first = first.map(|first| View::new(self.tree, first));
            let first = first
                .and_then(|first| first.text_at(&["name"]))
                .unwrap_or_default();
            self.created.push(DEFAULT_CONTAINER.to_owned());
            self.extra
                .push((DEFAULT_CONTAINER.to_owned(), first.to_owned()));
            self.say(
                || format!("metadata.annotations[{DEFAULT_CONTAINER}]"),
                "the sidecar had to come first in the list; kubectl logs and exec go on picking the application",
            );
        }
        let items = Rc::clone(&pieces.containers);
        self.edits.push(Edit::AddItems {
            sequence,
            index,
            items,
        });
    }

    /// A block scalar that the end of the text cuts off would grow by a line break.
    fn cannot_be_followed(&self, sequence: NodeId) -> bool {
        let node = self.tree.node(sequence);
        let last = self.tree.nodes[node.next as usize - 1].style;
        self.tree.items(sequence).count() == 1
            && node.end as usize == self.tree.text.len()
            && !self.tree.text.ends_with('\n')
            && matches!(last, Style::Literal | Style::Folded)
    }

    /// Our annotations, with the settings that came from elsewhere than the pod template.
    pub(super) fn annotations(&mut self, sidecar: &Sidecar, own: &Overrides, given: &[&Overrides]) {
        let mut settings = Vec::new();
        let mut entries = Vec::new();
        for setting in Setting::ALL {
            let value = given.iter().find_map(|given| given.get(*setting));
            let Some(value) = value.filter(|_| own.get(*setting).is_none()) else {
                continue;
            };
            let name = setting.name();
            self.say(
                || format!("metadata.annotations[{PREFIX}{name}]"),
                format!(
                    "remembers --{name}, so that the webhook and a later injection do the same"
                ),
            );
            settings.push(name.to_owned());
            entries.push((format!("{PREFIX}{name}"), Value::from(value)));
        }
        self.record_parents();
        let injected = Injected {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            digest: sidecar.digest.clone(),
            created: std::mem::take(&mut self.created),
            settings,
            mesh: mesh_given(given),
        };
        self.say(
            || format!("metadata.annotations[{INJECTED}]"),
            "records what was added, so that it can be updated and taken out again",
        );
        entries.insert(
            0,
            (INJECTED.to_owned(), Value::from(injected.to_annotation())),
        );
        let extra = std::mem::take(&mut self.extra);
        entries.extend(
            extra
                .into_iter()
                .map(|(key, value)| (key, Value::from(value))),
        );
        self.add_annotations(entries);
    }

    /// Notes which of the annotations' parents are made now, or were empty.
    fn record_parents(&mut self) {
        let tree = self.tree;
        let is_empty = |id: NodeId| tree.children(id).next().is_none();
        let created = match (self.template.metadata, self.template.annotations) {
            (_, Some(annotations)) if is_empty(annotations) => {
                format!("annotations={}", self.emptiness(annotations))
            }
            (_, Some(_)) => return,
            (Some(metadata), None) if is_empty(metadata) => {
                format!("metadata={}", self.emptiness(metadata))
            }
            (Some(_), None) => "annotations".to_owned(),
            (None, None) => "metadata".to_owned(),
        };
        self.created.push(created);
    }

    fn add_annotations(&mut self, entries: Vec<(String, Value)>) {
        let object = |key: &str, entries: Vec<(String, Value)>| {
            let object = entries.into_iter().collect::<Map<_, _>>();
            vec![(key.to_owned(), Value::Object(object))]
        };
        let (tree, template) = (self.tree, self.template);
        let (mapping, before, entries) = match (template.metadata, template.annotations) {
            (_, Some(annotations)) => (annotations, Some(0), entries),
            (Some(metadata), None) => (metadata, Some(0), object("annotations", entries)),
            (None, None) => {
                let mut keys = tree.entries(template.template);
                let spec = keys.position(|(key, _)| tree.scalar(key) == Some("spec"));
                let metadata = object("metadata", object("annotations", entries));
                (template.template, spec, metadata)
            }
        };
        let entries = entries.into();
        self.edits.push(Edit::AddEntries {
            mapping,
            before,
            entries,
        });
    }
}

/// The settings of the mesh that were given, by name.
fn mesh_given(given: &[&Overrides]) -> BTreeMap<String, String> {
    let mut mesh = BTreeMap::new();
    for (setting, value) in given.iter().rev().flat_map(|given| &given.mesh) {
        mesh.insert(setting.name().to_owned(), value.clone());
    }
    mesh
}

fn name(piece: &Value) -> &str {
    piece.get("name").and_then(Value::as_str).unwrap_or("?")
}
