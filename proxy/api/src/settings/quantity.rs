//! Kubernetes quantities, as `resource.Quantity` reads them, for CPU and memory.
//!
//! Two habits of Kubernetes are errors here, because nobody means them: CPU finer than `1m` (rounded
//! up there) and fractions of a byte (`128m` of memory is an eighth of a byte).

use super::InvalidSetting;
use super::value::SettingValue;

/// CPU, such as `10m`, `0.5` or `2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cpu(Quantity);

impl Cpu {
    /// Thousandths of a CPU.
    pub fn millis(&self) -> u128 {
        self.0.nanos / 1_000_000
    }

    /// The quantity as it was given.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// So many thousandths of a CPU.
    pub(crate) fn of_millis(millis: u128) -> Self {
        Self(Quantity {
            text: format!("{millis}m"),
            nanos: millis * 1_000_000,
        })
    }
}

impl SettingValue for Cpu {
    fn parse(text: &str) -> Result<Self, InvalidSetting> {
        let quantity = Quantity::parse(text, "CPU is a quantity such as 10m, 0.5 or 2")?;
        if !quantity.nanos.is_multiple_of(1_000_000) {
            return Err(InvalidSetting::new(
                0,
                format!("`{text}` is finer than 1m, the least that Kubernetes counts"),
            ));
        }
        Ok(Self(quantity))
    }

    fn text(&self) -> String {
        self.0.text.clone()
    }
}

/// Memory, such as `20Mi` or `1Gi`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory(Quantity);

impl Memory {
    /// Bytes.
    pub fn bytes(&self) -> u128 {
        self.0.nanos / NANOS
    }

    /// The quantity as it was given.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// So many mebibytes.
    pub(crate) fn of_mebibytes(mebibytes: u128) -> Self {
        Self(Quantity {
            text: format!("{mebibytes}Mi"),
            nanos: mebibytes * 1024 * 1024 * NANOS,
        })
    }
}

impl SettingValue for Memory {
    fn parse(text: &str) -> Result<Self, InvalidSetting> {
        let quantity = Quantity::parse(text, "memory is a quantity such as 20Mi, 128M or 1Gi")?;
        if !quantity.nanos.is_multiple_of(NANOS) {
            let number = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
            return Err(InvalidSetting::new(
                number.len(),
                format!("`{text}` is not a whole number of bytes: did you mean {number}Mi?"),
            ));
        }
        Ok(Self(quantity))
    }

    fn text(&self) -> String {
        self.0.text.clone()
    }
}

const NANOS: u128 = 1_000_000_000;

/// A positive quantity: the text, which Kubernetes reads again, and its value for comparing.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Quantity {
    text: String,
    nanos: u128,
}

impl Quantity {
    fn parse(text: &str, expected: &str) -> Result<Self, InvalidSetting> {
        let wrong = |at: usize| InvalidSetting::new(at, format!("{expected}, not `{text}`"));
        if text.is_empty() {
            return Err(InvalidSetting::new(
                0,
                format!("the value is empty: {expected}"),
            ));
        }
        if text.starts_with('-') {
            return Err(InvalidSetting::new(
                0,
                format!("{expected}, greater than 0, not `{text}`"),
            ));
        }
        let signed = usize::from(text.starts_with('+'));
        let end = text[signed..]
            .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
            .map_or(text.len(), |position| signed + position);
        let (whole, fraction) = text[signed..end]
            .split_once('.')
            .unwrap_or((&text[signed..end], ""));
        if whole.is_empty() && fraction.is_empty() {
            return Err(wrong(signed));
        }
        if let Some(dot) = fraction.find('.') {
            return Err(wrong(signed + whole.len() + 1 + dot));
        }
        let scale = Scale::parse(&text[end..]).ok_or_else(|| wrong(end))?;
        let nanos = scale.nanos(whole, fraction).ok_or_else(|| {
            InvalidSetting::new(
                0,
                format!("`{text}` has more digits than Kubernetes can count"),
            )
        })?;
        if nanos == 0 {
            return Err(InvalidSetting::new(
                0,
                format!("{expected}, greater than 0, not `{text}`"),
            ));
        }
        Ok(Self {
            text: text.to_owned(),
            nanos,
        })
    }
}

/// What a suffix multiplies by.
enum Scale {
    /// A power of ten, from -9 to 18.
    Ten(i32),
    /// A power of two.
    Two(u32),
}

impl Scale {
    fn parse(suffix: &str) -> Option<Self> {
        let scale = match suffix {
            "n" => Self::Ten(-9),
            "u" => Self::Ten(-6),
            "m" => Self::Ten(-3),
            "" => Self::Ten(0),
            "k" => Self::Ten(3),
            "M" => Self::Ten(6),
            "G" => Self::Ten(9),
            "T" => Self::Ten(12),
            "P" => Self::Ten(15),
            "E" => Self::Ten(18),
            "Ki" => Self::Two(10),
            "Mi" => Self::Two(20),
            "Gi" => Self::Two(30),
            "Ti" => Self::Two(40),
            "Pi" => Self::Two(50),
            "Ei" => Self::Two(60),
            _ => {
                let exponent = suffix.strip_prefix(['e', 'E'])?;
                Self::Ten(
                    exponent
                        .parse()
                        .ok()
                        .filter(|power| (-9..=18).contains(power))?,
                )
            }
        };
        Some(scale)
    }

    /// The value in billionths; none when it cannot be held exactly or passes 2⁶³ − 1.
    fn nanos(&self, whole: &str, fraction: &str) -> Option<u128> {
        let fraction = fraction.trim_end_matches('0');
        let digits: u128 = match format!("{whole}{fraction}").trim_start_matches('0') {
            "" => 0,
            digits => digits.parse().ok()?,
        };
        let places = i32::try_from(fraction.len()).ok()?;
        let (multiplied, power) = match self {
            Self::Ten(power) => (digits, power + 9 - places),
            Self::Two(power) => (digits.checked_mul(1 << power)?, 9 - places),
        };
        let factor = 10_u128.checked_pow(power.unsigned_abs())?;
        let nanos = if power >= 0 {
            multiplied.checked_mul(factor)?
        } else {
            multiplied
                .is_multiple_of(factor)
                .then(|| multiplied / factor)?
        };
        let most = u128::from(i64::MAX.unsigned_abs()) * NANOS;
        (nanos <= most).then_some(nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> (usize, String) {
        let error = Memory::parse(text).unwrap_err();
        (error.at, error.message)
    }

    #[test]
    fn reads_every_suffix() {
        for (text, bytes) in [
            ("20Mi", 20 << 20),
            ("1.5Gi", 3 << 29),
            ("128M", 128_000_000),
            ("1e3", 1000),
            ("1E3", 1000),
            ("1E", 1_000_000_000_000_000_000),
            ("+5", 5),
            ("5.", 5),
            (".5k", 500),
            ("1000m", 1),
            ("0.5Ki", 512),
        ] {
            assert_eq!(
                Memory::parse(text).map(|memory| memory.bytes()),
                Ok(bytes),
                "{text}"
            );
        }
        assert_eq!(Cpu::parse("0.25").unwrap().millis(), 250);
        assert_eq!(Cpu::parse("10m").unwrap().text(), "10m");
    }

    #[test]
    fn says_where_a_quantity_goes_wrong() {
        assert_eq!(error("20MiB").0, 2);
        assert_eq!(error("1.2.3").0, 3);
        assert_eq!(error("Mi").0, 0);
        assert_eq!(error("").0, 0);
        assert!(error("-1Mi").1.contains("greater than 0"));
        assert!(error("0").1.contains("greater than 0"));
        assert!(error("99Ei").1.contains("more digits"));
        assert_eq!(error("1e99").0, 1);
        assert_eq!(
            error("128m"),
            (
                3,
                "`128m` is not a whole number of bytes: did you mean 128Mi?".to_owned()
            )
        );
        assert!(
            Cpu::parse("0.5m")
                .unwrap_err()
                .message
                .contains("finer than 1m")
        );
        assert!(Cpu::parse("1 ").is_err());
    }
}
