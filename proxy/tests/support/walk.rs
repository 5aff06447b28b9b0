//! Walks a configuration along the schema.

use std::collections::BTreeSet;

use mesh_proxy::config::message::{self, Data};
use mesh_proxy::config::schema::bootstrap::BOOTSTRAP;
use mesh_proxy::config::schema::{Kind, Message};
use serde_json::Value;

/// The JSON pointer and the path of every message.
pub(crate) fn messages(root: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    message(root, &BOOTSTRAP, (String::new(), String::new()), &mut found);
    found
}

fn message(
    value: &Value,
    schema: &'static Message,
    (pointer, path): (String, String),
    found: &mut Vec<(String, String)>,
) {
    let Value::Object(fields) = value else {
        return;
    };
    found.push((pointer.clone(), path.clone()));
    for (name, value) in fields {
        let Some(field) = schema.field(name) else {
            continue;
        };
        let inner = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        inside(
            value,
            &field.kind,
            (format!("{pointer}/{name}"), inner),
            found,
        );
    }
}

fn inside(
    value: &Value,
    kind: &'static Kind,
    (pointer, path): (String, String),
    found: &mut Vec<(String, String)>,
) {
    match kind {
        Kind::Message(schema) => message(value, schema, (pointer, path), found),
        Kind::Any(schemas) => {
            let name = value["@type"].as_str().unwrap().rsplit('/').next().unwrap();
            let schema = schemas.iter().find(|schema| schema.name == name).unwrap();
            message(value, schema, (pointer, path), found);
        }
        Kind::List(item, _, _) => {
            for (index, value) in value.as_array().unwrap().iter().enumerate() {
                let place = (format!("{pointer}/{index}"), format!("{path}[{index}]"));
                inside(value, item, place, found);
            }
        }
        Kind::Map(item) => {
            for (key, value) in value.as_object().unwrap() {
                let pointer = format!("{pointer}/{}", key.replace('/', "~1"));
                inside(value, item, (pointer, format!("{path}[\"{key}\"]")), found);
            }
        }
        _ => {}
    }
}

/// The fields that a message and those in it set, by the names of message and field.
pub(crate) fn used(message: &message::Message, found: &mut BTreeSet<(&'static str, &'static str)>) {
    for set in &message.set {
        found.insert((message.schema.name, set.field.name));
        values(&set.value.data, found);
    }
}

fn values(data: &Data, found: &mut BTreeSet<(&'static str, &'static str)>) {
    match data {
        Data::Message(inner) => used(inner, found),
        Data::List(items) => items.iter().for_each(|item| values(&item.data, found)),
        Data::Map(entries) => entries
            .iter()
            .for_each(|(_, value)| values(&value.data, found)),
        _ => {}
    }
}
