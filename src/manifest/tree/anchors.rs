//! Finds the anchor that an alias means.

use std::collections::{HashMap, HashSet};

use crate::manifest::tree::{Node, NodeId, Shape};

/// The anchors and aliases of a document, by name.
#[derive(Debug, Clone, Default)]
pub struct Anchors {
    /// Where each name is anchored, in order.
    places: HashMap<Box<str>, Vec<NodeId>>,
    /// The names that some alias uses.
    used: HashSet<Box<str>>,
}

impl Anchors {
    pub(super) fn of(nodes: &[Node<'_>]) -> Self {
        let mut anchors = Self::default();
        for (node, index) in nodes.iter().zip(0..) {
            if let Some(name) = node.anchor {
                let places = anchors.places.entry(name.into()).or_default();
                places.push(NodeId(index));
            }
            if node.shape == Shape::Alias {
                anchors.used.insert(node.value.as_ref().into());
            }
        }
        anchors
    }

    /// The nearest anchor of that name before `alias`, which is the one that it means (YAML 1.2.2,
    /// 7.1).
    pub fn before(&self, name: &str, alias: NodeId) -> Option<NodeId> {
        let places = self.places.get(name)?;
        let count = places.partition_point(|place| *place < alias);
        places[..count].last().copied()
    }

    /// Whether an alias uses this name.
    pub fn is_used(&self, name: &str) -> bool {
        self.used.contains(name)
    }
}
