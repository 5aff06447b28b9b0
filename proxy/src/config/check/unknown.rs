//! Finds fields by their names, and tells what is wrong with names that are not honoured.

use super::{Checker, hint};
use crate::config::path::Path;
use crate::config::schema::{Field, Message, Shape};
use crate::config::tree::{Data, Entry, Node};

/// The honoured field that a key names, in `snake_case` or `lowerCamelCase`.
pub(super) fn find(schema: &Message, key: &str) -> Option<&'static Field> {
    schema.fields.iter().find(|field| names(key, field.name))
}

/// Whether a key is this name, or the same in `lowerCamelCase`.
pub(super) fn names(key: &str, name: &str) -> bool {
    key == name || camel_case(name) == key
}

/// The name that a key in `lowerCamelCase` stands for.
pub(super) fn snake_case(key: &str) -> String {
    let mut name = String::with_capacity(key.len());
    for character in key.chars() {
        if character.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(character.to_ascii_lowercase());
    }
    name
}

/// The name as protobuf writes it in JSON.
pub(crate) fn camel_case(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    let mut upper = false;
    for character in name.chars() {
        if character == '_' {
            upper = true;
        } else {
            key.push(if upper {
                character.to_ascii_uppercase()
            } else {
                character
            });
            upper = false;
        }
    }
    key
}

impl Checker<'_> {
    /// Tells that a field is not honoured, unless it has its default value. Returns its name then.
    pub(super) fn unknown(
        self,
        entry: &Entry,
        schema: &'static Message,
        path: &Path,
    ) -> Option<&'static str> {
        let path = path.field(&entry.key);
        let Some(other) = schema
            .others
            .iter()
            .find(|other| names(&entry.key, other.name))
        else {
            let message = format!("Envoy's `{}` has no such field", schema.short_name());
            self.problem(
                &path,
                entry.place,
                message,
                hint::of_name(schema, &entry.key),
            );
            return None;
        };
        if is_default(&entry.value, other.shape) {
            return None;
        }
        let message = "mesh-proxy does not honour this field";
        self.problem(
            &path,
            entry.place,
            message,
            hint::instead(schema.name, other.name),
        );
        Some(other.name)
    }
}

/// Whether a value is what a field of this shape has when it is not set.
fn is_default(node: &Node, shape: Shape) -> bool {
    match (&node.data, shape) {
        (Data::Null, _) | (Data::Bool(false), Shape::Scalar) => true,
        (Data::Number(text), Shape::Scalar | Shape::Zero(_)) => text.parse() == Ok(0.0),
        (Data::Text(text), Shape::Scalar) => text.is_empty() || text.parse() == Ok(0.0),
        (Data::Text(text), Shape::Zero(name)) => text.eq_ignore_ascii_case(name),
        (Data::List(items), Shape::Several) => items.is_empty(),
        (Data::Map(entries), Shape::Several) => entries.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{camel_case, names, snake_case};
    use crate::config::schema::{bootstrap::BOOTSTRAP, reachable};

    #[test]
    fn names_in_camel_case_lead_back() {
        for message in reachable(&BOOTSTRAP) {
            for field in message.fields {
                let key = camel_case(field.name);
                assert!(names(&key, field.name), "{key}");
                let back = snake_case(&key);
                // A digit behind `_` loses it: `http1` is told apart by nothing.
                assert_eq!(back.replace('_', ""), field.name.replace('_', ""), "{key}");
            }
        }
    }
}
