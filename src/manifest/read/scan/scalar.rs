//! Scans one plain or quoted scalar on one line.

use std::borrow::Cow;

use super::line::{
    DOUBLE_QUOTED, FLOW_PLAIN, PLAIN, ordinary_length, single_quoted_length, wide_length,
};
use super::{LONGEST_KEY, Scanner};
use crate::manifest::tree::{Shape, Style};

/// A scalar that has not become a node yet.
pub(super) struct Scalar<'a> {
    pub style: Style,
    pub start: usize,
    pub end: usize,
    pub value: Cow<'a, str>,
}

impl<'a> Scanner<'a> {
    pub(super) fn push_scalar(&mut self, scalar: Scalar<'a>) {
        self.push(
            Shape::Scalar,
            scalar.style,
            scalar.start..scalar.end,
            scalar.value,
        );
    }

    /// The scalar at `at`, in block context.
    #[inline]
    pub(super) fn scalar(&mut self) -> Option<Scalar<'a>> {
        match *self.bytes.get(self.at)? {
            b'"' => self.double_quoted(),
            b'\'' => self.single_quoted(),
            _ => self.plain(PLAIN),
        }
    }

    /// The scalar at `at`, in a flow collection.
    pub(super) fn flow_scalar(&mut self) -> Option<Scalar<'a>> {
        match *self.bytes.get(self.at)? {
            b'"' => self.double_quoted(),
            b'\'' => self.single_quoted(),
            _ => self.plain(FLOW_PLAIN),
        }
    }

    /// Passes the colon that makes `scalar` a key, if there is one.
    #[inline]
    pub(super) fn passes_colon(&mut self, scalar: &Scalar<'_>) -> Option<bool> {
        if self.bytes.get(self.at) != Some(&b':') {
            return Some(false);
        }
        if !self.breaks_or_space(self.at + 1) || self.at - scalar.start > LONGEST_KEY {
            return None;
        }
        self.at += 1;
        Some(true)
    }

    /// A plain scalar, up to the colon, comment, flow indicator or line break that ends it.
    #[inline]
    fn plain(&mut self, context: u8) -> Option<Scalar<'a>> {
        let start = self.at;
        self.begins_plain(context)?;
        let mut at = start;
        loop {
            at += ordinary_length(&self.bytes[at..], context);
            at += match self.bytes.get(at) {
                None | Some(b'\n' | b'\r') => break,
                Some(b':') if self.breaks_or_space(at + 1) => break,
                Some(b':') if context == PLAIN => 1,
                // Readers disagree about other colons in flow collections.
                Some(b':') if self.bytes[at + 1].is_ascii_alphanumeric() => 1,
                Some(b':') if self.bytes[at + 1] == b'/' => 1,
                Some(b'#') if self.bytes[at - 1] == b' ' => break,
                Some(b'#') => 1,
                Some(b',' | b']' | b'}') if context == FLOW_PLAIN => break,
                Some(_) => wide_length(&self.bytes[at..])?,
            };
        }
        self.at = at;
        let mut end = at;
        while self.bytes[end - 1] == b' ' {
            end -= 1;
        }
        let value = Cow::Borrowed(self.text.get(start..end)?);
        Some(Scalar {
            style: Style::Plain,
            start,
            end,
            value,
        })
    }

    /// Whether a plain scalar may begin here.
    #[inline]
    fn begins_plain(&self, context: u8) -> Option<()> {
        let next = || self.bytes.get(self.at + 1).copied().unwrap_or(b'\n');
        let begins = match self.bytes[self.at] {
            b'-' if context == PLAIN => !matches!(next(), b' ' | b'\t' | b'\n' | b'\r'),
            b':' if context == PLAIN => next().is_ascii_alphanumeric(),
            b'-' => next().is_ascii_alphanumeric(),
            b'?' | b':' | b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|'
            | b'>' | b'\'' | b'"' | b'%' | b'@' | b'`' => false,
            _ => true,
        };
        begins.then_some(())
    }

    fn single_quoted(&mut self) -> Option<Scalar<'a>> {
        let start = self.at;
        let mut doubled = false;
        let mut at = start + 1;
        loop {
            at += single_quoted_length(&self.bytes[at..]);
            at += match self.bytes.get(at)? {
                b'\'' if self.bytes.get(at + 1) == Some(&b'\'') => {
                    doubled = true;
                    2
                }
                b'\'' => break,
                _ => wide_length(&self.bytes[at..])?,
            };
        }
        let inner = self.text.get(start + 1..at)?;
        let value = if doubled {
            inner.replace("''", "'").into()
        } else {
            inner.into()
        };
        Some(self.end_quoted(Style::SingleQuoted, at, value))
    }

    fn double_quoted(&mut self) -> Option<Scalar<'a>> {
        let start = self.at + 1;
        let mut value: Option<String> = None;
        // What stands before this byte is in `value`, if there is one.
        let mut done = start;
        let mut at = start;
        loop {
            at += ordinary_length(&self.bytes[at..], DOUBLE_QUOTED);
            match self.bytes.get(at)? {
                b'"' => break,
                b'\\' => {
                    let value = value.get_or_insert_default();
                    value.push_str(self.text.get(done..at)?);
                    let (character, length) = self.escape(at + 1)?;
                    value.push(character);
                    at += 1 + length;
                    done = at;
                }
                _ => at += wide_length(&self.bytes[at..])?,
            }
        }
        let rest = self.text.get(done..at)?;
        let value = match value {
            Some(value) => Cow::Owned(value + rest),
            None => Cow::Borrowed(rest),
        };
        Some(self.end_quoted(Style::DoubleQuoted, at, value))
    }

    /// The character that an escape stands for, and the escape's length without its backslash.
    fn escape(&self, at: usize) -> Option<(char, usize)> {
        let digits = match self.bytes.get(at)? {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            other => return Some((simple_escape(*other)?, 1)),
        };
        let code = self.text.get(at + 1..at + 1 + digits)?;
        if !code.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let character = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
        Some((character, 1 + digits))
    }

    /// Passes the closing quote at `close`, and the spaces between it and a colon.
    fn end_quoted(&mut self, style: Style, close: usize, value: Cow<'a, str>) -> Scalar<'a> {
        let (start, end) = (self.at, close + 1);
        self.at = end;
        let spaces = self.bytes[end..]
            .iter()
            .take_while(|byte| **byte == b' ')
            .count();
        if self.bytes.get(end + spaces) == Some(&b':') {
            self.at += spaces;
        }
        Scalar {
            style,
            start,
            end,
            value,
        }
    }
}

fn simple_escape(byte: u8) -> Option<char> {
    Some(match byte {
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'0' => '\0',
        b'a' => '\x07',
        b'b' => '\x08',
        b'e' => '\x1b',
        b'f' => '\x0c',
        b'v' => '\x0b',
        b'"' | b'\\' | b'/' | b' ' => char::from(byte),
        _ => return None,
    })
}
