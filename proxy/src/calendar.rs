//! Writes moments as dates and times of day, in UTC.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The year.
    pub year: i64,
    /// The month, from 1.
    pub month: i64,
    /// The day of the month, from 1.
    pub day: i64,
    /// The hour.
    pub hour: i64,
    /// The minute.
    pub minute: i64,
    /// The second; leap seconds do not exist to the system.
    pub second: i64,
    /// The nanosecond of the second.
    pub nanosecond: u32,
}

const SECONDS_OF_DAY: i64 = 86_400;

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        let (seconds, nanosecond) = since_epoch(time);
        let (year, month, day) = date(seconds.div_euclid(SECONDS_OF_DAY));
        let of_day = seconds.rem_euclid(SECONDS_OF_DAY);
        Self {
            year,
            month,
            day,
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
            nanosecond,
        }
    }
}

/// RFC 3339 with as many digits of the second as it has, none or three.
impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            self.year, self.month, self.day, self.hour, self.minute, self.second
        )?;
        match self.nanosecond / 1_000_000 {
            0 => formatter.write_str("Z"),
            milliseconds => write!(formatter, ".{milliseconds:03}Z"),
        }
    }
}

/// Seconds since 1970, rounded down, and the nanoseconds beyond them.
fn since_epoch(time: SystemTime) -> (i64, u32) {
    let whole = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (whole(after), after.subsec_nanos()),
        Err(before) => match (whole(before.duration()), before.duration().subsec_nanos()) {
            (seconds, 0) => (-seconds, 0),
            (seconds, nanoseconds) => (-seconds - 1, 1_000_000_000 - nanoseconds),
        },
    }
}

/// Year, month and day of a day that is counted from 1970.
fn date(days: i64) -> (i64, i64, i64) {
    // Counted from 1 March of the year 0, so that the leap day is a year's last; 400 years repeat.
    const OF_400_YEARS: i64 = 146_097;
    const OF_100_YEARS: i64 = 36_524;
    const OF_4_YEARS: i64 = 1_461;
    let days = days + 719_468;
    let era = days.div_euclid(OF_400_YEARS);
    let of_era = days.rem_euclid(OF_400_YEARS);
    let leap_days = of_era / (OF_4_YEARS - 1) - of_era / OF_100_YEARS + of_era / (OF_400_YEARS - 1);
    let of_years = (of_era - leap_days) / 365;
    let of_year = of_era - (365 * of_years + of_years / 4 - of_years / 100);
    // Months from March have 31, 30, 31, 30, 31 days, over and over: 153 in five.
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = of_years + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_their_dates() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (1_795_560_000, "2026-11-24T22:40:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (4_949_031_079, "2126-10-30T10:51:19Z"),
        ];
        for (seconds, text) in cases {
            let moment = Moment::from(UNIX_EPOCH + Duration::from_secs(seconds));
            assert_eq!(moment.to_string(), text);
        }
        let before = Moment::from(UNIX_EPOCH - Duration::from_millis(1));
        assert_eq!(before.to_string(), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn days_follow_each_other() {
        let mut last = date(-800_000);
        for days in -799_999..800_000 {
            let next = date(days);
            let (year, month, day) = next;
            assert!(next > last && (1..=12).contains(&month) && (1..=31).contains(&day));
            assert!(
                day == 1 || day == last.2 + 1,
                "{year}-{month}-{day} follows {last:?}"
            );
            last = next;
        }
    }
}
