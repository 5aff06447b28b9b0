//! Writes lines of access logs as JSON.

use std::io::Write;

use crate::config::model::access_log::JsonFormat;
use crate::config::model::format::{Format, Piece};
use crate::facts::LogContext;
use crate::format::{self, Given};

/// Appends an object and says whether something is in it.
pub(super) fn object(
    fields: &[(String, JsonFormat)],
    omit_empty: bool,
    context: &LogContext<'_>,
    out: &mut Vec<u8>,
) -> bool {
    out.push(b'{');
    let mut first = true;
    for (key, value) in fields {
        let start = out.len();
        if !first {
            out.push(b',');
        }
        string(key.as_bytes(), out);
        out.push(b':');
        if self::value(value, omit_empty, context, out) || !omit_empty {
            first = false;
        } else {
            out.truncate(start);
        }
    }
    out.push(b'}');
    !first
}

/// Appends a value and says whether it is more than `null` and than an empty object.
fn value(
    value: &JsonFormat,
    omit_empty: bool,
    context: &LogContext<'_>,
    out: &mut Vec<u8>,
) -> bool {
    match value {
        JsonFormat::Text(text) => return formatted(text, omit_empty, context, out),
        JsonFormat::Literal(literal) => {
            write_literal(literal, out);
            return !literal.is_null();
        }
        JsonFormat::Object(fields) => return object(fields, omit_empty, context, out),
        JsonFormat::List(items) => list(items, omit_empty, context, out),
    }
    true
}

fn list(items: &[JsonFormat], omit_empty: bool, context: &LogContext<'_>, out: &mut Vec<u8>) {
    out.push(b'[');
    let mut first = true;
    for item in items {
        let start = out.len();
        if !first {
            out.push(b',');
        }
        if value(item, omit_empty, context, out) || !omit_empty {
            first = false;
        } else {
            out.truncate(start);
        }
    }
    out.push(b']');
}

/// Envoy writes fractions as text.
fn write_literal(literal: &serde_json::Value, out: &mut Vec<u8>) {
    let _ = match literal.as_f64() {
        Some(number) if number.fract() != 0.0 => write!(out, "\"{number}\""),
        Some(number) => write!(out, "{number:.0}"),
        None => write!(out, "{literal}"),
    };
}

/// A single operator keeps its type; what stands with others is text.
fn formatted(
    format: &Format,
    omit_empty: bool,
    context: &LogContext<'_>,
    out: &mut Vec<u8>,
) -> bool {
    let start = out.len();
    if let [Piece::Operator { operator, at_most }] = &*format.pieces {
        match format::operate(operator, *at_most, context, out) {
            Given::Nothing => {
                out.extend_from_slice(b"null");
                return false;
            }
            Given::Number => return true,
            Given::Text => {}
        }
    } else {
        let absent: &[u8] = if omit_empty { b"" } else { b"-" };
        format::write(format, context, absent, out);
    }
    quote_from(start, out);
    true
}

fn string(text: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(text);
    quote_from(start, out);
}

/// Makes what stands from `start` a JSON string, in place where nothing must be escaped.
fn quote_from(start: usize, out: &mut Vec<u8>) {
    let needs = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\') || *byte >= 0x80;
    if !out[start..].iter().any(needs) {
        out.insert(start, b'"');
        out.push(b'"');
        return;
    }
    let text = out.split_off(start);
    let is_text = std::str::from_utf8(&text).is_ok();
    out.push(b'"');
    for byte in text {
        let _ = match byte {
            b'"' => out.write(b"\\\""),
            b'\\' => out.write(b"\\\\"),
            b'\n' => out.write(b"\\n"),
            b'\r' => out.write(b"\\r"),
            b'\t' => out.write(b"\\t"),
            0x08 => out.write(b"\\b"),
            0x0c => out.write(b"\\f"),
            0..0x20 => write!(out, "\\u{byte:04x}").map(|()| 6),
            // What is no UTF-8 is shown byte by byte in octal digits.
            0x80.. if !is_text => write!(out, "\\\\{byte:03o}").map(|()| 5),
            _ => out.write(&[byte]),
        };
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::format::{HeaderChoice, Operator, Plain};
    use crate::facts::test_downstream;
    use serde_json::json;

    fn operator(operator: Operator) -> Piece {
        Piece::Operator {
            operator,
            at_most: None,
        }
    }

    fn line(omit_empty: bool) -> String {
        let plain = |plain| {
            JsonFormat::Text(Format {
                pieces: vec![operator(Operator::Plain(plain))],
            })
        };
        let mixed = JsonFormat::Text(Format {
            pieces: vec![
                Piece::Text("a\"é ".into()),
                operator(Operator::Plain(Plain::Protocol)),
            ],
        });
        let missing = Operator::RequestHeader(HeaderChoice {
            name: "x".into(),
            other: None,
        });
        let missing = JsonFormat::Text(Format {
            pieces: vec![operator(missing)],
        });
        let fields = [
            ("gone".to_owned(), missing),
            ("code".to_owned(), plain(Plain::ResponseCode)),
            ("flags".to_owned(), plain(Plain::ResponseFlags)),
            (
                "list".to_owned(),
                JsonFormat::List(vec![
                    JsonFormat::Literal(json!(true)),
                    JsonFormat::Literal(json!(1)),
                    JsonFormat::Literal(json!(2.5)),
                    JsonFormat::Literal(json!(null)),
                    mixed,
                ]),
            ),
            ("object".to_owned(), JsonFormat::Object(Vec::new())),
        ];
        let downstream = test_downstream();
        let mut out = Vec::new();
        object(&fields, omit_empty, &LogContext::new(&downstream), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn types_are_kept() {
        let list = r#"[true,1,"2.5",null,"a\"é -"]"#;
        let rest = format!(r#""code":0,"flags":"-","list":{list},"object":{{}}"#);
        assert_eq!(line(false), format!(r#"{{"gone":null,{rest}}}"#));
        let wanted = r#"{"code":0,"flags":"-","list":[true,1,"2.5","a\"é "]}"#;
        assert_eq!(line(true), wanted);
    }

    #[test]
    fn what_is_no_text_is_shown_in_octal_digits() {
        let mut out = Vec::new();
        string(b"a\xff\x01\n", &mut out);
        assert_eq!(out, br#""a\\377\u0001\n""#);
    }
}
