//! Finds the end of a head and takes it apart line by line (RFC 9112 §2).

use super::head::HeadError;

/// Where the head at the beginning of `text` ends, its empty line included; nothing while it is not all there.
/// `searched` is how much of it was looked at before.
pub fn head_end(text: &[u8], searched: usize) -> Option<usize> {
    // An end may straddle what was looked at before: `\n\r` there, `\n` here.
    let mut from = searched.saturating_sub(3);
    while let Some(at) = memchr::memchr(b'\n', &text[from..]) {
        let next = from + at + 1;
        match text[next..] {
            [b'\n', ..] => return Some(next + 1),
            [b'\r', b'\n', ..] => return Some(next + 2),
            _ => from = next,
        }
    }
    None
}

/// How many bytes of line ends stand before a message: robust servers pass over them (RFC 9112 §2.2).
pub fn blank_lines(text: &[u8]) -> usize {
    let blank = |byte: &&u8| matches!(byte, b'\r' | b'\n');
    text.iter().take_while(blank).count()
}

/// The lines of a head without their ends, up to the empty one.
///
/// # Errors
/// A carriage return that does not end its line.
pub fn split(head: &[u8]) -> impl Iterator<Item = Result<&[u8], HeadError>> {
    let mut rest = head;
    std::iter::from_fn(move || {
        let end = memchr::memchr(b'\n', rest)?;
        let line = &rest[..end];
        rest = &rest[end + 1..];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return None;
        }
        Some(match memchr::memchr(b'\r', line) {
            Some(_) => Err(HeadError::CarriageReturn),
            None => Ok(line),
        })
    })
}

/// Without spaces and tabs around it.
pub fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// Whether a byte may stand in a token (RFC 9110 §5.6.2).
pub fn is_token(byte: u8) -> bool {
    TOKEN[byte as usize]
}

static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "it is less than 256")]
        let character = byte as u8;
        table[byte] = character.is_ascii_alphanumeric()
            || matches!(
                character,
                b'!' | b'#'
                    | b'$'
                    | b'%'
                    | b'&'
                    | b'\''
                    | b'*'
                    | b'+'
                    | b'-'
                    | b'.'
                    | b'^'
                    | b'_'
                    | b'`'
                    | b'|'
                    | b'~'
            );
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_with_an_empty_line_of_either_kind() {
        for (text, end) in [
            ("GET / HTTP/1.1\r\n\r\nrest", Some(18)),
            ("GET / HTTP/1.1\n\nrest", Some(16)),
            ("GET / HTTP/1.1\r\na: b\n\r\n", Some(23)),
            ("GET / HTTP/1.1\r\na: b\r\n", None),
            ("", None),
        ] {
            assert_eq!(head_end(text.as_bytes(), 0), end, "{text:?}");
        }
    }

    #[test]
    fn the_end_is_found_wherever_the_text_was_cut() {
        let text = b"GET / HTTP/1.1\r\na: b\r\n\r\n";
        for cut in 0..text.len() {
            assert_eq!(head_end(&text[..cut], 0), None);
            assert_eq!(head_end(text, cut), Some(text.len()), "cut at {cut}");
        }
    }

    #[test]
    fn lines_lose_their_ends_and_nothing_else() {
        let lines: Vec<_> = split(b"a\r\nb: c \nd\r\n\r\nbody").collect();
        assert_eq!(lines, [Ok(&b"a"[..]), Ok(b"b: c "), Ok(b"d")]);
        let lines: Vec<_> = split(b"a\rb\r\n\r\n").collect();
        assert_eq!(lines, [Err(HeadError::CarriageReturn)]);
    }
}
