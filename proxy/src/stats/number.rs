//! Writes floating-point numbers as Envoy's several formats do.

/// The shorter of the fixed and the scientific form that read back to the same number; JSON's.
pub(super) fn shortest(value: f64) -> String {
    let fixed = value.to_string();
    let scientific = scientific(&format!("{value:e}"));
    if scientific.len() < fixed.len() {
        scientific
    } else {
        fixed
    }
}

/// The shortest fixed form that reads back to the same number, scientific only from 10^16 on; that
/// of the quantiles in text.
pub(super) fn plain(value: f64) -> String {
    if value.is_nan() {
        "nan".to_owned()
    } else if value >= 1e16 {
        scientific(&format!("{value:e}"))
    } else {
        value.to_string()
    }
}

/// Six significant digits, scientific from 10^6 on and below 10^-4; that of the bins in text.
pub(super) fn six(value: f64) -> String {
    let text = format!("{value:.5e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let trimmed = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_owned();
    match exponent.parse::<i8>() {
        Ok(exponent @ -4..6) => {
            let decimals = usize::try_from(5 - exponent).unwrap_or(0);
            let text = format!("{value:.decimals$}");
            if text.contains('.') {
                trimmed(&text)
            } else {
                text
            }
        }
        _ => scientific(&format!("{}e{exponent}", trimmed(digits))),
    }
}

/// Thirty-two significant digits of the number's exact value; that of Prometheus.
pub(super) fn exact(value: f64) -> String {
    const DIGITS: usize = 32;
    let whole = value.trunc().to_string().len();
    let text = if value >= 1.0 {
        format!("{value:.*}", DIGITS.saturating_sub(whole))
    } else {
        format!("{value:.DIGITS$}")
    };
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// `1.8e6` with a sign and two digits of exponent: `1.8e+06`.
fn scientific(text: &str) -> String {
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_numbers_take_the_shorter_form() {
        let cases = [
            (0.0, "0"),
            (0.5, "0.5"),
            (10_000.0, "10000"),
            (300_000.0, "3e+05"),
            (1_800_000.0, "1800000"),
            (4.033_333_333_333_333, "4.033333333333333"),
            (819.999_999_999_999_9, "819.9999999999999"),
        ];
        for (value, text) in cases {
            assert_eq!(shortest(value), text);
        }
    }

    #[test]
    fn text_and_prometheus_numbers() {
        assert_eq!(plain(f64::NAN), "nan");
        assert_eq!(plain(824.999_999_999_999_9), "824.9999999999999");
        assert_eq!(six(0.0), "0");
        assert_eq!(six(0.1), "0.1");
        assert_eq!(six(819.999_999_999_999_9), "820");
        assert_eq!(six(300_000.0), "300000");
        assert_eq!(six(1_800_000.0), "1.8e+06");
        assert_eq!(exact(3_600_000.0), "3600000");
        assert_eq!(exact(0.5), "0.5");
        let sum = 180.0 + 180.0 / 370.0 * 10.0;
        assert_eq!(exact(sum), "184.86486486486487024194502737373");
    }
}
