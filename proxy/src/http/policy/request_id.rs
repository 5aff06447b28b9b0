//! Makes request ids (RFC 9562 UUID 4) and treats those that come.

use crate::http::headers::Headers;

/// Writes `x-request-id`: one is made where there is none, or where an external client must not
/// choose it.
pub(super) fn set(headers: &mut Headers, external: bool, keep: bool, pack: bool, random: [u64; 2]) {
    let Some(own) = headers.get(b"x-request-id").filter(|it| !it.is_empty()) else {
        headers.set(b"x-request-id", &uuid(random));
        return;
    };
    if !external {
        return;
    }
    if !keep {
        headers.set(b"x-request-id", &uuid(random));
    } else if pack
        && let Ok(mut id) = <[u8; 36]>::try_from(own)
        && id[REASON] != NOT_TRACED
    {
        id[REASON] = NOT_TRACED;
        headers.set(b"x-request-id", &id);
    }
}

/// A UUID of random bits.
pub fn uuid(random: [u64; 2]) -> [u8; 36] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&random[0].to_be_bytes());
    bytes[8..].copy_from_slice(&random[1].to_be_bytes());
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = [b'-'; 36];
    let mut at = 0;
    for byte in bytes {
        if matches!(at, 8 | 13 | 18 | 23) {
            at += 1;
        }
        text[at] = DIGITS[usize::from(byte >> 4)];
        text[at + 1] = DIGITS[usize::from(byte & 15)];
        at += 2;
    }
    text
}

/// Which digit says why a request is traced, ...
const REASON: usize = 14;
/// ... and that it is not.
const NOT_TRACED: u8 = b'4';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        let id = uuid([0x0123_4567_89ab_cdef, u64::MAX]);
        assert_eq!(&id, b"01234567-89ab-4def-bfff-ffffffffffff");
        let given = "01234567-89ab-9def-bfff-ffffffffffff";
        let treated = |external, keep| {
            let mut headers = Headers::from([("x-request-id", given)]);
            set(&mut headers, external, keep, true, [1, 2]);
            headers.get(b"x-request-id").unwrap().to_vec()
        };
        assert_eq!(treated(false, false), given.as_bytes());
        assert_eq!(treated(true, true), b"01234567-89ab-4def-bfff-ffffffffffff");
        assert_eq!(treated(true, false), uuid([1, 2]));
    }
}
