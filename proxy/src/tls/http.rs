//! Tells HTTP/1.0, HTTP/1.1 and HTTP/2 by the first bytes of a connection.

use memchr::memchr;

use crate::http1::line::is_token;

/// What the first bytes of a connection are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InspectedHttp {
    /// More must come before that can be told.
    Incomplete,
    /// HTTP of this version.
    Http(HttpVersion),
    /// No HTTP.
    NotHttp,
}

/// A version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/1.0, or anything before HTTP/1.1.
    V1_0,
    /// HTTP/1.1.
    V1_1,
    /// HTTP/2.
    V2,
}

impl HttpVersion {
    /// Its name as a protocol that filter chains match.
    pub fn protocol(self) -> &'static str {
        match self {
            Self::V1_0 => "http/1.0",
            Self::V1_1 => "http/1.1",
            Self::V2 => "h2c",
        }
    }
}

impl InspectedHttp {
    /// The counter below `http_inspector.` that it counts.
    pub fn counter(self) -> Option<&'static str> {
        match self {
            Self::Incomplete => None,
            Self::Http(HttpVersion::V1_0) => Some("http10_found"),
            Self::Http(HttpVersion::V1_1) => Some("http11_found"),
            Self::Http(HttpVersion::V2) => Some("http2_found"),
            Self::NotHttp => Some("http_not_found"),
        }
    }

    /// Every counter; `read_error` is the caller's to count.
    pub const COUNTERS: [&'static str; 5] = [
        "http10_found",
        "http11_found",
        "http2_found",
        "http_not_found",
        "read_error",
    ];
}

/// Looks at the first bytes of a connection, all that have come so far. Not to be asked of TLS.
pub fn inspect_http(bytes: &[u8]) -> InspectedHttp {
    if bytes.is_empty() {
        return InspectedHttp::Incomplete;
    }
    if PREFACE.starts_with(bytes) || bytes.starts_with(PREFACE) {
        return if bytes.len() < PREFACE.len() {
            InspectedHttp::Incomplete
        } else {
            InspectedHttp::Http(HttpVersion::V2)
        };
    }
    // A method that is none is told before the line is whole.
    let method = bytes.iter().take_while(|byte| !byte.is_ascii_whitespace());
    if bytes[0].is_ascii_whitespace() || !method.copied().all(is_token) {
        return InspectedHttp::NotHttp;
    }
    let looked_at = &bytes[..bytes.len().min(LARGEST)];
    match memchr(b'\n', looked_at) {
        Some(end) => request_line(&bytes[..end]),
        None if bytes.len() <= LARGEST => InspectedHttp::Incomplete,
        None => InspectedHttp::NotHttp,
    }
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// As much is looked at for the end of the first line.
const LARGEST: usize = 16 * 1024;

fn request_line(line: &[u8]) -> InspectedHttp {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let mut words = line.split(space).filter(|word| !word.is_empty());
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return InspectedHttp::NotHttp;
    };
    let version = words.next();
    let known = version.is_none_or(|version| {
        matches!(version, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit())
    });
    let method_good = method.iter().copied().all(is_token);
    if !known || !method_good || words.next().is_some() || !is_target(target, method == b"CONNECT")
    {
        return InspectedHttp::NotHttp;
    }
    match version {
        Some(b"HTTP/1.1") => InspectedHttp::Http(HttpVersion::V1_1),
        _ => InspectedHttp::Http(HttpVersion::V1_0),
    }
}

/// Whether Envoy's parser takes a target.
fn is_target(target: &[u8], connect: bool) -> bool {
    let in_path = |byte: &u8| matches!(byte, b'\t' | 0x0c | b'!'..=b'~');
    if matches!(target[0], b'/' | b'*') {
        return target.iter().all(in_path);
    }
    let rest = if connect {
        target
    } else {
        let scheme = target
            .iter()
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count();
        match target[scheme..].strip_prefix(b"://") {
            Some(rest) if scheme > 0 => rest,
            _ => return false,
        }
    };
    let host = rest
        .iter()
        .take_while(|byte| !matches!(byte, b'/' | b'?'))
        .count();
    let (host, path) = rest.split_at(host);
    let in_host =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"!$%&'()*+,-.:;=@[]_~".contains(byte);
    host.iter().all(in_host)
        && !host.windows(2).any(|pair| pair == b"@@")
        && path.iter().all(in_path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_by_the_first_line() {
        use HttpVersion::{V1_0, V1_1, V2};
        for (text, expected) in [
            (&b"GET / HTTP/1.1\r\n"[..], Some(V1_1)),
            (b"GET / HTTP/1.1\nrest", Some(V1_1)),
            (b"GET / HTTP/1.0\r\n", Some(V1_0)),
            (b"GET / HTTP/2.0\r\n", Some(V1_0)),
            (b"GET /\r\n", Some(V1_0)),
            (b"BREW /pot HTTP/1.1\r\n", Some(V1_1)),
            (b"GET http://a/b HTTP/1.1\r\n", Some(V1_1)),
            (b"CONNECT a:80 HTTP/1.1\r\n", Some(V1_1)),
            (b"OPTIONS * HTTP/1.1\r\n", Some(V1_1)),
            (PREFACE, Some(V2)),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0", Some(V2)),
            (b"\r\nGET / HTTP/1.1\r\n", None),
            (b"GET\r\n", None),
            (b"GET a HTTP/1.1\r\n", None),
            (b"GET / HTTX/1.1\r\n", None),
            (b"G@T / HTTP/1.1\r\n", None),
            (b"\x16\x03\x01\n", None),
        ] {
            let told = String::from_utf8_lossy(text);
            let expected = expected.map_or(InspectedHttp::NotHttp, InspectedHttp::Http);
            assert_eq!(inspect_http(text), expected, "{told}");
        }
    }

    #[test]
    fn more_must_come_before_the_end_of_the_line() {
        let text = b"GET / HTTP/1.1\r\n";
        for length in 0..text.len() {
            assert_eq!(inspect_http(&text[..length]), InspectedHttp::Incomplete);
        }
        for length in 0..PREFACE.len() {
            assert_eq!(inspect_http(&PREFACE[..length]), InspectedHttp::Incomplete);
        }
        assert_eq!(
            inspect_http(&vec![b'a'; LARGEST]),
            InspectedHttp::Incomplete
        );
        assert_eq!(
            inspect_http(&vec![b'a'; LARGEST + 1]),
            InspectedHttp::NotHttp
        );
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_are_too_much(bytes: Vec<u8>) {
            let _ = inspect_http(&bytes);
        }
    }
}
