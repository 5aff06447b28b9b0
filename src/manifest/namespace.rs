//! Namespaces and Services: what they say of pods, and the annotations that they get when asked for.

use std::collections::{BTreeMap, HashMap};

use mesh_api::annotations::{self, PREFIX};
use mesh_api::settings::{Overrides, Setting};
use mesh_api::sidecar::{Injected, digest_of};
use serde_json::{Map, Value};

use crate::manifest::edit::Edit;
use crate::manifest::outcome::{Change, Options, Outcome, Problem, Verdict};
use crate::manifest::plan;
use crate::manifest::read;
use crate::manifest::stream;
use crate::manifest::template::{self, Template};
use crate::manifest::tree::{NodeId, Tree};
use crate::manifest::view::View;
use crate::manifest::workload::{self, Resource, Role};

/// What a Namespace says of the pods in it.
#[derive(Debug, Clone, Default)]
pub struct NamespaceSettings {
    /// `Some(false)`: opted out.
    pub inject: Option<bool>,
    /// Its settings.
    pub overrides: Overrides,
}

/// What the Namespaces of `text` say, by name. Documents and values that cannot be read count for
/// nothing here: the injection itself refuses them.
pub fn gather(text: &str) -> HashMap<String, NamespaceSettings> {
    let mut found = HashMap::new();
    if memchr::memmem::find(text.as_bytes(), b"Namespace").is_none() {
        return found;
    }
    for range in stream::documents(text) {
        let slice = &text[range];
        if !stream::quick_kind(slice)
            .map_or(slice.contains("Namespace"), |kind| kind == "Namespace")
        {
            continue;
        }
        let Ok(tree) = read::read(slice) else {
            continue;
        };
        for resource in workload::resources(&tree) {
            if workload::role(&resource, &Options::default()) == Role::Namespace {
                let view = View::new(&tree, resource.id);
                let name = view.text_at(&["metadata", "name"]).unwrap_or_default();
                found.insert(name.to_owned(), settings(view));
            }
        }
    }
    found
}

fn settings(namespace: View<'_, '_>) -> NamespaceSettings {
    let inject = ["labels", "annotations"].iter().find_map(|place| {
        let value = namespace.at(&["metadata", place, annotations::INJECT])?;
        plan::is_enabled(value.text()?, value.offset()).ok()
    });
    let overrides = namespace
        .at(&["metadata", "annotations"])
        .map_or_else(Overrides::default, |annotations| {
            plan::settings_in(annotations, &mut Vec::new()).unwrap_or_default()
        });
    NamespaceSettings { inject, overrides }
}

/// Says in [`Injected::created`] that the label is ours.
pub const LABEL: &str = "label";

/// Whether the options ask to mark such a resource.
pub fn is_asked_for(role: &Role, options: &Options) -> bool {
    match role {
        Role::Namespace => options.annotate_namespaces,
        Role::Service => options.annotate_services,
        Role::Workload(_) | Role::Other => false,
    }
}

/// The edits that mark a resource, and a digest of them; without edits there is none.
pub type Marked = (Vec<Edit>, Option<String>);

/// The edits that label a Namespace or annotate a Service, when the options ask for it, with a
/// digest of them; nothing for any other resource. `previous` are the settings that an earlier
/// injection wrote.
///
/// # Errors
/// A [`Problem`] at a value that cannot be read, or where an alias or a merge key is in the way.
pub fn annotate(
    tree: &Tree<'_>,
    resource: &Resource<'_>,
    role: &Role,
    (options, previous): (&Options, &Overrides),
    outcome: &mut Outcome,
) -> Result<Option<Marked>, Problem> {
    if !matches!(role, Role::Namespace) && !is_asked_for(role, options) {
        return Ok(None);
    }
    let view = View::new(tree, resource.id);
    if let Some(annotations) = view.at(&["metadata", "annotations"]) {
        plan::settings_in(annotations, &mut outcome.notes)?;
    }
    if !is_asked_for(role, options) {
        return Ok(None);
    }
    let Some(template) = template::of_resource(tree, resource.id)? else {
        return Ok(Some((Vec::new(), None)));
    };
    let marks = Marks::of(tree, &template, role, [&options.flags, previous]);
    if marks.is_empty() {
        return Ok(Some((Vec::new(), None)));
    }
    outcome.verdict = Verdict::Injected;
    marks.tell(&mut outcome.changes);
    let digest = marks.digest();
    Ok(Some((marks.edits(tree, &template), Some(digest))))
}

/// What a Namespace or a Service gets.
struct Marks {
    label: bool,
    settings: Vec<(Setting, String)>,
}

impl Marks {
    /// What it does not say itself.
    fn of(tree: &Tree<'_>, template: &Template, role: &Role, given: [&Overrides; 2]) -> Self {
        let says = |place: &str, key: &str| {
            let mapping = template
                .metadata
                .and_then(|metadata| tree.get(metadata, place));
            mapping.is_some_and(|mapping| tree.get(mapping, key).is_some())
        };
        let wanted = match role {
            Role::Namespace => Setting::ALL,
            _ => &[Setting::OpaquePorts],
        };
        let settings = wanted.iter().filter_map(|setting| {
            let value = given.iter().find_map(|given| given.get(*setting))?;
            let name = format!("{PREFIX}{}", setting.name());
            (!says("annotations", &name)).then_some((*setting, value))
        });
        Self {
            label: *role == Role::Namespace && !says("labels", annotations::INJECT),
            settings: settings.collect(),
        }
    }

    fn is_empty(&self) -> bool {
        !self.label && self.settings.is_empty()
    }

    fn tell(&self, changes: &mut Vec<Change>) {
        if self.label {
            changes.push(Change {
                path: format!("metadata.labels[{}]", annotations::INJECT),
                why: "opts the pods of this namespace in to the webhook".into(),
            });
        }
        for (setting, _) in &self.settings {
            changes.push(Change {
                path: format!("metadata.annotations[{PREFIX}{}]", setting.name()),
                why: format!("from --{}", setting.name()),
            });
        }
        changes.push(Change {
            path: format!("metadata.annotations[{}]", annotations::INJECTED),
            why: "records what was added, so that it can be updated and taken out again".into(),
        });
    }

    /// 16 hex digits over all of them (FNV-1a, 64 bits).
    fn digest(&self) -> String {
        let label = self.label.then_some(annotations::INJECT);
        let settings = self.settings.iter();
        let settings = settings.flat_map(|(setting, value)| [setting.name(), value.as_str()]);
        digest_of(label.into_iter().chain(settings))
    }

    fn edits(self, tree: &Tree<'_>, template: &Template) -> Vec<Edit> {
        let Some(metadata) = template.metadata else {
            return Vec::new();
        };
        let digest = self.digest();
        let mut created = Vec::new();
        let mut places: Vec<(&str, Vec<(String, Value)>)> = Vec::new();
        if self.label {
            created.push(LABEL.to_owned());
            let label = (annotations::INJECT.to_owned(), Value::from("enabled"));
            places.push(("labels", vec![label]));
        }
        places.push(("annotations", Vec::new()));
        for (place, _) in &places {
            match tree.get(metadata, place) {
                None => created.push((*place).to_owned()),
                Some(mapping) if tree.children(mapping).next().is_none() => {
                    let was = template::emptiness(tree, mapping);
                    created.push(format!("{place}={was}"));
                }
                Some(_) => {}
            }
        }
        let names = self.settings.iter().map(|(setting, _)| setting.name());
        let record = Injected {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            digest,
            created,
            settings: names.map(str::to_owned).collect(),
            mesh: BTreeMap::new(),
        };
        if let Some((_, annotations)) = places.last_mut() {
            let record = Value::from(record.to_annotation());
            annotations.push((annotations::INJECTED.to_owned(), record));
            let settings = self.settings.into_iter();
            annotations.extend(settings.map(|(setting, value)| {
                (format!("{PREFIX}{}", setting.name()), Value::from(value))
            }));
        }
        add(tree, metadata, places)
    }
}

/// Adds entries to `labels` and `annotations`, which need not exist.
fn add(tree: &Tree<'_>, metadata: NodeId, places: Vec<(&str, Vec<(String, Value)>)>) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut new = Vec::new();
    for (place, entries) in places {
        if let Some(mapping) = tree.get(metadata, place) {
            edits.push(Edit::AddEntries {
                mapping,
                before: Some(0),
                entries: entries.into(),
            });
        } else {
            let entries = entries.into_iter().collect::<Map<_, _>>();
            new.push((place.to_owned(), Value::Object(entries)));
        }
    }
    if !new.is_empty() {
        edits.push(Edit::AddEntries {
            mapping: metadata,
            before: Some(0),
            entries: new.into(),
        });
    }
    edits
}
