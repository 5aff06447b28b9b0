//! Wraps what the program answers in JSON in its versioned envelope.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// The version of every JSON answer.
pub(crate) const API_VERSION: &str = "meshctl.dev/v1";

/// An answer of some kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Envelope {
    /// What was asked for.
    pub(crate) items: Vec<Value>,
    /// What went wrong.
    pub(crate) errors: Vec<Value>,
    /// What was left out on purpose.
    pub(crate) skipped: Vec<Value>,
}

impl Envelope {
    /// The envelope as text with a newline behind it.
    pub(crate) fn render(self, kind: &str, now: Timestamp) -> String {
        pretty(&json!({
            "apiVersion": API_VERSION,
            "kind": kind,
            "generatedAt": now.to_string(),
            "items": self.items,
            "errors": self.errors,
            "skipped": self.skipped,
        }))
    }
}

/// A JSON value over several lines, with a newline behind it.
pub(crate) fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// Seconds since 1970, shown as RFC 3339 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timestamp(pub(crate) u64);

impl Timestamp {
    /// The time that `SOURCE_DATE_EPOCH` gives (see <https://reproducible-builds.org>), else now.
    pub(crate) fn now(source_date_epoch: Option<&str>) -> Self {
        let given = source_date_epoch.and_then(|text| text.parse().ok());
        let clock = || {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs())
        };
        Self(given.unwrap_or_else(clock).min(LAST))
    }
}

impl std::fmt::Display for Timestamp {
    /// Civil date from days, after <https://howardhinnant.github.io/date_algorithms.html>.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (days, seconds) = (self.0 / 86_400 + 719_468, self.0 % 86_400);
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(
            formatter,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

/// The last second of the year 9999.
const LAST: u64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use super::{LAST, Timestamp};

    #[test]
    fn shows_civil_dates() {
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Timestamp(951_782_400).to_string(), "2000-02-29T00:00:00Z");
        assert_eq!(Timestamp(1_795_430_096).to_string(), "2026-11-23T10:34:56Z");
        assert_eq!(Timestamp(LAST).to_string(), "9999-12-31T23:59:59Z");
    }
}
