//! Holds HPACK to the examples of RFC 7541 appendix C and to what must hold for any block.

use super::decoder::DecodeError;
use super::*;
use proptest::prelude::*;

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

fn decoded(decoder: &mut Decoder, block: &[u8]) -> Result<Fields, DecodeError> {
    let mut fields = Vec::new();
    decoder.begin();
    let end = decoder.decode(block, |_, name, value| {
        fields.push((name.to_vec(), value.to_vec()));
    })?;
    if end == block.len() {
        Ok(fields)
    } else {
        Err(DecodeError)
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .filter_map(|it| it.to_digit(16))
        .map(|it| u8::try_from(it).unwrap())
        .collect();
    digits.chunks(2).map(|it| it[0] << 4 | it[1]).collect()
}

fn fields(lines: &[(&str, &str)]) -> Fields {
    lines
        .iter()
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect()
}

fn check(decoder: &mut Decoder, hex: &str, expected: &[(&str, &str)]) {
    assert_eq!(decoded(decoder, &bytes(hex)), Ok(fields(expected)));
}

#[test]
fn literals_of_appendix_c_2() {
    let mut decoder = Decoder::new();
    let custom = "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572";
    check(&mut decoder, custom, &[("custom-key", "custom-header")]);
    check(&mut decoder, "be", &[("custom-key", "custom-header")]);
    let path = "040c 2f73 616d 706c 652f 7061 7468";
    check(&mut decoder, path, &[(":path", "/sample/path")]);
    let secret = "1008 7061 7373 776f 7264 0673 6563 7265 74";
    check(&mut decoder, secret, &[("password", "secret")]);
    check(&mut decoder, "82", &[(":method", "GET")]);
}

const FIRST: [(&str, &str); 4] = [
    (":method", "GET"),
    (":scheme", "http"),
    (":path", "/"),
    (":authority", "www.example.com"),
];

const THIRD: [(&str, &str); 5] = [
    (":method", "GET"),
    (":scheme", "https"),
    (":path", "/index.html"),
    (":authority", "www.example.com"),
    ("custom-key", "custom-value"),
];

#[test]
fn requests_of_appendix_c_3_and_c_4() {
    let second = [&FIRST[..], &[("cache-control", "no-cache")]].concat();
    let plain = [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ];
    let huffman = [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];
    for blocks in [plain, huffman] {
        let mut decoder = Decoder::new();
        check(&mut decoder, blocks[0], &FIRST);
        check(&mut decoder, blocks[1], &second);
        check(&mut decoder, blocks[2], &THIRD);
    }
}

#[test]
fn responses_of_appendix_c_5_and_c_6_with_eviction() {
    let date = "Mon, 21 Oct 2013 20:13:21 GMT";
    let first = [
        (":status", "302"),
        ("cache-control", "private"),
        ("date", date),
        ("location", "https://www.example.com"),
    ];
    let mut second = first;
    second[0].1 = "307";
    let third = [
        (":status", "200"),
        ("cache-control", "private"),
        ("date", "Mon, 21 Oct 2013 20:13:22 GMT"),
        ("location", "https://www.example.com"),
        ("content-encoding", "gzip"),
        (
            "set-cookie",
            "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        ),
    ];
    let plain = [
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 \
         3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 \
         7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 \
         6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
    ];
    let huffman = [
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad \
         1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 \
         e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    ];
    for blocks in [plain, huffman] {
        let mut decoder = Decoder::new();
        decoder.set_allowed(256);
        // The examples begin with a table of 256 bytes; on the wire that must be said (RFC 7541 §4.2).
        assert_eq!(decoded(&mut decoder, &bytes("3fe1 01")), Ok(Vec::new()));
        check(&mut decoder, blocks[0], &first);
        check(&mut decoder, blocks[1], &second);
        check(&mut decoder, blocks[2], &third);
    }
}

#[test]
fn what_is_no_hpack_is_refused() {
    for (why, hex) in [
        ("index 0", "80"),
        ("index behind the table", "be"),
        ("name behind the table", "7f 00 01 61"),
        ("endless integer", "7f ff ff ff ff ff 7f"),
        ("bad Huffman code", "00 81 ff 81 ff"),
        ("cut short", "00 05 61"),
        ("table larger than allowed", "3f e2 1f"),
        ("new size behind a field", "82 20"),
        ("longer than 64 KiB", "00 01 61 7f 82 ff 03"),
    ] {
        let result = decoded(&mut Decoder::new(), &bytes(hex));
        assert_eq!(result, Err(DecodeError), "{why}");
    }
    let sizes = decoded(&mut Decoder::new(), &bytes("20 20 3f e1 1f 82"));
    assert_eq!(sizes, Ok(fields(&[(":method", "GET")])));
}

#[test]
fn shrunk_table_must_be_acknowledged_by_the_next_block() {
    let mut decoder = Decoder::new();
    decoder.set_allowed(0);
    assert_eq!(decoded(&mut decoder, &bytes("82")), Err(DecodeError));
    let mut decoder = Decoder::new();
    decoder.set_allowed(0);
    check(&mut decoder, "20 82", &[(":method", "GET")]);
    check(&mut decoder, "82", &[(":method", "GET")]);
}

fn encoded(encoder: &mut Encoder, list: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    encoder.begin(&mut block);
    for (name, value) in list {
        encoder.field(name.as_bytes(), value.as_bytes(), &mut block);
    }
    block
}

#[test]
fn what_repeats_takes_one_byte_a_field() {
    let mut encoder = Encoder::new(4096, true);
    let mut decoder = Decoder::new();
    for round in 0..5 {
        let block = encoded(&mut encoder, &THIRD);
        assert_eq!(decoded(&mut decoder, &block), Ok(fields(&THIRD)));
        if round >= 2 {
            assert_eq!(block.len(), 5);
        }
    }
}

#[test]
fn secrets_are_never_indexed() {
    let mut encoder = Encoder::new(4096, false);
    for (name, value) in [
        ("authorization", "Bearer 1234567890"),
        ("proxy-authorization", "x"),
        ("set-cookie", "session=1"),
        ("cookie", "short"),
    ] {
        for _ in 0..3 {
            let block = encoded(&mut encoder, &[(name, value)]);
            assert_eq!(block[0] & 0xf0, 0x10, "{name}");
        }
    }
}

#[test]
fn what_changes_each_time_pushes_nothing_out() {
    let mut encoder = Encoder::new(4096, true);
    let stable = [("x-stable", "a value that stays")];
    for _ in 0..2 {
        encoded(&mut encoder, &stable);
    }
    for number in 0..1000 {
        encoded(&mut encoder, &[("x-request-id", &number.to_string())]);
    }
    assert_eq!(encoded(&mut encoder, &stable).len(), 1);
}

#[test]
fn sizes_of_the_table_are_announced_with_the_next_block() {
    let mut encoder = Encoder::new(4096, true);
    encoder.set_allowed(100);
    encoder.set_allowed(1000);
    assert_eq!(
        encoded(&mut encoder, &[(":method", "GET")]),
        bytes("3f45 3fc907 82")
    );
    encoder.set_allowed(1_000_000);
    assert_eq!(
        encoded(&mut encoder, &[(":method", "GET")]),
        bytes("3fe11f 82")
    );
    encoder.set_allowed(4096);
    assert_eq!(encoded(&mut encoder, &[(":method", "GET")]), bytes("82"));
    let mut small = Encoder::new(0, true);
    assert_eq!(encoded(&mut small, &[(":method", "GET")]), bytes("20 82"));
}

fn any_field() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let name = prop_oneof![
        "[a-z-]{1,20}".prop_map(String::into_bytes),
        prop::sample::select(vec![":path", "cookie", "date", "x-a", "accept", "te"])
            .prop_map(|it| it.as_bytes().to_vec()),
    ];
    let value = prop_oneof![
        "[a-c]{0,3}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..200),
    ];
    (name, value)
}

proptest! {
    #[test]
    fn lists_come_back_whatever_the_table(
        lists in prop::collection::vec(prop::collection::vec(any_field(), 0..12), 1..20),
        sizes in prop::collection::vec(0_u32..5000, 20),
        huffman in any::<bool>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut encoder = Encoder::new(4096, huffman);
        let mut decoder = Decoder::new();
        for (list, size) in lists.into_iter().zip(sizes) {
            if size < 2000 {
                encoder.set_allowed(size);
                decoder.set_allowed(size);
            }
            let mut block = Vec::new();
            encoder.begin(&mut block);
            for (name, value) in &list {
                encoder.field(name, value, &mut block);
            }
            // The block comes in two pieces.
            let mut back = Vec::new();
            let mut sink = |_, name: &[u8], value: &[u8]| back.push((name.to_vec(), value.to_vec()));
            decoder.begin();
            let piece = cut.index(block.len() + 1);
            let taken = decoder.decode(&block[..piece], &mut sink).unwrap();
            let rest = decoder.decode(&block[taken..], &mut sink).unwrap();
            prop_assert_eq!(taken + rest, block.len());
            prop_assert_eq!(back, list);
        }
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(
        blocks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..5),
    ) {
        let mut decoder = Decoder::new();
        for block in blocks {
            if decoded(&mut decoder, &block).is_err() {
                break;
            }
        }
    }
}
