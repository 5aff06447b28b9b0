//! Tells bytes apart: which ones may stand anywhere, and where a line ends.

use super::Scanner;

/// What a byte may mean in a plain scalar, a quoted scalar or a comment.
pub(super) const PLAIN: u8 = 1;
pub(super) const DOUBLE_QUOTED: u8 = 2;
pub(super) const SINGLE_QUOTED: u8 = 4;
pub(super) const FLOW_PLAIN: u8 = 8;
pub(super) const COMMENT: u8 = 16;

/// For each byte, the contexts that it is nothing special in.
pub(super) const ORDINARY: [u8; 256] = ordinary();

const fn ordinary() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = b' ';
    while byte < 0x7f {
        let mut contexts = COMMENT;
        if byte != b'"' && byte != b'\\' {
            contexts |= DOUBLE_QUOTED;
        }
        if byte != b'\'' {
            contexts |= SINGLE_QUOTED;
        }
        if byte != b':' && byte != b'#' {
            contexts |= PLAIN;
            if !matches!(byte, b',' | b'[' | b']' | b'{' | b'}') {
                contexts |= FLOW_PLAIN;
            }
        }
        table[byte as usize] = contexts;
        byte += 1;
    }
    table
}

/// How many bytes from the start of `bytes` are ordinary in `context`.
#[inline]
pub(super) fn ordinary_length(bytes: &[u8], context: u8) -> usize {
    let special = |byte: &u8| ORDINARY[usize::from(*byte)] & context == 0;
    bytes.iter().position(special).unwrap_or(bytes.len())
}

/// How many bytes from the start of `bytes` are printable ASCII and no single quote, 32 at a time:
/// a bootstrap is one single-quoted scalar of many thousand bytes.
pub(super) fn single_quoted_length(bytes: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let is_ordinary = |block: &&[u8]| {
        let special = |byte: &u8| !matches!(*byte, b' '..=b'&' | b'('..=b'~');
        // No early exit, so that the compiler can compare a whole block at once.
        !block
            .iter()
            .fold(false, |found, byte| found | special(byte))
    };
    let blocks = bytes.chunks_exact(BLOCK).take_while(is_ordinary).count();
    blocks * BLOCK + ordinary_length(&bytes[blocks * BLOCK..], SINGLE_QUOTED)
}

/// The length of the character beyond ASCII that `bytes` begin with. Nothing for one that is a
/// line break, a mark or not allowed in some YAML readers.
#[inline]
pub(super) fn wide_length(bytes: &[u8]) -> Option<usize> {
    match *bytes {
        [0xc2, second, ..] if second < 0xa0 => None,
        [0xe2, 0x80, 0xa8 | 0xa9, ..] | [0xef, 0xbb, 0xbf, ..] | [0xef, 0xbf, 0xbe | 0xbf, ..] => {
            None
        }
        [0xc2..=0xdf, ..] => Some(2),
        [0xe0..=0xef, ..] => Some(3),
        [0xf0..=0xf4, ..] => Some(4),
        _ => None,
    }
}

/// Whether `bytes` hold only characters that every reader takes the same way, and no line break
/// but LF and CR LF.
pub(super) fn is_clean(bytes: &[u8]) -> bool {
    let mut at = 0;
    loop {
        at += ordinary_length(&bytes[at..], COMMENT);
        at += match bytes.get(at) {
            None => return true,
            Some(b'\n' | b'\t') => 1,
            Some(b'\r') if bytes.get(at + 1) == Some(&b'\n') => 2,
            Some(_) => match wide_length(&bytes[at..]) {
                Some(length) => length,
                None => return false,
            },
        };
    }
}

impl Scanner<'_> {
    #[inline]
    pub(super) fn skip_spaces(&mut self) {
        while self.bytes.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
    }

    /// Whether the line holds nothing more, or only a comment (spaces have been passed).
    #[inline]
    pub(super) fn at_line_end(&self) -> bool {
        match self.bytes.get(self.at) {
            None | Some(b'\n' | b'\r') => true,
            Some(b'#') => self.at == self.line || self.bytes[self.at - 1] == b' ',
            Some(_) => false,
        }
    }

    /// Whether a sequence's dash comes next.
    #[inline]
    pub(super) fn at_dash(&self) -> bool {
        self.bytes.get(self.at) == Some(&b'-') && self.breaks_or_space(self.at + 1)
    }

    /// Whether the byte at `at` is a space, a line break or the end.
    #[inline]
    pub(super) fn breaks_or_space(&self, at: usize) -> bool {
        matches!(self.bytes.get(at), None | Some(b' ' | b'\n' | b'\r'))
    }

    /// Passes the rest of a line that must hold nothing more than a comment.
    #[inline]
    pub(super) fn end_line(&mut self) -> Option<()> {
        self.skip_spaces();
        if !self.at_line_end() {
            return None;
        }
        if self.bytes.get(self.at) == Some(&b'#') {
            self.skip_comment()?;
        }
        self.skip_break()
    }

    fn skip_comment(&mut self) -> Option<()> {
        loop {
            self.at += ordinary_length(&self.bytes[self.at..], COMMENT);
            self.at += match self.bytes.get(self.at) {
                None | Some(b'\n' | b'\r') => return Some(()),
                Some(b'\t') => 1,
                Some(_) => wide_length(&self.bytes[self.at..])?,
            };
        }
    }

    /// Passes one line break, or stands at the end.
    #[inline]
    fn skip_break(&mut self) -> Option<()> {
        self.at += match self.bytes.get(self.at) {
            None => 0,
            Some(b'\n') => 1,
            Some(b'\r') if self.bytes.get(self.at + 1) == Some(&b'\n') => 2,
            Some(_) => return None,
        };
        Some(())
    }
}
