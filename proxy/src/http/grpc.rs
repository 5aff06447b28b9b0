//! Knows gRPC as far as a proxy must: which requests are calls, their timeouts and their statuses.

use std::time::Duration;

use super::headers::Headers;
use super::message::RequestHead;
use super::text::{Decimal, number};

/// The names of statuses 0 to 16, as `NotFound` and as `NOT_FOUND`.
const NAMES: [(&str, &str); 17] = [
    ("OK", "OK"),
    ("Canceled", "CANCELLED"),
    ("Unknown", "UNKNOWN"),
    ("InvalidArgument", "INVALID_ARGUMENT"),
    ("DeadlineExceeded", "DEADLINE_EXCEEDED"),
    ("NotFound", "NOT_FOUND"),
    ("AlreadyExists", "ALREADY_EXISTS"),
    ("PermissionDenied", "PERMISSION_DENIED"),
    ("ResourceExhausted", "RESOURCE_EXHAUSTED"),
    ("FailedPrecondition", "FAILED_PRECONDITION"),
    ("Aborted", "ABORTED"),
    ("OutOfRange", "OUT_OF_RANGE"),
    ("Unimplemented", "UNIMPLEMENTED"),
    ("Internal", "INTERNAL"),
    ("Unavailable", "UNAVAILABLE"),
    ("DataLoss", "DATA_LOSS"),
    ("Unauthenticated", "UNAUTHENTICATED"),
];

/// The largest number that `grpc-timeout` can hold.
const LARGEST_TIMEOUT: u64 = 99_999_999;

/// Whether a request is a gRPC call.
pub fn is_call(head: &RequestHead) -> bool {
    !head.path.is_empty() && is_content(&head.headers)
}

/// Whether `content-type` is `application/grpc`, perhaps with `+…`.
pub fn is_content(headers: &Headers) -> bool {
    headers
        .get(b"content-type")
        .and_then(|value| value.strip_prefix(b"application/grpc"))
        .is_some_and(|rest| rest.is_empty() || rest[0] == b'+')
}

/// The status in a response's headers or trailers.
pub fn status(headers: &Headers) -> Option<u64> {
    number(headers.get(b"grpc-status")?)
}

/// The status that stands for a status code of HTTP.
pub fn status_of_http(status: u16) -> u8 {
    match status {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502..=504 => 14,
        _ => 2,
    }
}

/// The status code of HTTP that stands for a status.
pub fn http_of_status(status: u64) -> u16 {
    match status {
        0 => 200,
        1 => 499,
        3 | 9 | 11 => 400,
        4 => 504,
        5 => 404,
        6 | 10 => 409,
        7 => 403,
        8 => 429,
        12 => 501,
        14 => 503,
        16 => 401,
        _ => 500,
    }
}

/// A status by its names, as `NotFound` and as `NOT_FOUND`.
pub fn names(status: u64) -> Option<(&'static str, &'static str)> {
    NAMES.get(usize::try_from(status).ok()?).copied()
}

/// The timeout that the client asks for.
pub fn timeout(headers: &Headers) -> Option<Duration> {
    let text = headers.get(b"grpc-timeout")?;
    let (unit, digits) = text.split_last()?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let count = number(digits).filter(|count| *count <= LARGEST_TIMEOUT)?;
    Some(Duration::from_millis(match unit {
        b'H' => count * 3_600_000,
        b'M' => count * 60_000,
        b'S' => count * 1_000,
        b'm' => count,
        b'u' => count.div_ceil(1_000),
        b'n' => count.div_ceil(1_000_000),
        _ => return None,
    }))
}

/// Writes `grpc-timeout`.
pub fn set_timeout(headers: &mut Headers, timeout: Duration) {
    let mut count = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
    let mut unit = b'm';
    for (next, divisor) in [(b'S', 1_000), (b'M', 60), (b'H', 60)] {
        if count <= LARGEST_TIMEOUT {
            break;
        }
        count /= divisor;
        unit = next;
    }
    let mut text = [0; 21];
    let digits = Decimal::new(count.min(LARGEST_TIMEOUT));
    let length = digits.as_bytes().len();
    text[..length].copy_from_slice(digits.as_bytes());
    text[length] = unit;
    headers.set(b"grpc-timeout", &text[..=length]);
}

/// Appends `text` as `grpc-message` holds it.
pub fn escape_message(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        if (b' '..b'~').contains(byte) && *byte != b'%' {
            out.push(*byte);
        } else {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            let digit = |value: u8| DIGITS[usize::from(value)];
            out.extend([b'%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

/// The service and the method that a path names.
pub fn service_and_method(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let path = super::path::without_query(path).strip_prefix(b"/")?;
    let mut parts = path.split(|byte| *byte == b'/');
    let (service, method) = (parts.next()?, parts.next()?);
    (parts.next().is_none() && !service.is_empty() && !method.is_empty())
        .then_some((service, method))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts() {
        let read = |text: &str| timeout(&Headers::from([("grpc-timeout", text)]));
        assert_eq!(read("2S"), Some(Duration::from_secs(2)));
        assert_eq!(read("1500u"), Some(Duration::from_millis(2)));
        assert_eq!(read("1n"), Some(Duration::from_millis(1)));
        assert_eq!(read("100000000m"), None);
        assert_eq!(read("5"), None);
        let mut headers = Headers::new();
        set_timeout(&mut headers, Duration::from_millis(99_999_999));
        assert_eq!(headers.get(b"grpc-timeout").unwrap(), b"99999999m");
        set_timeout(&mut headers, Duration::from_secs(100_000));
        assert_eq!(headers.get(b"grpc-timeout").unwrap(), b"100000S");
    }

    #[test]
    fn calls() {
        let is = |kind: &str| is_content(&Headers::from([("content-type", kind)]));
        assert!(is("application/grpc") && is("application/grpc+proto"));
        assert!(!is("application/grpc-web") && !is("application/json"));
        assert_eq!(
            service_and_method(b"/a.B/C?x"),
            Some((&b"a.B"[..], &b"C"[..]))
        );
        assert_eq!(service_and_method(b"/a/b/c"), None);
    }

    #[test]
    fn messages_are_escaped() {
        let mut out = Vec::new();
        escape_message("a%b\n~é".as_bytes(), &mut out);
        assert_eq!(out, b"a%25b%0A%7E%C3%A9");
    }
}
