//! Writes and reads the integers of HPACK, which begin within a byte (RFC 7541 §5.1).

/// An integer that no field needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLarge;

/// Adds `value` behind the first bits of `flags`, with `prefix` bits left for it in the first byte.
pub(super) fn write(value: usize, prefix: u32, flags: u8, output: &mut Vec<u8>) {
    let most = (1_usize << prefix) - 1;
    if value < most {
        output.push(flags | low_byte(value));
        return;
    }
    output.push(flags | low_byte(most));
    let mut rest = value - most;
    while rest >= 128 {
        output.push(low_byte(rest) | 0x80);
        rest >>= 7;
    }
    output.push(low_byte(rest));
}

/// Reads an integer whose first byte has `prefix` bits of it, and says how many bytes it took; nothing if `input`
/// ends before it does.
pub(super) fn read(input: &[u8], prefix: u32) -> Result<Option<(usize, usize)>, TooLarge> {
    let Some(&first) = input.first() else {
        return Ok(None);
    };
    let most = (1_usize << prefix) - 1;
    let start = usize::from(first) & most;
    if start < most {
        return Ok(Some((start, 1)));
    }
    let mut value = start;
    // Four more bytes make 28 bits, far more than any length or index that is allowed.
    for place in 1..=4 {
        let Some(&byte) = input.get(place) else {
            return Ok(None);
        };
        value += usize::from(byte & 0x7f) << (7 * (place - 1));
        if byte & 0x80 == 0 {
            return Ok(Some((value, place + 1)));
        }
    }
    // Zeros that only lengthen it are allowed to nobody.
    Err(TooLarge)
}

fn low_byte(value: usize) -> u8 {
    value.to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(value: usize, prefix: u32) -> Vec<u8> {
        let mut output = Vec::new();
        write(value, prefix, 0, &mut output);
        output
    }

    #[test]
    fn examples_of_the_rfc() {
        assert_eq!(written(10, 5), [0b0000_1010]);
        assert_eq!(written(1337, 5), [0b0001_1111, 0b1001_1010, 0b0000_1010]);
        assert_eq!(written(42, 8), [0b0010_1010]);
        assert_eq!(read(&[0b1110_1010], 5), Ok(Some((10, 1))));
        assert_eq!(read(&[0x1f, 0x9a, 0x0a, 0xff], 5), Ok(Some((1337, 3))));
    }

    #[test]
    fn what_is_cut_short_waits_and_what_is_endless_is_refused() {
        assert_eq!(read(&[], 5), Ok(None));
        assert_eq!(read(&[0x1f, 0x9a], 5), Ok(None));
        assert_eq!(
            read(&[0x7f, 0xff, 0xff, 0xff, 0xff, 0x7f], 7),
            Err(TooLarge)
        );
        assert_eq!(read(&[0x7f, 0x80, 0x80, 0x80, 0x80], 7), Err(TooLarge));
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(value in 0_usize..1 << 28, prefix in 1_u32..=8) {
            let bytes = written(value, prefix);
            prop_assert_eq!(read(&bytes, prefix), Ok(Some((value, bytes.len()))));
        }
    }
}
