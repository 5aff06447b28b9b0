//! Chooses how new entries and items come into a collection: filled, by lines, or inline.

use std::rc::Rc;

use serde_json::Value;

use super::layout::Layout;
use super::{Obstacle, Splice, block, flow};
use crate::manifest::tree::{NodeId, Shape, Style};

/// What comes into an empty place.
pub(super) enum New<'e> {
    /// Entries of a mapping.
    Entries(&'e Rc<[(String, Value)]>),
    /// Items of a sequence.
    Items(&'e Rc<[Value]>),
}

impl New<'_> {
    fn value(&self) -> Value {
        match self {
            Self::Entries(entries) => flow::object(entries),
            Self::Items(items) => Value::Array(items.to_vec()),
        }
    }
}

/// Inserts `entries` into `mapping` before entry `before`, or near it: returns where.
pub(super) fn entries(
    layout: &Layout<'_, '_>,
    mapping: NodeId,
    before: usize,
    entries: &Rc<[(String, Value)]>,
    splices: &mut Vec<Splice>,
) -> Result<usize, Obstacle> {
    if is_empty(layout, mapping) {
        fill(layout, mapping, &New::Entries(entries), splices)?;
        return Ok(0);
    }
    if layout.tree.node(mapping).style == Style::Flow {
        flow::entries(layout, mapping, before, entries, splices);
        return Ok(before);
    }
    Ok(block::entries(layout, mapping, before, entries, splices))
}

/// Inserts `items` into `sequence`.
pub(super) fn items(
    layout: &Layout<'_, '_>,
    sequence: NodeId,
    index: usize,
    items: &Rc<[Value]>,
    splices: &mut Vec<Splice>,
) -> Result<(), Obstacle> {
    if is_empty(layout, sequence) {
        return fill(layout, sequence, &New::Items(items), splices);
    }
    match layout.tree.node(sequence).style {
        Style::Flow => flow::items(layout, sequence, index, items, splices),
        _ => block::items(layout, sequence, index, items, splices)?,
    }
    Ok(())
}

fn is_empty(layout: &Layout<'_, '_>, id: NodeId) -> bool {
    layout.tree.is_null(id)
        || (layout.tree.node(id).shape != Shape::Scalar
            && layout.tree.children(id).next().is_none())
}

/// Puts `new` in the place of a null or an empty collection.
fn fill(
    layout: &Layout<'_, '_>,
    place: NodeId,
    new: &New<'_>,
    splices: &mut Vec<Splice>,
) -> Result<(), Obstacle> {
    let node = layout.tree.node(place);
    let parent = parent_of(layout, place);
    let in_block = parent.is_some_and(|(parent, key)| {
        layout.tree.node(parent).style == Style::Block
            && layout.tree.node(key).outer == layout.tree.node(key).start
            && node.outer == node.start
            && block::value_on_line_of_key(layout, key, place)
    });
    match parent {
        Some((_, key)) if in_block => block::fill(layout, key, place, new, splices),
        _ if layout.tree.is_null(place) => Err(Obstacle {
            code: "flow-null",
            message: "this null cannot be filled by inserting alone: it is in flow style or JSON, or not alone behind its key".into(),
            offset: node.start as usize,
            hint: "remove the key, or write [] or {} in the place of the null",
        }),
        _ => {
            flow::fill(layout, place, &new.value(), splices);
            Ok(())
        }
    }
}

/// The mapping that holds `value`, and its key there.
pub(super) fn parent_of(layout: &Layout<'_, '_>, value: NodeId) -> Option<(NodeId, NodeId)> {
    // The nearest node before it whose subtree still holds it is its parent.
    let parent = (0..value.0).rev().map(NodeId).find(|id| {
        layout.tree.node(*id).shape != Shape::Scalar && layout.tree.node(*id).next > value.0
    })?;
    let (key, _) = layout
        .tree
        .entries(parent)
        .find(|(_, child)| *child == value)?;
    Some((parent, key))
}
