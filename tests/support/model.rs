//! Describes a manifest by its values, apart from how it is written.

/// A value, and where its spelling matters, that too.
#[derive(Debug, Clone)]
pub enum Node {
    /// A plain scalar exactly as YAML shall spell it, such as `yes`, `0644`, `&anchor value` or `*alias`.
    Plain(String),
    /// A string, in whatever quotes suit it.
    Text(String),
    /// A plain or quoted scalar that goes over several lines.
    Wrapped(Vec<&'static str>),
    /// A block scalar: its header, such as `|` or `>-`, and its lines.
    Block(&'static str, Vec<&'static str>),
    /// Null in one of its spellings.
    Null,
    /// Keys and values in order.
    Map(Vec<(String, Self)>),
    /// Items in order.
    List(Vec<Self>),
    /// This value in flow style, wherever it stands.
    Flow(Box<Self>),
}

/// A mapping.
pub fn map<const N: usize>(entries: [(&str, Node); N]) -> Node {
    Node::Map(
        entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
}

/// A list.
pub fn list<const N: usize>(items: [Node; N]) -> Node {
    Node::List(items.into())
}

/// A plain scalar.
pub fn plain(text: &str) -> Node {
    Node::Plain(text.to_owned())
}

/// A string.
pub fn text(text: &str) -> Node {
    Node::Text(text.to_owned())
}

impl Node {
    /// Adds an entry to a mapping.
    pub fn push(&mut self, key: &str, value: Self) {
        if let Self::Map(entries) = self {
            entries.push((key.to_owned(), value));
        }
    }

    /// Whether it is written on one line in every style.
    pub fn is_short(&self) -> bool {
        match self {
            Self::Plain(_) | Self::Text(_) | Self::Null => true,
            Self::Map(entries) => entries.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Wrapped(_) | Self::Block(..) | Self::Flow(_) => false,
        }
    }
}
