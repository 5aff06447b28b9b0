//! Checks a tree against the schema, and finds everything that is wrong with it.

mod hint;
mod number;
mod scalar;
mod time;
mod unknown;

use std::collections::BTreeMap;

use super::message::{Data, Message, Set, Value};
use super::path::Path;
use super::place::Place;
use super::problem::{Problem, Problems};
use super::schema::{self, Field, Kind};
use super::tree::{self, Entry, Node};

#[cfg(test)]
pub(crate) use scalar::plain_json;

/// Makes a message of a tree. What cannot be read is told to `problems` and left broken.
pub(crate) fn message(
    node: &Node,
    schema: &'static schema::Message,
    path: &Path,
    problems: &Problems,
) -> Message {
    Checker { problems }.message(node, schema, path)
}

/// Where a check adds what it finds.
#[derive(Clone, Copy)]
struct Checker<'a> {
    problems: &'a Problems,
}

impl Checker<'_> {
    fn problem(
        self,
        path: &Path,
        place: Place,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.problems.add(Problem {
            path: path.to_string(),
            message: message.into(),
            place: Some(place),
            hint: hint.into(),
        });
    }

    fn message(self, node: &Node, schema: &'static schema::Message, path: &Path) -> Message {
        let tree::Data::Map(entries) = &node.data else {
            let message = format!("a mapping was expected, not {}", node.data.kind());
            self.problem(path, node.place, message, "");
            let mut broken = Message::new(schema, Some(node.place));
            broken.set.clear();
            return broken;
        };
        self.entries(entries, node.place, schema, path)
    }

    /// The fields of a message; `@type` is the business of [`Kind::Any`].
    fn entries(
        self,
        entries: &[Entry],
        place: Place,
        schema: &'static schema::Message,
        path: &Path,
    ) -> Message {
        let mut message = Message::new(schema, Some(place));
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        let mut refused = Vec::new();
        for entry in entries.iter().filter(|entry| entry.key != "@type") {
            let found = unknown::find(schema, &entry.key);
            let name = found.map_or_else(|| entry.key.clone(), |field| field.name.to_owned());
            if let Some(first) = seen.insert(name.clone(), &entry.key) {
                let hint = if *first == *entry.key {
                    "Envoy takes one of the two and drops the other: remove one".to_owned()
                } else {
                    format!("it is there as `{first}` too: remove one")
                };
                self.problem(
                    &path.field(&name),
                    entry.place,
                    "this field stands twice",
                    hint,
                );
                continue;
            }
            match found {
                Some(field) => self.field(entry, field, &mut message, path),
                None => refused.extend(self.unknown(entry, schema, path)),
            }
        }
        self.missing(&message, &refused, place, path);
        message
    }

    fn field(self, entry: &Entry, field: &'static Field, message: &mut Message, path: &Path) {
        if entry.value.data == tree::Data::Null {
            return;
        }
        let path = path.field(field.name);
        if let Some(group) = field.one_of
            && let Some(other) = message.member(group)
        {
            let text = format!(
                "only one of `{}` and `{}` may be set",
                other.field.name, field.name
            );
            self.problem(&path, entry.place, text, "remove one of them");
            return;
        }
        let value = self.value(&entry.value, &field.kind, &path);
        message.set.push(Set {
            field,
            place: Some(entry.place),
            value,
        });
    }

    fn value(self, node: &Node, kind: &'static Kind, path: &Path) -> Value {
        let data = match kind {
            Kind::Message(schema) => match node.data {
                tree::Data::Map(_) => Some(Data::Message(self.message(node, schema, path))),
                _ => self.wrong(node, "a mapping", path),
            },
            Kind::Any(schemas) => self.any(node, schemas, path),
            Kind::Wrapped(inner) => return self.value(unwrapped(node), inner, path),
            Kind::List(item, least, most) => Some(self.list(node, item, (*least, *most), path)),
            Kind::Map(item) => self.map(node, item, path),
            _ => self.scalar(node, kind, path),
        };
        Value {
            place: Some(node.place),
            data: data.unwrap_or(Data::Broken),
        }
    }

    /// Tells that something else was expected.
    fn wrong(self, node: &Node, expected: &str, path: &Path) -> Option<Data> {
        let message = format!("{expected} was expected, not {}", node.data.kind());
        self.problem(path, node.place, message, hint::of_type(node, expected));
        None
    }

    fn list(
        self,
        node: &Node,
        item: &'static Kind,
        (least, most): (usize, usize),
        path: &Path,
    ) -> Data {
        let one = std::slice::from_ref(node);
        let nodes: &[Node] = match &node.data {
            tree::Data::List(items) => items,
            // As Envoy takes one value for a list of one.
            _ => one,
        };
        let items = nodes.iter().enumerate().map(|(index, node)| {
            let path = path.item(index);
            match (&node.data, item) {
                (tree::Data::Null, Kind::Message(schema)) => Value {
                    place: Some(node.place),
                    data: Data::Message(self.entries(&[], node.place, schema, &path)),
                },
                _ => self.value(node, item, &path),
            }
        });
        let items: Vec<Value> = items.collect();
        if items.len() < least {
            let message = format!("at least {least} must be given, not {}", items.len());
            self.problem(path, node.place, message, "");
        } else if items.len() > most {
            let message = format!("at most {most} can be given, not {}", items.len());
            self.problem(path, node.place, message, "");
        }
        Data::List(items)
    }

    fn map(self, node: &Node, item: &'static Kind, path: &Path) -> Option<Data> {
        let tree::Data::Map(entries) = &node.data else {
            return self.wrong(node, "a mapping", path);
        };
        let mut values: Vec<(String, Value)> = Vec::new();
        for entry in entries {
            let path = path.key(&entry.key);
            if values.iter().any(|(key, _)| *key == entry.key) {
                let hint = "Envoy takes one of the two and drops the other: remove one";
                self.problem(&path, entry.place, "this key stands twice", hint);
                continue;
            }
            values.push((entry.key.clone(), self.value(&entry.value, item, &path)));
        }
        Some(Data::Map(values))
    }

    /// A message that is named by `@type`.
    fn any(self, node: &Node, schemas: &[&'static schema::Message], path: &Path) -> Option<Data> {
        let tree::Data::Map(entries) = &node.data else {
            return self.wrong(node, "a mapping with `@type`", path);
        };
        let types: Vec<String> = schemas
            .iter()
            .map(|schema| format!("`{}`", url(schema)))
            .collect();
        let Some(named) = entries.iter().find(|entry| entry.key == "@type") else {
            let hint = format!("one of {}", types.join(", "));
            self.problem(path, node.place, "`@type` is missing", hint);
            return None;
        };
        let tree::Data::Text(given) = &named.value.data else {
            return self.wrong(&named.value, "text", &path.field("@type"));
        };
        let name = given.rsplit_once('/').map(|(_, name)| name);
        if let Some(schema) = schemas.iter().find(|schema| Some(schema.name) == name) {
            return Some(Data::Message(
                self.entries(entries, node.place, schema, path),
            ));
        }
        let message = match name {
            None => format!("`{given}` is no type: it has no `/`"),
            Some(_) => format!("mesh-proxy does not honour `{given}` here"),
        };
        let hint = match types.as_slice() {
            [one] => format!("the type here is {one}"),
            _ => format!("the types here are {}", types.join(", ")),
        };
        self.problem(&path.field("@type"), named.value.place, message, hint);
        None
    }

    /// Tells which fields should be there and are not.
    fn missing(self, message: &Message, refused: &[&str], place: Place, path: &Path) {
        for field in message.schema.fields {
            if needed(field) && message.get(field.name).is_none() {
                self.problem(
                    path,
                    place,
                    format!("`{}` is missing", field.name),
                    field.help,
                );
            }
        }
        for group in message.schema.needs {
            let other = |name: &&&str| hint::is_member(message.schema, name);
            if message.member(group).is_none() && !refused.iter().any(|name| other(&name)) {
                let names = message
                    .schema
                    .members(group)
                    .map(|field| format!("`{}`", field.name));
                let names: Vec<String> = names.collect();
                let text = match names.as_slice() {
                    [one] => format!("{one} is missing"),
                    _ => format!("one of {} must be set", names.join(", ")),
                };
                self.problem(path, place, text, "");
            }
        }
    }
}

/// The `@type` of a message.
fn url(schema: &schema::Message) -> String {
    format!("type.googleapis.com/{}", schema.name)
}

/// Whether a field must be there: because it is required, or because its default is out of range.
fn needed(field: &Field) -> bool {
    let out_of_range = match &field.kind {
        Kind::Text(_, least, _) | Kind::List(_, least, _) => *least > 0,
        Kind::U32(least, _) => *least > 0,
        Kind::U64(least, _) => *least > 0,
        Kind::I64(least, _) => *least > 0,
        Kind::Enum(names) => !names.values.iter().any(|(number, _)| *number == 0),
        _ => false,
    };
    field.required || (out_of_range && field.one_of.is_none())
}

/// The value in `{value: …}`, which protobuf's reader takes for a wrapped value too.
fn unwrapped(node: &Node) -> &Node {
    match &node.data {
        tree::Data::Map(entries) => match entries.as_slice() {
            [entry] if entry.key == "value" => &entry.value,
            _ => node,
        },
        _ => node,
    }
}
