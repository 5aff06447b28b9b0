//! Says why the first bytes of a connection are no TLS, in BoringSSL's words.

/// The reason as it stands in access logs.
pub fn no_tls(bytes: &[u8]) -> String {
    let (number, name) = reason(bytes);
    format!("TLS_error|error:100000{number:02x}:SSL routines:OPENSSL_internal:{name}:TLS_error_end")
}

/// The reason as BoringSSL numbers and names it.
pub(super) fn reason(bytes: &[u8]) -> (u8, &'static str) {
    let begins = |text: &&[u8]| bytes.starts_with(text);
    let http: [&[u8]; 4] = [b"GET ", b"POST ", b"HEAD ", b"PUT "];
    if http.iter().any(begins) {
        return (0x9c, "HTTP_REQUEST");
    }
    match bytes {
        [b'C', b'O', b'N', b'N', b'E', ..] => (0x9b, "HTTPS_PROXY_REQUEST"),
        [22, 3, _, high, low, rest @ ..] => handshake(u16::from_be_bytes([*high, *low]), rest),
        [_, 3, ..] => (0xf5, "UNEXPECTED_RECORD"),
        _ => (0xf7, "WRONG_VERSION_NUMBER"),
    }
}

/// A record of a handshake that is none, by its length and what it holds.
fn handshake(length: u16, message: &[u8]) -> (u8, &'static str) {
    match message {
        _ if length > LONGEST_RECORD => (0x92, "ENCRYPTED_LENGTH_TOO_LONG"),
        [_, high, middle, low, ..]
            if u32::from_be_bytes([0, *high, *middle, *low]) > LONGEST_MESSAGE =>
        {
            (0x96, "EXCESSIVE_MESSAGE_SIZE")
        }
        [kind, ..] if *kind != 1 => (0xf4, "UNEXPECTED_MESSAGE"),
        _ => (0x89, "DECODE_ERROR"),
    }
}

const LONGEST_RECORD: u16 = 16 * 1024 + 256;
const LONGEST_MESSAGE: u32 = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_tls_is_named_as_boringssl_names_it() {
        for (bytes, told) in [
            (
                &b"GET / HTTP/1.1\r\n"[..],
                "9c:SSL routines:OPENSSL_internal:HTTP_REQUEST",
            ),
            (
                b"CONNECT a:1",
                "9b:SSL routines:OPENSSL_internal:HTTPS_PROXY_REQUEST",
            ),
            (
                b"nonsense",
                "f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER",
            ),
            (
                &[22, 2, 1, 0, 5],
                "f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER",
            ),
            (
                b"\x16\x03\x01\x00\x05hello",
                "96:SSL routines:OPENSSL_internal:EXCESSIVE_MESSAGE_SIZE",
            ),
        ] {
            let expected = format!("TLS_error|error:100000{told}:TLS_error_end");
            assert_eq!(no_tls(bytes), expected);
        }
    }
}
