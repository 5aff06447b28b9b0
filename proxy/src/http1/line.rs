//! Finds the end of a head and takes it apart line by line (RFC 9112 §2).

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

/// Whether there is a control character other than tabs and line ends.
pub(super) fn has_control(text: &[u8]) -> bool {
    let is_control = |it: u8| (it < b' ' && !matches!(it, b'\t' | b'\r' | b'\n')) || it == 0x7f;
    // Without a way out it takes many bytes at once.
    let add = |found, it: &u8| found | u8::from(is_control(*it));
    text.iter().fold(0, add) != 0
}

/// The first line with its end, and what follows it.
pub(super) fn first(text: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b'\n', text).map_or(text.len(), |it| it + 1);
    text.split_at(end)
}

/// The words of a first line: two, and whatever follows as a third.
pub(super) fn words(line: &[u8]) -> [&[u8]; 3] {
    let is_space = |it: &u8| *it <= b' ';
    let end = line.iter().rposition(|it| !is_space(it));
    let mut rest = &line[..end.map_or(0, |it| it + 1)];
    let mut words = [&b""[..]; 3];
    for word in &mut words[..2] {
        let end = rest.iter().position(is_space).unwrap_or(rest.len());
        *word = &rest[..end];
        let next = rest[end..].iter().position(|it| !is_space(it));
        rest = next.map_or(&[][..], |it| &rest[end + it..]);
    }
    words[2] = rest;
    words
}

/// The fields of a head without the ends of their lines, up to the empty line. A line that begins with white space
/// belongs to the field before it (RFC 9112 §5.2).
pub(super) fn fields(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if matches!(rest, [] | [b'\n', ..] | [b'\r', b'\n', ..]) {
            return None;
        }
        let mut end = 0;
        loop {
            let Some(line_end) = memchr::memchr(b'\n', &rest[end..]) else {
                end = rest.len();
                break;
            };
            end += line_end + 1;
            if !matches!(rest[end..], [b' ' | b'\t', ..]) {
                break;
            }
        }
        let field = &rest[..end];
        rest = &rest[end..];
        let field = field.strip_suffix(b"\n").unwrap_or(field);
        Some(field.strip_suffix(b"\r").unwrap_or(field))
    })
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
    fn fields_lose_their_ends_and_keep_their_folds() {
        let text = b"a: b\r\nb: c \nd: e\r\n f\r\n\tg\nh: i\r\n\r\nbody";
        let all: Vec<_> = fields(text).collect();
        assert_eq!(all, [&b"a: b"[..], b"b: c ", b"d: e\r\n f\r\n\tg", b"h: i"]);
    }

    #[test]
    fn a_first_line_has_three_words() {
        for (line, wanted) in [
            ("GET / HTTP/1.1\r\n", ["GET", "/", "HTTP/1.1"]),
            ("GET\t/  HTTP/1.1 \r\n", ["GET", "/", "HTTP/1.1"]),
            (
                "HTTP/1.1 200 Not so bad\n",
                ["HTTP/1.1", "200", "Not so bad"],
            ),
            ("GET /\r\n", ["GET", "/", ""]),
            ("GET\r\n", ["GET", "", ""]),
            ("\r\n", ["", "", ""]),
        ] {
            assert_eq!(
                words(line.as_bytes()),
                wanted.map(str::as_bytes),
                "{line:?}"
            );
        }
    }
}
