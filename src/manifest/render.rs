//! Writes a value as YAML block lines or as JSON, to stand in somebody else's text.

use serde_json::Value;

/// How the lines around an insertion are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Block {
    /// Columns from a key to the keys below it.
    pub unit: usize,
    /// Columns from a key to the dashes below it (0 = the indentless form).
    pub dash: usize,
    /// Lines end with CR LF.
    pub crlf: bool,
}

impl Block {
    /// The line ending.
    pub fn line_end(self) -> &'static str {
        if self.crlf { "\r\n" } else { "\n" }
    }
}

/// Appends `key: value` lines for each entry, at `column`, each line ended.
pub fn entries(out: &mut String, entries: &[(String, Value)], column: usize, block: Block) {
    for (key, value) in entries {
        indent(out, column);
        entry(out, key, value, column, block);
    }
}

/// Appends `- item` lines for each item, the dashes at `column`, each line ended.
pub fn items<'v>(
    out: &mut String,
    items: impl IntoIterator<Item = &'v Value>,
    column: usize,
    block: Block,
) {
    for item in items {
        indent(out, column);
        out.push('-');
        match item {
            Value::Object(map) if !map.is_empty() => {
                for (index, (key, value)) in map.iter().enumerate() {
                    if index == 0 {
                        out.push(' ');
                    } else {
                        indent(out, column + 2);
                    }
                    entry(out, key, value, column + 2, block);
                }
            }
            _ => {
                out.push(' ');
                inline(out, item);
                out.push_str(block.line_end());
            }
        }
    }
}

/// Appends one entry whose key stands at `column`; the indentation is there already.
fn entry(out: &mut String, key: &str, value: &Value, column: usize, block: Block) {
    string(out, key);
    out.push(':');
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push_str(block.line_end());
            for (key, value) in map {
                indent(out, column + block.unit);
                entry(out, key, value, column + block.unit, block);
            }
        }
        Value::Array(list) if list.iter().any(|item| item.is_object() || item.is_array()) => {
            out.push_str(block.line_end());
            items(out, list, column + block.dash, block);
        }
        Value::Array(list) if list.len() > 1 => {
            out.push_str(block.line_end());
            items(out, list, column + block.dash, block);
        }
        _ => {
            out.push(' ');
            inline(out, value);
            out.push_str(block.line_end());
        }
    }
}

/// Appends a value on one line, as YAML that reads the same in version 1.1 and 1.2.
fn inline(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => string(out, text),
        Value::Array(list) => {
            out.push('[');
            for (index, item) in list.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                inline(out, item);
            }
            out.push(']');
        }
        _ => json(out, value, true),
    }
}

/// Appends a string: plain where no YAML version can take it for anything else, else quoted.
pub fn string(out: &mut String, text: &str) {
    if plain_is_safe(text) {
        out.push_str(text);
    } else if text.contains(['"', '\\'])
        && !text.contains('\'')
        && text
            .chars()
            .all(|character| (' '..='~').contains(&character))
    {
        out.push('\'');
        out.push_str(text);
        out.push('\'');
    } else {
        out.push_str(&Value::from(text).to_string());
    }
}

/// Letters, digits and `-._/` after a first letter or slash, and no word that YAML 1.1 takes for a
/// boolean or a null (<https://yaml.org/type/bool.html>).
pub(super) fn plain_is_safe(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let bytes = text.as_bytes();
    bytes
        .first()
        .is_some_and(|first| first.is_ascii_alphabetic() || *first == b'/')
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._/".contains(byte))
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Appends compact JSON; `spaced` puts a blank behind each comma and colon.
pub fn json(out: &mut String, value: &Value, spaced: bool) {
    let (comma, colon) = if spaced { (", ", ": ") } else { (",", ":") };
    match value {
        Value::Array(list) => {
            out.push('[');
            for (index, item) in list.iter().enumerate() {
                out.push_str(if index > 0 { comma } else { "" });
                json(out, item, spaced);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (index, (key, item)) in map.iter().enumerate() {
                out.push_str(if index > 0 { comma } else { "" });
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push_str(colon);
                json(out, item, spaced);
            }
            out.push('}');
        }
        _ => out.push_str(&value.to_string()),
    }
}

/// Appends JSON over several lines. `indent` is the white space that begins the line on which the
/// value starts, `unit` one more level of it.
pub fn pretty_json(out: &mut String, value: &Value, indent: &str, unit: &str, line_end: &str) {
    let (open, close, count) = match value {
        Value::Array(list) if !list.is_empty() => ('[', ']', list.len()),
        Value::Object(map) if !map.is_empty() => ('{', '}', map.len()),
        _ => return json(out, value, true),
    };
    let deeper = format!("{indent}{unit}");
    let line = |out: &mut String, index: usize, key: Option<&str>, item: &Value| {
        out.push_str(line_end);
        out.push_str(&deeper);
        if let Some(key) = key {
            out.push_str(&Value::from(key).to_string());
            out.push_str(": ");
        }
        pretty_json(out, item, &deeper, unit, line_end);
        if index + 1 < count {
            out.push(',');
        }
    };
    out.push(open);
    match value {
        Value::Array(list) => {
            list.iter()
                .enumerate()
                .for_each(|(index, item)| line(out, index, None, item));
        }
        Value::Object(map) => map
            .iter()
            .enumerate()
            .for_each(|(index, (key, item))| line(out, index, Some(key), item)),
        _ => {}
    }
    out.push_str(line_end);
    out.push_str(indent);
    out.push(close);
}

fn indent(out: &mut String, columns: usize) {
    out.extend(std::iter::repeat_n(' ', columns));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const BLOCK: Block = Block {
        unit: 2,
        dash: 2,
        crlf: false,
    };

    fn lines(value: Value) -> String {
        let mut out = String::new();
        let Value::Object(map) = value else {
            panic!("an object")
        };
        entries(&mut out, &map.into_iter().collect::<Vec<_>>(), 2, BLOCK);
        out
    }

    #[test]
    fn writes_what_a_person_would_write() {
        let value = json!({
            "name": "mesh-init", "args": ["init", "--uid=1337", "yes"], "drop": ["ALL"], "none": [],
            "limits": {"cpu": "10m", "memory": "20Mi"}, "uid": 0, "no": true, "env": [{"name": "A", "value": "1"}],
        });
        insta::assert_snapshot!(lines(value), @r#"
          name: mesh-init
          args:
            - init
            - "--uid=1337"
            - "yes"
          drop: [ALL]
          none: []
          limits:
            cpu: "10m"
            memory: "20Mi"
          uid: 0
          "no": true
          env:
            - name: A
              value: "1"
        "#);
    }

    #[test]
    fn quotes_whatever_a_yaml_reader_could_misread() {
        let mut seen = String::new();
        for text in [
            "on",
            "Y",
            "~",
            "1e3",
            "0x1",
            "a: b",
            "a #b",
            "",
            " a",
            "é",
            "{\"a\":1}",
            "it's \"x\"",
            "/bin/sh",
            "v1.2",
        ] {
            string(&mut seen, text);
            seen.push('\n');
        }
        insta::assert_snapshot!(seen, @r#"
        "on"
        "Y"
        "~"
        "1e3"
        "0x1"
        "a: b"
        "a #b"
        ""
        " a"
        "é"
        '{"a":1}'
        "it's \"x\""
        /bin/sh
        v1.2
        "#);
    }

    #[test]
    fn keeps_json_in_its_own_layout() {
        let value = json!({"a": [1, {"b": []}], "c": {}});
        let mut pretty = String::new();
        pretty_json(&mut pretty, &value, "  ", "  ", "\n");
        assert_eq!(
            pretty,
            "{\n    \"a\": [\n      1,\n      {\n        \"b\": []\n      }\n    ],\n    \"c\": {}\n  }"
        );
        let mut compact = String::new();
        json(&mut compact, &value, false);
        assert_eq!(compact, r#"{"a":[1,{"b":[]}],"c":{}}"#);
    }
}
