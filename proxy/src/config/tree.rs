//! What a YAML or JSON text says, every value with its place.

use super::place::Place;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// Where it begins.
    pub(crate) place: Place,
    /// What it is.
    pub(crate) data: Data,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    /// `null`, `~`, or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written in JSON.
    Number(String),
    /// Text. Fractions of YAML are text too, as Envoy reads them.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in its order, with keys that stand twice.
    Map(Vec<Entry>),
}

impl Data {
    /// How messages call it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: String,
    /// Where the key begins.
    pub(crate) place: Place,
    /// The value.
    pub(crate) value: Node,
}
