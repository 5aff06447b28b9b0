//! The tree of one YAML or JSON document, every node with the bytes it came from.

mod anchors;
mod duplicate;

pub use anchors::Anchors;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

/// One parsed document. Nodes lie in document order, each followed by its whole subtree.
#[derive(Debug, Clone)]
pub struct Tree<'a> {
    /// The document's text; every offset counts bytes from its start.
    pub text: &'a str,
    /// Empty when the document holds nothing (only comments, directives or markers).
    pub nodes: Vec<Node<'a>>,
    anchors: OnceCell<Anchors>,
}

/// A node's place in [`Tree::nodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A string, number, boolean or null: one value.
    Scalar,
    /// Keys and values; the children alternate key, value, key, value.
    Mapping,
    /// Items in order.
    Sequence,
    /// `*name`; [`Node::value`] is the name.
    Alias,
}

/// How a node is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A scalar without quotes. A missing value (`key:`) is an empty plain scalar.
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// A mapping or sequence by indentation.
    Block,
    /// A mapping in braces or a sequence in brackets (all JSON is).
    Flow,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node<'a> {
    /// What it is.
    pub shape: Shape,
    /// How it is written.
    pub style: Style,
    /// First byte of its content, after an anchor or tag. A quoted scalar starts at its quote, a
    /// block scalar at `|` or `>`, a block sequence at its first `-`, a block mapping at its
    /// first key (at that key's anchor or tag, if it has one, or at its `?`), a missing value
    /// right behind the `:`, `-` or `?` (or behind the anchor or tag) that calls for it.
    pub start: u32,
    /// One past its last byte. A plain or quoted scalar ends with its last character, a flow
    /// collection with its bracket, a block collection where its last child ends. A block scalar
    /// ends at the start of the line after its last line of content; with `+` its trailing blank
    /// lines belong to it.
    pub end: u32,
    /// Where its anchor or tag begins, else `start`.
    pub outer: u32,
    /// The place in [`Tree::nodes`] just behind its subtree.
    pub next: u32,
    /// A scalar's value with quotes and escapes undone; an alias's name; else empty.
    pub value: Cow<'a, str>,
    /// `&name`, without the `&`.
    pub anchor: Option<&'a str>,
    /// The tag as written, with its `!`.
    pub tag: Option<&'a str>,
}

impl<'a> Tree<'a> {
    /// A tree of nodes that lie in document order.
    pub fn new(text: &'a str, nodes: Vec<Node<'a>>) -> Self {
        Self {
            text,
            nodes,
            anchors: OnceCell::new(),
        }
    }

    /// The document's anchors and aliases, looked up the first time that they are asked for.
    pub fn anchors(&self) -> &Anchors {
        self.anchors.get_or_init(|| Anchors::of(&self.nodes))
    }

    /// The document's value, if it has one.
    pub fn root(&self) -> Option<NodeId> {
        (!self.nodes.is_empty()).then_some(NodeId(0))
    }

    /// The node at `id`.
    pub fn node(&self, id: NodeId) -> &Node<'a> {
        &self.nodes[id.0 as usize]
    }

    /// The content's byte range.
    pub fn span(&self, id: NodeId) -> Range<usize> {
        let node = self.node(id);
        node.start as usize..node.end as usize
    }

    /// The direct children, in order: items, or keys and values in turn.
    pub fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let end = self.node(id).next;
        let mut at = id.0 + 1;
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let child = NodeId(at);
                at = self.nodes[at as usize].next;
                child
            })
        })
    }

    /// The items of a sequence; nothing for any other node.
    pub fn items(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let is_list = self.node(id).shape == Shape::Sequence;
        self.children(id).take_while(move |_| is_list)
    }

    /// The (key, value) pairs of a mapping; nothing for any other node.
    pub fn entries(&self, id: NodeId) -> impl Iterator<Item = (NodeId, NodeId)> + '_ {
        let is_map = self.node(id).shape == Shape::Mapping;
        let mut children = self.children(id);
        std::iter::from_fn(move || {
            if !is_map {
                return None;
            }
            Some((children.next()?, children.next()?))
        })
    }

    /// The entry of mapping `id` whose key is the scalar `key`.
    pub fn entry(&self, id: NodeId, key: &str) -> Option<(NodeId, NodeId)> {
        self.entries(id).find(|(name, _)| {
            let name = self.node(*name);
            name.shape == Shape::Scalar && name.value == key
        })
    }

    /// The value under `key` in mapping `id`.
    pub fn get(&self, id: NodeId, key: &str) -> Option<NodeId> {
        self.entry(id, key).map(|(_, value)| value)
    }

    /// The node at a path of mapping keys below `id`.
    pub fn at(&self, id: NodeId, path: &[&str]) -> Option<NodeId> {
        path.iter().try_fold(id, |node, key| self.get(node, key))
    }

    /// A scalar's value; nothing for collections and aliases.
    pub fn scalar(&self, id: NodeId) -> Option<&str> {
        let node = self.node(id);
        (node.shape == Shape::Scalar).then_some(&*node.value)
    }

    /// Whether the node is null as Kubernetes reads it: missing, `~`, `null`, `Null` or `NULL`.
    pub fn is_null(&self, id: NodeId) -> bool {
        let node = self.node(id);
        node.shape == Shape::Scalar
            && node.style == Style::Plain
            && node.tag.is_none()
            && matches!(&*node.value, "" | "~" | "null" | "Null" | "NULL")
    }
}
