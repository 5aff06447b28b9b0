//! Walks a message and takes its fields, knowing the path to each.

use std::time::Duration;

use super::message::{Data, Message, Set, Value};
use super::path::Path;
use super::place::Place;
use super::problem::{Problem, Problems};

/// Where something is configured, to be named when it turns out wrong later.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spot {
    /// The field.
    pub path: String,
    /// Where it stands.
    pub place: Option<Place>,
}

impl Spot {
    /// A problem at this spot.
    pub fn problem(&self, message: impl Into<String>, hint: impl Into<String>) -> Problem {
        Problem {
            path: self.path.clone(),
            message: message.into(),
            place: self.place,
            hint: hint.into(),
        }
    }
}

/// A message with the path to it.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    pub(crate) message: &'a Message,
    path: Path,
    problems: &'a Problems,
}

/// A text with the path to it.
#[derive(Clone)]
pub(crate) struct Text<'a> {
    pub(crate) value: &'a str,
    place: Option<Place>,
    path: Path,
    problems: &'a Problems,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(message: &'a Message, path: Path, problems: &'a Problems) -> Self {
        Self {
            message,
            path,
            problems,
        }
    }

    /// Tells that a field is wrong, or the message itself if `name` is empty.
    pub(crate) fn refuse(&self, name: &str, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.add(self.spot(name).problem(message, hint));
    }

    /// Where a field stands, or the message itself if `name` is empty.
    pub(crate) fn spot(&self, name: &str) -> Spot {
        let set = self.message.set.iter().find(|set| set.field.name == name);
        let path = if name.is_empty() {
            self.path.clone()
        } else {
            self.path.field(name)
        };
        Spot {
            path: path.to_string(),
            place: set.map_or(self.message.place, |set| set.value.place.or(set.place)),
        }
    }

    /// Whether a field is set, be it to what cannot be read.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.message.get(name).is_some()
    }

    /// Whether a field is set to what cannot be read, in whole or in part, which was told already.
    pub(crate) fn is_broken(&self, name: &str) -> bool {
        match self.data(name) {
            Some(Data::Broken) => true,
            Some(Data::List(values)) => values.iter().any(|value| value.data == Data::Broken),
            _ => false,
        }
    }

    /// The name of the member of a group that is set.
    pub(crate) fn member(&self, group: &str) -> Option<&'static str> {
        self.message.member(group).map(|set| set.field.name)
    }

    fn data(&self, name: &str) -> Option<&'a Data> {
        self.message.get(name).map(|set| &set.value.data)
    }

    /// A text that is not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        match self.data(name)? {
            Data::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// A text, empty when it is not set.
    pub(crate) fn string(&self, name: &str) -> String {
        self.text(name).unwrap_or_default().to_owned()
    }

    /// A text with its path, if it is set, be it to nothing.
    pub(crate) fn item(&self, name: &str) -> Option<Text<'a>> {
        let set = self.message.get(name)?;
        self.texts_of(&set.value, self.path.field(name))
    }

    fn texts_of(&self, value: &'a Value, path: Path) -> Option<Text<'a>> {
        match &value.data {
            Data::Text(text) => Some(Text {
                value: text,
                place: value.place,
                path,
                problems: self.problems,
            }),
            _ => None,
        }
    }

    /// The texts of a list.
    pub(crate) fn texts(&self, name: &str) -> Vec<Text<'a>> {
        let path = self.path.field(name);
        let each = |(index, value)| self.texts_of(value, path.item(index));
        self.values(name)
            .iter()
            .enumerate()
            .filter_map(each)
            .collect()
    }

    /// The texts of a list, without their paths.
    pub(crate) fn strings(&self, name: &str) -> Vec<String> {
        self.texts(name)
            .iter()
            .map(|text| text.value.to_owned())
            .collect()
    }

    pub(crate) fn bytes(&self, name: &str) -> Option<&'a [u8]> {
        match self.data(name)? {
            Data::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// A boolean, false when it is not set.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.flag_or(name, false)
    }

    /// A boolean with a default.
    pub(crate) fn flag_or(&self, name: &str, default: bool) -> bool {
        match self.data(name) {
            Some(Data::Bool(value)) => *value,
            _ => default,
        }
    }

    /// An integer that the schema keeps within the range of `T`.
    pub(crate) fn number<T: TryFrom<i128>>(&self, name: &str) -> Option<T> {
        match self.data(name)? {
            Data::Integer(value) => T::try_from(*value).ok(),
            _ => None,
        }
    }

    /// The integers of a list.
    pub(crate) fn numbers<T: TryFrom<i128>>(&self, name: &str) -> Vec<T> {
        let number = |value: &Value| match value.data {
            Data::Integer(value) => T::try_from(value).ok(),
            _ => None,
        };
        self.values(name).iter().filter_map(number).collect()
    }

    pub(crate) fn double(&self, name: &str) -> Option<f64> {
        match self.data(name)? {
            Data::Double(value) => Some(*value),
            _ => None,
        }
    }

    /// The numbers of a list.
    pub(crate) fn doubles(&self, name: &str) -> Vec<f64> {
        let number = |value: &Value| match value.data {
            Data::Double(value) => Some(value),
            _ => None,
        };
        self.values(name).iter().filter_map(number).collect()
    }

    pub(crate) fn duration(&self, name: &str) -> Option<Duration> {
        match self.data(name)? {
            Data::Duration(value) => Some(*value),
            _ => None,
        }
    }

    /// A time with a default, where zero is none.
    pub(crate) fn timeout(&self, name: &str, default: Option<Duration>) -> Option<Duration> {
        match self.duration(name) {
            None => default,
            Some(value) => Some(value).filter(|value| !value.is_zero()),
        }
    }

    /// The number of a name, 0 when it is not set.
    pub(crate) fn choice(&self, name: &str) -> i32 {
        match self.data(name) {
            Some(Data::Enum(number)) => *number,
            _ => 0,
        }
    }

    /// The numbers of the names in a list.
    pub(crate) fn choices(&self, name: &str) -> Vec<i32> {
        let number = |value: &Value| match value.data {
            Data::Enum(number) => Some(number),
            _ => None,
        };
        self.values(name).iter().filter_map(number).collect()
    }

    pub(crate) fn object(
        &self,
        name: &str,
    ) -> Option<&'a serde_json::Map<String, serde_json::Value>> {
        match self.data(name)? {
            Data::Struct(fields) => Some(fields),
            _ => None,
        }
    }

    pub(crate) fn message(&self, name: &str) -> Option<Self> {
        let set: &Set = self.message.get(name)?;
        self.inner(&set.value, self.path.field(name))
    }

    /// The messages of a list.
    pub(crate) fn messages(&self, name: &str) -> Vec<Self> {
        let path = self.path.field(name);
        let each = |(index, value)| self.inner(value, path.item(index));
        self.values(name)
            .iter()
            .enumerate()
            .filter_map(each)
            .collect()
    }

    /// The messages of a map.
    pub(crate) fn entries(&self, name: &str) -> Vec<(&'a str, Self)> {
        let path = self.path.field(name);
        let Some(Data::Map(entries)) = self.data(name) else {
            return Vec::new();
        };
        let each =
            |(key, value): &'a (String, Value)| Some((&**key, self.inner(value, path.key(key))?));
        entries.iter().filter_map(each).collect()
    }

    /// The objects of a map.
    pub(crate) fn objects(
        &self,
        name: &str,
    ) -> Vec<(&'a str, &'a serde_json::Map<String, serde_json::Value>)> {
        let Some(Data::Map(entries)) = self.data(name) else {
            return Vec::new();
        };
        let each = |(key, value): &'a (String, Value)| match &value.data {
            Data::Struct(fields) => Some((&**key, fields)),
            _ => None,
        };
        entries.iter().filter_map(each).collect()
    }

    fn inner(&self, value: &'a Value, path: Path) -> Option<Self> {
        match &value.data {
            Data::Message(message) => Some(Self::new(message, path, self.problems)),
            _ => None,
        }
    }

    fn values(&self, name: &str) -> &'a [Value] {
        match self.data(name) {
            Some(Data::List(values)) => values,
            _ => &[],
        }
    }
}

impl Text<'_> {
    /// Tells that the text is wrong.
    pub(crate) fn refuse(&self, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.add(self.spot().problem(message, hint));
    }

    /// Where the text stands.
    pub(crate) fn spot(&self) -> Spot {
        Spot {
            path: self.path.to_string(),
            place: self.place,
        }
    }
}
