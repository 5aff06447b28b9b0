//! `--rewrite-probes`: probes that the sidecar would falsify or refuse go to it, and it asks the application.

use mesh_api::annotations;
use mesh_api::sidecar::Sidecar;
use serde_json::{Map, Value};

use super::Planner;
use crate::manifest::edit::Edit;
use crate::manifest::outcome::Problem;
use crate::manifest::prove;
use crate::manifest::template;
use crate::manifest::tree::{NodeId, Shape, Style, Tree};
use crate::manifest::view::View;

/// Puts the sidecar's handler in the place of each such handler, and remembers the old one.
pub(super) fn rewrite(planner: &mut Planner<'_, '_>, sidecar: &Sidecar) -> Result<(), Problem> {
    let tree = planner.tree;
    let mut originals = Map::new();
    for rewritten in &sidecar.probes {
        let Some((list, container)) = container(planner, &rewritten.container) else {
            continue;
        };
        template::own(tree, container)?;
        let Some(probe) = tree.get(container, &rewritten.kind) else {
            continue;
        };
        template::own(tree, probe)?;
        template::unmerged(tree, probe)?;
        let handler = tree
            .entries(probe)
            .enumerate()
            .find_map(|(index, (key, value))| {
                let key = tree.scalar(key)?;
                matches!(key, "tcpSocket" | "httpGet").then_some((index, key, value))
            });
        let Some((index, kind, handler)) = handler else {
            continue;
        };
        let value = kept(tree, handler, kind)?;
        let original = Map::from_iter([(kind.to_owned(), value)]);
        let key = format!("{}/{}", rewritten.container, rewritten.kind);
        originals.insert(key, original.into());
        let why = if kind == "tcpSocket" {
            "the sidecar opens the connection to the application itself, so a dead one is noticed"
        } else {
            "the sidecar makes the HTTPS request itself; from the kubelet, strict mTLS would refuse it"
        };
        let path = || {
            format!(
                "spec.{list}[{}].{}.httpGet",
                rewritten.container, rewritten.kind
            )
        };
        planner.say(path, why);
        let entry = ("httpGet".to_owned(), rewritten.http_get.clone());
        planner.edits.push(Edit::Replace {
            mapping: probe,
            index,
            entry,
        });
    }
    if !originals.is_empty() {
        let text = Value::Object(originals).to_string();
        planner
            .extra
            .push((annotations::REWRITTEN_PROBES.to_owned(), text));
    }
    Ok(())
}

/// The handler as a value that gives it back exactly.
fn kept(tree: &Tree<'_>, handler: NodeId, kind: &str) -> Result<Value, Problem> {
    for below in handler.0..tree.node(handler).next {
        // An alias or a shared anchor in a comment would be lost to the rest of the document.
        template::own(tree, NodeId(below))?;
    }
    let value = plain_value(View::new(tree, handler));
    if prove::is_value(tree, handler, &value) {
        return Ok(value);
    }
    Err(Problem {
        code: "probe-value",
        message: format!("a value of this {kind} is written so that readers disagree about it"),
        offset: tree.span(handler).start,
        hint: Some("write ports as decimal numbers, and everything else in quotes".into()),
    })
}

/// The container of this name, and the list that it is in.
fn container(planner: &Planner<'_, '_>, name: &str) -> Option<(&'static str, NodeId)> {
    let tree = planner.tree;
    ["initContainers", "containers"]
        .into_iter()
        .find_map(|list| {
            let items = tree.get(planner.template.spec, list)?;
            let is_named = |id: &NodeId| View::new(tree, *id).text_at(&["name"]) == Some(name);
            Some((list, tree.items(items).find(is_named)?))
        })
}

/// A probe's handler, which holds no aliases, as a value: ports are numbers or names, everything else is text.
fn plain_value(view: View<'_, '_>) -> Value {
    let node = view.tree.node(view.id);
    match node.shape {
        Shape::Mapping => view
            .entries()
            .map(|(key, value)| (key.to_owned(), plain_value(value)))
            .collect::<Map<_, _>>()
            .into(),
        Shape::Sequence => view.items().map(plain_value).collect(),
        _ => match node.value.parse::<u16>() {
            Ok(number) if node.style == Style::Plain => number.into(),
            _ => Value::from(&*node.value),
        },
    }
}
