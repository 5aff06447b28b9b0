//! Reads bodies, whole and cut into pieces.

use proptest::prelude::*;

use super::*;
use crate::http1::write::BodyWriter;

const LIMITS: Limits = Limits {
    headers: 8,
    allow_chunked_length: false,
    allow_custom_methods: false,
};

/// What a decoder makes of pieces that come one after the other: data, trailers, and what is left over.
fn decode(framing: Framing, pieces: &[&[u8]]) -> Result<(Vec<u8>, Headers, Vec<u8>), BodyError> {
    let mut decoder = Decoder::new(framing, LIMITS);
    let (mut data, mut trailers, mut input) = (Vec::new(), Headers::new(), Vec::new());
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            match decoder.next(&input, &mut trailers)? {
                Piece::Data { skip, length } => {
                    data.extend_from_slice(&input[skip..skip + length]);
                    input.drain(..skip + length);
                }
                Piece::End { skip } | Piece::Incomplete { skip } => {
                    input.drain(..skip);
                    break;
                }
            }
        }
    }
    if framing != Framing::UntilClose {
        assert!(decoder.is_done(), "not over: {input:?}");
    }
    Ok((data, trailers, input))
}

#[test]
fn a_length_ends_where_it_says() {
    let (data, _, rest) = decode(Framing::Length(3), &[b"ab", b"cdef"]).unwrap();
    assert_eq!((&data[..], &rest[..]), (&b"abc"[..], &b"def"[..]));
}

#[test]
fn chunks_extensions_and_trailers() {
    let text = b"3;name=value\r\nabc\r\n0A\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\nGET";
    let (data, trailers, rest) = decode(Framing::Chunked, &[text]).unwrap();
    assert_eq!(data, b"abc0123456789");
    assert_eq!(trailers, Headers::from([("x-t", "1")]));
    assert_eq!(rest, b"GET");
}

#[test]
fn bad_chunks_are_refused() {
    for (text, error) in [
        (&b"x\r\n"[..], BodyError::ChunkSize),
        (b"\r\n", BodyError::ChunkSize),
        (b"-1\r\n", BodyError::ChunkSize),
        (b"0x3\r\nabc\r\n", BodyError::ChunkSize),
        (b" 3\r\nabc\r\n", BodyError::ChunkSize),
        (b"3\nabc\r\n", BodyError::ChunkSize),
        (b"3;a\nabc\r\n", BodyError::ChunkLine),
        (b"3;a\rb\r\nabc\r\n", BodyError::ChunkLine),
        (b"11111111111111111\r\n", BodyError::ChunkSize),
        (
            b"0\r\na b\r\n\r\n",
            BodyError::Trailers(HeadError::HeaderName),
        ),
    ] {
        assert_eq!(
            decode(Framing::Chunked, &[text]).unwrap_err(),
            error,
            "{text:?}"
        );
    }
}

#[test]
fn what_stands_behind_a_chunk_is_passed_over() {
    for text in [&b"2\r\nhi!!\r\n0\r\n\r\n"[..], b"2\r\nhi\n0\r\n\r\n"] {
        assert_eq!(decode(Framing::Chunked, &[text]).unwrap().0, b"hi");
    }
}

#[test]
fn trailers_have_a_limit_and_extensions_have_none() {
    let mut long = b"0\r\na: ".to_vec();
    long.resize(LONGEST_TRAILERS + 10, b'x');
    assert_eq!(
        decode(Framing::Chunked, &[&long]).unwrap_err(),
        BodyError::TooLong
    );
    let mut long = b"1;".to_vec();
    long.resize(LONGEST_TRAILERS + 10, b'x');
    long.extend_from_slice(b"\r\na\r\n0\r\n\r\n");
    assert_eq!(decode(Framing::Chunked, &[&long]).unwrap().0, b"a");
}

proptest! {
    #[test]
    fn what_is_written_is_read_wherever_it_is_cut(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let trailers = Headers::from([("a", "1"), ("b", "2")]);
        let mut text = Vec::new();
        for chunk in &chunks {
            BodyWriter::Chunked.data(chunk, &mut text);
        }
        BodyWriter::Chunked.end(&trailers, &mut text);
        let mut cuts: Vec<_> = cuts.iter().map(|it| it.index(text.len())).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|it| &text[it[0]..it[1]]).collect();
        let (data, read, rest) = decode(Framing::Chunked, &pieces).unwrap();
        prop_assert_eq!(data, chunks.concat());
        prop_assert_eq!(read, trailers);
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn no_bytes_make_it_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut decoder = Decoder::new(Framing::Chunked, LIMITS);
        let mut trailers = Headers::new();
        let mut input = &text[..];
        while let Ok(Piece::Data { skip, length }) = decoder.next(input, &mut trailers) {
            input = &input[skip + length..];
        }
    }
}
