//! Reads and writes small texts of headers without allocating: numbers, lists, names.

use std::io::Write;

use super::message::RequestHead;

/// A decimal number as Envoy reads one in a header: surrounding blanks and a plus sign do not matter.
pub fn number(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii();
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |sum, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

/// The words of a list with commas between, without blanks and without empty ones.
pub fn list(text: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    text.split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|word| !word.is_empty())
}

/// A number as text, on the stack.
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    bytes: [u8; 20],
    start: usize,
}

impl Decimal {
    /// The digits of `number`.
    pub fn new(mut number: u64) -> Self {
        let mut bytes = [b'0'; 20];
        let mut start = bytes.len();
        loop {
            start -= 1;
            bytes[start] = b'0' + u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
            if number == 0 {
                return Self { bytes, start };
            }
        }
    }

    /// The digits.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

/// Something displayed, on the stack as long as it is short (such as an address).
#[derive(Debug, Clone, Copy)]
pub struct Short {
    bytes: [u8; 64],
    length: usize,
}

impl Short {
    /// The text of `value`, cut after 64 bytes.
    pub fn new(value: impl std::fmt::Display) -> Self {
        let mut bytes = [0; 64];
        let mut rest = &mut bytes[..];
        // What does not fit is cut off: nothing that is written here is longer.
        let _ = write!(rest, "{value}");
        let length = 64 - rest.len();
        Self { bytes, length }
    }

    /// The text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// The first value of a request's header, also of `:path` and its like.
pub fn first_value<'a>(head: &'a RequestHead, name: &[u8]) -> Option<&'a [u8]> {
    match pseudo(head, name) {
        Some(value) => value,
        None => head
            .headers
            .iter()
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value),
    }
}

/// What stands in a field of its own; `None` for names of ordinary headers.
#[expect(
    clippy::option_option,
    reason = "no pseudo header, and one that is absent"
)]
pub(super) fn pseudo<'a>(head: &'a RequestHead, name: &[u8]) -> Option<Option<&'a [u8]>> {
    let value = match name {
        b":method" => &head.method,
        b":path" => &head.path,
        b":authority" | b"host" if head.blank_authority => return Some(Some(b"")),
        b":authority" | b"host" => &head.authority,
        b":scheme" => &head.scheme,
        b":protocol" => &head.upgrade,
        _ => return None,
    };
    Some((!value.is_empty()).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(number(b" 15 "), Some(15));
        for wrong in [&b""[..], b"-1", b"1x", b"18446744073709551616"] {
            assert_eq!(number(wrong), None);
        }
        assert_eq!(Decimal::new(0).as_bytes(), b"0");
        assert_eq!(Decimal::new(u64::MAX).as_bytes(), b"18446744073709551615");
    }

    #[test]
    fn pseudo_headers_are_headers() {
        let mut head = RequestHead {
            path: b"/x".to_vec(),
            ..RequestHead::default()
        };
        head.headers.push(b"a", b"1");
        head.headers.push(b"a", b"2");
        assert_eq!(first_value(&head, b":path"), Some(&b"/x"[..]));
        assert_eq!(first_value(&head, b":authority"), None);
        assert_eq!(first_value(&head, b"a"), Some(&b"1"[..]));
    }
}
