//! Takes authorities apart.

use crate::http::text::number;

/// Where the port of an authority begins, its colon included.
pub fn port_start(authority: &[u8]) -> Option<usize> {
    let colon = memchr::memrchr(b':', authority)?;
    match memchr::memrchr(b']', authority) {
        Some(bracket) if bracket > colon => None,
        _ => Some(colon),
    }
}

/// Removes the port, if it is a number and, where given, this one.
pub fn strip_port(authority: &mut Vec<u8>, only: Option<u16>) {
    let Some(at) = port_start(authority) else {
        return;
    };
    let Some(port) = number(&authority[at + 1..]) else {
        return;
    };
    if only.is_none_or(|only| port == u64::from(only)) {
        authority.truncate(at);
    }
}

/// Removes a dot at the end of the host.
pub fn strip_trailing_dot(authority: &mut Vec<u8>) {
    if authority.last() == Some(&b'.') {
        authority.pop();
        return;
    }
    if let Some(at) = port_start(authority)
        && at > 0
        && authority[at - 1] == b'.'
    {
        authority.remove(at - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports() {
        let strip = |text: &str, only| {
            let mut authority = text.as_bytes().to_vec();
            strip_port(&mut authority, only);
            String::from_utf8(authority).unwrap()
        };
        assert_eq!(strip("a:80", None), "a");
        assert_eq!(strip("a:80", Some(81)), "a:80");
        assert_eq!(strip("a:x", None), "a:x");
        assert_eq!(strip("[::1]", None), "[::1]");
        assert_eq!(strip("[::1]:80", Some(80)), "[::1]");
    }

    #[test]
    fn dots() {
        for (text, wanted) in [("a.", "a"), ("a.:80", "a:80"), ("a:80", "a:80")] {
            let mut authority = text.as_bytes().to_vec();
            strip_trailing_dot(&mut authority);
            assert_eq!(authority, wanted.as_bytes());
        }
    }
}
