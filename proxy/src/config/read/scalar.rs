//! Tells what a plain YAML scalar is, as yaml-cpp does for Envoy.

use crate::config::tree::Data;

/// What `text` is when it stands without quotes.
pub(super) fn plain(text: &str) -> Data {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Data::Null,
        _ => {}
    }
    if let Some(value) = boolean(text) {
        return Data::Bool(value);
    }
    match integer(text) {
        Some(value) => Data::Number(value.to_string()),
        None => Data::Text(text.to_owned()),
    }
}

/// `y`, `yes`, `true`, `on` and their opposites, in lower case, in upper case or capitalized.
fn boolean(text: &str) -> Option<bool> {
    const WORDS: [(&str, bool); 8] = [
        ("y", true),
        ("n", false),
        ("yes", true),
        ("no", false),
        ("true", true),
        ("false", false),
        ("on", true),
        ("off", false),
    ];
    let rest = text.get(1..)?;
    let lower = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase());
    let upper = |text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase());
    let cased = lower(rest) || (upper(rest) && upper(&text[..1]));
    let known = WORDS
        .iter()
        .find(|(word, _)| text.eq_ignore_ascii_case(word));
    known.filter(|_| cased).map(|(_, value)| *value)
}

/// Decimal, `0x…` hexadecimal or `0…` octal, with a sign, within 64 bits.
fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes() {
        [b'-', ..] => ("-", &text[1..]),
        [b'+', ..] => ("", &text[1..]),
        _ => ("", text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (16, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), radix).ok()
}

#[cfg(test)]
mod tests {
    use super::plain;
    use crate::config::tree::Data;

    #[test]
    fn reads_as_yaml_1_1() {
        let number = |text: &str| Data::Number(text.to_owned());
        let text = |text: &str| Data::Text(text.to_owned());
        let cases = [
            ("", Data::Null),
            ("Null", Data::Null),
            ("nULL", text("nULL")),
            ("n", Data::Bool(false)),
            ("Y", Data::Bool(true)),
            ("Yes", Data::Bool(true)),
            ("YES", Data::Bool(true)),
            ("yES", text("yES")),
            ("OFF", Data::Bool(false)),
            ("TRue", text("TRue")),
            ("010", number("8")),
            ("0x1F", number("31")),
            ("+5", number("5")),
            ("-5", number("-5")),
            ("--5", text("--5")),
            ("08", text("08")),
            ("0", number("0")),
            ("1.5", text("1.5")),
            ("1e3", text("1e3")),
            ("9223372036854775808", text("9223372036854775808")),
            ("ü", text("ü")),
        ];
        for (written, expected) in cases {
            assert_eq!(plain(written), expected, "{written}");
        }
    }
}
