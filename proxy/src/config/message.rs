//! Holds configuration that keeps to the schema, whatever form it came in.

use std::time::Duration;

use super::place::Place;
use super::schema::{self, Field};

/// A message that keeps to its schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// What it may hold.
    pub schema: &'static schema::Message,
    /// Where it begins.
    pub place: Option<Place>,
    /// The fields that are set, in the order of the text.
    pub set: Vec<Set>,
}

impl PartialEq for schema::Message {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// A field that is set.
#[derive(Debug, Clone)]
pub struct Set {
    /// Which.
    pub field: &'static Field,
    /// Where its name stands.
    pub place: Option<Place>,
    /// To what.
    pub value: Value,
}

impl PartialEq for Set {
    fn eq(&self, other: &Self) -> bool {
        self.field.number == other.field.number && self.value.data == other.value.data
    }
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Where it begins.
    pub place: Option<Place>,
    /// What it is.
    pub data: Data,
}

/// What a value is. Wrapped values stand without their wrapper, [`schema::Kind::Any`] is the message
/// that is in it.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Not readable, and told so: nothing more is to be said about it.
    Broken,
    /// `true` or `false`.
    Bool(bool),
    /// An integer of any width.
    Integer(i128),
    /// A number.
    Double(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// The number of a name.
    Enum(i32),
    /// A time.
    Duration(Duration),
    /// A message.
    Message(Message),
    /// Any object.
    Struct(serde_json::Map<String, serde_json::Value>),
    /// Several.
    List(Vec<Value>),
    /// Several by name.
    Map(Vec<(String, Value)>),
}

impl Message {
    /// An empty message.
    pub fn new(schema: &'static schema::Message, place: Option<Place>) -> Self {
        Self {
            schema,
            place,
            set: Vec::new(),
        }
    }

    /// The field of this name, if it is set.
    pub fn get(&self, name: &str) -> Option<&Set> {
        debug_assert!(
            self.schema.field(name).is_some(),
            "{} has no field {name}",
            self.schema.name
        );
        self.set.iter().find(|set| set.field.name == name)
    }

    /// The member of a group that is set.
    pub fn member(&self, group: &str) -> Option<&Set> {
        self.set.iter().find(|set| set.field.one_of == Some(group))
    }
}
