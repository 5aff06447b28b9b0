//! Tells what a header field is and whether HTTP/2 allows it (RFC 9113 §8.2 and §8.3).

/// What a field means to the codec.
///
/// The rules for characters are those that Envoy 1.40 was seen to keep, in its default configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A field that is only handed on.
    Regular,
    /// `:method`.
    Method,
    /// `:scheme`.
    Scheme,
    /// `:authority`.
    Authority,
    /// `:path`.
    Path,
    /// `:protocol` (RFC 8441).
    Protocol,
    /// `:status`.
    Status,
    /// `host` with a value that could be an authority.
    Host,
    /// `host` with any other value; a response may have it.
    BadHost,
    /// `content-length` of digits only.
    ContentLength,
    /// `cookie`.
    Cookie,
    /// What must not be in any message.
    Invalid,
}

/// Tells what a field is.
pub(super) fn classify(name: &[u8], value: &[u8]) -> Class {
    if let Some(pseudo) = name.strip_prefix(b":") {
        return classify_pseudo(pseudo, value);
    }
    if name.is_empty() || !all(name, NAME) || !all(value, VALUE) {
        return Class::Invalid;
    }
    let valid = |condition, class| if condition { class } else { Class::Invalid };
    match name {
        b"te" => valid(value.eq_ignore_ascii_case(b"trailers"), Class::Regular),
        b"host" if is_authority(value) => Class::Host,
        b"host" => Class::BadHost,
        b"cookie" => Class::Cookie,
        b"content-length" => valid(is_number(value), Class::ContentLength),
        _ if is_connection_specific(name) => Class::Invalid,
        _ => Class::Regular,
    }
}

/// Whether a field speaks of the connection and not of the message (RFC 9113 §8.2.2).
pub(super) fn is_connection_specific(name: &[u8]) -> bool {
    matches!(
        name,
        b"upgrade" | b"connection" | b"keep-alive" | b"proxy-connection" | b"transfer-encoding"
    )
}

fn classify_pseudo(name: &[u8], value: &[u8]) -> Class {
    let (valid, class) = match name {
        b"method" => (all(value, TOKEN), Class::Method),
        b"scheme" => (is_scheme(value), Class::Scheme),
        b"authority" => (is_authority(value), Class::Authority),
        b"path" => (all(value, PATH), Class::Path),
        b"protocol" => (all(value, VALUE), Class::Protocol),
        b"status" => (is_status(value), Class::Status),
        _ => (false, Class::Invalid),
    };
    if valid && !value.is_empty() {
        class
    } else {
        Class::Invalid
    }
}

/// Three digits; switching protocols is not for HTTP/2 (RFC 9113 §8.6).
fn is_status(value: &[u8]) -> bool {
    value.len() == 3 && is_number(value) && value != b"101"
}

fn is_number(value: &[u8]) -> bool {
    !value.is_empty() && value.iter().all(u8::is_ascii_digit)
}

fn is_authority(value: &[u8]) -> bool {
    !value.is_empty() && all(value, AUTHORITY)
}

fn is_scheme(value: &[u8]) -> bool {
    value.first().is_some_and(u8::is_ascii_alphabetic) && all(value, SCHEME)
}

fn all(text: &[u8], set: u8) -> bool {
    text.iter()
        .fold(set, |all, &it| all & SETS[usize::from(it)])
        == set
}

const NAME: u8 = 1;
const VALUE: u8 = 2;
const TOKEN: u8 = 4;
const PATH: u8 = 8;
const AUTHORITY: u8 = 16;
const SCHEME: u8 = 32;

/// For each byte the sets that it is in.
static SETS: [u8; 256] = sets();

const fn sets() -> [u8; 256] {
    let mut sets = [0; 256];
    let mut byte = 0_u8;
    loop {
        let alphanumeric = byte.is_ascii_alphanumeric();
        let mut own = 0;
        if byte == b'\t' || byte == b' ' || byte.is_ascii_graphic() || byte >= 0x80 {
            own |= VALUE;
        }
        if byte.is_ascii_graphic() || byte >= 0x80 {
            own |= PATH;
        }
        if alphanumeric || contains(b"!#$%&'*+-.^_`|~", byte) {
            own |= TOKEN;
            if !byte.is_ascii_uppercase() {
                own |= NAME;
            }
        }
        if alphanumeric || contains(b"!$%&'()*+,-.:;=[]_~", byte) {
            own |= AUTHORITY;
        }
        if alphanumeric || contains(b"+-.", byte) {
            own |= SCHEME;
        }
        sets[byte as usize] = own;
        if byte == u8::MAX {
            return sets;
        }
        byte += 1;
    }
}

const fn contains(set: &[u8], byte: u8) -> bool {
    let mut at = 0;
    while at < set.len() {
        if set[at] == byte {
            return true;
        }
        at += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All bytes that make a field of another class when they stand between two letters.
    fn refused(name: &str, class: Class) -> String {
        (0..=u8::MAX)
            .filter(|&it| classify(name.as_bytes(), &[b'a', it, b'b']) != class)
            .filter(|it| (0x20..0x7f).contains(it))
            .map(char::from)
            .collect()
    }

    #[test]
    fn characters_are_refused_as_envoy_refuses_them() {
        assert_eq!(refused(":authority", Class::Authority), " \"#/<>?@\\^`{|}");
        assert_eq!(refused("host", Class::Host), " \"#/<>?@\\^`{|}");
        assert_eq!(refused(":path", Class::Path), " ");
        assert_eq!(refused(":method", Class::Method), " \"(),/:;<=>?@[\\]{}");
        assert_eq!(refused("x", Class::Regular), "");
        for byte in (0..=u8::MAX).filter(|it| !(0x20..0x7f).contains(it)) {
            let valid = byte == b'\t' || byte >= 0x80;
            let class = classify(b"x", &[b'a', byte]);
            assert_eq!(class == Class::Regular, valid, "{byte:#x}");
            let class = classify(b":path", &[b'/', byte]);
            assert_eq!(class == Class::Path, byte >= 0x80, "{byte:#x}");
            assert_eq!(classify(b":authority", &[byte]), Class::Invalid);
            assert_eq!(classify(&[b'a', byte], b""), Class::Invalid);
        }
    }

    #[test]
    fn names_are_tokens_in_lower_case() {
        let refused: String = (0x20..0x7f)
            .filter(|&it| classify(&[b'a', it], b"x") == Class::Invalid)
            .map(char::from)
            .collect();
        assert_eq!(refused, " \"(),/:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]{}");
        assert_eq!(classify(b"", b"x"), Class::Invalid);
    }

    #[test]
    fn values_that_must_have_a_form() {
        let cases = [
            (":scheme", "http", Class::Scheme),
            (":scheme", "h-t.p+x", Class::Scheme),
            (":scheme", "1h", Class::Invalid),
            (":scheme", "h_t", Class::Invalid),
            (":status", "099", Class::Status),
            (":status", "99", Class::Invalid),
            (":status", "1000", Class::Invalid),
            (":status", "2x0", Class::Invalid),
            (":status", "101", Class::Invalid),
            (":protocol", "websocket", Class::Protocol),
            (":unknown", "x", Class::Invalid),
            ("te", "trailers", Class::Regular),
            ("te", "Trailers", Class::Regular),
            ("te", "gzip", Class::Invalid),
            ("te", "trailers, deflate", Class::Invalid),
            ("content-length", "0", Class::ContentLength),
            ("content-length", "", Class::Invalid),
            ("content-length", "+5", Class::Invalid),
            ("content-length", "0, 0", Class::Invalid),
            ("connection", "close", Class::Invalid),
            ("keep-alive", "x", Class::Invalid),
            ("proxy-connection", "x", Class::Invalid),
            ("transfer-encoding", "chunked", Class::Invalid),
            ("upgrade", "x", Class::Invalid),
            ("host", "a b", Class::BadHost),
            ("host", "", Class::BadHost),
            ("cookie", "a=b", Class::Cookie),
        ];
        for (name, value, class) in cases {
            let found = classify(name.as_bytes(), value.as_bytes());
            assert_eq!(found, class, "{name}: {value}");
        }
        for name in [
            ":method",
            ":scheme",
            ":authority",
            ":path",
            ":protocol",
            ":status",
        ] {
            assert_eq!(classify(name.as_bytes(), b""), Class::Invalid, "{name}");
        }
    }
}
