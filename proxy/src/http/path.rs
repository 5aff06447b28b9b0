//! Takes paths apart and makes them alike as Envoy does.

/// The path without its query and without a fragment.
pub fn without_query(path: &[u8]) -> &[u8] {
    &path[..path
        .iter()
        .position(|byte| matches!(byte, b'?' | b'#'))
        .unwrap_or(path.len())]
}

/// The first value of a parameter of the query, as it stands there.
pub fn query_value<'a>(path: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let start = memchr::memchr(b'?', path)?;
    path[start + 1..]
        .split(|byte| *byte == b'&')
        .find_map(|pair| {
            let (key, value) = match memchr::memchr(b'=', pair) {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &b""[..]),
            };
            (key == name).then_some(value)
        })
}

/// Makes a path canonical (RFC 3986 §6.2.2), its query left as it is: unreserved characters are
/// decoded, what may not stand in a path is encoded, `.` and `..` are resolved. `false` if it cannot
/// be: it holds a byte 0. A percent sign without two digits stays as it is.
pub fn normalize(path: &mut Vec<u8>, scratch: &mut Vec<u8>) -> bool {
    if is_canonical(path) {
        return true;
    }
    scratch.clear();
    let end = memchr::memchr(b'?', path).unwrap_or(path.len());
    let valid = canonicalize(&path[..end], scratch);
    scratch.extend_from_slice(&path[end..]);
    std::mem::swap(path, scratch);
    valid
}

/// Makes several slashes one, but not in the query.
pub fn merge_slashes(path: &mut Vec<u8>) {
    let end = memchr::memchr(b'?', path).unwrap_or(path.len());
    if memchr::memmem::find(&path[..end], b"//").is_none() {
        return;
    }
    if path[..end].iter().all(|byte| *byte == b'/') {
        // As Envoy joins what stands between slashes, two of them are left of nothing else.
        path.drain(2..end);
        return;
    }
    let mut at = 0;
    let mut before = 0;
    path.retain(|byte| {
        let doubled = at < end && *byte == b'/' && before == b'/';
        before = *byte;
        at += 1;
        !doubled
    });
}

/// Makes `%2F` and `%5C` slashes, but not in the query; says whether there were any.
pub fn unescape_slashes(path: &mut Vec<u8>) -> bool {
    let end = memchr::memchr(b'?', path).unwrap_or(path.len());
    let (mut read, mut write) = (0, 0);
    while read < path.len() {
        let slash = match path.get(read..read + 3) {
            Some([b'%', b'2', b'f' | b'F']) => Some(b'/'),
            Some([b'%', b'5', b'c' | b'C']) => Some(b'\\'),
            _ => None,
        };
        let (byte, step) = match slash.filter(|_| read + 3 <= end) {
            Some(slash) => (slash, 3),
            None => (path[read], 1),
        };
        path[write] = byte;
        read += step;
        write += 1;
    }
    let found = write != path.len();
    path.truncate(write);
    found
}

/// Whether nothing is to be done: the common case, told without writing.
fn is_canonical(path: &[u8]) -> bool {
    let mut before = 0;
    for (at, byte) in path.iter().enumerate() {
        match byte {
            b'?' => return at > 0,
            b'.' if before == b'/' => return false,
            _ if STAYS[usize::from(*byte)] => {}
            _ => return false,
        }
        before = *byte;
    }
    path.first() == Some(&b'/')
}

fn canonicalize(path: &[u8], out: &mut Vec<u8>) -> bool {
    let base = out.len();
    if !matches!(path.first(), Some(b'/' | b'\\')) {
        out.push(b'/');
    }
    let mut valid = true;
    let mut rest = path;
    while let Some(first) = rest.first() {
        if out.last() == Some(&b'/')
            && let Some((dots, length)) = dot_segment(rest)
        {
            if dots == 2 {
                let segments = &out[base..out.len() - 1];
                let parent = memchr::memrchr(b'/', segments).unwrap_or(0);
                out.truncate(base + parent + 1);
            }
            rest = rest.get(length + 1..).unwrap_or_default();
            continue;
        }
        rest = match first {
            b'/' | b'\\' => {
                out.push(b'/');
                &rest[1..]
            }
            b'%' => escaped(rest, out, &mut valid),
            byte => {
                plain(*byte, out);
                valid &= *byte != 0;
                &rest[1..]
            }
        };
    }
    valid
}

/// Of a segment that is `.` or `..`, how many dots and how many bytes it has. What follows behind `;`
/// belongs to it, unless the dots are encoded.
fn dot_segment(rest: &[u8]) -> Option<(usize, usize)> {
    let is_slash = |byte: &u8| matches!(byte, b'/' | b'\\');
    let (mut dots, mut length) = (0, 0);
    while dots < 2 {
        length += match &rest[length..] {
            [b'.', ..] => 1,
            [b'%', b'2', b'e' | b'E', ..] => 3,
            _ => break,
        };
        dots += 1;
    }
    match rest.get(length) {
        _ if dots == 0 => None,
        Some(b';') if dots == length => {
            let end = rest.iter().position(is_slash).unwrap_or(rest.len());
            Some((dots, end))
        }
        Some(byte) if !is_slash(byte) => None,
        _ => Some((dots, length)),
    }
}

fn escaped<'a>(rest: &'a [u8], out: &mut Vec<u8>, valid: &mut bool) -> &'a [u8] {
    let digit = |at: usize| rest.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let (Some(high), Some(low)) = (digit(1), digit(2)) else {
        out.push(b'%');
        return &rest[1..];
    };
    let byte = u8::try_from(high * 16 + low).unwrap_or_default();
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
        out.push(byte);
    } else {
        *valid &= byte != 0;
        out.extend_from_slice(&rest[..3]);
    }
    &rest[3..]
}

fn plain(byte: u8, out: &mut Vec<u8>) {
    if STAYS[usize::from(byte)] || byte == b'.' {
        out.push(byte);
    } else {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let digit = |value: u8| DIGITS[usize::from(value)];
        out.extend([b'%', digit(byte >> 4), digit(byte & 15)]);
    }
}

/// Bytes that stay as they are, wherever they stand in a path.
const STAYS: [bool; 256] = {
    let mut stays = [false; 256];
    let mut byte = 0x21_u8;
    while byte < 0x7f {
        let changes = b"\"#%<>?\\`{}^|";
        let mut at = 0;
        while at < changes.len() && changes[at] != byte {
            at += 1;
        }
        stays[byte as usize] = at == changes.len();
        byte += 1;
    }
    stays
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn normal(path: &str) -> Option<String> {
        let mut path = path.as_bytes().to_vec();
        normalize(&mut path, &mut Vec::new()).then(|| String::from_utf8(path).unwrap())
    }

    #[test]
    fn canonical_paths() {
        for (path, wanted) in [
            ("/", "/"),
            ("/a/./b", "/a/b"),
            ("/a/../b", "/b"),
            ("/a/..", "/"),
            ("/../..", "/"),
            ("/a/b/..", "/a/"),
            ("/a/.", "/a/"),
            ("/a/%2e%2E/b", "/b"),
            ("/%41%7e%2f", "/A~%2f"),
            ("/a\\b", "/a/b"),
            ("/a b?x y/../z", "/a%20b?x y/../z"),
            ("/.hidden/..x/a...", "/.hidden/..x/a..."),
            ("/a//b/../c", "/a//c"),
            ("//..", "/"),
            ("/a/..;x/c", "/c"),
            ("/a/.;x", "/a/"),
            ("/a/%2e.;x", "/a/..;x"),
            ("/a/...;/c", "/a/...;/c"),
        ] {
            assert_eq!(normal(path).as_deref(), Some(wanted), "{path}");
        }
        for kept in ["/%", "/%4", "/%zz", "/%7F%1f", "/a[b]@!$&'()*+,;=:x"] {
            assert_eq!(normal(kept).as_deref(), Some(kept));
        }
        assert_eq!(normal("/a%00"), None);
    }

    #[test]
    fn slashes() {
        let merged = |path: &str| {
            let mut path = path.as_bytes().to_vec();
            merge_slashes(&mut path);
            String::from_utf8(path).unwrap()
        };
        assert_eq!(merged("//a///b//?c//d"), "/a/b/?c//d");
        assert_eq!(merged("///?//"), "//?//");
        let mut path = b"/a%2Fb%5cc?%2f".to_vec();
        assert!(unescape_slashes(&mut path));
        assert_eq!(path, b"/a/b\\c?%2f");
        assert!(!unescape_slashes(&mut b"/a?%2f".to_vec()));
    }

    #[test]
    fn queries() {
        assert_eq!(query_value(b"/a?x=1&y&x=2", b"x"), Some(&b"1"[..]));
        assert_eq!(query_value(b"/a?x=1&y", b"y"), Some(&b""[..]));
        assert_eq!(query_value(b"/a", b"y"), None);
        assert_eq!(without_query(b"/a#b?c"), b"/a");
    }

    proptest! {
        #[test]
        fn normalizing_twice_changes_nothing(path in "/[a-c./%2eE\\\\? ]{0,24}") {
            if let Some(once) = normal(&path) {
                prop_assert_eq!(normal(&once), Some(once.clone()));
                prop_assert!(!once.split('?').next().unwrap().contains("/../"));
            }
        }
    }
}
