//! Reads times as protobuf writes them in JSON.

use std::time::Duration;

/// The time that `1.5s` says; up to nine digits behind the point.
pub(super) fn read(text: &str) -> Option<Duration> {
    let number = text.strip_suffix('s')?;
    let (whole, fraction) = match number.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction),
        None => (number, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || fraction.len() > 9 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let seconds: u64 = whole.parse().ok()?;
    let nanoseconds: u32 = format!("{fraction:0<9}").parse().ok()?;
    (seconds <= LONGEST).then(|| Duration::new(seconds, nanoseconds))
}

/// The time as [`read`] reads it.
pub(super) fn write(time: Duration) -> String {
    let fraction = format!("{:09}", time.subsec_nanos());
    match fraction.trim_end_matches('0') {
        "" => format!("{}s", time.as_secs()),
        digits => format!("{}.{digits}s", time.as_secs()),
    }
}

/// About 10,000 years, where `google.protobuf.Duration` ends.
pub(super) const LONGEST: u64 = 315_576_000_000;

#[cfg(test)]
mod tests {
    use super::{read, write};
    use std::time::Duration;

    #[test]
    fn reads_seconds() {
        assert_eq!(read("0s"), Some(Duration::ZERO));
        assert_eq!(read("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(read("0.000000001s"), Some(Duration::from_nanos(1)));
        for wrong in [
            "",
            "s",
            "5",
            "5ms",
            "-5s",
            ".5s",
            "5.s",
            "1.0000000001s",
            "1 s",
            "+1s",
            "1e3s",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(read("315576000001s"), None);
    }

    #[test]
    fn writes_what_it_reads() {
        for text in ["0s", "1.5s", "0.000000001s", "300s"] {
            assert_eq!(read(text).map(write).as_deref(), Some(text));
        }
    }
}
