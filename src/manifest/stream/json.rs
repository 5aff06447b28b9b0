//! Finds where a JSON object ends when another one follows it.

/// The length of the JSON object that `text` begins with (and of the blanks around it), if
/// another object follows. Nothing unless every byte of it can be JSON.
pub(super) fn first_object(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let start = blanks(bytes);
    if bytes.get(start) != Some(&b'{') {
        return None;
    }
    let end = start + object_length(&bytes[start..])?;
    let next = end + blanks(&bytes[end..]);
    (bytes.get(next) == Some(&b'{')).then_some(next)
}

fn blanks(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace())
        .count()
}

fn object_length(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        match bytes.get(at)? {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            b'"' => at += string_length(&bytes[at + 1..])?,
            b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' | b'+' | b'-' | b'.' => {}
            byte if byte.is_ascii_alphanumeric() => {}
            _ => return None,
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// The length of a string behind its opening quote, with the closing one.
fn string_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', &bytes[at..])?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
        if at > bytes.len() {
            return None;
        }
    }
}
