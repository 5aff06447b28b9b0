//! Resolves scalars as `go.yaml.in/yaml/v2` does, the reader inside kubectl.

use serde_json::{Number, Value};

/// What a scalar stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    /// Nothing.
    Null,
    /// `true`, `yes`, `on`, …
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A whole number above the largest signed one.
    Unsigned(u64),
    /// Any other number.
    Float(f64),
    /// Everything else.
    Text(String),
}

impl Scalar {
    /// As a JSON value; infinities have none.
    pub(super) fn into_json(self) -> Option<Value> {
        Some(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Integer(value) => value.into(),
            Self::Unsigned(value) => value.into(),
            Self::Float(value) => Value::Number(number(value)?),
            Self::Text(value) => Value::String(value),
        })
    }

    /// As a JSON key.
    pub(super) fn into_key(self) -> Option<String> {
        match self {
            Self::Null | Self::Unsigned(_) => None,
            Self::Bool(value) => Some(value.to_string()),
            Self::Integer(value) => Some(value.to_string()),
            Self::Float(value) => Some(float_key(value)),
            Self::Text(value) => Some(value),
        }
    }
}

/// What `text` stands for, given whether it is plain and its tag as written.
pub(super) fn resolve(text: &str, plain: bool, tag: Option<&str>) -> Result<Scalar, String> {
    let Some(tag) = tag else {
        return Ok(if plain {
            implicit(text)
        } else {
            Scalar::Text(text.to_owned())
        });
    };
    let tag = short(tag);
    let mismatch = || format!("cannot read {text} as {tag}");
    match &*tag {
        "!!bool" => Some(implicit(text)).filter(|found| matches!(found, Scalar::Bool(_))),
        "!!int" => Some(implicit(text))
            .filter(|found| matches!(found, Scalar::Integer(_) | Scalar::Unsigned(_))),
        "!!float" => match implicit(text) {
            #[expect(clippy::cast_precision_loss, reason = "a float was asked for")]
            Scalar::Integer(value) => Some(Scalar::Float(value as f64)),
            found @ Scalar::Float(_) => Some(found),
            _ => None,
        },
        "!!null" => Some(implicit(text)).filter(|found| *found == Scalar::Null),
        "!!binary" => base64(text).map(Scalar::Text),
        _ => Some(Scalar::Text(text.to_owned())),
    }
    .ok_or_else(mismatch)
}

/// A tag in its short form, `!!str`.
pub(super) fn short(tag: &str) -> String {
    tag.strip_prefix("!<")
        .and_then(|tag| tag.strip_suffix('>'))
        .unwrap_or(tag)
        .strip_prefix("tag:yaml.org,2002:")
        .map_or_else(|| tag.to_owned(), |name| format!("!!{name}"))
}

fn implicit(text: &str) -> Scalar {
    let known = match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Some(Scalar::Bool(true))
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Some(Scalar::Bool(false))
        }
        "" | "~" | "null" | "Null" | "NULL" => Some(Scalar::Null),
        ".nan" | ".NaN" | ".NAN" => Some(Scalar::Float(f64::NAN)),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            Some(Scalar::Float(f64::INFINITY))
        }
        "-.inf" | "-.Inf" | "-.INF" => Some(Scalar::Float(f64::NEG_INFINITY)),
        _ => None,
    };
    let found = known.or_else(|| match text.as_bytes().first() {
        Some(b'.') => float(text),
        Some(b'0'..=b'9' | b'+' | b'-') => {
            let digits = text.replace('_', "");
            integer(&digits).or_else(|| float(&digits))
        }
        _ => None,
    });
    found.unwrap_or_else(|| Scalar::Text(text.to_owned()))
}

/// A whole number as Go's `strconv.ParseInt(text, 0, 64)` and then `ParseUint` read it.
fn integer(text: &str) -> Option<Scalar> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = unsigned.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, &*lower),
    };
    // Rust takes a sign here as well, Go does not take a second one.
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let value = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0i64.checked_sub_unsigned(value).map(Scalar::Integer);
    }
    match i64::try_from(value) {
        Ok(value) => Some(Scalar::Integer(value)),
        Err(_) => (!text.starts_with('+')).then_some(Scalar::Unsigned(value)),
    }
}

/// A decimal number: `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
fn float(text: &str) -> Option<Scalar> {
    let decimal = text
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    let value: f64 = decimal.then(|| text.parse().ok())??;
    value.is_finite().then_some(Scalar::Float(value))
}

/// A float as a JSON number; whole ones without a fraction, as Go writes them.
fn number(value: f64) -> Option<Number> {
    #[expect(clippy::cast_possible_truncation, reason = "the bounds are checked")]
    if value.fract() == 0.0 && value.abs() < 9e15 && !(value == 0.0 && value.is_sign_negative()) {
        return Some(Number::from(value as i64));
    }
    Number::from_f64(value)
}

/// A float as a key: the shortest digits of a 32-bit float, as Go's `FormatFloat(v, 'g', -1, 32)`.
fn float_key(value: f64) -> String {
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    #[expect(clippy::cast_possible_truncation, reason = "kubectl does the same")]
    let value = value as f32;
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..21).contains(&exponent) {
        return value.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// Standard base64 with padding; line breaks do not count. What is no UTF-8 is replaced, as Go does.
fn base64(text: &str) -> Option<String> {
    let symbols: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .collect();
    if !symbols.len().is_multiple_of(4) {
        return None;
    }
    let padding = symbols
        .iter()
        .rev()
        .take(2)
        .take_while(|byte| **byte == b'=')
        .count();
    let mut bytes = Vec::with_capacity(symbols.len() / 4 * 3);
    let mut bits = 0u32;
    for (at, symbol) in symbols[..symbols.len() - padding].iter().enumerate() {
        bits = bits << 6 | u32::from(sextet(*symbol)?);
        if at % 4 == 3 {
            bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
            bits = 0;
        }
    }
    match padding {
        1 => bytes.extend_from_slice(&(bits << 6).to_be_bytes()[1..3]),
        2 => bytes.push((bits << 12).to_be_bytes()[1]),
        _ => {}
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn sextet(symbol: u8) -> Option<u8> {
    Some(match symbol {
        b'A'..=b'Z' => symbol - b'A',
        b'a'..=b'z' => symbol - b'a' + 26,
        b'0'..=b'9' => symbol - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::resolve;

    fn read(text: &str) -> Value {
        resolve(text, true, None)
            .unwrap()
            .into_json()
            .unwrap_or_else(|| json!("no JSON"))
    }

    fn tagged(tag: &str, text: &str) -> Result<Value, String> {
        resolve(text, true, Some(tag)).map(|found| found.into_json().unwrap())
    }

    /// Each line was read by sigs.k8s.io/yaml 1.6.0 (see tests/data/yaml11.json).
    #[test]
    fn agrees_with_kubectl() {
        let table: Vec<(String, Value)> =
            serde_json::from_str(include_str!("../../tests/data/yaml11.json")).unwrap();
        for (text, expected) in table {
            let found = read(&text);
            let equal = match (found.as_f64(), expected.as_f64()) {
                (Some(found), Some(expected)) => found.to_bits() == expected.to_bits(),
                _ => found == expected,
            };
            assert!(equal, "{text}: {found}, but kubectl reads {expected}");
        }
    }

    #[test]
    fn quoted_scalars_are_text() {
        assert_eq!(
            resolve("yes", false, None).unwrap().into_json(),
            Some(json!("yes"))
        );
    }

    #[test]
    fn tags_decide() {
        assert_eq!(tagged("!!str", "12"), Ok(json!("12")));
        assert_eq!(tagged("!<tag:yaml.org,2002:str>", "yes"), Ok(json!("yes")));
        assert_eq!(tagged("!!int", "0x10"), Ok(json!(16)));
        assert_eq!(tagged("!!float", "3"), Ok(json!(3)));
        assert_eq!(tagged("!!bool", "on"), Ok(json!(true)));
        assert_eq!(tagged("!!null", ""), Ok(Value::Null));
        assert_eq!(tagged("!own", "yes"), Ok(json!("yes")));
        assert_eq!(tagged("!!binary", "aGVs\nbG8="), Ok(json!("hello")));
        assert_eq!(tagged("!!binary", "aGVsbA=="), Ok(json!("hell")));
        assert_eq!(
            tagged("!!int", "x"),
            Err("cannot read x as !!int".to_owned())
        );
        assert!(tagged("!!binary", "a").is_err());
    }

    #[test]
    fn keys_are_text() {
        let key = |text| resolve(text, true, None).unwrap().into_key();
        assert_eq!(key("yes").as_deref(), Some("true"));
        assert_eq!(key("0644").as_deref(), Some("420"));
        assert_eq!(key("1.5").as_deref(), Some("1.5"));
        assert_eq!(key("1e30").as_deref(), Some("1e+30"));
        assert_eq!(key("-.inf").as_deref(), Some("-.inf"));
        assert_eq!(key("~"), None);
    }
}
