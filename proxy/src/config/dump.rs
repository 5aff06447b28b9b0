//! Writes configuration as Envoy's `/config_dump` does: the JSON mapping of protobuf with the names of the `.proto`
//! files, private keys left out.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::message::{Data, Message};
use super::schema::Kind;

/// What stands for each text of a private key.
const REDACTED: &str = "[redacted]";

/// A message as JSON.
pub fn json(message: &Message) -> Value {
    Value::Object(fields(message))
}

/// A message as the content of an `Any`: with its type.
pub fn any(message: &Message) -> Value {
    let mut object = Map::new();
    let name = format!("type.googleapis.com/{}", message.schema.name);
    object.insert("@type".to_owned(), name.into());
    object.extend(fields(message));
    Value::Object(object)
}

fn fields(message: &Message) -> Map<String, Value> {
    let field = |set: &super::message::Set| {
        let value = if set.field.name == "private_key" {
            redacted(&set.value.data)
        } else {
            value(&set.value.data, &set.field.kind)
        };
        (set.field.name.to_owned(), value)
    };
    message.set.iter().map(field).collect()
}

/// What is left of a secret: where it comes from, but not what it is.
fn redacted(data: &Data) -> Value {
    match data {
        Data::Message(message) => {
            let fields = message.set.iter();
            let redacted = fields.map(|it| (it.field.name.to_owned(), redacted(&it.value.data)));
            Value::Object(redacted.collect())
        }
        Data::Bytes(_) => STANDARD.encode(REDACTED).into(),
        _ => REDACTED.into(),
    }
}

fn value(data: &Data, kind: &Kind) -> Value {
    match (data, kind) {
        (data, Kind::Wrapped(inner)) => value(data, inner),
        (Data::List(items), Kind::List(inner, ..)) => {
            items.iter().map(|it| value(&it.data, inner)).collect()
        }
        (Data::Map(entries), Kind::Map(inner)) => entries
            .iter()
            .map(|(name, it)| (name.clone(), value(&it.data, inner)))
            .collect(),
        (Data::Message(message), Kind::Any(_)) => any(message),
        (Data::Enum(number), Kind::Enum(names)) => {
            let known = names.values.iter().find(|(own, _)| own == number);
            known.map_or(json!(number), |(_, name)| json!(name))
        }
        // JSON's numbers are too small for them (<https://protobuf.dev/programming-guides/json>).
        (Data::Integer(number), Kind::I64(..) | Kind::U64(..)) => number.to_string().into(),
        (data, _) => plain(data),
    }
}

fn plain(data: &Data) -> Value {
    match data {
        Data::Bool(value) => json!(value),
        Data::Integer(number) => i64::try_from(*number)
            .map_or_else(|_| number.to_string().into(), |number| json!(number)),
        Data::Double(number) => json!(number),
        Data::Text(text) => json!(text),
        Data::Bytes(bytes) => STANDARD.encode(bytes).into(),
        Data::Duration(time) => duration(*time).into(),
        Data::Message(message) => json(message),
        Data::Struct(object) => Value::Object(object.clone()),
        Data::Enum(number) => json!(number),
        Data::Broken | Data::List(_) | Data::Map(_) => Value::Null,
    }
}

/// Seconds with 0, 3, 6 or 9 digits behind the point.
fn duration(time: Duration) -> String {
    let (seconds, nanoseconds) = (time.as_secs(), time.subsec_nanos());
    match nanoseconds {
        0 => format!("{seconds}s"),
        it if it % 1_000_000 == 0 => format!("{seconds}.{:03}s", it / 1_000_000),
        it if it % 1_000 == 0 => format!("{seconds}.{:06}s", it / 1_000),
        it => format!("{seconds}.{it:09}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::{self, Origin};
    use crate::config::place::Source;

    #[test]
    fn a_bootstrap_comes_back_as_it_was() {
        let text = r#"{"static_resources": {"clusters": [{
            "name": "web", "connect_timeout": "0.250s", "type": "STATIC",
            "load_assignment": {"cluster_name": "web", "endpoints": [{"lb_endpoints": [{"endpoint":
                {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 80}}}}]}]}}]}}"#;
        let source = Source {
            name: "bootstrap.json".to_owned(),
            text: text.to_owned(),
        };
        let bootstrap = load::bootstrap(&[(source, Origin::File)]).unwrap();
        let expected: Value = serde_json::from_str(text).unwrap();
        assert_eq!(json(&bootstrap.message), expected);
    }

    #[test]
    fn private_keys_are_left_out() {
        for (key, shown) in [
            (
                r#"{"inline_string": "KEY"}"#,
                r#"{"inline_string":"[redacted]"}"#,
            ),
            (
                r#"{"inline_bytes": "S0VZ"}"#,
                r#"{"inline_bytes":"W3JlZGFjdGVkXQ=="}"#,
            ),
            (r#"{"filename": "/KEY"}"#, r#"{"filename":"[redacted]"}"#),
        ] {
            let text = format!(
                r#"{{"static_resources": {{"secrets": [{{"name": "own", "tls_certificate": {{
                    "certificate_chain": {{"inline_string": "CERTIFICATE"}}, "private_key": {key}}}}}]}}}}"#
            );
            let name = "bootstrap.json".to_owned();
            let bootstrap = load::bootstrap(&[(Source { name, text }, Origin::File)]).unwrap();
            let dumped = json(&bootstrap.message).to_string();
            assert!(
                dumped.contains(&format!(r#""private_key":{shown}"#)),
                "{dumped}"
            );
            assert!(!dumped.contains("KEY"), "{dumped}");
        }
    }

    #[test]
    fn times_have_as_many_digits_as_they_need() {
        for (nanoseconds, text) in [
            (2_000_000_000, "2s"),
            (1_500_000_000, "1.500s"),
            (1_000_001_000, "1.000001s"),
            (1, "0.000000001s"),
        ] {
            assert_eq!(duration(Duration::from_nanos(nanoseconds)), text);
        }
    }
}
