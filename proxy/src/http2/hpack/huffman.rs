//! Writes and reads strings in the Huffman code of HPACK (RFC 7541 §5.2).

/// How many bits of input the first look-up takes: enough for every letter, digit and common sign.
const LOOKUP_BITS: u32 = 10;

/// The length of the longest code, that of the end-of-string symbol.
const LONGEST: usize = 30;

/// [`LONGEST`] as a number of bits.
const LONGEST_BITS: u32 = 30;

/// The symbol that must not occur in a string.
const END_OF_STRING: u16 = 256;

/// A string that is no valid Huffman code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Invalid;

/// How many bytes `text` takes in Huffman code.
pub(super) fn encoded_length(text: &[u8]) -> usize {
    let bits: usize = text
        .iter()
        .map(|&it| usize::from(CODES[usize::from(it)].1))
        .sum();
    bits.div_ceil(8)
}

/// Adds `text` in Huffman code to `output`.
pub(super) fn encode(text: &[u8], output: &mut Vec<u8>) {
    let mut bits = 0_u64;
    let mut count = 0_u32;
    for &symbol in text {
        let (code, length) = CODES[usize::from(symbol)];
        bits = bits << length | u64::from(code);
        count += u32::from(length);
        if count >= 32 {
            count -= 32;
            let word = u32::try_from(bits >> count & 0xffff_ffff).unwrap_or(0);
            output.extend_from_slice(&word.to_be_bytes());
        }
    }
    // The last byte is filled with the first bits of the end-of-string code, all of them ones.
    let padding = (8 - count % 8) % 8;
    bits = bits << padding | ((1 << padding) - 1);
    count += padding;
    let bytes = bits.to_be_bytes();
    let first = bytes.len() - count as usize / 8;
    output.extend_from_slice(&bytes[first..]);
}

/// Adds what `code` stands for to `output`.
pub(super) fn decode(code: &[u8], output: &mut Vec<u8>) -> Result<(), Invalid> {
    // The bits stand at the top; behind the end of the input come ones, as in the padding.
    let mut bits = 0_u64;
    let mut count = 0_u32;
    let mut rest = code;
    loop {
        if count <= 32 {
            if let Some((word, tail)) = rest.split_first_chunk::<4>() {
                bits |= u64::from(u32::from_be_bytes(*word)) << (32 - count);
                count += 32;
                rest = tail;
            } else {
                while let Some((&byte, tail)) = rest.split_first()
                    && count <= 56
                {
                    bits |= u64::from(byte) << (56 - count);
                    count += 8;
                    rest = tail;
                }
            }
        }
        let padded = if count < 64 {
            bits | u64::MAX >> count
        } else {
            bits
        };
        let (symbol, length) = next_symbol(padded);
        if length > count || symbol == END_OF_STRING {
            // What is left must be less than a byte of ones (RFC 7541 §5.2).
            let valid = rest.is_empty() && count < 8 && padded == u64::MAX;
            return if valid { Ok(()) } else { Err(Invalid) };
        }
        output.push(u8::try_from(symbol).map_err(|_| Invalid)?);
        bits <<= length;
        count -= length;
    }
}

/// The symbol whose code stands at the top of `bits`, and the length of its code.
fn next_symbol(bits: u64) -> (u16, u32) {
    let entry = LOOKUP[usize::try_from(bits >> (64 - LOOKUP_BITS)).unwrap_or(0)];
    if entry.1 != 0 {
        return (entry.0, u32::from(entry.1));
    }
    let top = u32::try_from(bits >> 34).unwrap_or(0);
    let mut length = LOOKUP_BITS as usize + 1;
    while length < LONGEST && top >= LIMITS[length] {
        length += 1;
    }
    let offset = (top - FIRST[length].0) >> (LONGEST - length);
    let symbol = SORTED[FIRST[length].1 + offset as usize];
    (symbol, u32::try_from(length).unwrap_or(0))
}

/// The symbol of every code that fits the look-up, by its first bits; length 0 where the code is longer.
static LOOKUP: [(u16, u8); 1 << LOOKUP_BITS] = lookup();

/// All symbols in the order of their codes.
static SORTED: [u16; 257] = sorted();

/// For each length the first code, moved to 30 bits, and its place in [`SORTED`].
static FIRST: [(u32, usize); LONGEST + 1] = first();

/// For each length the first value of 30 bits that belongs to a longer code.
static LIMITS: [u32; LONGEST + 1] = limits();

const fn lookup() -> [(u16, u8); 1 << LOOKUP_BITS] {
    let mut table = [(0, 0); 1 << LOOKUP_BITS];
    let mut symbol = 0;
    while symbol < 256 {
        let (code, length) = CODE_TABLE[symbol as usize];
        if length as u32 <= LOOKUP_BITS {
            let spare = LOOKUP_BITS - length as u32;
            let mut low = 0;
            while low < 1 << spare {
                table[((code << spare) + low) as usize] = (symbol, length);
                low += 1;
            }
        }
        symbol += 1;
    }
    table
}

const fn sorted() -> [u16; 257] {
    let mut table = [0; 257];
    let mut place = 0;
    let mut length = 1;
    while length <= LONGEST {
        let mut symbol = 0;
        while symbol < 257 {
            if LENGTHS[symbol as usize] as usize == length {
                table[place] = symbol;
                place += 1;
            }
            symbol += 1;
        }
        length += 1;
    }
    table
}

const fn first() -> [(u32, usize); LONGEST + 1] {
    let mut table = [(0, 0); LONGEST + 1];
    let symbols = sorted();
    let mut place = 257;
    while place > 0 {
        place -= 1;
        let (code, length) = CODE_TABLE[symbols[place] as usize];
        table[length as usize] = (code << (LONGEST_BITS - length as u32), place);
    }
    table
}

const fn limits() -> [u32; LONGEST + 1] {
    let mut table = [0; LONGEST + 1];
    let mut limit = 0;
    let mut length = 1;
    while length <= LONGEST {
        let mut symbol = 0;
        while symbol < 257 {
            if LENGTHS[symbol] as usize == length {
                limit += 1 << (LONGEST - length);
            }
            symbol += 1;
        }
        table[length] = limit;
        length += 1;
    }
    table
}

/// The code of each symbol and its length in bits. The lengths say all: codes of one length follow each other in the
/// order of their symbols, and shorter codes come before longer ones.
static CODES: [(u32, u8); 257] = CODE_TABLE;

const CODE_TABLE: [(u32, u8); 257] = codes();

const fn codes() -> [(u32, u8); 257] {
    let mut table = [(0, 0); 257];
    let symbols = sorted();
    let mut next = 0;
    let mut place = 0;
    while place < 257 {
        let symbol = symbols[place] as usize;
        let length = LENGTHS[symbol];
        let spare = LONGEST_BITS - length as u32;
        table[symbol] = (next >> spare, length);
        next += 1 << spare;
        place += 1;
    }
    table
}

/// The length of each symbol's code (RFC 7541 appendix B); the last is that of the end-of-string symbol.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_of_one_length_follow_each_other() {
        let mut next = 0;
        for symbol in SORTED {
            let (code, length) = CODES[usize::from(symbol)];
            assert_eq!(code << (30 - length), next, "symbol {symbol}");
            next += 1 << (30 - length);
        }
        assert_eq!(next, 1 << 30);
        for (symbol, code) in [
            (b'0', (0x0, 5)),
            (b' ', (0x14, 6)),
            (b'~', (0x1ffd, 13)),
            (0, (0x1ff8, 13)),
            (b'\\', (0x7_fff0, 19)),
            (255, (0x3ff_ffee, 26)),
        ] {
            assert_eq!(CODES[usize::from(symbol)], code);
        }
        assert_eq!(CODES[256], (0x3fff_ffff, 30));
    }

    #[test]
    fn example_of_the_rfc() {
        let mut code = Vec::new();
        encode(b"www.example.com", &mut code);
        assert_eq!(
            code,
            [
                0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff
            ]
        );
        assert_eq!(encoded_length(b"www.example.com"), 12);
    }

    #[test]
    fn padding_must_be_ones_and_shorter_than_a_byte() {
        let mut text = Vec::new();
        for bad in [
            &[0b0001_1000][..],
            &[0b0001_1111, 0xff],
            &[0xff],
            &[0xff; 4],
            &[0xff, 0xff, 0xff, 0xfc],
        ] {
            assert_eq!(decode(bad, &mut text), Err(Invalid), "{bad:?}");
        }
        text.clear();
        assert_eq!(decode(&[0b0001_1111], &mut text), Ok(()));
        assert_eq!(text, b"a");
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(text in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut code = Vec::new();
            encode(&text, &mut code);
            prop_assert_eq!(code.len(), encoded_length(&text));
            let mut back = Vec::new();
            prop_assert_eq!(decode(&code, &mut back), Ok(()));
            prop_assert_eq!(back, text);
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(code in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut text = Vec::new();
            if decode(&code, &mut text).is_ok() {
                let mut again = Vec::new();
                encode(&text, &mut again);
                prop_assert_eq!(again, code);
            }
        }
    }
}
