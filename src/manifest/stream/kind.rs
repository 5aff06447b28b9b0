//! Reads a document's kind without reading the document.

/// The kind of a block-style YAML document, if it can be told from the lines at column 0 alone:
/// exactly one is `kind:` with a simple value, and no other is anything but a key, a comment, a
/// dash or a marker. Nothing means that the document must be read in full.
pub fn quick_kind(text: &str) -> Option<&str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut kind = None;
    // The line behind `kind:` must not go on with its value.
    let mut awaits_next = false;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let length = memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |end| end + 1);
        let line = &rest[..length];
        match line.as_bytes()[0] {
            b' ' => {
                if awaits_next {
                    let content = line.trim_ascii();
                    if !content.is_empty() && !content.starts_with('#') {
                        return None;
                    }
                }
            }
            b'\n' | b'\r' | b'#' => {}
            b'-' | b'.' if is_marker(line) => awaits_next = false,
            b'-' if line.starts_with("- ") || line.trim_ascii_end() == "-" => awaits_next = false,
            byte if byte.is_ascii_alphabetic() => {
                let (key, value) = key(line)?;
                awaits_next = key == "kind";
                if awaits_next && kind.replace(simple(value)?).is_some() {
                    return None;
                }
            }
            _ => return None,
        }
        at += length;
    }
    if has_foreign_breaks(text.as_bytes()) {
        None
    } else {
        kind
    }
}

fn is_marker(line: &str) -> bool {
    let rest = line
        .strip_prefix("---")
        .or_else(|| line.strip_prefix("..."));
    rest.is_some_and(|rest| {
        let rest = rest.trim_ascii();
        rest.is_empty() || rest.starts_with('#')
    })
}

/// A line's plain key, and what stands behind its colon.
fn key(line: &str) -> Option<(&str, &str)> {
    let in_key =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
    let length = line.bytes().position(|byte| !in_key(byte))?;
    let (key, rest) = line.split_at(length);
    let value = rest.strip_prefix(':')?;
    value
        .is_empty()
        .then_some(())
        .or(value.starts_with([' ', '\n', '\r']).then_some(()))?;
    Some((key, value))
}

/// A value that is one word, quoted or not, with or without a comment behind it.
fn simple(value: &str) -> Option<&str> {
    let value = value.trim_ascii();
    let (value, comment) = value.split_once(' ').unwrap_or((value, ""));
    let comment = comment.trim_ascii_start();
    if !comment.is_empty() && !comment.starts_with('#') {
        return None;
    }
    let word = ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value);
    (!word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(word)
}

/// Whether a reader may see line breaks in `bytes` other than LF and CR LF.
fn has_foreign_breaks(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'\r', bytes).any(|at| bytes.get(at + 1) != Some(&b'\n'))
        || memchr::memchr2_iter(0xc2, 0xe2, bytes).any(|at| {
            matches!(
                &bytes[at..],
                [0xc2, 0x85, ..] | [0xe2, 0x80, 0xa8 | 0xa9, ..]
            )
        })
}
