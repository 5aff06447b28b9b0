//! Finds where HTTP/1 messages end, for scripted peers that need to know when to go on.

/// The length of the head that `bytes` start with, once it is complete.
pub(crate) fn head_length(bytes: &[u8]) -> Option<usize> {
    find(bytes, b"\r\n\r\n").map(|at| at + 4)
}

/// The length of the request that `bytes` start with, once it is complete.
pub(crate) fn message_length(bytes: &[u8]) -> Option<usize> {
    let head = head_length(bytes)?;
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    if field(&text, "transfer-encoding").is_some_and(|value| value.contains("chunked")) {
        return chunked_length(&bytes[head..]).map(|length| head + length);
    }
    let length = field(&text, "content-length").map_or(0, |value| value.parse().unwrap_or(0));
    (bytes.len() >= head + length).then_some(head + length)
}

/// The value of a field of a head.
pub(crate) fn field(head: &str, name: &str) -> Option<String> {
    head.split("\r\n").skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().to_ascii_lowercase())
    })
}

/// The length of a chunked body with its trailers, once it is complete.
pub(crate) fn chunked_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = find(&bytes[at..], b"\r\n")?;
        let text = String::from_utf8_lossy(&bytes[at..at + line]).into_owned();
        let size = usize::from_str_radix(text.split(';').next()?.trim(), 16).ok()?;
        at += line + 2;
        if size == 0 {
            break;
        }
        at += size + 2;
        if bytes.len() < at {
            return None;
        }
    }
    loop {
        let line = find(&bytes[at..], b"\r\n")?;
        at += line + 2;
        if line == 0 {
            return Some(at);
        }
    }
}

pub(crate) fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
