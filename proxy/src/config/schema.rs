//! The allow-list: every message of Envoy's configuration that is honoured, field by field.
//!
//! One table serves all ways in and out: the check of YAML and JSON, `docs/envoy-subset.md`, and the
//! protobuf wire form, whose field numbers are here too.

pub mod access_log;
pub mod bootstrap;
pub mod cluster;
pub mod core;
pub mod discovery;
pub mod endpoint;
pub mod filters;
pub mod http;
pub mod listener;
mod macros;
pub mod matcher;
pub mod route;
pub mod tcp;
pub mod tls;

/// A message of Envoy's configuration.
#[derive(Debug)]
pub struct Message {
    /// The full name of its type, such as `envoy.config.listener.v3.Listener`.
    pub name: &'static str,
    /// What is honoured.
    pub fields: &'static [Field],
    /// Groups of fields of which one must be set.
    pub needs: &'static [&'static str],
    /// What Envoy has and mesh-proxy does not honour.
    pub others: &'static [Other],
}

impl Message {
    /// The honoured field of this name, in `snake_case`.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The members of a group of which at most one may be set.
    pub fn members(&self, group: &str) -> impl Iterator<Item = &'static Field> {
        let belongs = move |field: &&Field| field.one_of == Some(group);
        self.fields.iter().filter(belongs)
    }

    /// The name without its package, such as `Listener`.
    pub fn short_name(&self) -> &'static str {
        let version = self.name.rfind(".v3.").map_or(0, |at| at + ".v3.".len());
        &self.name[version..]
    }
}

/// A honoured field.
#[derive(Debug)]
pub struct Field {
    /// Its number on the wire.
    pub number: u32,
    /// Its name in `snake_case`.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// The group of which at most one may be set.
    pub one_of: Option<&'static str>,
    /// It must be there.
    pub required: bool,
    /// What its name does not say: a default, a restriction. May be empty.
    pub help: &'static str,
}

/// What a field holds. Ranges include both ends.
#[derive(Debug)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// `true` alone.
    True,
    /// A signed integer of 32 bits.
    I32(i32, i32),
    /// A signed integer of 64 bits.
    I64(i64, i64),
    /// An integer of 32 bits.
    U32(u32, u32),
    /// An integer of 64 bits.
    U64(u64, u64),
    /// A number.
    Double(f64, f64),
    /// Text, with its least and greatest length in bytes.
    Text(Form, usize, usize),
    /// One of these words.
    Word(&'static [&'static str]),
    /// Bytes, base64 in text.
    Bytes,
    /// A name or a number.
    Enum(&'static Enumeration),
    /// A time from this many nanoseconds to less than this many seconds, never negative.
    Duration(u64, u64),
    /// Another message.
    Message(&'static Message),
    /// Any object (`google.protobuf.Struct`).
    Struct,
    /// One of these messages, named by `@type` (`google.protobuf.Any`).
    Any(&'static [&'static Message]),
    /// A value that may be absent (`google.protobuf.UInt32Value` and its like).
    Wrapped(&'static Self),
    /// Several, with their least and greatest number.
    List(&'static Self, usize, usize),
    /// Several by name.
    Map(&'static Self),
}

/// The form of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Anything.
    Plain,
    /// The name of a header, as Envoy checks it: no NUL, CR or LF.
    HeaderName,
    /// The same, or nothing.
    HeaderNameOrEmpty,
    /// The value of a header: no NUL, CR or LF.
    HeaderValue,
}

/// Names with numbers.
#[derive(Debug)]
pub struct Enumeration {
    /// The full name of its type.
    pub name: &'static str,
    /// What is honoured.
    pub values: &'static [(i32, &'static str)],
    /// What Envoy has and mesh-proxy does not honour.
    pub others: &'static [(i32, &'static str)],
}

/// A field that Envoy has and mesh-proxy does not honour.
#[derive(Debug)]
pub struct Other {
    /// Its number on the wire.
    pub number: u32,
    /// Its name in `snake_case`.
    pub name: &'static str,
    /// How its default is told from a value.
    pub shape: Shape,
}

/// When a field has its default value, and so may stand although it is not honoured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `false`, `0` or empty.
    Scalar,
    /// An empty list or object.
    Several,
    /// This name, or 0.
    Zero(&'static str),
    /// Only by being absent: a message or a wrapped value.
    Absent,
    /// Only by being absent: a member of a group.
    Member,
}

/// No limit on a count or a length.
pub const MANY: usize = usize::MAX;
/// No limit on a time, in seconds.
pub const ENDLESS: u64 = u64::MAX;
/// Any text.
pub const STRING: Kind = Kind::Text(Form::Plain, 0, MANY);
/// Any text but none.
pub const NOT_EMPTY: Kind = Kind::Text(Form::Plain, 1, MANY);
/// Any integer of 32 bits.
pub const UINT32: Kind = Kind::U32(0, u32::MAX);
/// Any integer of 64 bits.
pub const UINT64: Kind = Kind::U64(0, u64::MAX);
/// Any time.
pub const DURATION: Kind = Kind::Duration(0, ENDLESS);
/// Any time but none.
pub const POSITIVE: Kind = Kind::Duration(1, ENDLESS);
/// A millisecond or more.
pub const MILLISECOND: Kind = Kind::Duration(1_000_000, ENDLESS);

/// Every message that can be reached from `root`, itself first, each once.
pub fn reachable(root: &'static Message) -> Vec<&'static Message> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(message) = found.get(next).copied() {
        next += 1;
        for field in message.fields {
            for inner in within(&field.kind) {
                if !found.iter().any(|known| known.name == inner.name) {
                    found.push(inner);
                }
            }
        }
    }
    found
}

/// The messages that a value of this kind may hold.
fn within(kind: &'static Kind) -> Vec<&'static Message> {
    match kind {
        Kind::Message(message) => vec![message],
        Kind::Any(messages) => messages.to_vec(),
        Kind::Wrapped(inner) | Kind::List(inner, _, _) | Kind::Map(inner) => within(inner),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::bootstrap::BOOTSTRAP;
    use super::{discovery, reachable};

    #[test]
    fn no_field_stands_twice() {
        let mut messages = reachable(&BOOTSTRAP);
        messages.extend(reachable(&discovery::DISCOVERY_RESPONSE));
        for message in messages {
            let honoured = message
                .fields
                .iter()
                .map(|field| (field.number, field.name));
            let others = message
                .others
                .iter()
                .map(|other| (other.number, other.name));
            let all: Vec<_> = honoured.chain(others).collect();
            let numbers: BTreeSet<_> = all.iter().map(|(number, _)| number).collect();
            let names: BTreeSet<_> = all.iter().map(|(_, name)| name).collect();
            assert_eq!(
                (numbers.len(), names.len()),
                (all.len(), all.len()),
                "{}",
                message.name
            );
        }
    }

    #[test]
    fn what_is_needed_can_be_given() {
        for message in reachable(&BOOTSTRAP) {
            for group in message.needs {
                assert!(
                    message.members(group).next().is_some(),
                    "{}: {group}",
                    message.name
                );
            }
        }
    }
}
