//! Decides what one workload gets: the edits that mesh it, or the reason that it stays as it is.

use std::rc::Rc;

use mesh_api::annotations;
use mesh_api::settings::{Mesh, Overrides, Setting, Settings};
use mesh_api::sidecar::{Conflict, conflict};

use crate::manifest::document;
use crate::manifest::edit::Edit;
use crate::manifest::meshes;
use crate::manifest::namespace::NamespaceSettings;
use crate::manifest::notes;
use crate::manifest::outcome::{Change, Note, Options, Problem, Skip};
use crate::manifest::pod;
use crate::manifest::skip;
use crate::manifest::template::{self, Template};
use crate::manifest::tree::{NodeId, Style, Tree};
use crate::manifest::view::View;

mod explicit;
mod pieces;
mod planner;
mod probes;

pub use pieces::{Pieces, Sidecars};
pub use planner::DEFAULT_CONTAINER;
use planner::Planner;

/// What was decided for a workload.
pub enum Decision {
    /// These edits mesh it.
    Inject(Box<Plan>),
    /// It stays as it is.
    Skip(Skip),
}

/// The edits that mesh one workload.
pub struct Plan {
    /// Changes to the document.
    pub edits: Vec<Edit>,
    /// What is added and why.
    pub changes: Vec<Change>,
    /// What the user should hear.
    pub notes: Vec<Note>,
    /// The pod's `spec`.
    pub spec: NodeId,
    /// What is added.
    pub pieces: Rc<Pieces>,
}

/// What holds for a workload beside its own manifest.
pub struct Surroundings<'o> {
    /// The command's options.
    pub options: &'o Options,
    /// The Namespace of the same input, and what it says.
    pub namespace: Option<(&'o str, &'o NamespaceSettings)>,
    /// The settings that an earlier injection wrote into the annotations.
    pub previous: Overrides,
}

/// Decides what the workload at `resource` with its pod template at `path` gets.
///
/// # Errors
/// A [`Problem`] when the manifest says something that cannot be read or edited safely.
pub fn plan(
    tree: &Tree<'_>,
    resource: NodeId,
    kind: &str,
    path: &[String],
    around: &Surroundings<'_>,
    sidecars: &mut Sidecars,
) -> Result<Decision, Problem> {
    let prefix: String = path.iter().flat_map(|key| [key.as_str(), "."]).collect();
    let template = match meshable(tree, resource, path, around, &prefix)? {
        Ok(template) => template,
        Err(skip) => return Ok(Decision::Skip(skip)),
    };
    let spec = View::new(tree, template.spec);
    let mut heard = Vec::new();
    let own = own_settings(tree, &template, &mut heard)?;
    let given = [&around.options.flags, &around.previous];
    let (settings, mesh) = (resolve(&own, around), Mesh::resolve(&given));
    if let Some(skip) = skip::reason(tree, &template, &settings, &prefix) {
        return Ok(Decision::Skip(skip));
    }
    overruled_flags(tree, &template, &own, around.options, &mut heard);
    let facts = pod::facts(spec, matches!(kind, "Job" | "CronJob"));
    if let Some(conflict) = conflict(&settings, &facts) {
        return Err(at_its_setting(tree, &template, conflict));
    }
    let pieces = sidecars.get(&settings, &mesh, &facts);
    heard.extend(notes::notes(kind, spec, &facts, &settings));
    let metadata = template.metadata.map(|metadata| View::new(tree, metadata));
    heard.extend(meshes::asked_for(metadata));
    let mut planner = Planner::new(tree, template, prefix, around.options.details);
    planner.pieces(&pieces);
    explicit::environment(&mut planner, &pieces.sidecar, &mut heard)?;
    probes::rewrite(&mut planner, &pieces.sidecar)?;
    planner.annotations(&pieces.sidecar, &own, &given);
    planner.must_be_replaced(kind);
    Ok(Decision::Inject(Box::new(Plan {
        edits: planner.edits,
        changes: planner.changes,
        notes: heard,
        spec: template.spec,
        pieces,
    })))
}

/// The pod template, if the workload has one with containers and does not opt out.
fn meshable(
    tree: &Tree<'_>,
    resource: NodeId,
    path: &[String],
    around: &Surroundings<'_>,
    prefix: &str,
) -> Result<Result<Template, Skip>, Problem> {
    let skipped = |code, reason: &str, key: &str, at: NodeId| {
        Err(Skip {
            code,
            reason: reason.to_owned(),
            key: format!("{prefix}{key}"),
            offset: tree.node(at).start as usize,
        })
    };
    let Some(template) = template::locate(tree, resource, path)? else {
        return Ok(skipped(
            "no-template",
            "it has no pod template",
            "spec",
            resource,
        ));
    };
    if let Some(skip) = opted_out(tree, &template, around, prefix)? {
        return Ok(Err(skip));
    }
    let spec = template.spec;
    if pod::containers(View::new(tree, spec)).next().is_none() {
        return Ok(skipped(
            "no-containers",
            "it has no containers",
            "spec.containers",
            spec,
        ));
    }
    filled_in(View::new(tree, spec))?;
    Ok(Ok(template))
}

/// Every setting, the strongest source first.
fn resolve(own: &Overrides, around: &Surroundings<'_>) -> Settings {
    let namespace = around.namespace.map(|(_, settings)| &settings.overrides);
    let layers = [
        Some(own),
        Some(&around.options.flags),
        Some(&around.previous),
        namespace,
        Some(&around.options.environment),
    ];
    Settings::resolve(&layers.into_iter().flatten().collect::<Vec<_>>())
}

/// Refuses a container whose name or image is still to be filled in by a template engine.
fn filled_in(spec: View<'_, '_>) -> Result<(), Problem> {
    for container in pod::all_containers(spec) {
        for value in ["name", "image"].map(|key| container.get(key)) {
            let Some(value) =
                value.filter(|value| value.text().is_some_and(|it| it.contains("{{")))
            else {
                continue;
            };
            let span = value.tree.span(value.id);
            let at = value.tree.text[span.clone()].find("{{").unwrap_or_default();
            return Err(document::template_problem(span.start + at));
        }
    }
    Ok(())
}

/// A conflict as a problem, at the first of its settings that the pod template itself gives.
fn at_its_setting(tree: &Tree<'_>, template: &Template, conflict: Conflict) -> Problem {
    let annotations = template
        .annotations
        .map(|annotations| View::new(tree, annotations));
    let place = conflict.settings.iter().find_map(|setting| {
        annotations?.get(&format!("{}{}", annotations::PREFIX, setting.name()))
    });
    let probe = || {
        let secure = |handler: &View<'_, '_>| handler.text_at(&["scheme"]) == Some("HTTPS");
        let pods = pod::all_containers(View::new(tree, template.spec));
        let handlers = pods.flat_map(|container| {
            pod::PROBES
                .map(|kind| container.at(&[kind, "httpGet"]))
                .into_iter()
                .flatten()
        });
        handlers.filter(secure).map(View::offset).next()
    };
    let fallback = || match conflict.code {
        "strict-https-probe" => probe(),
        _ => None,
    };
    Problem {
        code: "settings",
        offset: place
            .map(View::offset)
            .or_else(fallback)
            .unwrap_or(tree.node(template.spec).start as usize),
        message: conflict.message,
        hint: Some(conflict.hint),
    }
}

/// Whether the pod, or else its Namespace, opts out. A label counts before an annotation: the
/// webhook's selectors see labels only.
fn opted_out(
    tree: &Tree<'_>,
    template: &Template,
    around: &Surroundings<'_>,
    prefix: &str,
) -> Result<Option<Skip>, Problem> {
    let metadata = template.metadata.map(|metadata| View::new(tree, metadata));
    for place in ["labels", "annotations"] {
        let Some(value) = metadata.and_then(|metadata| metadata.at(&[place, annotations::INJECT]))
        else {
            continue;
        };
        let text = value.text().unwrap_or_default();
        if is_enabled(text, value.offset())? {
            return Ok(None);
        }
        return Ok(Some(Skip {
            code: "opted-out",
            reason: "it opts out".into(),
            key: format!("{prefix}metadata.{place}[{}]: {text}", annotations::INJECT),
            offset: value.offset(),
        }));
    }
    let says_no = around
        .namespace
        .filter(|(_, settings)| settings.inject == Some(false));
    Ok(says_no.map(|(name, _)| Skip {
        code: "opted-out",
        reason: "its Namespace opts out".into(),
        key: format!("Namespace/{name}: {}: disabled", annotations::INJECT),
        offset: tree.node(template.template).start as usize,
    }))
}

/// The value of `meshctl.dev/inject`.
///
/// # Errors
/// A [`Problem`] at `offset` for any other word.
pub fn is_enabled(text: &str, offset: usize) -> Result<bool, Problem> {
    match text {
        "enabled" | "true" => Ok(true),
        "disabled" | "false" => Ok(false),
        _ => Err(Problem {
            code: "annotation",
            message: format!(
                "{}: {text:?} is neither enabled nor disabled",
                annotations::INJECT
            ),
            offset,
            hint: Some("write enabled or disabled".into()),
        }),
    }
}

/// The settings in the pod template's annotations.
fn own_settings(
    tree: &Tree<'_>,
    template: &Template,
    notes: &mut Vec<Note>,
) -> Result<Overrides, Problem> {
    match template.annotations {
        Some(annotations) => settings_in(View::new(tree, annotations), notes),
        None => Ok(Overrides::default()),
    }
}

/// The settings among annotations.
///
/// # Errors
/// A [`Problem`] at a value that cannot be read.
pub fn settings_in(annotations: View<'_, '_>, notes: &mut Vec<Note>) -> Result<Overrides, Problem> {
    let mut overrides = Overrides::default();
    for (name, value) in annotations.entries() {
        let Some(short) = name.strip_prefix(annotations::PREFIX) else {
            continue;
        };
        if [
            annotations::INJECT,
            annotations::INJECTED,
            annotations::REWRITTEN_PROBES,
        ]
        .contains(&name)
        {
            continue;
        }
        let Some(setting) = Setting::from_name(short) else {
            notes.push(Note {
                code: "unknown-annotation",
                message: format!("{name} is no setting{}", suggestion(short)),
                offset: value.offset(),
            });
            continue;
        };
        let node = value.tree.node(value.id);
        let Some(text) = value.text() else {
            return Err(Problem {
                code: "annotation",
                message: format!("{name}: an annotation's value is text, not a list or a mapping"),
                offset: value.offset(),
                hint: Some("write the value in quotes".into()),
            });
        };
        let quote = usize::from(matches!(
            node.style,
            Style::SingleQuoted | Style::DoubleQuoted
        ));
        overrides.set(setting, text).map_err(|invalid| Problem {
            code: "annotation",
            message: format!("{name}: {invalid}"),
            offset: (value.offset() + quote + invalid.at).min(node.end as usize),
            hint: Some(format!(
                "meshctl inject --help tells what --{} takes",
                setting.name()
            )),
        })?;
        if value.is_no_text() {
            return Err(Problem {
                code: "annotation",
                message: format!("{name}: the API server takes only text here, and this is none"),
                offset: value.offset(),
                hint: Some("write the value in quotes".into()),
            });
        }
    }
    Ok(overrides)
}

/// The nearest setting, when it is near.
fn suggestion(name: &str) -> String {
    let near = Setting::ALL
        .iter()
        .map(|setting| (similarity(name, setting.name()), setting.name()))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    near.map_or(String::new(), |(_, name)| {
        format!(" (is {}{name} meant?)", annotations::PREFIX)
    })
}

/// The share of two-letter pairs that two names have in common (Dice's coefficient).
#[expect(clippy::cast_precision_loss, reason = "names are short")]
fn similarity(one: &str, other: &str) -> f64 {
    let pairs = |text: &str| {
        text.as_bytes()
            .windows(2)
            .map(<[u8]>::to_vec)
            .collect::<Vec<_>>()
    };
    let (one, mut other) = (pairs(one), pairs(other));
    let total = one.len() + other.len();
    let shared = one
        .iter()
        .filter(|pair| {
            let found = other.iter().position(|candidate| candidate == *pair);
            found.map(|at| other.swap_remove(at)).is_some()
        })
        .count();
    2.0 * shared as f64 / total.max(1) as f64
}

/// Names the flags that an annotation overrules.
fn overruled_flags(
    tree: &Tree<'_>,
    template: &Template,
    own: &Overrides,
    options: &Options,
    notes: &mut Vec<Note>,
) {
    for setting in Setting::ALL {
        let (Some(own), Some(flag)) = (own.get(*setting), options.flags.get(*setting)) else {
            continue;
        };
        if own != flag {
            let (name, key) = (
                setting.name(),
                format!("{}{}", annotations::PREFIX, setting.name()),
            );
            let place = template
                .annotations
                .and_then(|annotations| View::new(tree, annotations).get(&key));
            notes.push(Note {
                code: "flag-overruled",
                message: format!("--{name}={flag} gives way to the annotation {key}: {own}"),
                offset: place.map_or(tree.node(template.template).start as usize, View::offset),
            });
        }
    }
}
