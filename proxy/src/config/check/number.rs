//! Reads numbers as protobuf's reader of JSON takes them.

use crate::config::tree::Data;

/// An integer, from a number or a text with one; `1e3` and `5.0` are integers too.
pub(super) fn integer(data: &Data) -> Option<i128> {
    let (Data::Number(text) | Data::Text(text)) = data else {
        return None;
    };
    if let Ok(value) = text.parse::<i128>() {
        return (!text.starts_with('+')).then_some(value);
    }
    let value = double(data)?;
    let exact = value.fract() == 0.0 && value.abs() < EXACT;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it has no fraction and is small enough"
    )]
    exact.then_some(value as i128)
}

/// A number, from a number or a text with one.
pub(super) fn double(data: &Data) -> Option<f64> {
    match data {
        Data::Number(text) => text.parse().ok(),
        Data::Text(text) => match &**text {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ if text.bytes().all(|byte| b"+-.eE0123456789".contains(&byte)) => text.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// 2⁶³: larger doubles hold no odd numbers.
const EXACT: f64 = 9_223_372_036_854_775_808.0;

#[cfg(test)]
mod tests {
    use super::{double, integer};
    use crate::config::tree::Data;

    #[test]
    fn reads_integers_of_every_form() {
        let text = |text: &str| Data::Text(text.to_owned());
        let number = |text: &str| Data::Number(text.to_owned());
        assert_eq!(
            integer(&number("18446744073709551615")),
            Some(u64::MAX.into())
        );
        assert_eq!(integer(&text("7")), Some(7));
        assert_eq!(integer(&text("1e3")), Some(1000));
        assert_eq!(integer(&number("5.0")), Some(5));
        assert_eq!(integer(&number("1.5")), None);
        assert_eq!(integer(&text("seven")), None);
        assert_eq!(integer(&text("")), None);
        assert_eq!(integer(&Data::Bool(true)), None);
        assert_eq!(double(&text("0.25")), Some(0.25));
        assert_eq!(double(&text("inf")), None);
    }
}
