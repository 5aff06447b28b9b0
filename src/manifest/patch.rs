//! Edits as RFC 6902 operations, applied in order to the resource they are about.

use serde_json::Value;

use crate::manifest::edit::{Edit, Empty};
use crate::manifest::outcome::PatchOperation;
use crate::manifest::tree::{NodeId, Shape, Tree};

/// The operations that make `edits` in `resource`.
pub fn operations(tree: &Tree<'_>, resource: NodeId, edits: &[Edit]) -> Vec<PatchOperation> {
    let mut operations = Vec::new();
    let mut ordered: Vec<&Edit> = edits.iter().collect();
    // Within one list later places first, so that no operation moves the place of another; a
    // removal before what comes in its place.
    ordered.sort_by_key(|edit| std::cmp::Reverse((edit.target(), place(edit))));
    for edit in ordered {
        one(tree, resource, edit, &mut operations);
    }
    operations
}

fn place(edit: &Edit) -> usize {
    match edit {
        Edit::AddItems { index, .. } | Edit::RemoveItem { index, .. } => *index,
        _ => 0,
    }
}

fn one(tree: &Tree<'_>, resource: NodeId, edit: &Edit, operations: &mut Vec<PatchOperation>) {
    let Some(base) = pointer(tree, resource, edit.target()) else {
        return;
    };
    let mut push = |op, path: String, value| operations.push(PatchOperation { op, path, value });
    let below = |key: &str| format!("{base}/{}", escaped(key));
    match edit {
        Edit::AddEntries {
            mapping, entries, ..
        } => {
            if tree.is_null(*mapping) {
                let object = Value::Object(entries.iter().cloned().collect());
                return push("replace", base.clone(), Some(object));
            }
            for (key, value) in entries.iter() {
                push("add", below(key), Some(value.clone()));
            }
        }
        Edit::AddItems {
            sequence,
            index,
            items,
        } => {
            if tree.is_null(*sequence) {
                return push("replace", base.clone(), Some(Value::Array(items.to_vec())));
            }
            for (offset, item) in items.iter().enumerate() {
                let path = format!("{base}/{}", index + offset);
                push("add", path, Some(item.clone()));
            }
        }
        Edit::RemoveItem { index, .. } => push("remove", format!("{base}/{index}"), None),
        Edit::RemoveEntry { mapping, index } => {
            if let Some(key) = key(tree, *mapping, *index) {
                push("remove", format!("{base}/{key}"), None);
            }
        }
        Edit::Restore { was, .. } => push("replace", base.clone(), Some(nothing(*was))),
        Edit::Replace {
            mapping,
            index,
            entry,
        }
        | Edit::Reinstate {
            mapping,
            index,
            entry,
        } => {
            if let Some(key) = key(tree, *mapping, *index) {
                push("remove", format!("{base}/{key}"), None);
                push("add", below(&entry.0), Some(entry.1.clone()));
            }
        }
    }
}

/// What stood in the place of a collection.
fn nothing(was: Empty) -> Value {
    match was {
        Empty::Nothing | Empty::Null => Value::Null,
        Empty::List => Value::Array(Vec::new()),
        Empty::Map => Value::Object(serde_json::Map::new()),
    }
}

/// The JSON pointer (RFC 6901) from `from` down to `to`.
fn pointer(tree: &Tree<'_>, from: NodeId, to: NodeId) -> Option<String> {
    let (mut at, mut path) = (from, String::new());
    while at != to {
        let holds = |id: NodeId| id <= to && to.0 < tree.node(id).next;
        if tree.node(at).shape == Shape::Sequence {
            let (index, item) = tree.items(at).enumerate().find(|(_, item)| holds(*item))?;
            path = format!("{path}/{index}");
            at = item;
        } else {
            let (key, value) = tree.entries(at).find(|(_, value)| holds(*value))?;
            path = format!("{path}/{}", escaped(tree.scalar(key)?));
            at = value;
        }
    }
    Some(path)
}

fn key(tree: &Tree<'_>, mapping: NodeId, index: usize) -> Option<String> {
    let (key, _) = tree.entries(mapping).nth(index)?;
    tree.scalar(key).map(escaped)
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
