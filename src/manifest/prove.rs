//! The proof behind every edit: the result, read again, is the input with the edit and nothing else.

use serde_json::Value;

use crate::manifest::edit::{Edit, Empty};
use crate::manifest::tree::{NodeId, Shape, Style, Tree};

/// Whether `output` is what `edits` make of `input`, node by node: shapes, styles, tags, anchors,
/// values, order.
pub fn holds(input: &Tree<'_>, edits: &[Edit], output: &Tree<'_>) -> bool {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    // Stable: edits of one node stay in order.
    edits.sort_by_key(|edit| edit.target());
    let proof = Proof {
        input,
        output,
        edits,
    };
    match (input.root(), output.root()) {
        (Some(input), Some(output)) => proof.same(input, output),
        (None, None) => true,
        _ => false,
    }
}

struct Proof<'p, 'i, 'o> {
    input: &'p Tree<'i>,
    output: &'p Tree<'o>,
    /// In order of their targets.
    edits: Vec<&'p Edit>,
}

/// A child that the edited collection must have.
enum Expected<'e> {
    Old(NodeId),
    Key(&'e str),
    New(&'e Value),
}

impl Proof<'_, '_, '_> {
    fn same(&self, input: NodeId, output: NodeId) -> bool {
        let end = self.input.node(input).next;
        let first = self.edits.partition_point(|edit| edit.target() < input);
        let target = self.edits.get(first).map(|edit| edit.target());
        if target.is_none_or(|target| target.0 >= end) {
            return self.identical(input, output);
        }
        if target == Some(input) {
            return self.edited(first, input, output);
        }
        alike(self.input, input, self.output, output)
            && pairwise(
                self.input.children(input),
                self.output.children(output),
                |a, b| self.same(a, b),
            )
    }

    /// A subtree that no edit touches.
    fn identical(&self, input: NodeId, output: NodeId) -> bool {
        let (from, to) = (input.0 as usize, self.input.node(input).next as usize);
        let (out_from, out_to) = (output.0 as usize, self.output.node(output).next as usize);
        to - from == out_to - out_from
            && self.input.nodes[from..to]
                .iter()
                .zip(&self.output.nodes[out_from..out_to])
                .all(|(one, other)| {
                    one.shape == other.shape
                        && one.style == other.style
                        && one.value == other.value
                        && one.anchor == other.anchor
                        && one.tag == other.tag
                        && one.next as usize - from == other.next as usize - out_from
                })
    }

    /// A node that edits touch, the first of them at `first`.
    fn edited(&self, first: usize, input: NodeId, output: NodeId) -> bool {
        let count = self.edits[first..].partition_point(|edit| edit.target() == input);
        let edits = &self.edits[first..first + count];
        if let [Edit::Restore { was, .. }] = edits {
            return match was {
                Empty::Nothing | Empty::Null => self.output.is_null(output),
                Empty::List => is_empty(self.output, output, Shape::Sequence),
                Empty::Map => is_empty(self.output, output, Shape::Mapping),
            };
        }
        let filled = self.input.is_null(input);
        let shape = match edits {
            [Edit::AddItems { .. } | Edit::RemoveItem { .. }, ..] => Shape::Sequence,
            _ => Shape::Mapping,
        };
        let (before, after) = (self.input.node(input), self.output.node(output));
        let is_collection = matches!(before.shape, Shape::Sequence | Shape::Mapping);
        let was_empty = is_collection && self.input.children(input).next().is_none();
        let fits = if filled || was_empty {
            // The style may change, from `{}` to lines; nothing else that a reader sees may.
            before.anchor == after.anchor && before.tag == after.tag
        } else {
            alike(self.input, input, self.output, output)
        };
        if after.shape != shape || !fits {
            return false;
        }
        let expected = self.expected(input, edits, shape);
        let mut children = self.output.children(output);
        let matches = expected.iter().all(|expected| {
            children.next().is_some_and(|child| match expected {
                Expected::Old(old) => self.same(*old, child),
                Expected::Key(key) => self.output.scalar(child) == Some(key),
                Expected::New(value) => is_value(self.output, child, value),
            })
        });
        matches && children.next().is_none()
    }

    /// The children of an edited collection, in order.
    fn expected<'e>(&self, input: NodeId, edits: &[&'e Edit], shape: Shape) -> Vec<Expected<'e>> {
        let pair = if shape == Shape::Mapping { 2 } else { 1 };
        let old: Vec<NodeId> = self.input.children(input).collect();
        let count = old.len() / pair;
        let mut expected = Vec::with_capacity(old.len() + 4);
        for index in 0..=count {
            for edit in edits {
                match edit {
                    Edit::AddEntries {
                        before, entries, ..
                    } if before.unwrap_or(0).min(count) == index => {
                        for (key, value) in entries.iter() {
                            expected.extend([Expected::Key(key), Expected::New(value)]);
                        }
                    }
                    Edit::AddItems {
                        index: at, items, ..
                    } if (*at).min(count) == index => {
                        expected.extend(items.iter().map(Expected::New));
                    }
                    Edit::Replace {
                        index: at,
                        entry: (key, value),
                        ..
                    }
                    | Edit::Reinstate {
                        index: at,
                        entry: (key, value),
                        ..
                    } if *at == index => {
                        expected.extend([Expected::Key(key), Expected::New(value)]);
                    }
                    _ => {}
                }
            }
            let gone = edits.iter().any(|edit| match edit {
                Edit::RemoveEntry { index: at, .. }
                | Edit::RemoveItem { index: at, .. }
                | Edit::Replace { index: at, .. }
                | Edit::Reinstate { index: at, .. } => *at == index,
                _ => false,
            });
            if index < count && !gone {
                expected.extend(
                    old[index * pair..(index + 1) * pair]
                        .iter()
                        .map(|id| Expected::Old(*id)),
                );
            }
        }
        expected
    }
}

/// Whether two nodes are the same, their children apart.
fn alike(one: &Tree<'_>, id: NodeId, other: &Tree<'_>, other_id: NodeId) -> bool {
    let (one, other) = (one.node(id), other.node(other_id));
    one.shape == other.shape
        && one.style == other.style
        && one.value == other.value
        && one.anchor == other.anchor
        && one.tag == other.tag
}

fn is_empty(tree: &Tree<'_>, id: NodeId, shape: Shape) -> bool {
    tree.node(id).shape == shape && tree.children(id).next().is_none()
}

fn pairwise(
    mut one: impl Iterator<Item = NodeId>,
    mut other: impl Iterator<Item = NodeId>,
    mut same: impl FnMut(NodeId, NodeId) -> bool,
) -> bool {
    loop {
        match (one.next(), other.next()) {
            (Some(one), Some(other)) if same(one, other) => {}
            (None, None) => return true,
            _ => return false,
        }
    }
}

/// Whether the node at `id` is `value` to a YAML 1.1 reader and to a 1.2 reader alike.
pub fn is_value(tree: &Tree<'_>, id: NodeId, value: &Value) -> bool {
    let node = tree.node(id);
    if node.tag.is_some() || node.anchor.is_some() {
        return false;
    }
    match value {
        Value::Object(map) => {
            let mut entries = tree.entries(id);
            node.shape == Shape::Mapping
                && map.iter().all(|(key, value)| {
                    entries.next().is_some_and(|(name, child)| {
                        tree.scalar(name) == Some(key) && is_value(tree, child, value)
                    })
                })
                && entries.next().is_none()
        }
        Value::Array(list) => {
            let mut items = tree.items(id);
            node.shape == Shape::Sequence
                && list
                    .iter()
                    .all(|value| items.next().is_some_and(|item| is_value(tree, item, value)))
                && items.next().is_none()
        }
        Value::String(text) => {
            node.shape == Shape::Scalar
                && node.value == *text
                && (node.style != Style::Plain || crate::manifest::render::plain_is_safe(text))
        }
        Value::Null => tree.is_null(id),
        Value::Bool(flag) => plain(tree, id, if *flag { "true" } else { "false" }),
        Value::Number(number) => plain(tree, id, &number.to_string()),
    }
}

fn plain(tree: &Tree<'_>, id: NodeId, text: &str) -> bool {
    let node = tree.node(id);
    node.shape == Shape::Scalar && node.style == Style::Plain && node.value == text
}
