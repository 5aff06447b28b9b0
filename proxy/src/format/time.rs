//! Writes points in time by a `strftime` format with Envoy's additions.

use std::io::Write;
use std::time::Duration;

const DEFAULT: &str = "%Y-%m-%dT%H:%M:%E3SZ";
const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A date and a time of day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar {
    /// The year.
    pub year: u64,
    /// 1 to 12.
    pub month: u64,
    /// 1 to 31.
    pub day: u64,
    /// 0 for Sunday.
    pub weekday: u64,
    /// 1 to 366.
    pub day_of_year: u64,
    /// The second of the day.
    pub second: u64,
}

impl Calendar {
    /// The date of a time since 1970.
    pub fn new(time: Duration) -> Self {
        let days = time.as_secs() / 86_400;
        // Counted from a 1st of March at the beginning of a cycle of 400 years.
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day + 2) / 153;
        let day_of_month = day - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
        let index = usize::try_from(month - 1).unwrap_or(0);
        Self {
            year,
            month,
            day: day_of_month,
            weekday: (days + 4) % 7,
            day_of_year: before[index] + day_of_month + u64::from(leap && month > 2),
            second: time.as_secs() % 86_400,
        }
    }

    /// The year and the week by ISO 8601: weeks begin on Monday, the first holds 4 January.
    fn iso_week(self) -> (u64, u64) {
        let monday_based = (self.weekday + 6) % 7;
        let week = (self.day_of_year + 9 - monday_based) / 7;
        if week == 0 {
            let last = days_of(self.year - 1);
            return (
                self.year - 1,
                (self.day_of_year + last + 9 - monday_based) / 7,
            );
        }
        let left = days_of(self.year) - self.day_of_year;
        if week == 53 && left + monday_based < 3 {
            return (self.year + 1, 1);
        }
        (self.year, week)
    }

    fn weekday_name(self) -> &'static str {
        DAYS[usize::try_from(self.weekday).unwrap_or(0)]
    }

    fn month_name(self) -> &'static str {
        MONTHS[usize::try_from(self.month - 1).unwrap_or(0)]
    }

    /// As the header `date` shows it (RFC 9110 §5.6.7).
    pub fn write_http_date(self, out: &mut Vec<u8>) {
        let Self {
            year, day, second, ..
        } = self;
        let (weekday, month) = (&self.weekday_name()[..3], &self.month_name()[..3]);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let _ = write!(
            out,
            "{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT"
        );
    }
}

fn days_of(year: u64) -> u64 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    365 + u64::from(leap)
}

/// Appends `time`, counted from 1970; an empty format means ISO 8601 with milliseconds.
pub fn write(format: &str, time: Duration, out: &mut Vec<u8>) {
    let calendar = Calendar::new(time);
    let mut rest = if format.is_empty() { DEFAULT } else { format };
    while let Some(at) = rest.find('%') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at..];
        let length = conversion(rest, calendar, time, out);
        rest = rest.get(length..).unwrap_or_default();
    }
    out.extend_from_slice(rest.as_bytes());
}

/// Writes what stands for the conversion at the beginning of `rest`; how long it is.
fn conversion(rest: &str, calendar: Calendar, time: Duration, out: &mut Vec<u8>) -> usize {
    let bytes = rest.as_bytes();
    match bytes[1..] {
        [b'E', digits @ b'1'..=b'9', b'S', ..] => {
            pad(calendar.second % 60, 2, out);
            out.push(b'.');
            fraction(time, digits, out);
            4
        }
        [b'E', b'*', b'S', ..] => {
            pad(calendar.second % 60, 2, out);
            if time.subsec_nanos() > 0 {
                out.push(b'.');
                fraction(time, b'9', out);
                let end = out
                    .iter()
                    .rposition(|byte| *byte != b'0')
                    .map_or(0, |at| at + 1);
                out.truncate(end);
            }
            4
        }
        [b'E', digits @ b'1'..=b'9', b'f', ..] => {
            fraction(time, digits, out);
            4
        }
        [digits @ b'1'..=b'9', b'f', ..] => {
            fraction(time, digits, out);
            3
        }
        [b'f', ..] => {
            fraction(time, b'9', out);
            2
        }
        [b'3' | b'6' | b'9', ..] | [] => {
            out.push(b'%');
            1
        }
        [letter, ..] => {
            if !date(letter, calendar, time, out) && !clock(letter, calendar, out) {
                out.extend_from_slice(&bytes[..2]);
            }
            2
        }
    }
}

fn date(letter: u8, calendar: Calendar, time: Duration, out: &mut Vec<u8>) -> bool {
    match letter {
        b'Y' => out.extend_from_slice(calendar.year.to_string().as_bytes()),
        b'y' => pad(calendar.year % 100, 2, out),
        b'C' => pad(calendar.year / 100, 2, out),
        b'm' => pad(calendar.month, 2, out),
        b'd' => pad(calendar.day, 2, out),
        b'e' => {
            let _ = write!(out, "{:2}", calendar.day);
        }
        b'j' => pad(calendar.day_of_year, 3, out),
        b'U' => pad((calendar.day_of_year + 6 - calendar.weekday) / 7, 2, out),
        b'W' => pad(
            (calendar.day_of_year + 6 - (calendar.weekday + 6) % 7) / 7,
            2,
            out,
        ),
        b'V' => pad(calendar.iso_week().1, 2, out),
        b'G' => pad(calendar.iso_week().0, 4, out),
        b'g' => pad(calendar.iso_week().0 % 100, 2, out),
        b'a' => out.extend_from_slice(&calendar.weekday_name().as_bytes()[..3]),
        b'A' => out.extend_from_slice(calendar.weekday_name().as_bytes()),
        b'b' | b'h' => out.extend_from_slice(&calendar.month_name().as_bytes()[..3]),
        b'B' => out.extend_from_slice(calendar.month_name().as_bytes()),
        b'w' => pad(calendar.weekday, 1, out),
        b'u' => pad((calendar.weekday + 6) % 7 + 1, 1, out),
        b's' => pad(time.as_secs(), 1, out),
        b'F' => write("%Y-%m-%d", time, out),
        b'D' | b'x' => write("%m/%d/%y", time, out),
        b'c' => write("%a %b %e %H:%M:%S %Y", time, out),
        _ => return false,
    }
    true
}

fn clock(letter: u8, calendar: Calendar, out: &mut Vec<u8>) -> bool {
    let second = calendar.second;
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    match letter {
        b'H' => pad(hour, 2, out),
        b'I' => pad((hour + 11) % 12 + 1, 2, out),
        b'M' => pad(minute, 2, out),
        b'S' => pad(second % 60, 2, out),
        b'k' => {
            let _ = write!(out, "{hour:2}");
        }
        b'l' => {
            let _ = write!(out, "{:2}", (hour + 11) % 12 + 1);
        }
        b'P' => out.extend_from_slice(if hour < 12 { b"am" } else { b"pm" }),
        b'p' => out.extend_from_slice(if hour < 12 { b"AM" } else { b"PM" }),
        b'R' => {
            let _ = write!(out, "{hour:02}:{minute:02}");
        }
        b'T' | b'X' => {
            let _ = write!(out, "{hour:02}:{minute:02}:{:02}", second % 60);
        }
        b'z' => out.extend_from_slice(b"+0000"),
        b'Z' => out.extend_from_slice(b"UTC"),
        b'n' => out.push(b'\n'),
        b't' => out.push(b'\t'),
        b'%' => out.push(b'%'),
        _ => return false,
    }
    true
}

fn pad(number: u64, width: usize, out: &mut Vec<u8>) {
    let _ = write!(out, "{number:0width$}");
}

/// The first digits of the fraction of a second; their count is itself a digit.
fn fraction(time: Duration, count: u8, out: &mut Vec<u8>) {
    let start = out.len();
    let _ = write!(out, "{:09}", time.subsec_nanos());
    out.truncate(start + usize::from(count - b'0'));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(format: &str, time: Duration) -> String {
        let mut out = Vec::new();
        write(format, time, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn formats() {
        let time = Duration::new(1_700_000_000, 12_345_678);
        assert_eq!(shown("", time), "2023-11-14T22:13:20.012Z");
        assert_eq!(
            shown("%s.%3f %f %E6S", time),
            "1700000000.012 012345678 20.012345"
        );
        assert_eq!(
            shown("%a %b %e %H:%M:%S %Y %j %%", time),
            "Tue Nov 14 22:13:20 2023 318 %"
        );
        assert_eq!(shown("%Q%", time), "%Q%");
        let mut date = Vec::new();
        Calendar::new(Duration::from_secs(784_111_777)).write_http_date(&mut date);
        assert_eq!(date, b"Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn leap_years() {
        let of = |days: u64| shown("%F %j", Duration::from_secs(days * 86_400));
        assert_eq!(of(0), "1970-01-01 001");
        assert_eq!(of(11_016), "2000-02-29 060");
        assert_eq!(of(11_017), "2000-03-01 061");
        assert_eq!(of(11_322), "2000-12-31 366");
    }

    #[test]
    fn weeks() {
        let of = |days: u64| shown("%F %G-%V %U %W", Duration::from_secs(days * 86_400));
        assert_eq!(of(20_781), "2026-11-24 2026-48 47 47");
        assert_eq!(of(18_628), "2021-01-01 2020-53 00 00");
        assert_eq!(of(16_070), "2013-12-31 2014-01 52 52");
    }
}
