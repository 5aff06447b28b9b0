//! Checks single values: types, ranges, names.

use std::time::Duration;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Checker, hint, number, time};
use crate::config::message::Data;
use crate::config::path::Path;
use crate::config::schema::{Enumeration, Form, Kind, MANY};
use crate::config::tree::{self, Node};

impl Checker<'_> {
    pub(super) fn scalar(self, node: &Node, kind: &'static Kind, path: &Path) -> Option<Data> {
        match kind {
            Kind::Bool => self.boolean(node, path),
            Kind::True => match self.boolean(node, path)? {
                Data::Bool(false) => {
                    let hint = "remove it, or set it to true";
                    self.problem(path, node.place, "this can only be true", hint);
                    None
                }
                data => Some(data),
            },
            Kind::I32(least, most) => self.integer(node, (*least).into(), (*most).into(), path),
            Kind::I64(least, most) => self.integer(node, (*least).into(), (*most).into(), path),
            Kind::U32(least, most) => self.integer(node, (*least).into(), (*most).into(), path),
            Kind::U64(least, most) => self.integer(node, (*least).into(), (*most).into(), path),
            Kind::Double(least, most) => self.double(node, (*least, *most), path),
            Kind::Text(form, least, most) => self.text(node, *form, (*least, *most), path),
            Kind::Word(words) => self.word(node, words, path),
            Kind::Bytes => self.bytes(node, path),
            Kind::Enum(names) => self.name(node, names, path),
            Kind::Duration(least, below) => self.time(node, (*least, *below), path),
            _ => self.object(node, path),
        }
    }

    fn boolean(self, node: &Node, path: &Path) -> Option<Data> {
        match &node.data {
            tree::Data::Bool(value) => Some(Data::Bool(*value)),
            tree::Data::Text(text) if text == "true" => Some(Data::Bool(true)),
            tree::Data::Text(text) if text == "false" => Some(Data::Bool(false)),
            _ => self.wrong(node, "true or false", path),
        }
    }

    fn integer(self, node: &Node, least: i128, most: i128, path: &Path) -> Option<Data> {
        let Some(value) = number::integer(&node.data) else {
            return self.wrong(node, "an integer", path);
        };
        if (least..=most).contains(&value) {
            return Some(Data::Integer(value));
        }
        let message = format!("{value} is out of range");
        self.problem(path, node.place, message, format!("from {least} to {most}"));
        None
    }

    fn double(self, node: &Node, (least, most): (f64, f64), path: &Path) -> Option<Data> {
        let Some(value) = number::double(&node.data) else {
            return self.wrong(node, "a number", path);
        };
        if (least..=most).contains(&value) {
            return Some(Data::Double(value));
        }
        let hint = match (least, most) {
            (f64::MIN_POSITIVE, _) => "more than 0".to_owned(),
            (f64::MIN, f64::MAX) => "a finite number".to_owned(),
            _ => format!("from {least} to {most}"),
        };
        self.problem(path, node.place, format!("{value} is out of range"), hint);
        None
    }

    fn text(
        self,
        node: &Node,
        form: Form,
        (least, most): (usize, usize),
        path: &Path,
    ) -> Option<Data> {
        let tree::Data::Text(text) = &node.data else {
            return self.wrong(node, "text", path);
        };
        let forbidden = |character: char| matches!(character, '\0' | '\r' | '\n');
        let header = match form {
            Form::Plain => "",
            Form::HeaderName | Form::HeaderNameOrEmpty => "the name of a header",
            Form::HeaderValue => "the value of a header",
        };
        let message = if text.len() < least || (form == Form::HeaderName && text.is_empty()) {
            match least {
                0 | 1 => "must not be empty".to_owned(),
                _ => format!("must have at least {least} bytes, not {}", text.len()),
            }
        } else if most != MANY && text.len() > most {
            format!("must have at most {most} bytes, not {}", text.len())
        } else if !header.is_empty() && text.contains(forbidden) {
            format!("{header} cannot hold a line break or NUL")
        } else {
            return Some(Data::Text(text.clone()));
        };
        self.problem(path, node.place, message, "");
        None
    }

    fn word(self, node: &Node, words: &[&'static str], path: &Path) -> Option<Data> {
        let tree::Data::Text(text) = &node.data else {
            return self.wrong(node, "text", path);
        };
        if words.contains(&&**text) {
            return Some(Data::Text(text.clone()));
        }
        let hint = format!("one of {}", hint::list(words));
        self.problem(
            path,
            node.place,
            format!("`{text}` is not known here"),
            hint,
        );
        None
    }

    fn bytes(self, node: &Node, path: &Path) -> Option<Data> {
        let tree::Data::Text(text) = &node.data else {
            return self.wrong(node, "base64 in text", path);
        };
        let config =
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let decode = |alphabet| GeneralPurpose::new(alphabet, config).decode(text);
        match decode(&STANDARD).or_else(|_| decode(&URL_SAFE)) {
            Ok(bytes) => Some(Data::Bytes(bytes)),
            Err(error) => {
                self.problem(path, node.place, format!("this is no base64: {error}"), "");
                None
            }
        }
    }

    /// A name in any case, or a number.
    fn name(self, node: &Node, names: &'static Enumeration, path: &Path) -> Option<Data> {
        let given = number::integer(&node.data);
        let text = match (&node.data, given) {
            (tree::Data::Text(text), _) => text.clone(),
            (_, Some(number)) => number.to_string(),
            _ => return self.wrong(node, "a name", path),
        };
        let matches = |(number, name): &&(i32, &str)| {
            given.map_or_else(
                || text.eq_ignore_ascii_case(name),
                |it| it == i128::from(*number),
            )
        };
        if let Some((number, _)) = names.values.iter().find(matches) {
            return Some(Data::Enum(*number));
        }
        let words: Vec<&str> = names.values.iter().map(|(_, name)| *name).collect();
        let message = match names.others.iter().find(matches) {
            Some((_, name)) => format!("mesh-proxy does not honour `{name}` here"),
            None => format!("`{text}` is not known here"),
        };
        let hint = match hint::nearest(&text, &words) {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("one of {}", hint::list(&words)),
        };
        self.problem(path, node.place, message, hint);
        None
    }

    fn time(self, node: &Node, (least, below): (u64, u64), path: &Path) -> Option<Data> {
        let read = match &node.data {
            tree::Data::Text(text) => time::read(text),
            tree::Data::Map(_) => time_of_parts(node),
            _ => None,
        };
        let Some(value) = read else {
            let hint = "seconds with an s, such as `5s` or `0.25s`, and not negative";
            self.problem(path, node.place, "this is no time", hint);
            return None;
        };
        let least = Duration::from_nanos(least);
        if value >= least && value.as_secs() < below {
            return Some(Data::Duration(value));
        }
        let hint = if value >= least {
            format!("less than {below}s")
        } else if least.subsec_nanos() % 1_000 == 1 {
            let less = least.saturating_sub(Duration::from_nanos(1));
            format!("more than {}", time::write(less))
        } else {
            format!("{} or more", time::write(least))
        };
        let message = format!("{} is out of range", time::write(value));
        self.problem(path, node.place, message, hint);
        None
    }

    fn object(self, node: &Node, path: &Path) -> Option<Data> {
        match plain_json(node) {
            serde_json::Value::Object(fields) => Some(Data::Struct(fields)),
            _ => self.wrong(node, "a mapping", path),
        }
    }
}

/// A time as the message that it is on the wire.
fn time_of_parts(node: &Node) -> Option<Duration> {
    let tree::Data::Map(entries) = &node.data else {
        return None;
    };
    let (mut seconds, mut nanoseconds) = (0, 0);
    for entry in entries {
        let value = number::integer(&entry.value.data)?;
        match &*entry.key {
            "seconds" => seconds = u64::try_from(value).ok()?,
            "nanos" => nanoseconds = u32::try_from(value).ok().filter(|it| *it < 1_000_000_000)?,
            _ => return None,
        }
    }
    (seconds <= time::LONGEST).then(|| Duration::new(seconds, nanoseconds))
}

/// A tree as plain JSON; of keys that stand twice the last counts.
pub(crate) fn plain_json(node: &Node) -> serde_json::Value {
    use serde_json::Value;
    match &node.data {
        tree::Data::Null => Value::Null,
        tree::Data::Bool(value) => Value::Bool(*value),
        tree::Data::Number(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        tree::Data::Text(text) => Value::String(text.clone()),
        tree::Data::List(items) => Value::Array(items.iter().map(plain_json).collect()),
        tree::Data::Map(entries) => {
            let fields = entries
                .iter()
                .map(|entry| (entry.key.clone(), plain_json(&entry.value)));
            Value::Object(fields.collect())
        }
    }
}
