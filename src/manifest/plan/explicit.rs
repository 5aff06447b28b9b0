//! `--intercept none`: the application is told of the proxy by its environment.

use mesh_api::sidecar::Sidecar;
use serde_json::{Value, json};

use super::Planner;
use crate::manifest::edit::Edit;
use crate::manifest::outcome::{Note, Problem};
use crate::manifest::template;
use crate::manifest::tree::{NodeId, Shape};
use crate::manifest::view::View;

/// Gives every container of the user's the proxy's variables, but for those it sets itself.
pub(super) fn environment(
    planner: &mut Planner<'_, '_>,
    sidecar: &Sidecar,
    notes: &mut Vec<Note>,
) -> Result<(), Problem> {
    if sidecar.environment.is_empty() {
        return Ok(());
    }
    let tree = planner.tree;
    for list in ["initContainers", "containers"] {
        let Some(sequence) = tree.get(planner.template.spec, list) else {
            continue;
        };
        for container in tree.items(sequence).collect::<Vec<_>>() {
            template::own(tree, container)?;
            if tree.node(container).shape == Shape::Mapping {
                one(planner, sidecar, list, container, notes)?;
            }
        }
    }
    Ok(())
}

fn one(
    planner: &mut Planner<'_, '_>,
    sidecar: &Sidecar,
    list: &str,
    container: NodeId,
    notes: &mut Vec<Note>,
) -> Result<(), Problem> {
    let tree = planner.tree;
    let view = View::new(tree, container);
    let name = view.text_at(&["name"]).unwrap_or_default().to_owned();
    let own: Vec<&str> = view
        .get("env")
        .into_iter()
        .flat_map(View::items)
        .filter_map(|variable| variable.text_at(&["name"]))
        .collect();
    let mut items = Vec::new();
    for (variable, value) in &sidecar.environment {
        if own.contains(&variable.as_str()) {
            notes.push(Note {
                code: "own-proxy",
                message: format!("container {name} sets {variable} itself: what it sends that way does not pass the sidecar"),
                offset: view.offset(),
            });
        } else {
            items.push(json!({"name": variable, "value": value}));
        }
    }
    if items.is_empty() {
        return Ok(());
    }
    planner.say(
        || format!("spec.{list}[{name}].env"),
        "tells the application of the sidecar's explicit proxy",
    );
    if let Some(sequence) = tree.get(container, "env") {
        template::own(tree, sequence)?;
        template::shaped(tree, sequence, "env", Shape::Sequence)?;
        if tree.children(sequence).next().is_none() {
            let empty = planner.emptiness(sequence);
            planner.created.push(format!("env:{name}={empty}"));
        }
        let items = items.into();
        planner.edits.push(Edit::AddItems {
            sequence,
            index: 0,
            items,
        });
        return Ok(());
    }
    template::unmerged(tree, container)?;
    planner.created.push(format!("env:{name}"));
    let entries = [("env".to_owned(), Value::Array(items))].into();
    planner.edits.push(Edit::AddEntries {
        mapping: container,
        before: Some(1),
        entries,
    });
    Ok(())
}
