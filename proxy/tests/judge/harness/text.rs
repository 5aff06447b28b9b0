//! Turns bytes into lines, and makes alike what differs from one run to the next.

use std::hash::{DefaultHasher, Hash, Hasher};

const LONGEST: usize = 300;

/// Bytes as lines of visible characters.
pub(crate) fn lines(bytes: &[u8]) -> Vec<String> {
    bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| normal(&shown(line)))
        .collect()
}

/// Bytes as visible characters; very long ones as their length and a digest.
pub(crate) fn shown(bytes: &[u8]) -> String {
    if bytes.len() <= LONGEST {
        return bytes.escape_ascii().to_string();
    }
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let start = bytes[..40].escape_ascii();
    format!(
        "{start}… {} bytes, digest {:016x}",
        bytes.len(),
        hasher.finish()
    )
}

/// A line without dates, times, ports of clients and random numbers.
pub(crate) fn normal(line: &str) -> String {
    let line = without_uuids(line);
    let line = within(&line, ('[', ']'), |text| {
        let (host, number) = text.rsplit_once(':').unwrap_or(("", text));
        number.parse::<u64>().ok()?;
        // An address of version 6 stands in such brackets too.
        if host.ends_with(':') {
            return None;
        }
        Some(format!("{host} number"))
    });
    let line = within(&line, ('<', '>'), |text| {
        let milliseconds: u64 = text.parse().ok()?;
        Some(format!("{} s", milliseconds / 1000))
    });
    let lower = line.to_ascii_lowercase();
    if lower.starts_with("date: ") && lower.contains(" gmt") {
        return after_colon(&line, "<date>");
    }
    if lower.starts_with("set-cookie: ")
        && let Some((name, rest)) = line.split_once("=\\\"")
        && let Some((value, rest)) = rest.split_once("\\\"")
        && value.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        // A cookie that the proxy has made.
        return format!("{name}=<{} digits>{rest}", value.len());
    }
    if lower.starts_with("x-envoy-upstream-service-time: ") {
        return after_colon(&line, "<time>");
    }
    if let Some(value) = lower.strip_prefix("x-envoy-expected-rq-timeout-ms: ") {
        // What is left of a timeout of seconds, when a request is tried again.
        let digits = value.trim_end_matches("\\r\\n");
        if let Ok(left @ 1000..) = digits.parse::<u64>() {
            return after_colon(&line, &left.next_multiple_of(1000).to_string());
        }
    }
    line
}

fn after_colon(line: &str, value: &str) -> String {
    let name = line.split(':').next().unwrap_or_default();
    let end = if line.ends_with("\\r\\n") {
        "\\r\\n"
    } else {
        ""
    };
    format!("{name}: {value}{end}")
}

/// A line with other texts between two marks, where there is another.
fn within(
    line: &str,
    (left, right): (char, char),
    other: impl Fn(&str) -> Option<String>,
) -> String {
    let mut parts = line.split(left);
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        whole.push(left);
        let found = part.split_once(right);
        let found = found.and_then(|(text, rest)| Some((other(text)?, rest)));
        match found {
            Some((text, rest)) => {
                whole.push_str(&text);
                whole.push(right);
                whole.push_str(rest);
            }
            None => whole.push_str(part),
        }
    }
    whole
}

fn without_uuids(line: &str) -> String {
    let bytes = line.as_bytes();
    let is_uuid = |part: &[u8]| {
        part.len() == 36
            && part.iter().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => *byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
    };
    let found = bytes.windows(36).position(is_uuid);
    found.map_or_else(
        || line.to_owned(),
        |at| format!("{}<uuid>{}", &line[..at], without_uuids(&line[at + 36..])),
    )
}

/// How many digits more than one the times in responses have, which makes the bytes that were sent more.
pub(crate) fn digits_of_times(bytes: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    text.split("x-envoy-upstream-service-time: ")
        .skip(1)
        .map(|rest| {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            digits as u64 - 1
        })
        .sum()
}
