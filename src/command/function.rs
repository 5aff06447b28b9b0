//! Takes settings from the `functionConfig` of a KRM function's `ResourceList`.
//!
//! See <https://github.com/kubernetes-sigs/kustomize/blob/master/cmd/config/docs/api-conventions/functions-spec.md>.

use mesh_api::settings::{MeshSetting, Setting};

use crate::error::{Diagnostic, Spot};
use crate::manifest::outcome::Options;
use crate::manifest::read::read;
use crate::manifest::tree::{NodeId, Shape, Tree};
use crate::place::Lines;

/// `options` with what the text's `functionConfig` says, if the text is a `ResourceList` with one.
///
/// Its keys are the names of flags; they stand in `data` (a `ConfigMap`) or in `spec` (any other
/// kind). A flag on the command line wins.
pub(super) fn configure(
    text: &str,
    file: &str,
    options: &Options,
) -> Result<Option<Options>, Diagnostic> {
    if memchr::memmem::find(text.as_bytes(), b"ResourceList").is_none() {
        return Ok(None);
    }
    // What cannot be read here is refused by the edit itself, with its place.
    let Ok(tree) = read(text) else {
        return Ok(None);
    };
    let Some(config) = configuration(&tree) else {
        return Ok(None);
    };
    let mut configured = options.clone();
    for (key, value) in tree.entries(config) {
        set(&tree, key, value, options, &mut configured).map_err(|(problem, node)| {
            let lines = Lines::of(text);
            problem.at(file, Spot::of(&lines, tree.span(node).start))
        })?;
    }
    Ok(Some(configured))
}

fn configuration(tree: &Tree<'_>) -> Option<NodeId> {
    let root = tree.root()?;
    let kind = tree.get(root, "kind").and_then(|kind| tree.scalar(kind));
    let version = tree
        .get(root, "apiVersion")
        .and_then(|version| tree.scalar(version));
    if kind != Some("ResourceList") || !version?.starts_with("config.kubernetes.io/") {
        return None;
    }
    let config = tree.get(root, "functionConfig")?;
    tree.get(config, "data")
        .or_else(|| tree.get(config, "spec"))
}

fn set(
    tree: &Tree<'_>,
    key: NodeId,
    value: NodeId,
    given: &Options,
    configured: &mut Options,
) -> Result<(), (Diagnostic, NodeId)> {
    let name = tree.scalar(key).unwrap_or_default();
    let text = text_of(tree, value).ok_or_else(|| {
        (
            Diagnostic::new(
                "function-config",
                format!("{name} takes one value or a list of values"),
            ),
            value,
        )
    })?;
    let invalid = |message: String| {
        (
            Diagnostic::new(
                "function-config",
                format!("invalid value '{text}' for {name}: {message}"),
            ),
            value,
        )
    };
    if let Some(setting) = Setting::from_name(name) {
        let is_given = given.flags.get(setting).is_some();
        let result = if is_given {
            Ok(())
        } else {
            configured.flags.set(setting, &text)
        };
        return result.map_err(|error| invalid(error.message));
    }
    if let Some(setting) = MeshSetting::from_name(name) {
        let is_given = given.flags.mesh.contains_key(&setting);
        let result = if is_given {
            Ok(())
        } else {
            configured.flags.set_mesh(setting, &text)
        };
        return result.map_err(|error| invalid(error.message));
    }
    let settings = Setting::ALL.iter().map(|setting| setting.name());
    let mesh = MeshSetting::ALL.iter().map(|setting| setting.name());
    let known: Vec<&str> = settings.chain(mesh).collect();
    let problem = Diagnostic::new("function-config", format!("no setting is called {name}"))
        .with_hint(format!(
            "settings are named as the flags of inject: {}",
            known.join(", ")
        ));
    Err((problem, key))
}

/// A scalar's text; a list's scalars with commas between.
fn text_of(tree: &Tree<'_>, value: NodeId) -> Option<String> {
    match tree.node(value).shape {
        Shape::Scalar => tree.scalar(value).map(str::to_owned),
        Shape::Sequence => {
            let texts: Option<Vec<&str>> =
                tree.items(value).map(|item| tree.scalar(item)).collect();
            texts.map(|texts| texts.join(","))
        }
        Shape::Mapping | Shape::Alias => None,
    }
}
